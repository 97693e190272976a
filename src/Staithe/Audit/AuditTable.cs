using System.Data.Common;
using System.Globalization;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Audit;

/// <summary>Who did something, and from where.</summary>
/// <param name="Name">A user, or a robot as <c>space+name</c>; <see cref="Anybody"/> where there are no accounts.</param>
/// <param name="Address">The network address the request came from; null for a command on the server itself.</param>
internal sealed record Actor(string Name, string? Address)
{
    /// <summary>Whoever it was: nobody was asked.</summary>
    public const string Anybody = "anybody";

    /// <summary>The operator at a shell of the server.</summary>
    public static Actor Shell { get; } = new("shell", null);
}

/// <summary>One line of the record.</summary>
/// <param name="Action">A word for the deed, such as <c>tag.move</c>.</param>
/// <param name="Target">What it was done to.</param>
/// <param name="Space">The space whose admins may see the line; null for what concerns the whole registry.</param>
/// <param name="Detail">More, as text for people; never a secret.</param>
internal sealed record Deed(string Action, string Target, string? Space, string? Detail = null);

/// <summary>A line as it was kept.</summary>
internal sealed record AuditLine(long Id, long At, string Actor, string Action, string Target, string? Space, string? Address, string Outcome, string? Detail);

/// <summary>Which lines; null for whatever it is.</summary>
/// <param name="Space">Of this space only.</param>
/// <param name="Actor">By this one only.</param>
/// <param name="Action">This deed only, or all that begin so.</param>
/// <param name="Outcome">Done, or refused.</param>
/// <param name="Text">With this in what it was done to, or in the detail, in whatever case.</param>
internal sealed record AuditFilter(string? Space, string? Actor = null, string? Action = null, string? Outcome = null, string? Text = null);

/// <summary>Who did what to what. A line is written in the transaction of its deed: both are there or neither.</summary>
internal static class AuditTable
{
    const string Done = "done", Refused = "refused";
    const int MaxTextLength = 4000;
    const int HasText = 24; // as many combinations there are without a text

    /// <summary>The deed was done.</summary>
    public static Task AddAsync(DbSession session, Actor actor, Deed deed) => AddAsync(session, actor, deed, Done);

    /// <summary>The deed was refused.</summary>
    public static Task RefuseAsync(DbSession session, Actor actor, Deed deed) => AddAsync(session, actor, deed, Refused);

    /// <summary>The newest lines before one that a filter lets through, newest first.</summary>
    /// <param name="session">The database.</param>
    /// <param name="filter">Which.</param>
    /// <param name="before">The line to go on from; <see cref="long.MaxValue"/> for the newest.</param>
    /// <param name="limit">The most lines to give.</param>
    public static async Task<List<AuditLine>> ListAsync(DbSession session, AuditFilter filter, long before, int limit)
    {
        if (filter.Outcome is not (null or Done or Refused))
            return [];
        if (filter.Action is not { } action)
            return await ListNarrowedAsync(session, filter, before, limit);
        // A deed is named in full, or by the words before a dot. Of each that is meant the newest are read along the index, and of these the newest.
        var lines = new List<AuditLine>();
        foreach (var deed in await session.ListAsync(ListActionsSql, row => row.GetString(0)))
        {
            if (deed == action || deed.StartsWith($"{action}.", StringComparison.Ordinal))
                lines.AddRange(await ListNarrowedAsync(session, filter with { Action = deed }, before, limit));
        }
        lines.Sort((one, other) => other.Id.CompareTo(one.Id));
        return lines.Count > limit ? lines[..limit] : lines;
    }

    /// <summary>Shows the lines of a space to the admins of its new name. What they say stays as it was written.</summary>
    public static Task RenameSpaceAsync(DbSession session, string from, string to) => session.ExecuteAsync(RenameSpaceSql, from, to);

    /// <summary>The oldest lines behind one, oldest first.</summary>
    /// <param name="session">The database.</param>
    /// <param name="space">Of this space only; null for all there are.</param>
    /// <param name="after">The line to go on from; 0 for the oldest.</param>
    /// <param name="limit">The most lines to give.</param>
    public static Task<List<AuditLine>> ListOldestAsync(DbSession session, string? space, long after, int limit) => session.ListAsync(
        space is null ? ListOldestSql : ListOldestOfSpaceSql,
        Map,
        space is null ? [after, (long)limit] : [after, (long)limit, space]);

