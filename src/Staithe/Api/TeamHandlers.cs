using Staithe.Managing;

namespace Staithe.Api;

/// <summary>The teams of organizations and who is in them.</summary>
internal static class TeamHandlers
{
    public static Task<Page<Team>> ListAsync(ApiCall call) =>
        call.PageAsync((session, limit) => SpaceTeams.ListAsync(session, call.Who, call.Path["space"], call.After, limit), row => new Team(row.Name), row => row.Name);

    public static async Task<Team> AddAsync(ApiCall call, Team order)
    {
        await call.ChangeAsync(session => SpaceTeams.AddAsync(session, call.Who, call.Actor, call.Path["space"], order.Name));
        call.Created($"/spaces/{call.Path["space"]}/teams/{order.Name}");
        return order;
    }

    public static Task<TeamMembers> GetAsync(ApiCall call) => call.ReadAsync(async session =>
    {
        var (team, members) = await SpaceTeams.GetAsync(session, call.Who, call.Path["space"], call.Path["team"]);
        return new TeamMembers(team.Name, [.. members.Select(member => member.User).Distinct(StringComparer.Ordinal)], [.. members.Select(member => new Membership(member.User, member.Source, member.GivenBy))]);
    });

    public static Task DeleteAsync(ApiCall call) => call.ChangeAsync(session => SpaceTeams.DeleteAsync(session, call.Who, call.Actor, call.Path["space"], call.Path["team"]));

    public static Task AddMemberAsync(ApiCall call) =>
        call.ChangeAsync(session => SpaceTeams.AddMemberAsync(session, call.Who, call.Actor, call.Path["space"], call.Path["team"], call.Path["user"]));

    public static Task RemoveMemberAsync(ApiCall call) =>
        call.ChangeAsync(session => SpaceTeams.RemoveMemberAsync(session, call.Who, call.Actor, call.Path["space"], call.Path["team"], call.Path["user"]));
}
