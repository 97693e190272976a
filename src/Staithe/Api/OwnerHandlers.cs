using Staithe.Access;
using Staithe.Managing;
using Staithe.Oci;

namespace Staithe.Api;

/// <summary>What is done with a space as a whole, by whom it belongs to: another name, another owner, its end.</summary>
internal sealed class OwnerHandlers(ContentChanges changes)
{
    const string User = "user", Organization = "organization";

    public Task<Space> RenameAsync(ApiCall call, NewSpaceName order) =>
        changes.RunAsync(async session => Space.Of(await SpaceCare.RenameAsync(session, call.Who, call.Actor, call.Path["space"], order.Name)), call.Cancel);

    public Task RemoveAsync(ApiCall call)
    {
        var confirmed = call.Query("confirm");
        return changes.RunAsync(session => SpaceCare.RemoveAsync(session, call.Who, call.Actor, call.Path["space"], confirmed, changes.Trash), call.Cancel);
    }

    public static Task<SpaceOwner> SetAsync(ApiCall call, NewOwner order)
    {
        if (order.Kind is not (User or Organization))
            throw ApiCall.Invalid($"kind is \"{OciException.Quote(order.Kind)}\": it must be {User} or {Organization}");
        return call.ChangeAsync(async session =>
        {
            var (space, user, until) = await SpaceCare.SetOwnerAsync(session, call.Who, call.Actor, call.Path["space"], order.User, order.Kind == Organization);
            return new SpaceOwner(space, user, order.Kind, Time.Of(until));
        });
    }

    public static Task WithdrawAsync(ApiCall call) => call.ChangeAsync(session => SpaceCare.WithdrawAsync(session, call.Who, call.Actor, call.Path["space"]));

    public static Task<Page<SpaceOffer>> ListOffersAsync(ApiCall call) =>
        call.ListAsync((session, asked) => SpaceCare.ListOffersAsync(session, call.Who, asked), SpaceOffer.Of);

    public static Task<SpaceOwner> AcceptAsync(ApiCall call) => call.ChangeAsync(async session =>
    {
        var offer = await SpaceCare.AcceptAsync(session, call.Who, call.Actor, call.Path["space"]);
        return new SpaceOwner(offer.Space, offer.User, offer.IsOrganization ? Organization : User, null);
    });

    public static Task DeclineAsync(ApiCall call) => call.ChangeAsync(session => SpaceCare.DeclineAsync(session, call.Who, call.Actor, call.Path["space"]));
}
