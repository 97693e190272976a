using System.Data.Common;
using Staithe.Database;

namespace Staithe.Accounts;

/// <summary>A space: everything whose name begins with its name.</summary>
/// <param name="OwnerId">The user whose space it is; null for an organization.</param>
/// <param name="Visibility">What new repositories get.</param>
/// <param name="AuditPulls">Whether every pull is written down.</param>
/// <param name="Description">What people say of it: one line, or nothing.</param>
internal sealed record SpaceRow(long Id, string Name, long? OwnerId, Visibility Visibility, long CreatedAt, bool AuditPulls, string Description);

/// <summary>
/// The spaces. A removed one is not found, but its name stays taken; so does a name that a space had before, by which it is still found.
/// </summary>
internal static class SpaceTable
{
    /// <summary>Makes one; null when the name, or one that looks like it, is or was somebody's.</summary>
    public static Task<long?> CreateAsync(DbSession session, SpaceName name, long? ownerId, Visibility visibility) =>
        session.FindNumberAsync(CreateSql, name.Value, name.Skeleton, ownerId, VisibilityText.Format(visibility));

    /// <summary>The space of that name, or that had it before.</summary>
    public static Task<SpaceRow?> FindAsync(DbSession session, string name) => session.FindAsync(FindSql, Map, name);

    public static Task<SpaceRow?> FindAsync(DbSession session, long id) => session.FindAsync(FindByIdSql, Map, id);

    /// <summary>The space that has this name now, which keeps it until the transaction ends; its id.</summary>
    public static Task<long?> KeepIdAsync(DbSession session, string name) => session.FindNumberAsync(KeepSql, name);

    /// <summary>Keeps everybody else from changing these spaces, and from making repositories in them, until the transaction ends.</summary>
    public static Task HoldAsync(DbSession session, params long[] ids) => session.ListAsync(HoldSql, row => row.GetInt64(0), [ids]);

    /// <summary>The name that stands in the way of another one, for a message.</summary>
    /// <param name="session">The database.</param>
    /// <param name="name">The other one.</param>
    /// <param name="except">A space whose own names, of now and of before, do not.</param>
    public static Task<string?> FindTakenAsync(DbSession session, SpaceName name, long except = 0) => session.FindAsync(FindTakenSql, row => row.GetString(0), name.Value, name.Skeleton, except);

    /// <summary>The orders in which they are listed.</summary>
    public static IReadOnlyList<string> Orders { get; } = [ListOrder.ByName, ListOrder.Newest];

    /// <summary>A part of them; the text is looked for in their names.</summary>
    public static Task<ListPart<SpaceRow>> ListAsync(DbSession session, ListRequest asked) => All.ListAsync(session, asked);

    /// <summary>True of a space, by its alias, that is there and that a user belongs to: owns, is given something in, or is in a team of.</summary>
    public static string BelongsTo(string space, string user) => $$"""
        {{space}}.removed_at is null and ({{space}}.owner_id = {{user}}
            or {{space}}.id in (select space_id from grants where user_id = {{user}} and (expires_at is null or expires_at > {now}))
            or {{space}}.id in (select t.space_id from teams t join team_members m on m.team_id = t.id where m.user_id = {{user}}))
        """;

    /// <summary>A part of those that a user belongs to: owns, is given something in, or is in a team of.</summary>
    public static Task<ListPart<SpaceRow>> ListOfUserAsync(DbSession session, long userId, ListRequest asked) => OfUser.ListAsync(session, asked, userId);

    /// <summary>Whether a user belongs to a space, as for <see cref="ListOfUserAsync"/>.</summary>
    public static async Task<bool> IsOfUserAsync(DbSession session, long userId, long spaceId) => await session.FindNumberAsync(IsOfUserSql, userId, spaceId) is not null;

    /// <summary>How many people belong to a space, as for <see cref="ListOfUserAsync"/>, and can sign in.</summary>
    public static async Task<long> CountPeopleAsync(DbSession session, long id) => await session.FindNumberAsync(CountPeopleSql, id) ?? 0;

    /// <summary>Those that belong to a user.</summary>
    public static Task<List<SpaceRow>> ListOwnedAsync(DbSession session, long userId) => session.ListAsync(ListOwnedSql, Map, userId);

    /// <summary>Gives it another name, that <see cref="FindTakenAsync"/> found free; it is found by the old one too from then on.</summary>
    public static async Task RenameAsync(DbSession session, SpaceRow space, SpaceName from, SpaceName to)
    {
        await session.ExecuteAsync(ForgetFormerSql, space.Id, to.Value);
        // Of names that look alike only one row can have the skeleton, and the space itself comes first. An equals sign is in no skeleton.
        await session.ExecuteAsync(YieldSkeletonSql, space.Id, to.Skeleton);
        await session.ExecuteAsync(RenameSql, space.Id, to.Value, to.Skeleton);
        await session.ExecuteAsync(AddFormerSql, from.Value, from.Skeleton == to.Skeleton ? $"={from.Value}" : from.Skeleton, space.Id);
    }

