using Staithe.Access;
using Staithe.Accounts;
using Staithe.Managing;

namespace Staithe.Api;

/// <summary>Spaces: those of users and those of organizations.</summary>
internal static class SpaceHandlers
{
    public static async Task<Page<Space>> ListAsync(ApiCall call)
    {
        if (call.Query("all") is not (null or "true" or "false"))
            throw ApiCall.Invalid("all must be true or false");
        var all = call.Query("all") == "true";
        return await call.PageAsync(
            (session, limit) => all ? SpaceCare.ListAllAsync(session, call.Who, call.After, limit) : SpaceAccess.ListAsync(session, call.Who, call.After, limit),
            Space.Of,
            row => row.Name);
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
