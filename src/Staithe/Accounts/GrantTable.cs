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

/// <summary>Who was given which rights on what.</summary>
internal static class GrantTable
{
    /// <summary>Whether a target reaches a repository.</summary>
    public static bool Reaches(string target, RepositoryName name) =>
        target.EndsWith('/') ? $"{name.Value}/".StartsWith(target, StringComparison.Ordinal) : target == name.Value;

    /// <summary>Every target that reaches a repository.</summary>
    public static string[] TargetsOf(RepositoryName name)
    {
        var targets = new List<string> { name.Value, name.Value + "/" };
        for (var slash = name.Value.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = name.Value.IndexOf('/', slash + 1))
            targets.Add(name.Value[..(slash + 1)]);
        return [.. targets];
    }

    /// <summary>Gives a right; its id.</summary>
    public static async Task<long> CreateAsync(DbSession session, long spaceId, string target, Grantee grantee, Rights rights, TagPattern? tags, long? expiresAt) =>
        await session.FindNumberAsync(CreateSql, spaceId, target, grantee.UserId, grantee.TeamId, grantee.RobotId, (long)rights, tags?.Text, expiresAt)
        ?? throw new InvalidOperationException("a grant was made and is gone");

    /// <summary>Takes a right away; false when there is none of that number in the space.</summary>
    public static async Task<bool> DeleteAsync(DbSession session, long spaceId, long id) => await session.ExecuteAsync(DeleteSql, spaceId, id) == 1;

    /// <summary>What a user was given, alone or in a team, that reaches the repository.</summary>
    public static Task<List<GrantRow>> ListOfUserAsync(DbSession session, long spaceId, long userId, RepositoryName name) =>
        session.ListAsync(ListOfUserSql, Map, spaceId, userId, TargetsOf(name));

    /// <summary>What a robot was given that reaches the repository.</summary>
    public static Task<List<GrantRow>> ListOfRobotAsync(DbSession session, long spaceId, long robotId, RepositoryName name) =>
        session.ListAsync(ListOfRobotSql, Map, spaceId, robotId, TargetsOf(name));

    /// <summary>All that is given in a space.</summary>
    public static Task<List<GrantRow>> ListAsync(DbSession session, long spaceId, long after, int limit) => session.ListAsync(ListSql, Map, spaceId, after, (long)limit);

    static GrantRow Map(DbDataReader row) => new(
        row.GetInt64(0),
        row.GetString(1),
        (Rights)row.GetInt64(2),
        TagPattern.Read(row.IsDBNull(3) ? null : row.GetString(3)),
        row.IsDBNull(4) ? null : row.GetInt64(4),
        row.GetString(5),
        row.GetString(6));

    const string Columns = """
        g.id, g.target, g.rights, g.tags, g.expires_at,
        case when g.user_id is not null then 'user' when g.team_id is not null then 'team' else 'robot' end,
        coalesce((select name from users where id = g.user_id), (select name from teams where id = g.team_id), (select name from robots where id = g.robot_id))
        """;

    static readonly Sql CreateSql = new("""
        insert into grants (space_id, target, user_id, team_id, robot_id, rights, tags, expires_at, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, {now}) returning id
        """);

    static readonly Sql DeleteSql = new("delete from grants where space_id = $1 and id = $2");

    static readonly Sql ListOfUserSql = new($$"""
        select {{Columns}} from grants g
        where g.space_id = $1 and (g.user_id = $2 or g.team_id in (select team_id from team_members where user_id = $2))
            and g.target {any $3} and (g.expires_at is null or g.expires_at > {now})
        """);

    static readonly Sql ListOfRobotSql = new($$"""
        select {{Columns}} from grants g where g.space_id = $1 and g.robot_id = $2 and g.target {any $3} and (g.expires_at is null or g.expires_at > {now})
        """);

    static readonly Sql ListSql = new($"select {Columns} from grants g where g.space_id = $1 and g.id > $2 order by g.id limit $3");
}