    /// <summary>Drops some of the lines that are older than a time; how many.</summary>
    public static Task<int> DeleteOldAsync(DbSession session, TimeSpan age, int limit) => session.ExecuteAsync(DeleteOldSql, (long)age.TotalMilliseconds, (long)limit);

    static Task<int> AddAsync(DbSession session, Actor actor, Deed deed, string outcome) =>
        session.ExecuteAsync(AddSql, Text(actor.Name), deed.Action, Text(deed.Target), deed.Space, actor.Address, outcome, deed.Detail is null ? null : Text(deed.Detail));

    // Names of whoever was refused are anybody's text.
    static string Text(string text) => ForeignText.Clean(text, MaxTextLength);

    static Task<List<AuditLine>> ListNarrowedAsync(DbSession session, AuditFilter filter, long before, int limit)
    {
        var which = (filter.Space is null ? 0 : 1) + (filter.Actor is null ? 0 : 2) + (filter.Action is null ? 0 : 4) + (filter.Outcome switch { null => 0, Done => 8, _ => 16 })
            + (filter.Text is null ? 0 : HasText);
        var pattern = filter.Text is null ? null : Listing.Pattern(filter.Text);
        return session.ListAsync(ListSql[which], Map, [before, (long)limit, .. ((string?[])[filter.Space, filter.Actor, filter.Action, pattern]).OfType<string>()]);
    }

    static AuditLine Map(DbDataReader row) => new(
        row.GetInt64(0),
        row.GetInt64(1),
        row.GetString(2),
        row.GetString(3),
        row.GetString(4),
        row.IsDBNull(5) ? null : row.GetString(5),
        row.IsDBNull(6) ? null : row.GetString(6),
        row.GetString(7),
        row.IsDBNull(8) ? null : row.GetString(8));

    static readonly Sql AddSql = new("""
        insert into audit (at, actor, action, target, space, address, outcome, detail) values ({now}, $1, $2, $3, $4, $5, $6, $7)
        """);

    // Each combination has a statement of its own that says no more than it asks, so that an index answers it. What was refused is said in the text: the
    // index of that is only of those lines.
    internal static readonly Sql[] ListSql = [.. Enumerable.Range(0, 2 * HasText).Select(Narrow)];

    static Sql Narrow(int which)
    {
        var hasText = which >= HasText;
        which %= HasText;
        List<string> conditions = ["id < $1"];
        foreach (var (bit, column) in ((int, string)[])[(1, "space"), (2, "actor"), (4, "action")])
        {
            if ((which & bit) != 0)
                conditions.Add(string.Create(CultureInfo.InvariantCulture, $"{column} = ${conditions.Count + 2}"));
        }
        if (hasText)
            conditions.Add(string.Create(CultureInfo.InvariantCulture, $"lower(target || ' ' || coalesce(detail, '')) like ${conditions.Count + 2} escape '\\'"));
        if (which >= 8)
            conditions.Add($"outcome = '{(which >= 16 ? Refused : Done)}'");
        return new Sql($"select id, at, actor, action, target, space, address, outcome, detail from audit where {string.Join(" and ", conditions)} order by id desc limit $2");
    }

    // From one to the next along the index: there are a few dozen, however many lines.
    static readonly Sql ListActionsSql = new("""
        with recursive actions (action) as (
            select min(action) from audit
            union all select (select min(a.action) from audit a where a.action > actions.action) from actions where actions.action is not null)
        select action from actions where action is not null
        """);

    static readonly Sql RenameSpaceSql = new("update audit set space = $2 where space = $1");

    static readonly Sql ListOldestSql = new("""
        select id, at, actor, action, target, space, address, outcome, detail from audit where id > $1 order by id limit $2
        """);

    static readonly Sql ListOldestOfSpaceSql = new("""
        select id, at, actor, action, target, space, address, outcome, detail from audit where space = $3 and id > $1 order by id limit $2
        """);

    static readonly Sql DeleteOldSql = new("delete from audit where id in (select id from audit where at < {now} - $1 order by at limit $2)");
}
