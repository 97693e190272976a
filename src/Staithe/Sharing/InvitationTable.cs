using System.Data.Common;
using Staithe.Accounts;
using Staithe.Database;

namespace Staithe.Sharing;

/// <summary>An invitation.</summary>
/// <param name="Team">The team that one gets into; null when one is granted rights.</param>
/// <param name="Target">What is granted; for a team its whole space.</param>
/// <param name="GrantDays">For how many days it is granted; null for good.</param>
/// <param name="UserName">The only one who may accept; null for anybody.</param>
/// <param name="NewAccounts">Whether one may make an account for it.</param>
/// <param name="InviterId">The user who made it.</param>
/// <param name="GrantEndsAt">When what is granted ends at the latest, because the inviter's rights or credential did: milliseconds since 1970, or null.</param>
internal sealed record InvitationRow(
    long Id,
    string Space,
    TeamRow? Team,
    string Target,
    Rights Rights,
    TagPattern? Tags,
    int? GrantDays,
    string? UserName,
    bool NewAccounts,
    long MaxUses,
    long Uses,
    long InviterId,
    string Inviter,
    long CreatedAt,
    long ExpiresAt,
    long? GrantEndsAt)
{
    /// <summary>What is granted; for a team its whole space and no rights.</summary>
    public GrantOrder Grant => new(Target, Rights, Tags);

    /// <summary>To what one is invited, as the audit calls it.</summary>
    public string To => Team is null ? Target : $"{Space}/{Team.Name}";
}

/// <summary>The invitations, and who accepted them.</summary>
internal static class InvitationTable
{
    /// <summary>Makes one; its id.</summary>
    public static async Task<long> CreateAsync(DbSession session, SpaceRow space, long userId, string secretHash, InvitationOrder order, long expiresAt, long? grantEndsAt) =>
        await session.FindNumberAsync(
            CreateSql,
            space.Id,
            secretHash,
            order.Team?.Id,
            order.Grant.Target[space.Name.Length..],
            (long)order.Grant.Rights,
            order.Grant.Tags?.Text,
            (long?)order.GrantDays,
            order.UserName,
            order.NewAccounts ? 1L : 0L,
            (long)order.Uses,
            userId,
            expiresAt,
            grantEndsAt) ?? throw new InvalidOperationException("an invitation was made and is gone");

    /// <summary>The invitation of a secret, unless its time is over, it has been used up, or the inviter may not sign in.</summary>
    public static Task<InvitationRow?> FindBySecretAsync(DbSession session, string secretHash) => session.FindAsync(FindBySecretSql, Map, secretHash);

    public static Task<InvitationRow?> FindAsync(DbSession session, long spaceId, long id) => session.FindAsync(FindSql, Map, spaceId, id);

    /// <summary>The orders in which they are listed.</summary>
    public static IReadOnlyList<string> Orders { get; } = [ListOrder.Oldest, ListOrder.Newest];

    /// <summary>A part of those to a target and below it, what has ended too; the text is looked for in what they are to, whom they are for and who made them.</summary>
    public static Task<ListPart<InvitationRow>> ListAsync(DbSession session, long spaceId, string target, ListRequest asked) =>
        OfTarget.ListAsync(session, asked, spaceId, target, Target.Prefix(target));

    public static async Task<long> CountAsync(DbSession session, long spaceId) => await session.FindNumberAsync(CountSql, spaceId) ?? 0;

    public static Task DeleteAsync(DbSession session, long id) => session.ExecuteAsync(DeleteSql, id);

    /// <summary>Drops some of those that ended long ago.</summary>
    public static Task<int> DeleteOldAsync(DbSession session, TimeSpan age, int limit) => session.ExecuteAsync(DeleteOldSql, (long)age.TotalMilliseconds, (long)limit);

    /// <summary>Uses an invitation for a user; false when it has been used up or is over, or this user has used it before.</summary>
    public static async Task<bool> TakeAsync(DbSession session, long id, long userId) =>
        await session.ExecuteAsync(TakeSql, id) == 1 && await session.ExecuteAsync(UseSql, id, userId) == 1;

    static InvitationRow Map(DbDataReader row) => new(
        row.GetInt64(0),
        row.GetString(1),
        row.IsDBNull(2) ? null : new TeamRow(row.GetInt64(2), row.GetString(3)),
        row.GetString(4),
        (Rights)row.GetInt64(5),
        TagPattern.Read(row.IsDBNull(6) ? null : row.GetString(6)),
        row.IsDBNull(7) ? null : (int)row.GetInt64(7),
        row.IsDBNull(8) ? null : row.GetString(8),
        row.GetInt64(9) != 0,
        row.GetInt64(10),
        row.GetInt64(11),
        row.GetInt64(12),
        row.GetString(13),
        row.GetInt64(14),
        row.GetInt64(15),
        row.IsDBNull(16) ? null : row.GetInt64(16));

    const string Columns = """
        i.id, s.name, i.team_id, t.name, s.name || i.path, i.rights, i.tags, i.grant_days, i.user_name, i.new_accounts, i.max_uses, i.uses,
            i.user_id, u.name, i.created_at, i.expires_at, i.grant_ends_at
        """;

    const string From = "invitations i join spaces s on s.id = i.space_id join users u on u.id = i.user_id left join teams t on t.id = i.team_id";
    const string Select = $"select {Columns} from {From}";

    static readonly Listing<InvitationRow> OfTarget = new(
        Columns,
        $"{From} where i.space_id = $1 and {Target.Reaches("s.name || i.path")}",
        3,
        "coalesce(t.name, s.name || i.path) || ' ' || coalesce(i.user_name, '') || ' ' || u.name",
        Map,
        new ListOrder(ListOrder.Oldest, "i.id", IsNumber: true),
        new ListOrder(ListOrder.Newest, "i.id", IsNumber: true));

    static readonly Sql CreateSql = new("""
        insert into invitations (space_id, secret, team_id, path, rights, tags, grant_days, user_name, new_accounts, max_uses, uses, user_id, created_at, expires_at, grant_ends_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, {now}, $12, $13) returning id
        """);

    static readonly Sql FindBySecretSql = new($$"""
        {{Select}} where i.secret = $1 and i.expires_at > {now} and i.uses < i.max_uses and u.disabled_at is null and s.removed_at is null
        """);

    static readonly Sql FindSql = new($"{Select} where i.space_id = $1 and i.id = $2");

    static readonly Sql CountSql = new("select count(*) from invitations where space_id = $1");
    static readonly Sql DeleteSql = new("delete from invitations where id = $1");
    static readonly Sql DeleteOldSql = new("delete from invitations where id in (select id from invitations where expires_at < {now} - $1 limit $2)");
    static readonly Sql TakeSql = new("update invitations set uses = uses + 1 where id = $1 and uses < max_uses and expires_at > {now}");
    static readonly Sql UseSql = new("insert into invitation_uses (invitation_id, user_id, used_at) values ($1, $2, {now}) on conflict (invitation_id, user_id) do nothing");
}
