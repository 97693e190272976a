using Staithe.Database;
using Staithe.Managing;

namespace Staithe.Api;

/// <summary>The teams of organizations and who is in them.</summary>
internal static class TeamHandlers
{
    public static Task<Page<Team>> ListAsync(ApiCall call) =>
        call.ListAsync((session, asked) => SpaceTeams.ListAsync(session, call.Who, call.Path["space"], asked), row => new Team(row.Name));

    public static Task<Page<TeamMember>> ListMembersAsync(ApiCall call) => call.ListAsync(
        async (session, asked) => (await SpaceTeams.ListMembersAsync(session, call.Who, call.Path["space"], call.Path["team"], asked)).Members,
        member => new TeamMember(member.User, Memberships(member)));

    public static async Task<Team> AddAsync(ApiCall call, Team order)
    {
        await call.ChangeAsync(session => SpaceTeams.AddAsync(session, call.Who, call.Actor, call.Path["space"], order.Name));
        call.Created($"/spaces/{call.Path["space"]}/teams/{order.Name}");
        return order;
    }

    public static Task<TeamMembers> GetAsync(ApiCall call) => call.ReadAsync(async session =>
    {
        var (team, members) = await SpaceTeams.ListMembersAsync(session, call.Who, call.Path["space"], call.Path["team"], new ListRequest(Limit: ListRequest.MaxLimit));
        return new TeamMembers(team.Name, [.. members.Items.Select(member => member.User)], [.. members.Items.SelectMany(Memberships)]);
    });

    static List<Membership> Memberships(Accounts.TeamMember member) => [.. member.Words.Select(word => new Membership(word.User, word.Source, word.GivenBy))];

    public static Task DeleteAsync(ApiCall call) => call.ChangeAsync(session => SpaceTeams.DeleteAsync(session, call.Who, call.Actor, call.Path["space"], call.Path["team"]));

    public static Task AddMemberAsync(ApiCall call) =>
        call.ChangeAsync(session => SpaceTeams.AddMemberAsync(session, call.Who, call.Actor, call.Path["space"], call.Path["team"], call.Path["user"]));

    public static Task RemoveMemberAsync(ApiCall call) =>
        call.ChangeAsync(session => SpaceTeams.RemoveMemberAsync(session, call.Who, call.Actor, call.Path["space"], call.Path["team"], call.Path["user"]));
}
