using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Api;

/// <summary>Repositories that get another name, perhaps in another space, and those that go.</summary>
internal sealed class MoveHandlers(ContentChanges changes)
{
    public Task<RepositoryMoved> MoveAsync(ApiCall call, NewName order)
    {
        var (name, wanted) = (call.Repository("name"), ReadName(order));
        return changes.RunAsync(
            async session =>
            {
                var from = (await RequireAsync(session, call, name, Rights.Manage)).Name;
                var source = await Spaces.FindAsync(session, from.Space);
                var (target, to) = await FindTargetAsync(session, wanted);
                // Whether there is such a space is told to who may make something in it.
                var there = target is null ? Rights.None : (await AccessLookup.DecideAsync(session, call.Who, target, to.Value)).Always;
                if (!there.HasFlag(Rights.Push))
                    throw new AccountException(AccountProblem.Forbidden, $"{call.Who.Name} may not make {to}{(call.Who.Limit is null ? "" : " with this token")}: ask an admin of the space {to.Space}, or offer them the repository");
                if (target!.Id != source.Id)
                    await RequireAsync(session, call, from, RepositoryOffers.NeededToGive);
                var mayShow = target.Id == source.Id || there.HasFlag(Rights.Manage);
                return RepositoryMoved.Of(await RepositoryMove.RunAsync(session, call.Actor, from, source, target, to, mayShow ? Visibility.Public : target.Visibility));
            },
            call.Cancel);
    }

    public Task RemoveAsync(ApiCall call)
    {
        var name = call.Repository("name");
        return changes.RunAsync(
            async session =>
            {
                var place = await RequireAsync(session, call, name, RepositoryOffers.NeededToGive);
                await Removal.RemoveRepositoryAsync(session, call.Actor, await Spaces.FindAsync(session, place.Name.Space), place.Name, changes.Trash);
                return true;
            },
            call.Cancel);
    }

    public static Task<Page<RepositoryEntry>> ListAliasesAsync(ApiCall call)
    {
        var name = call.Repository("name");
        return call.PageAsync(
            async (session, limit) =>
            {
                var place = await RequireAsync(session, call, name, Rights.Manage);
                return await RepositoryAliases.ListAsync(session, place.Name, call.After, limit);
            },
            alias => new RepositoryEntry(alias),
            alias => alias);
    }

    public Task FreeAsync(ApiCall call)
    {
        var alias = call.Repository("name");
        return changes.RunAsync(
            async session =>
            {
                var place = await RequireAsync(session, call, alias, Rights.Manage);
                await RepositoryAliases.FreeAsync(session, call.Actor, alias, place.Name);
                return true;
            },
            call.Cancel);
    }

    public static async Task<RepositoryOffer> OfferAsync(ApiCall call, NewName order)
    {
        var (name, wanted) = (call.Repository("name"), ReadName(order));
        return await call.ChangeAsync(async session =>
        {
            var offerer = await call.RequireUserAsync(session);
            var from = (await RequireAsync(session, call, name, RepositoryOffers.NeededToGive)).Name;
            var (target, to) = await FindTargetAsync(session, wanted);
            if (target is null)
                throw Spaces.Unknown(wanted.Space);
            if (from.Space == target.Name)
                throw new AccountException(AccountProblem.Invalid, $"{from} is in the space {target.Name} already: give it another name there");
            return RepositoryOffer.Of(await RepositoryOffers.AddAsync(session, call.Actor, offerer, from, target, to));
        });
    }

    public static Task WithdrawAsync(ApiCall call)
    {
        var name = call.Repository("name");
        return call.ChangeAsync(async session => await RepositoryOffers.WithdrawAsync(session, call.Actor, (await RequireAsync(session, call, name, RepositoryOffers.NeededToGive)).Name));
    }

    public static Task<Page<RepositoryOffer>> ListOffersAsync(ApiCall call)
    {
        var after = call.AfterNumber(0);
        return call.PageAsync(
            async (session, limit) => await RepositoryOfferTable.ListAsync(session, (await ManagedAsync(call, session)).Id, after, limit),
            RepositoryOffer.Of,
            row => Text.Of(row.Id));
    }

    public Task<RepositoryMoved> AcceptAsync(ApiCall call) => changes.RunAsync(
        async session =>
        {
            var space = await ManagedAsync(call, session);
            return RepositoryMoved.Of(await RepositoryOffers.AcceptAsync(session, call.Actor, space, await FindOfferAsync(session, call, space)));
        },
        call.Cancel);

    public static Task DeclineAsync(ApiCall call) => call.ChangeAsync(async session =>
    {
        var space = await ManagedAsync(call, session);
        await RepositoryOffers.DeclineAsync(session, call.Actor, space, await FindOfferAsync(session, call, space));
    });

    static async Task<Place> RequireAsync(DbSession session, ApiCall call, RepositoryName name, Rights rights)
    {
        var seen = await RepositoryHandlers.SeenAsync(session, call.Who, name);
        var missing = rights & ~seen.Decision.Always;
        return missing == Rights.None
            ? seen.Place!
            : throw new AccountException(AccountProblem.Forbidden, $"{call.Who.Name} would need the right {RightsText.Format(missing)} on {seen.Place!.Name}{(call.Who.Limit is null ? "" : ", with this token,")} for that: ask an owner of the space {seen.Place.Name.Space}");
    }

    // Below the name that the space has now.
    static async Task<(SpaceRow? Space, RepositoryName Name)> FindTargetAsync(DbSession session, RepositoryName wanted) =>
        await SpaceTable.FindAsync(session, wanted.Space) is { } space
            ? (space, RepositoryOffers.NameIn(space, wanted.Value[wanted.Space.Length..]))
            : (null, wanted);

    static async Task<RepositoryOfferRow> FindOfferAsync(DbSession session, ApiCall call, SpaceRow space) =>
        await RepositoryOfferTable.FindAsync(session, space.Id, call.Number("id"))
        ?? throw new AccountException(AccountProblem.Unknown, $"{space.Name} is offered no repository under that number");

    static Task<SpaceRow> ManagedAsync(ApiCall call, DbSession session) => SpaceAccess.RequireAsync(session, call.Who, call.Path["space"], Rights.Manage);

    static RepositoryName ReadName(NewName order) => RepositoryName.TryParse(order.To, out var name)
        ? name
        : throw ApiCall.Invalid($"to is \"{OciException.Quote(order.To)}\", which is no repository's name: use lower-case letters and digits, joined by . _ __ or -, in parts joined by /");
}
