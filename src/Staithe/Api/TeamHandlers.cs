using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;

namespace Staithe.Api;

/// <summary>The teams of organizations and who is in them.</summary>
internal static class TeamHandlers
{
    public static Task<Page<Team>> ListAsync(ApiCall call) => call.PageAsync(
        async (session, limit) => await TeamTable.ListAsync(session, (await SpaceAccess.RequireToSeeTeamsAsync(session, call.Who, call.Path["space"])).Id, call.After, limit),
        row => new Team(row.Name),
        row => row.Name);

    public static async Task<Team> AddAsync(ApiCall call, Team order)
    {
        await call.ChangeAsync(async session => await Teams.AddAsync(session, call.Actor, await ManagedAsync(call, session), order.Name));
        call.Created($"/spaces/{call.Path["space"]}/teams/{order.Name}");
        return order;
    }

    public static Task<TeamMembers> GetAsync(ApiCall call) => call.ReadAsync(async session =>
    {
        var team = await Teams.FindAsync(session, await SpaceAccess.RequireToSeeTeamsAsync(session, call.Who, call.Path["space"]), call.Path["team"]);
        return new TeamMembers(team.Name, await TeamTable.ListMembersAsync(session, team.Id));
    });

    public static Task DeleteAsync(ApiCall call) => call.ChangeAsync(async session =>
    {
        var space = await ManagedAsync(call, session);
        await Teams.DeleteAsync(session, call.Actor, space, await Teams.FindAsync(session, space, call.Path["team"]));
    });

    // Whoever gets into a team gets what it was given.
    public static Task AddMemberAsync(ApiCall call) => call.ChangeAsync(async session =>
    {
        var space = await ManagedAsync(call, session);
        var team = await Teams.FindAsync(session, space, call.Path["team"]);
        var given = await GrantTable.ListOfAsync(session, new Grantee(TeamId: team.Id));
        await SpaceAccess.RequireToGiveAsync(session, call.Who, space, given.Select(grant => (grant.Target, grant.Rights)));
        await Teams.AddMemberAsync(session, call.Actor, space, team, await Users.FindAsync(session, call.Path["user"]));
    });

    public static Task RemoveMemberAsync(ApiCall call) => call.ChangeAsync(async session =>
    {
        var space = await ManagedAsync(call, session);
        var team = await Teams.FindAsync(session, space, call.Path["team"]);
        await Teams.RemoveMemberAsync(session, call.Actor, space, team, await Users.FindAsync(session, call.Path["user"]));
    });

    static Task<SpaceRow> ManagedAsync(ApiCall call, DbSession session) => SpaceAccess.RequireAsync(session, call.Who, call.Path["space"], Rights.Manage);
}
