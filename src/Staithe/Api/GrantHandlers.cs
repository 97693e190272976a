using Staithe.Access;
using Staithe.Accounts;

namespace Staithe.Api;

/// <summary>Who was given what. Whoever may manage a part of a space decides about that part.</summary>
internal static class GrantHandlers
{
    public static async Task<Page<Grant>> ListAsync(ApiCall call)
    {
        var (after, asked) = (call.AfterNumber(0), call.Query("target"));
        return await call.PageAsync(
            async (session, limit) =>
            {
                var space = await SpaceAccess.FindAsync(session, call.Who, call.Path["space"]);
                var target = asked ?? $"{space.Name}/";
                GrantOrder.CheckTarget(space, target);
                await SpaceAccess.RequireAsync(session, call.Who, space, Rights.Manage, target);
                return await GrantTable.ListAsync(session, space.Id, target, after, limit);
            },
            Grant.Of,
            row => Text.Of(row.Id));
    }

    public static Task<Grant> AddAsync(ApiCall call, NewGrant order) => call.ChangeAsync(async session =>
    {
        var space = await SpaceAccess.FindAsync(session, call.Who, call.Path["space"]);
        var wanted = GrantOrder.Read(space, order.Target, order.Rights, order.Tags);
        await SpaceAccess.RequireToGiveAsync(session, call.Who, space, [(wanted.Target, wanted.Rights)]);
        var grantee = await Grants.FindGranteeAsync(session, space, order.User, order.Team, order.Robot);
        return Grant.Of(await Grants.AddAsync(session, call.Actor, space, wanted, grantee, order.ExpiresInDays));
    });

    public static Task DeleteAsync(ApiCall call) => call.ChangeAsync(async session =>
    {
        var space = await SpaceAccess.FindAsync(session, call.Who, call.Path["space"]);
        var id = call.Number("id");
        var grant = await GrantTable.FindAsync(session, space.Id, id);
        // Which numbers there are is nobody's business who could not list them.
        if (grant is null || !(await AccessLookup.DecideAsync(session, call.Who, space, grant.Target)).Always.HasFlag(Rights.Manage))
        {
            await SpaceAccess.RequireAsync(session, call.Who, space, Rights.Manage, $"{space.Name}/");
            throw Grants.Unknown(space, id);
        }
        await Grants.DeleteAsync(session, call.Actor, space, grant);
    });
}
