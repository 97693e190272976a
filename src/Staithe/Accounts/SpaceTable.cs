using System.Data.Common;
using Staithe.Database;

namespace Staithe.Accounts;

/// <summary>A space: everything whose name begins with its name.</summary>
/// <param name="OwnerId">The user whose space it is; null for an organization.</param>
/// <param name="Visibility">What new repositories get.</param>
/// <param name="AuditPulls">Whether every pull is written down.</param>
internal sealed record SpaceRow(long Id, string Name, long? OwnerId, Visibility Visibility, long CreatedAt, bool AuditPulls);

/// <summary>The spaces. A removed one is not found, but its name stays taken.</summary>
internal static class SpaceTable
{
    /// <summary>Makes one; null when the name, or one that looks like it, is or was somebody's.</summary>
    public static Task<long?> CreateAsync(DbSession session, SpaceName name, long? ownerId, Visibility visibility) =>
        session.FindNumberAsync(CreateSql, name.Value, name.Skeleton, ownerId, VisibilityText.Format(visibility));

    public static Task<SpaceRow?> FindAsync(DbSession session, string name) => session.FindAsync(FindSql, Map, name);

    /// <summary>The name that stands in the way of another one, for a message.</summary>
    public static Task<string?> FindTakenAsync(DbSession session, SpaceName name) => session.FindAsync(FindTakenSql, row => row.GetString(0), name.Value, name.Skeleton);

    /// <summary>A page of them in the order of their names, behind <paramref name="last"/>.</summary>
    public static Task<List<SpaceRow>> ListAsync(DbSession session, string last, int limit) => session.ListAsync(ListSql, Map, last, (long)limit);

    /// <summary>A page of those that a user belongs to: owns, is given something in, or is in a team of.</summary>
    public static Task<List<SpaceRow>> ListOfUserAsync(DbSession session, long userId, string last, int limit) => session.ListAsync(ListOfUserSql, Map, userId, last, (long)limit);

    /// <summary>Whether a user belongs to a space, as for <see cref="ListOfUserAsync"/>.</summary>
    public static async Task<bool> IsOfUserAsync(DbSession session, long userId, long spaceId) => await session.FindNumberAsync(IsOfUserSql, userId, spaceId) is not null;

    public static Task SetVisibilityAsync(DbSession session, long id, Visibility visibility) => session.ExecuteAsync(SetVisibilitySql, id, VisibilityText.Format(visibility));

    public static Task SetAuditPullsAsync(DbSession session, long id, bool audited) => session.ExecuteAsync(SetAuditPullsSql, id, audited ? 1L : 0L);

    /// <summary>The names of those that ask for every pull to be written down.</summary>
    public static Task<List<string>> ListAuditedAsync(DbSession session) => session.ListAsync(ListAuditedSql, row => row.GetString(0));

    static SpaceRow Map(DbDataReader row) => new(row.GetInt64(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetInt64(2), VisibilityText.Read(row.GetString(3)), row.GetInt64(4), row.GetInt64(5) != 0);

    const string Columns = "s.id, s.name, s.owner_id, s.visibility, s.created_at, s.audit_pulls";

    static readonly Sql CreateSql = new("""
        insert into spaces (name, skeleton, owner_id, visibility, created_at) values ($1, $2, $3, $4, {now}) on conflict do nothing returning id
        """);

    static readonly Sql FindSql = new($"select {Columns} from spaces s where s.name = $1 and s.removed_at is null");

    static readonly Sql FindTakenSql = new("select name from spaces where name = $1 or skeleton = $2 limit 1");

    static readonly Sql ListSql = new($"select {Columns} from spaces s where s.name > $1 and s.removed_at is null order by s.name limit $2");

    const string OfUser = """
        s.removed_at is null and (s.owner_id = $1
            or s.id in (select space_id from grants where user_id = $1 and (expires_at is null or expires_at > {now}))
            or s.id in (select t.space_id from teams t join team_members m on m.team_id = t.id where m.user_id = $1))
        """;

    static readonly Sql ListOfUserSql = new($"select {Columns} from spaces s where {OfUser} and s.name > $2 order by s.name limit $3");
    static readonly Sql IsOfUserSql = new($"select s.id from spaces s where {OfUser} and s.id = $2");

    static readonly Sql SetAuditPullsSql = new("update spaces set audit_pulls = $2 where id = $1");
    static readonly Sql ListAuditedSql = new("select name from spaces where audit_pulls = 1 and removed_at is null");
    static readonly Sql SetVisibilitySql = new("update spaces set visibility = $2 where id = $1");
}
