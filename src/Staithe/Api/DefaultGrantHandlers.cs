using Staithe.Managing;

namespace Staithe.Api;

/// <summary>What new repositories give to whom.</summary>
internal static class DefaultGrantHandlers
{
    public static Task<Page<DefaultGrant>> ListAsync(ApiCall call)
    {
        var target = call.Query("target");
        return call.ListAsync((session, asked) => SpaceGrants.ListDefaultsAsync(session, call.Who, call.Path["space"], target, asked), DefaultGrant.Of);
    }

    public static Task<DefaultGrant> AddAsync(ApiCall call, NewDefaultGrant order) => call.ChangeAsync(async session => DefaultGrant.Of(await SpaceGrants.AddDefaultAsync(
        session,
        call.Who,
        call.Actor,
        call.Path["space"],
        new GrantWish(order.Target, order.Rights, order.Tags, new GranteeNames(order.User, order.Team, order.Robot)),
        new GranteeNames(order.MadeByUser, order.MadeByTeam, order.MadeByRobot))));

    public static Task DeleteAsync(ApiCall call) => call.ChangeAsync(session => SpaceGrants.DeleteDefaultAsync(session, call.Who, call.Actor, call.Path["space"], call.Number("id")));
}
