using System.Data.Common;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Accounts;

/// <summary>To whom a right is given: exactly one of the three.</summary>
internal sealed record Grantee(long? UserId = null, long? TeamId = null, long? RobotId = null);

/// <summary>A right that somebody was given.</summary>
/// <param name="Target">A repository; with a slash at its end everything from there on.</param>
/// <param name="Tags">For which tags the rights on tags hold; null for all.</param>
internal sealed record GrantRow(long Id, string Target, Rights Rights, TagPattern? Tags, long? ExpiresAt, string GranteeKind, string Grantee);

/// <summary>A part of a space that something is said of.</summary>
/// <param name="Grants">How many rights are given on just that part.</param>
/// <param name="Defaults">How many rules say what is new in just that part.</param>
internal sealed record PartRow(string Target, long Grants, long Defaults);

/// <summary>Who was given which rights on what.</summary>
internal static class GrantTable
{
    /// <summary>Whether a target reaches a repository.</summary>
    public static bool Reaches(string target, RepositoryName name) => Covers(target, name.Value);

    /// <summary>Whether a target reaches everything that another one reaches.</summary>
    public static bool Covers(string target, string other) =>
        target == other || (target.EndsWith('/') && (other.EndsWith('/') ? other : $"{other}/").StartsWith(target, StringComparison.Ordinal));

    /// <summary>Whether it can be a target: a repository's name, or one with a slash at its end.</summary>
    public static bool IsTarget(string text) => RepositoryName.TryParse(text.EndsWith('/') ? text[..^1] : text, out _);

    /// <summary>Every target that covers this one.</summary>
    public static string[] TargetsOver(string target)
    {
        List<string> targets = target.EndsWith('/') ? [] : [target, $"{target}/"];
        for (var slash = target.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = target.IndexOf('/', slash + 1))
            targets.Add(target[..(slash + 1)]);
        return [.. targets];
    }

    /// <summary>Gives a right; its id.</summary>
    public static async Task<long> CreateAsync(DbSession session, long spaceId, string target, Grantee grantee, Rights rights, TagPattern? tags, long? expiresAt) =>
        await session.FindNumberAsync(CreateSql, spaceId, target, grantee.UserId, grantee.TeamId, grantee.RobotId, (long)rights, tags?.Text, expiresAt)
        ?? throw new InvalidOperationException("a grant was made and is gone");

    public static Task<GrantRow?> FindAsync(DbSession session, long spaceId, long id) => session.FindAsync(FindSql, Map, spaceId, id);

    /// <summary>Lets it be other rights, for other tags or another time, of the same grantee on the same target.</summary>
    public static Task ChangeAsync(DbSession session, long spaceId, long id, Rights rights, TagPattern? tags, long? expiresAt) => session.ExecuteAsync(ChangeSql, spaceId, id, (long)rights, tags?.Text, expiresAt);

    /// <summary>Takes a right away.</summary>
    public static Task DeleteAsync(DbSession session, long spaceId, long id) => session.ExecuteAsync(DeleteSql, spaceId, id);

    /// <summary>What a user was given, alone or in a team, that covers the target: a repository, or everything from there on.</summary>
    public static Task<List<GrantRow>> ListOfUserAsync(DbSession session, long spaceId, long userId, string target) =>
        session.ListAsync(ListOfUserSql, Map, spaceId, userId, TargetsOver(target));

    /// <summary>What a robot was given that covers the target.</summary>
    public static Task<List<GrantRow>> ListOfRobotAsync(DbSession session, long spaceId, long robotId, string target) =>
        session.ListAsync(ListOfRobotSql, Map, spaceId, robotId, TargetsOver(target));

    /// <summary>What a user or a robot was given that covers the target, and has ended, in the order in which it was given.</summary>
    public static Task<List<GrantRow>> ListEndedAsync(DbSession session, long spaceId, Grantee grantee, string target) =>
        session.ListAsync(ListEndedSql, Map, spaceId, grantee.UserId ?? 0, grantee.RobotId ?? 0, TargetsOver(target));

