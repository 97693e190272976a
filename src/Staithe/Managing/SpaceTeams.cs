using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Database;

namespace Staithe.Managing;

/// <summary>The teams of organizations and who is in them.</summary>
internal static class SpaceTeams
{
    public static async Task<ListPart<ListedTeam>> ListAsync(DbSession session, Identity who, string spaceName, ListRequest asked) =>
        await TeamTable.ListAsync(session, (await SpaceAccess.RequireToSeeTeamsAsync(session, who, spaceName)).Id, asked);

    /// <summary>A team, and a part of who is in it, by whose words.</summary>
    public static async Task<(TeamRow Team, ListPart<TeamMember> Members)> ListMembersAsync(DbSession session, Identity who, string spaceName, string name, ListRequest asked)
    {
        var team = await Teams.FindAsync(session, await SpaceAccess.RequireToSeeTeamsAsync(session, who, spaceName), name);
        return (team, await TeamTable.ListMembersAsync(session, team.Id, asked));
    }

    public static async Task AddAsync(DbSession session, Identity who, Actor actor, string spaceName, string name) =>
        await Teams.AddAsync(session, actor, await ManagedAsync(session, who, spaceName), name);

    public static async Task DeleteAsync(DbSession session, Identity who, Actor actor, string spaceName, string name)
    {
        var space = await ManagedAsync(session, who, spaceName);
        await Teams.DeleteAsync(session, actor, space, await Teams.FindAsync(session, space, name));
    }

    /// <summary>Takes a user into a team. Whoever gets into it gets what it was given.</summary>
    public static async Task AddMemberAsync(DbSession session, Identity who, Actor actor, string spaceName, string name, string user)
    {
        var space = await ManagedAsync(session, who, spaceName);
        var team = await Teams.FindAsync(session, space, name);
        var given = await GrantTable.ListOfAsync(session, new Grantee(TeamId: team.Id));
        // Later the team may be given more, so it takes a lasting right to manage to say who is in it.
        await SpaceAccess.RequireToGiveAsync(session, who, space, [new Gift($"{space.Name}/", Rights.None), .. Gift.Of(given)]);
        await Teams.AddMemberAsync(session, actor, space, team, await Users.FindAsync(session, user));
    }

    public static async Task RemoveMemberAsync(DbSession session, Identity who, Actor actor, string spaceName, string name, string user)
    {
        var space = await ManagedAsync(session, who, spaceName);
        var team = await Teams.FindAsync(session, space, name);
        await Teams.RemoveMemberAsync(session, actor, space, team, await Users.FindAsync(session, user));
    }

    static Task<SpaceRow> ManagedAsync(DbSession session, Identity who, string spaceName) => SpaceAccess.RequireAsync(session, who, spaceName, Rights.Manage);
}
