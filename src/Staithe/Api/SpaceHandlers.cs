using Staithe.Access;
using Staithe.Accounts;
using Staithe.Managing;

namespace Staithe.Api;

/// <summary>Spaces: those of users and those of organizations.</summary>
internal static class SpaceHandlers
{
    public static async Task<Page<Space>> ListAsync(ApiCall call)
    {
        var all = call.Query("all") == "true";
        return await call.ListAsync(
            (session, asked) => all ? SpaceCare.ListAllAsync(session, call.Who, asked) : SpaceAccess.ListAsync(session, call.Who, asked), Space.Of);
    }

    public static async Task<Space> AddOrganizationAsync(ApiCall call, NewOrganization order)
    {
        var visibility = ApiCall.ReadVisibility(order.Visibility);
        var space = await call.ChangeAsync(session => SpaceCare.AddOrganizationAsync(session, call.Who, call.Actor, order.Name, visibility));
        call.Created($"/spaces/{space.Name}");
        return Space.Of(space);
    }

    public static async Task<Space> GetAsync(ApiCall call) => Space.Of(await call.ReadAsync(session => SpaceAccess.FindAsync(session, call.Who, call.Path["space"])));

    public static Task<Space> ChangeAsync(ApiCall call, SpaceChange change)
    {
        Visibility? visibility = change.Visibility is null ? null : ApiCall.ReadVisibility(change.Visibility);
        return call.ChangeAsync(async session => Space.Of(await SpaceCare.ChangeAsync(session, call.Who, call.Actor, call.Path["space"], visibility, change.AuditPulls, change.Description)));
    }
}
