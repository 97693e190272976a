using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Api;

/// <summary>What is done with a space as a whole, by whom it belongs to: another name, another owner, its end.</summary>
internal sealed class OwnerHandlers(ContentChanges changes)
{
    const string User = "user", Organization = "organization";

    public Task<Space> RenameAsync(ApiCall call, NewSpaceName order) => changes.RunAsync(
        async session =>
        {
            await call.RequireUserAsync(session);
            return Space.Of(await SpaceMove.RunAsync(session, call.Actor, await SpaceAccess.RequireOwnAsync(session, call.Who, call.Path["space"]), order.Name));
        },
        call.Cancel);

    public Task RemoveAsync(ApiCall call)
    {
        var confirmed = call.Query("confirm");
        return changes.RunAsync(
            async session =>
            {
                await call.RequireUserAsync(session);
                await Removal.RemoveSpaceAsync(session, call.Actor, await SpaceAccess.RequireOwnAsync(session, call.Who, call.Path["space"]), confirmed, changes.Trash);
                return true;
            },
            call.Cancel);
    }

    // Admins of the registry decide for both sides; owners for themselves alone.
    public static Task<SpaceOwner> SetAsync(ApiCall call, NewOwner order)
    {
        if (order.Kind is not (User or Organization))
            throw ApiCall.Invalid($"kind is \"{OciException.Quote(order.Kind)}\": it must be {User} or {Organization}");
        return call.ChangeAsync(async session =>
        {
            var asker = await call.RequireUserAsync(session);
            var space = call.Who.IsAdmin ? await Spaces.FindAsync(session, call.Path["space"]) : await SpaceAccess.RequireOwnAsync(session, call.Who, call.Path["space"]);
            var user = await Users.FindAsync(session, order.User);
            if (user.DisabledAt is not null)
                throw new AccountException(AccountProblem.Taken, $"{user.Name} is disabled: choose another user");
            var isOrganization = order.Kind == Organization;
            if (!call.Who.IsAdmin && user.Id != asker.Id)
                return new SpaceOwner(space.Name, user.Name, order.Kind, Time.Of((await Ownership.OfferAsync(session, call.Actor, space, asker, user, isOrganization)).ExpiresAt));
            await Ownership.SetAsync(session, call.Actor, space, user, isOrganization);
            return new SpaceOwner(space.Name, user.Name, order.Kind, null);
        });
    }

    public static Task WithdrawAsync(ApiCall call) => call.ChangeAsync(async session =>
    {
        await call.RequireUserAsync(session);
        await Ownership.WithdrawAsync(session, call.Actor, await SpaceAccess.RequireOwnAsync(session, call.Who, call.Path["space"]));
    });

    public static Task<Page<SpaceOffer>> ListOffersAsync(ApiCall call) => call.PageAsync(
        async (session, limit) => await SpaceOfferTable.ListOfUserAsync(session, (await call.RequireUserAsync(session)).Id, call.After, limit),
        SpaceOffer.Of,
        row => row.Space);

    public static Task<SpaceOwner> AcceptAsync(ApiCall call) => call.ChangeAsync(async session =>
    {
        var (user, space, offer) = await FindOfferAsync(call, session);
        var giver = await UserTable.FindAsync(session, offer.OffererId);
        if (giver is not { DisabledAt: null } || !await SpaceAccess.OwnsAsync(session, giver.Id, space))
            throw new AccountException(AccountProblem.Taken, $"{offer.Offerer} may not give {space.Name} away any more: ask its owner for another offer");
        await Ownership.SetAsync(session, call.Actor, space, user, offer.IsOrganization);
        return new SpaceOwner(space.Name, user.Name, offer.IsOrganization ? Organization : User, null);
    });

    public static Task DeclineAsync(ApiCall call) => call.ChangeAsync(async session => await Ownership.WithdrawAsync(session, call.Actor, (await FindOfferAsync(call, session)).Space));

    // To anybody else it is as if there were no such space.
    static async Task<(UserRow User, SpaceRow Space, SpaceOfferRow Offer)> FindOfferAsync(ApiCall call, DbSession session)
    {
        var user = await call.RequireUserAsync(session);
        return await SpaceTable.FindAsync(session, call.Path["space"]) is { } space && await SpaceOfferTable.FindAsync(session, space.Id) is { } offer && offer.User == user.Name
            ? (user, space, offer)
            : throw Ownership.Unknown(call.Path["space"]);
    }
}
