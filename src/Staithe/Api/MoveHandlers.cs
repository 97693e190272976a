using Staithe.Access;
using Staithe.Managing;
using Staithe.Oci;

namespace Staithe.Api;

/// <summary>Repositories that get another name, perhaps in another space, and those that go.</summary>
internal sealed class MoveHandlers(ContentChanges changes)
{
    public Task<RepositoryMoved> MoveAsync(ApiCall call, NewName order)
    {
        var (name, wanted) = (call.Repository("name"), ReadName(order));
        return changes.RunAsync(async session => RepositoryMoved.Of(await RepositoryCare.MoveAsync(session, call.Who, call.Actor, name, wanted)), call.Cancel);
    }

    public Task RemoveAsync(ApiCall call)
    {
        var name = call.Repository("name");
        return changes.RunAsync(session => RepositoryCare.RemoveAsync(session, call.Who, call.Actor, name, changes.Trash), call.Cancel);
    }

    public static Task<Page<RepositoryEntry>> ListAliasesAsync(ApiCall call)
    {
        var name = call.Repository("name");
        return call.PageAsync((session, limit) => RepositoryCare.ListAliasesAsync(session, call.Who, name, call.After, limit), alias => new RepositoryEntry(alias), alias => alias);
    }

    public Task FreeAsync(ApiCall call)
    {
        var alias = call.Repository("name");
        return changes.RunAsync(session => RepositoryCare.FreeAsync(session, call.Who, call.Actor, alias), call.Cancel);
    }

    public static Task<RepositoryOffer> OfferAsync(ApiCall call, NewName order)
    {
        var (name, wanted) = (call.Repository("name"), ReadName(order));
        return call.ChangeAsync(async session => RepositoryOffer.Of(await RepositoryCare.OfferAsync(session, call.Who, call.Actor, name, wanted)));
    }

    public static Task WithdrawAsync(ApiCall call)
    {
        var name = call.Repository("name");
        return call.ChangeAsync(session => RepositoryCare.WithdrawAsync(session, call.Who, call.Actor, name));
    }

    public static Task<Page<RepositoryOffer>> ListOffersAsync(ApiCall call) =>
        call.ListAsync((session, asked) => RepositoryCare.ListOffersAsync(session, call.Who, call.Path["space"], asked), RepositoryOffer.Of);

    public Task<RepositoryMoved> AcceptAsync(ApiCall call) =>
        changes.RunAsync(async session => RepositoryMoved.Of(await RepositoryCare.AcceptAsync(session, call.Who, call.Actor, call.Path["space"], call.Number("id"))), call.Cancel);

    public static Task DeclineAsync(ApiCall call) => call.ChangeAsync(session => RepositoryCare.DeclineAsync(session, call.Who, call.Actor, call.Path["space"], call.Number("id")));

    static RepositoryName ReadName(NewName order) => RepositoryName.TryParse(order.To, out var name)
        ? name
        : throw ApiCall.Invalid($"to is \"{OciException.Quote(order.To)}\", which is no repository's name: use lower-case letters and digits, joined by . _ __ or -, in parts joined by /");
}
