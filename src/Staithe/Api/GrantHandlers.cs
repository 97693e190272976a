using Staithe.Managing;

namespace Staithe.Api;

/// <summary>Who was given what.</summary>
internal static class GrantHandlers
{
    public static Task<Page<Grant>> ListAsync(ApiCall call)
    {
        var target = call.Query("target");
        return call.ListAsync((session, asked) => SpaceGrants.ListAsync(session, call.Who, call.Path["space"], target, asked), Grant.Of);
    }

    public static Task<Grant> AddAsync(ApiCall call, NewGrant order)
    {
        var wish = new GrantWish(order.Target, order.Rights, order.Tags, new GranteeNames(order.User, order.Team, order.Robot));
        return call.ChangeAsync(async session => Grant.Of(await SpaceGrants.AddAsync(session, call.Who, call.Actor, call.Path["space"], wish, order.ExpiresInDays)));
    }

    public static Task<Grant> ChangeAsync(ApiCall call, GrantChanged order) => call.ChangeAsync(async session =>
        Grant.Of(await SpaceGrants.ChangeAsync(session, call.Who, call.Actor, call.Path["space"], call.Number("id"), new GrantChange(order.Rights, order.Tags, order.ExpiresInDays))));

    public static Task DeleteAsync(ApiCall call) => call.ChangeAsync(session => SpaceGrants.DeleteAsync(session, call.Who, call.Actor, call.Path["space"], call.Number("id")));
}