    /// <summary>Whom it belongs to from now on; null for an organization.</summary>
    public static Task SetOwnerAsync(DbSession session, long id, long? userId) => session.ExecuteAsync(SetOwnerSql, id, userId);

    /// <summary>Removes it, with everything that was given in it. Its name stays taken.</summary>
    public static async Task RemoveAsync(DbSession session, long id)
    {
        foreach (var sql in RemoveSql)
            await session.ExecuteAsync(sql, id);
    }

    public static Task SetVisibilityAsync(DbSession session, long id, Visibility visibility) => session.ExecuteAsync(SetVisibilitySql, id, VisibilityText.Format(visibility));

    public static Task SetAuditPullsAsync(DbSession session, long id, bool audited) => session.ExecuteAsync(SetAuditPullsSql, id, audited ? 1L : 0L);

    public static Task SetDescriptionAsync(DbSession session, long id, string description) => session.ExecuteAsync(SetDescriptionSql, id, description);

    /// <summary>The names of those that ask for every pull to be written down.</summary>
    public static Task<List<string>> ListAuditedAsync(DbSession session) => session.ListAsync(ListAuditedSql, row => row.GetString(0));

    static SpaceRow Map(DbDataReader row) => new(row.GetInt64(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetInt64(2), VisibilityText.Read(row.GetString(3)), row.GetInt64(4), row.GetInt64(5) != 0, row.GetString(6));

    const string Columns = "s.id, s.name, s.owner_id, s.visibility, s.created_at, s.audit_pulls, s.description";

    static readonly Sql CreateSql = new("""
        insert into spaces (name, skeleton, owner_id, visibility, created_at) values ($1, $2, $3, $4, {now}) on conflict do nothing returning id
        """);

    static readonly Sql FindSql = new($"select {Columns} from spaces s where s.id = (select coalesce(moved_to, id) from spaces where name = $1) and s.removed_at is null");

    static readonly Sql FindByIdSql = new($"select {Columns} from spaces s where s.id = $1 and s.removed_at is null");

    static readonly Sql KeepSql = new("select s.id from spaces s where s.name = $1 and s.removed_at is null {keep space}");

    static readonly Sql HoldSql = new("select id from spaces where id {any $1} order by id {for update}");

    static readonly Sql FindTakenSql = new("select name from spaces where (name = $1 or skeleton = $2) and id <> $3 and (moved_to is null or moved_to <> $3) limit 1");

    static readonly Sql ListOwnedSql = new($"select {Columns} from spaces s where s.owner_id = $1 and s.removed_at is null order by s.name");

    static readonly Sql ForgetFormerSql = new("delete from spaces where moved_to = $1 and name = $2");

    static readonly Sql YieldSkeletonSql = new("update spaces set skeleton = '=' || name where moved_to = $1 and skeleton = $2");

    static readonly Sql RenameSql = new("update spaces set name = $2, skeleton = $3 where id = $1");

    static readonly Sql AddFormerSql = new("""
        insert into spaces (name, skeleton, owner_id, visibility, created_at, removed_at, moved_to) values ($1, $2, null, 'private', {now}, {now}, $3)
        """);

    static readonly Sql SetOwnerSql = new("update spaces set owner_id = $2 where id = $1");

    static readonly Sql[] RemoveSql =
    [
        new("delete from grants where space_id = $1"),
        new("delete from default_grants where space_id = $1"),
        new("delete from repository_offers where space_id = $1"),
        new("delete from space_offers where space_id = $1"),
        new("delete from robots where space_id = $1"),
        new("delete from teams where space_id = $1"),
        new("update spaces set removed_at = {now}, owner_id = null, description = '' where id = $1"),
    ];

    static readonly Listing<SpaceRow> All = List("s.removed_at is null", 0);

    static readonly Listing<SpaceRow> OfUser = List($"({BelongsTo("s", "$1")})", 1);

    static Listing<SpaceRow> List(string condition, int arguments) => new(
        Columns,
        $"spaces s where {condition}",
        arguments,
        "s.name",
        Map,
        new ListOrder(ListOrder.ByName, "s.name"),
        new ListOrder(ListOrder.Newest, "s.id", IsNumber: true));

    static readonly Sql IsOfUserSql = new($"select s.id from spaces s where {BelongsTo("s", "$1")} and s.id = $2");

    static readonly Sql CountPeopleSql = new("""
        select count(*) from users u where u.disabled_at is null and u.id in (
            select owner_id from spaces where id = $1 and owner_id is not null
            union select m.user_id from teams t join team_members m on m.team_id = t.id where t.space_id = $1
            union select user_id from grants where space_id = $1 and user_id is not null and (expires_at is null or expires_at > {now}))
        """);

    static readonly Sql SetAuditPullsSql = new("update spaces set audit_pulls = $2 where id = $1");
    static readonly Sql SetDescriptionSql = new("update spaces set description = $2 where id = $1");
    static readonly Sql ListAuditedSql = new("select name from spaces where audit_pulls = 1 and removed_at is null");
    static readonly Sql SetVisibilitySql = new("update spaces set visibility = $2 where id = $1");
}