    /// <summary>What a team was given, or a robot, and has not ended: what whoever gets into the team, or gets the robot's secret, has from then on.</summary>
    public static Task<List<GrantRow>> ListOfAsync(DbSession session, Grantee grantee) => session.ListAsync(ListOfSql, Map, grantee.TeamId ?? 0, grantee.RobotId ?? 0);

    /// <summary>What anybody was given that covers the target, in the order in which it was given; what has ended not.</summary>
    public static Task<List<GrantRow>> ListOverAsync(DbSession session, long spaceId, string target) => session.ListAsync(ListOverSql, Map, spaceId, TargetsOver(target));

    /// <summary>The parts of spaces on which a user was given one of the rights, alone or in a team, in their order.</summary>
    public static Task<List<string>> ListPartsOfUserAsync(DbSession session, long userId, Rights rights, int limit) =>
        session.ListAsync(ListPartsOfUserSql, row => row.GetString(0), userId, (long)rights, (long)limit);

    /// <summary>The parts of a space on which anything is given, or that say what new repositories give: how much of either, in their order.</summary>
    public static Task<List<PartRow>> ListPartsAsync(DbSession session, long spaceId, string whole, int limit) =>
        session.ListAsync(ListPartsSql, row => new PartRow(row.GetString(0), row.GetInt64(1), row.GetInt64(2)), spaceId, whole, (long)limit);

    /// <summary>Takes away what is given on exactly this target; what that was.</summary>
    public static async Task<List<GrantRow>> DeleteOnAsync(DbSession session, long spaceId, string target)
    {
        var given = await session.ListAsync(ListOnSql, Map, spaceId, target);
        await session.ExecuteAsync(DeleteOnSql, spaceId, target);
        return given;
    }

    /// <summary>Lets what is given on exactly this target be given on another one.</summary>
    public static Task MoveAsync(DbSession session, long spaceId, string from, string to) => session.ExecuteAsync(MoveSql, spaceId, from, to);

    /// <summary>Lets everything that a space gives be given below its new name.</summary>
    public static async Task RenameSpaceAsync(DbSession session, long spaceId, string from, string to)
    {
        await session.ExecuteAsync(RenameSpaceSql, spaceId, from, to);
        await session.ExecuteAsync(RenameSpaceOfDefaultsSql, spaceId, from, to);
    }

    /// <summary>The orders in which they are listed: as they were given, and the other way round.</summary>
    public static IReadOnlyList<string> Orders { get; } = [ListOrder.Oldest, ListOrder.Newest];

    /// <summary>
    /// A part of what is given on a target and below it, what has ended too; with what is given above it, and has not ended, if that is told. The text is looked
    /// for in targets, names and kinds of who was given something.
    /// </summary>
    public static Task<ListPart<GrantRow>> ListAsync(DbSession session, long spaceId, string target, ListRequest asked, bool isWithAbove = false) =>
        OfTarget.ListAsync(session, asked, spaceId, target, Target.Prefix(target), isWithAbove ? TargetsOver(target) : []);

    static GrantRow Map(DbDataReader row) => new(
        row.GetInt64(0),
        row.GetString(1),
        (Rights)row.GetInt64(2),
        TagPattern.Read(row.IsDBNull(3) ? null : row.GetString(3)),
        row.IsDBNull(4) ? null : row.GetInt64(4),
        row.GetString(5),
        row.GetString(6));

    const string Kind = "case when g.user_id is not null then 'user' when g.team_id is not null then 'team' else 'robot' end";

    const string Name = """
        coalesce((select name from users where id = g.user_id), (select name from teams where id = g.team_id), (select name from robots where id = g.robot_id))
        """;

    const string Columns = $"g.id, g.target, g.rights, g.tags, g.expires_at, {Kind}, {Name}";

