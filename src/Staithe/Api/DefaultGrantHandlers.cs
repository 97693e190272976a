using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;

namespace Staithe.Api;

/// <summary>What new repositories give to whom. Whoever may manage a part of a space decides about that part.</summary>
internal static class DefaultGrantHandlers
{
    public static Task<Page<DefaultGrant>> ListAsync(ApiCall call)
    {
        var after = call.AfterNumber(0);
        return call.PageAsync(
            async (session, limit) => await DefaultGrantTable.ListAsync(session, (await SpaceAccess.RequireAsync(session, call.Who, call.Path["space"], Rights.Manage)).Id, after, limit),
            DefaultGrant.Of,
            row => Text.Of(row.Id));
    }

    public static Task<DefaultGrant> AddAsync(ApiCall call, NewDefaultGrant order) => call.ChangeAsync(async session =>
    {
        var space = await SpaceAccess.FindAsync(session, call.Who, call.Path["space"]);
        var wanted = GrantOrder.Read(space, order.Target, order.Rights, order.Tags);
        await SpaceAccess.RequireToGiveAsync(session, call.Who, space, [(wanted.Target, wanted.Rights)]);
        var maker = await FindAsync(session, space, order.MadeByUser, order.MadeByTeam, order.MadeByRobot);
        var grantee = await FindAsync(session, space, order.User, order.Team, order.Robot);
        return DefaultGrant.Of(await DefaultGrants.AddAsync(session, call.Actor, space, wanted, maker, grantee));
    });

    public static Task DeleteAsync(ApiCall call) => call.ChangeAsync(async session =>
    {
        var space = await SpaceAccess.FindAsync(session, call.Who, call.Path["space"]);
        var id = call.Number("id");
        var grant = await DefaultGrantTable.FindAsync(session, space.Id, id);
        // Which numbers there are is nobody's business who could not list them.
        if (grant is null || !(await AccessLookup.DecideAsync(session, call.Who, space, grant.Target)).Always.HasFlag(Rights.Manage))
        {
            await SpaceAccess.RequireAsync(session, call.Who, space, Rights.Manage, $"{space.Name}/");
            throw DefaultGrants.Unknown(space, id);
        }
        await DefaultGrants.DeleteAsync(session, call.Actor, space, grant);
    });

    static async Task<Grantee?> FindAsync(DbSession session, SpaceRow space, string? user, string? team, string? robot) =>
        user is null && team is null && robot is null ? null : await Grants.FindGranteeAsync(session, space, user, team, robot);
}
