using System.Data.Common;
using Staithe.Database;

namespace Staithe.Accounts;

/// <summary>A group of users of an organization.</summary>
internal sealed record TeamRow(long Id, string Name);

/// <summary>A team and whose it is.</summary>
internal sealed record TeamPlace(long Id, string Space, string Team)
{
    /// <summary>As settings and the audit write it: <c>space/team</c>.</summary>
    public string FullName => $"{Space}/{Team}";
}

/// <summary>By whose word somebody is in a team: there may be several.</summary>
/// <param name="Source">The source elsewhere that says so; null for a person.</param>
/// <param name="GivenBy">Which person, as far as that was kept.</param>
internal sealed record MemberWord(string User, string? Source, string? GivenBy);

/// <summary>
/// The teams of organizations and who is in them, by whose word: a person's, or that of a source elsewhere (<see cref="ManagedMemberships"/>). Somebody
/// is in a team as long as anybody says so.
/// </summary>
internal static class TeamTable
{
    /// <summary>The team that an organization begins with, and whose members may do everything in it.</summary>
    public const string Owners = "owners";

    const string Person = "";

    /// <summary>Makes one; null when the space has one of that name.</summary>
    public static Task<long?> CreateAsync(DbSession session, long spaceId, string name) => session.FindNumberAsync(CreateSql, spaceId, name);

    public static Task<long?> FindIdAsync(DbSession session, long spaceId, string name) => session.FindNumberAsync(FindIdSql, spaceId, name);

    /// <summary>A page of them in the order of their names, behind <paramref name="last"/>.</summary>
    public static Task<List<TeamRow>> ListAsync(DbSession session, long spaceId, string last, int limit) =>
        session.ListAsync(ListSql, row => new TeamRow(row.GetInt64(0), row.GetString(1)), spaceId, last, (long)limit);

    public static Task<List<string>> ListMembersAsync(DbSession session, long teamId) => session.ListAsync(ListMembersSql, row => row.GetString(0), teamId);

    /// <summary>By whose words each is in it, in the order of their names.</summary>
    public static Task<List<MemberWord>> ListWordsAsync(DbSession session, long teamId) => session.ListAsync(
        ListWordsSql, row => new MemberWord(row.GetString(0), row.GetString(1) is { Length: > 0 } source ? source : null, row.IsDBNull(2) ? null : row.GetString(2)), teamId);

    /// <summary>The team of a name as <c>space/team</c>; null when there is none.</summary>
    public static Task<TeamPlace?> FindAsync(DbSession session, string fullName) => fullName.Split('/') is [var space, var team]
        ? session.FindAsync(FindSql, MapPlace, space, team)
        : Task.FromResult<TeamPlace?>(null);

    /// <summary>The teams in which a user is by the word of a source.</summary>
    public static Task<List<TeamPlace>> ListBySourceAsync(DbSession session, long userId, string source) => session.ListAsync(ListBySourceSql, MapPlace, userId, source);

    /// <summary>Has a person say that a user is in a team, or a source. False when it was said already, by any person or by that source.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="teamId">The team.</param>
    /// <param name="userId">The user.</param>
    /// <param name="source">Who says so: a source elsewhere, or unless told a person.</param>
    /// <param name="givenBy">Which person.</param>
    public static async Task<bool> AddMemberAsync(DbSession session, long teamId, long userId, string source = Person, string? givenBy = null) =>
        await session.ExecuteAsync(AddMemberSql, teamId, userId, source, givenBy) == 1;

    /// <summary>Takes back what a source has said; what others have said stays.</summary>
    public static Task TakeBackAsync(DbSession session, long teamId, long userId, string source) => session.ExecuteAsync(TakeBackSql, teamId, userId, source);

    /// <summary>Whether anybody but this source says that the user is in the team.</summary>
    public static async Task<bool> HasOtherWordAsync(DbSession session, long teamId, long userId, string source) => await session.FindNumberAsync(OtherWordSql, teamId, userId, source) is not null;