    static readonly Listing<GrantRow> OfTarget = new(
        Columns,
        $$"""grants g where g.space_id = $1 and ({{Target.Reaches("g.target")}} or (g.target {any $4} and (g.expires_at is null or g.expires_at > {now})))""",
        4,
        $"g.target || ' ' || {Kind} || ' ' || {Name}",
        Map,
        new ListOrder(ListOrder.Oldest, "g.id", IsNumber: true),
        new ListOrder(ListOrder.Newest, "g.id", IsNumber: true));

    static readonly Sql CreateSql = new("""
        insert into grants (space_id, target, user_id, team_id, robot_id, rights, tags, expires_at, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, {now}) returning id
        """);

    static readonly Sql ChangeSql = new("update grants set rights = $3, tags = $4, expires_at = $5 where space_id = $1 and id = $2");
    static readonly Sql DeleteSql = new("delete from grants where space_id = $1 and id = $2");

    static readonly Sql ListOfUserSql = new($$"""
        select {{Columns}} from grants g
        where g.space_id = $1 and (g.user_id = $2 or g.team_id in (select team_id from team_members where user_id = $2))
            and g.target {any $3} and (g.expires_at is null or g.expires_at > {now})
        """);

    static readonly Sql ListOfRobotSql = new($$"""
        select {{Columns}} from grants g where g.space_id = $1 and g.robot_id = $2 and g.target {any $3} and (g.expires_at is null or g.expires_at > {now})
        """);

    static readonly Sql ListEndedSql = new($$"""
        select {{Columns}} from grants g
        where g.space_id = $1 and (g.user_id = $2 or g.robot_id = $3 or g.team_id in (select team_id from team_members where user_id = $2))
            and g.target {any $4} and g.expires_at <= {now}
        order by g.id
        """);

    static readonly Sql ListOverSql = new($$"""
        select {{Columns}} from grants g where g.space_id = $1 and g.target {any $2} and (g.expires_at is null or g.expires_at > {now}) order by g.id
        """);

    static readonly Sql ListPartsOfUserSql = new("""
        select distinct g.target from grants g join spaces s on s.id = g.space_id
        where (g.user_id = $1 or g.team_id in (select team_id from team_members where user_id = $1)) and (g.rights & $2) <> 0
            and (g.expires_at is null or g.expires_at > {now}) and s.removed_at is null
            and substr(g.target, length(g.target)) = '/' and g.target <> s.name || '/'
        order by g.target limit $3
        """);

    static readonly Sql ListPartsSql = new("""
        select target, cast(sum(given) as bigint), cast(sum(by_default) as bigint) from (
            select target, 1 as given, 0 as by_default from grants where space_id = $1 and (expires_at is null or expires_at > {now})
            union all select target, 0, 1 from default_grants where space_id = $1) of_all
        where substr(target, length(target)) = '/' and target <> $2
        group by target order by target limit $3
        """);

    static readonly Sql ListOnSql = new($"select {Columns} from grants g where g.space_id = $1 and g.target = $2 order by g.id");
    static readonly Sql DeleteOnSql = new("delete from grants where space_id = $1 and target = $2");
    static readonly Sql MoveSql = new("update grants set target = $3 where space_id = $1 and target = $2");

    // Each is in the space, so it begins with the old name.
    static readonly Sql RenameSpaceSql = new("update grants set target = $3 || substr(target, length($2) + 1) where space_id = $1");
    static readonly Sql RenameSpaceOfDefaultsSql = new("update default_grants set target = $3 || substr(target, length($2) + 1) where space_id = $1");

    static readonly Sql FindSql = new($"select {Columns} from grants g where g.space_id = $1 and g.id = $2");

    static readonly Sql ListOfSql = new($$"""
        select {{Columns}} from grants g where (g.team_id = $1 or g.robot_id = $2) and (g.expires_at is null or g.expires_at > {now})
        """);
}
