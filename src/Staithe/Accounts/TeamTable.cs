using System.Data.Common;
using Staithe.Database;

namespace Staithe.Accounts;

/// <summary>A group of users of an organization.</summary>
internal sealed record TeamRow(long Id, string Name);

/// <summary>A team in a list.</summary>
/// <param name="Members">How many people are in it.</param>
/// <param name="Names">Some of them, by name, with commas between.</param>
internal sealed record ListedTeam(string Name, long Members, string Names);

/// <summary>Somebody in a team, and by whose words.</summary>
internal sealed record TeamMember(string User, IReadOnlyList<MemberWord> Words);

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

    /// <summary>A part of the teams of a space in the order of their names, in which the text is looked for.</summary>
    public static Task<ListPart<ListedTeam>> ListAsync(DbSession session, long spaceId, ListRequest asked) => OfSpace.ListAsync(session, asked, spaceId);

    /// <summary>A part of the members in the order of their names, in which the text is looked for, and by whose words each is one.</summary>
    public static async Task<ListPart<TeamMember>> ListMembersAsync(DbSession session, long teamId, ListRequest asked)
    {
        var part = await Members.ListAsync(session, asked, teamId);
        var byUser = (await ListWordsAsync(session, teamId, [.. part.Items])).ToLookup(word => word.User, StringComparer.Ordinal);
        return part.Select(name => new TeamMember(name, [.. byUser[name]]));
    }

    /// <summary>One of the members; null when that is none.</summary>
    public static async Task<TeamMember?> FindMemberAsync(DbSession session, long teamId, string user) =>
        await ListWordsAsync(session, teamId, [user]) is { Count: > 0 } words ? new TeamMember(user, words) : null;

    static Task<List<MemberWord>> ListWordsAsync(DbSession session, long teamId, string[] users) => session.ListAsync(
        ListWordsSql,
        row => new MemberWord(row.GetString(0), row.GetString(1) is { Length: > 0 } source ? source : null, row.IsDBNull(2) ? null : row.GetString(2)),
        teamId,
        users);

    /// <summary>How many people are in a team.</summary>
    public static async Task<long> CountMembersAsync(DbSession session, long teamId) => await session.FindNumberAsync(CountMembersSql, teamId) ?? 0;

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
    static readonly Listing<ListedTeam> OfSpace = new(
        """
        t.name, (select count(distinct m.user_id) from team_members m where m.team_id = t.id),
            (select string_agg(n.name, ', ') from (
                select u.name from users u where u.id in (select m.user_id from team_members m where m.team_id = t.id) order by u.name limit 8) n)
        """,
        "teams t where t.space_id = $1",
        1,
        "t.name",
        row => new ListedTeam(row.GetString(0), row.GetInt64(1), row.IsDBNull(2) ? "" : row.GetString(2)),
        new ListOrder(ListOrder.ByName, "t.name"));

    static readonly Listing<string> Members = new(
        "u.name",
        "users u where u.id in (select user_id from team_members where team_id = $1)",
        1,
        "u.name",
        row => row.GetString(0),
        new ListOrder(ListOrder.ByName, "u.name"));

    static readonly Sql CountMembersSql = new("select count(distinct user_id) from team_members where team_id = $1");
    static readonly Sql ListWordsSql = new("""
        select u.name, m.source, m.given_by from users u join team_members m on m.user_id = u.id and m.team_id = $1 where u.name {any $2} order by u.name, m.source
        """);
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