    /// <summary>Whether the team has a member who may sign in, besides this user.</summary>
    public static async Task<bool> HasOtherMemberAsync(DbSession session, long teamId, long userId) => await session.FindNumberAsync(OtherMemberSql, teamId, userId) is not null;

    /// <summary>The organizations of which nobody but this user is an owner who may sign in.</summary>
    public static Task<List<string>> ListOwnedAloneAsync(DbSession session, long userId) => session.ListAsync(OwnedAloneSql, row => row.GetString(0), userId, Owners);

    public static async Task<bool> IsMemberAsync(DbSession session, long teamId, long userId) => await session.FindNumberAsync(IsMemberSql, teamId, userId) is not null;

    /// <summary>Whether the user is in any team of the space.</summary>
    public static async Task<bool> IsInAnyAsync(DbSession session, long spaceId, long userId) => await session.FindNumberAsync(InAnySql, spaceId, userId) is not null;

    /// <summary>Ends a membership, whoever says that it is one. False when the user was not in the team.</summary>
    public static async Task<bool> RemoveMemberAsync(DbSession session, long teamId, long userId) => await session.ExecuteAsync(RemoveMemberSql, teamId, userId) > 0;

    /// <summary>Removes the team with what it was given.</summary>
    public static Task DeleteAsync(DbSession session, long teamId) => session.ExecuteAsync(DeleteSql, teamId);

    static TeamPlace MapPlace(DbDataReader row) => new(row.GetInt64(0), row.GetString(1), row.GetString(2));

    static readonly Sql CreateSql = new("insert into teams (space_id, name, created_at) values ($1, $2, {now}) on conflict (space_id, name) do nothing returning id");
    static readonly Sql FindIdSql = new("select id from teams where space_id = $1 and name = $2");
    static readonly Sql FindSql = new("select t.id, s.name, t.name from teams t join spaces s on s.id = t.space_id where s.name = $1 and t.name = $2 and s.removed_at is null");
    static readonly Sql ListBySourceSql = new("""
        select t.id, s.name, t.name from team_members m join teams t on t.id = m.team_id join spaces s on s.id = t.space_id
        where m.user_id = $1 and m.source = $2 order by t.id
        """);
    static readonly Sql ListSql = new("select id, name from teams where space_id = $1 and name > $2 order by name limit $3");
    static readonly Sql ListMembersSql = new("select name from users where id in (select user_id from team_members where team_id = $1) order by name");
    static readonly Sql ListWordsSql = new("select u.name, m.source, m.given_by from team_members m join users u on u.id = m.user_id where m.team_id = $1 order by u.name, m.source");
    static readonly Sql AddMemberSql = new("insert into team_members (team_id, user_id, source, given_by) values ($1, $2, $3, $4) on conflict do nothing");
    static readonly Sql TakeBackSql = new("delete from team_members where team_id = $1 and user_id = $2 and source = $3");
    static readonly Sql OtherWordSql = new("select user_id from team_members where team_id = $1 and user_id = $2 and source <> $3 limit 1");
    static readonly Sql OtherMemberSql = new("select u.id from team_members m join users u on u.id = m.user_id where m.team_id = $1 and u.id <> $2 and u.disabled_at is null limit 1");
    static readonly Sql OwnedAloneSql = new("""
        select s.name from teams t join spaces s on s.id = t.space_id
        where t.id in (select team_id from team_members where user_id = $1) and t.name = $2 and s.owner_id is null and s.removed_at is null
            and not exists (select 1 from team_members o join users u on u.id = o.user_id where o.team_id = t.id and o.user_id <> $1 and u.disabled_at is null)
        order by s.name
        """);
    static readonly Sql IsMemberSql = new("select user_id from team_members where team_id = $1 and user_id = $2 limit 1");
    static readonly Sql InAnySql = new("select t.id from teams t join team_members m on m.team_id = t.id where t.space_id = $1 and m.user_id = $2 limit 1");
    static readonly Sql RemoveMemberSql = new("delete from team_members where team_id = $1 and user_id = $2");
    static readonly Sql DeleteSql = new("delete from teams where id = $1");
}
