using System.Data.Common;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;

namespace Staithe.Sharing;

/// <summary>A share link.</summary>
/// <param name="Tag">The one tag that it is for; null for the whole repository.</param>
/// <param name="MadeBy">The user or robot who made it, with no more than the name and the number.</param>
/// <param name="MayStill">Whether who made it may still sign in.</param>
/// <param name="Left">Milliseconds until it ends; may be negative.</param>
/// <param name="MaxPulls">Null for as many as one likes.</param>
internal sealed record ShareLinkRow(long Id, long RepoId, string Repository, string? Tag, Identity MadeBy, bool MayStill, long CreatedAt, long ExpiresAt, long Left, long? MaxPulls, long Pulls, long? UsedAt)
{
    /// <summary>What it is for, as the audit calls it.</summary>
    public string Target => Tag is null ? Repository : $"{Repository}:{Tag}";

    public bool IsUsedUp => Pulls >= MaxPulls;
}

/// <summary>How far a link with a limited number of pulls has been used.</summary>
internal enum ShareLinkUse
{
    /// <summary>There are pulls left.</summary>
    Open = 0,

    /// <summary>There are none, but the last one may still be under way.</summary>
    UsedUp = 1,

    /// <summary>It is over.</summary>
    Ended = 2,
}

/// <summary>The share links.</summary>
internal static class ShareLinkTable
{
    /// <summary>Makes one; its id.</summary>
    public static async Task<long> CreateAsync(DbSession session, long repoId, string? tag, string secretHash, Identity madeBy, long expiresAt, long? maxPulls) =>
        await session.FindNumberAsync(
            CreateSql,
            repoId,
            tag,
            secretHash,
            madeBy.Kind == IdentityKind.User ? madeBy.Id : null,
            madeBy.Kind == IdentityKind.Robot ? madeBy.Id : null,
            expiresAt,
            maxPulls) ?? throw new InvalidOperationException("a share link was made and is gone");

    /// <summary>The link of a secret, unless its time is over.</summary>
    public static Task<ShareLinkRow?> FindBySecretAsync(DbSession session, string secretHash) => session.FindAsync(FindBySecretSql, Map, secretHash);

    /// <summary>A link to a repository of a space.</summary>
    public static Task<ShareLinkRow?> FindAsync(DbSession session, string space, long id) => session.FindAsync(FindSql, Map, space, id);

    /// <summary>The orders in which they are listed.</summary>
    public static IReadOnlyList<string> Orders { get; } = [ListOrder.Oldest, ListOrder.Newest, ListOrder.LastUsed];

    /// <summary>A part of those to repositories of a space that the target reaches, what has ended too; the text is looked for in what they are for, and in who made them.</summary>
    public static Task<ListPart<ShareLinkRow>> ListAsync(DbSession session, string space, string target, ListRequest asked) =>
        OfTarget.ListAsync(session, asked, space, target, Target.Prefix(target));

    public static async Task<long> CountAsync(DbSession session, long repoId) => await session.FindNumberAsync(CountSql, repoId) ?? 0;

    public static Task DeleteAsync(DbSession session, long id) => session.ExecuteAsync(DeleteSql, id);

    /// <summary>Drops some of those that ended long ago.</summary>
    public static Task<int> DeleteOldAsync(DbSession session, TimeSpan age, int limit) => session.ExecuteAsync(DeleteOldSql, (long)age.TotalMilliseconds, (long)limit);

    /// <summary>Takes one pull of a link; false when there is none left. However many ask at once, no more get one than there are.</summary>
    public static async Task<bool> TakeAsync(DbSession session, long id) => await session.ExecuteAsync(TakeSql, id) == 1;

    /// <summary>Adds pulls of a link that does not limit them.</summary>
    public static Task AddPullsAsync(DbSession session, long id, long pulls) => session.ExecuteAsync(AddPullsSql, id, pulls);

    /// <summary>How far a limited link has been used; for <paramref name="grace"/> after the last pull, that one may go on.</summary>
    public static async Task<ShareLinkUse> FindUseAsync(DbSession session, long id, TimeSpan grace) =>
        (ShareLinkUse)(await session.FindNumberAsync(FindUseSql, id, (long)grace.TotalMilliseconds) ?? (long)ShareLinkUse.Ended);

