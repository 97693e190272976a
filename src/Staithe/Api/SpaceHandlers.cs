using Staithe.Access;
using Staithe.Accounts;

namespace Staithe.Api;

/// <summary>Spaces: those of users and those of organizations.</summary>
internal static class SpaceHandlers
{
    public static async Task<Page<Space>> ListAsync(ApiCall call)
    {
        if (call.Query("all") is not (null or "true" or "false"))
            throw ApiCall.Invalid("all must be true or false");
        var all = call.Query("all") == "true";
        if (all)
            call.RequireAdmin();
        return await call.PageAsync(
            (session, limit) => all ? SpaceTable.ListAsync(session, call.After, limit) : SpaceAccess.ListAsync(session, call.Who, call.After, limit),
            Space.Of,
            row => row.Name);
    }

    public static async Task<Space> AddOrganizationAsync(ApiCall call, NewOrganization order)
    {
        var visibility = ApiCall.ReadVisibility(order.Visibility);
        var space = await call.ChangeAsync(async session =>
            await Spaces.AddOrganizationAsync(session, call.Actor, (await call.RequireUserAsync(session)).Id, order.Name, visibility));
        call.Created($"/spaces/{space.Name}");
        return Space.Of(space);
    }

    public static async Task<Space> GetAsync(ApiCall call) => Space.Of(await call.ReadAsync(session => SpaceAccess.FindAsync(session, call.Who, call.Path["space"])));

    public static Task<Space> ChangeAsync(ApiCall call, SpaceChange change)
    {
        Visibility? visibility = change.Visibility is null ? null : ApiCall.ReadVisibility(change.Visibility);
        return call.ChangeAsync(async session =>
        {
            var space = await SpaceAccess.RequireAsync(session, call.Who, call.Path["space"], Rights.Manage);
            if (visibility is { } seen)
                await Spaces.SetVisibilityAsync(session, call.Actor, space, seen);
            if (change.AuditPulls is { } audited && audited != space.AuditPulls)
                await Spaces.SetAuditPullsAsync(session, call.Actor, space, audited);
            return Space.Of(await Spaces.FindAsync(session, space.Name));
        });
    }
}
