using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Managing;

namespace Staithe.Web;

/// <summary>The repositories that a space is offered.</summary>
internal sealed class OfferSettings(Db db, AccessEpoch epoch, ContentChanges changes) : SettingsView("offers", "Offered to it")
{
    public override IReadOnlyList<SettingsForm> Forms =>
    [
        new("offer.accept", AcceptAsync),
        new("offer.decline", (visit, place, _) => ThenAsync(
            epoch, visit, place.At(Name), session => RepositoryCare.DeclineAsync(session, visit.Who, visit.Actor, place.Target.Space, Id(visit.Field("id"))))),
    ];

    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        var space = place.Space!;
        var asked = visit.Asked(RepositoryOfferTable.Orders);
        var part = await db.ReadAsync(session => Visit.ListAsync(asked, part => RepositoryCare.ListOffersAsync(session, visit.Who, space.Name, part)), visit.Cancel);
        var lines = part.Items.Select(row => new OfferLine(row.Id, row.Name, row.To + row.Path, row.Offerer, Shown.Then(row.ExpiresAt))).ToList();
        await SendAsync<OffersPage, OffersView>(
            visit, nav, new OffersView(place.Path, space.Name, lines, ListView.Of(visit, asked, RepositoryOfferTable.Orders, part.Next)), echo);
    }

    async Task AcceptAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var moved = await changes.RunAsync(session => RepositoryCare.AcceptAsync(session, visit.Who, visit.Actor, place.Target.Space, Id(visit.Field("id"))), visit.Cancel);
        await visit.DoneAsync($"/r/{moved.To}");
    }
}

/// <summary>The repositories that a space is offered.</summary>
public sealed record OffersView(string Path, string Space, IReadOnlyList<OfferLine> Offers, ListView List);

/// <summary>A repository that a space is offered.</summary>
/// <param name="To">What it would be called.</param>
public sealed record OfferLine(long Id, string Repository, string To, string By, DateTimeOffset ExpiresAt);