    /// <summary>The tags of a repository that moved last, without attachments; with a tag given that one alone, if it is there.</summary>
    public static Task<List<string>> ListNewestTagsAsync(DbSession session, long repoId, string? tag, int limit) =>
        tag is null
            ? session.ListAsync(ListNewestTagsSql, row => row.GetString(0), repoId, (long)limit)
            : session.ListAsync(FindTagSql, row => row.GetString(0), repoId, tag);

    static ShareLinkRow Map(DbDataReader row) => new(
        row.GetInt64(0),
        row.GetInt64(1),
        row.GetString(2),
        row.IsDBNull(3) ? null : row.GetString(3),
        row.IsDBNull(4)
            ? new Identity(IdentityKind.Robot, row.GetInt64(5), row.GetString(6), IsAdmin: false)
            : new Identity(IdentityKind.User, row.GetInt64(4), row.GetString(6), IsAdmin: false),
        row.GetInt64(7) != 0,
        row.GetInt64(8),
        row.GetInt64(9),
        row.GetInt64(10),
        row.IsDBNull(11) ? null : row.GetInt64(11),
        row.GetInt64(12),
        row.IsDBNull(13) ? null : row.GetInt64(13));

    const string MadeBy = """
        coalesce((select u.name from users u where u.id = l.user_id), (select s.name || '+' || b.name from robots b join spaces s on s.id = b.space_id where b.id = l.robot_id))
        """;

    const string Columns = $$"""
        l.id, l.repo_id, r.name, l.tag, l.user_id, l.robot_id,
            {{MadeBy}},
            case when exists (select 1 from users u where u.id = l.user_id and u.disabled_at is null)
                or exists (select 1 from robots b where b.id = l.robot_id and (b.expires_at is null or b.expires_at > {now})) then 1 else 0 end,
            l.created_at, l.expires_at, l.expires_at - {now}, l.max_pulls, l.pulls, l.used_at
        """;

    const string From = "share_links l join repositories r on r.id = l.repo_id";
    const string Select = $"select {Columns} from {From}";

    static readonly Listing<ShareLinkRow> OfTarget = new(
        Columns,
        $"{From} where r.space = $1 and {Target.Reaches("r.name")}",
        3,
        $"r.name || ':' || coalesce(l.tag, '') || ' ' || coalesce({MadeBy}, '')",
        Map,
        new ListOrder(ListOrder.Oldest, "l.id", IsNumber: true),
        new ListOrder(ListOrder.Newest, "l.id", IsNumber: true),
        new ListOrder(ListOrder.LastUsed, "l.id", IsNumber: true, First: "coalesce(l.used_at, 0)"));

    static readonly Sql CreateSql = new("""
        insert into share_links (repo_id, tag, secret, user_id, robot_id, created_at, expires_at, max_pulls, pulls) values ($1, $2, $3, $4, $5, {now}, $6, $7, 0) returning id
        """);

    static readonly Sql FindBySecretSql = new($"{Select} where l.secret = $1 and l.expires_at > {{now}}");
    static readonly Sql FindSql = new($"{Select} where r.space = $1 and l.id = $2");

    static readonly Sql ListNewestTagsSql = new("select t.name from tags t where t.repo_id = $1 and t.is_attachment = 0 order by t.moved_at desc, t.name limit $2");
    static readonly Sql FindTagSql = new("select t.name from tags t where t.repo_id = $1 and t.name = $2");

    static readonly Sql CountSql = new("select count(*) from share_links where repo_id = $1");
    static readonly Sql DeleteSql = new("delete from share_links where id = $1");
    static readonly Sql DeleteOldSql = new("delete from share_links where id in (select id from share_links where expires_at < {now} - $1 limit $2)");

    static readonly Sql TakeSql = new("""
        update share_links set pulls = pulls + 1, used_at = {now} where id = $1 and pulls < max_pulls and expires_at > {now}
        """);

    static readonly Sql AddPullsSql = new("update share_links set pulls = pulls + $2, used_at = {now} where id = $1");

    static readonly Sql FindUseSql = new("select case when pulls < max_pulls then 0 when used_at > {now} - $2 then 1 else 2 end from share_links where id = $1");
}
