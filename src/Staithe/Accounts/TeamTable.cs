using Staithe.Database;

namespace Staithe.Accounts;

/// <summary>A group of users of an organization.</summary>
internal sealed record TeamRow(long Id, string Name);

/// <summary>The teams of organizations and who is in them.</summary>
internal static class TeamTable
{
    /// <summary>The team that an organization begins with, and whose members may do everything in it.</summary>
    public const string Owners = "owners";

    /// <summary>Makes one; null when the space has one of that name.</summary>
    public static Task<long?> CreateAsync(DbSession session, long spaceId, string name) => session.FindNumberAsync(CreateSql, spaceId, name);

    public static Task<long?> FindIdAsync(DbSession session, long spaceId, string name) => session.FindNumberAsync(FindIdSql, spaceId, name);

    public static Task<List<TeamRow>> ListAsync(DbSession session, long spaceId) => session.ListAsync(ListSql, row => new TeamRow(row.GetInt64(0), row.GetString(1)), spaceId);

    public static Task<List<string>> ListMembersAsync(DbSession session, long teamId) => session.ListAsync(ListMembersSql, row => row.GetString(0), teamId);

    public static Task AddMemberAsync(DbSession session, long teamId, long userId) => session.ExecuteAsync(AddMemberSql, teamId, userId);

    /// <summary>False when the user was not in the team.</summary>
    public static async Task<bool> RemoveMemberAsync(DbSession session, long teamId, long userId) => await session.ExecuteAsync(RemoveMemberSql, teamId, userId) == 1;

    /// <summary>Removes the team with what it was given.</summary>
    public static Task DeleteAsync(DbSession session, long teamId) => session.ExecuteAsync(DeleteSql, teamId);

    static readonly Sql CreateSql = new("insert into teams (space_id, name, created_at) values ($1, $2, {now}) on conflict (space_id, name) do nothing returning id");
    static readonly Sql FindIdSql = new("select id from teams where space_id = $1 and name = $2");
    static readonly Sql ListSql = new("select id, name from teams where space_id = $1 order by name");
    static readonly Sql ListMembersSql = new("select u.name from team_members m join users u on u.id = m.user_id where m.team_id = $1 order by u.name");
    static readonly Sql AddMemberSql = new("insert into team_members (team_id, user_id) values ($1, $2) on conflict do nothing");
    static readonly Sql RemoveMemberSql = new("delete from team_members where team_id = $1 and user_id = $2");
    static readonly Sql DeleteSql = new("delete from teams where id = $1");
}
