using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Managing;

namespace Staithe.Web;

/// <summary>The spaces that somebody belongs to, and those that they are offered.</summary>
internal sealed class OwnSpaceSettings(Db db, AccessEpoch epoch) : SettingsView("spaces", "Spaces")
{
    const int MaxParts = 500;

    public override IReadOnlyList<SettingsForm> Forms =>
    [
        new("organization.add", AddOrganizationAsync),
        new("offer.accept", (visit, place, _) => ThenAsync(epoch, visit, place.At(Name), session => SpaceCare.AcceptAsync(session, visit.Who, visit.Actor, visit.Field("space")))),
        new("offer.decline", (visit, place, _) => ThenAsync(epoch, visit, place.At(Name), session => SpaceCare.DeclineAsync(session, visit.Who, visit.Actor, visit.Field("space")))),
    ];

    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        var asked = visit.Asked(SpaceTable.Orders);
        var (spaces, next, offers, parts) = await db.ReadAsync(
            async session =>
            {
                var spaces = new List<OwnSpace>();
                var listed = await Visit.ListAsync(asked, part => SpaceAccess.ListAsync(session, visit.Who, part));
                foreach (var space in listed.Items)
                    spaces.Add(new OwnSpace(space.Name, space.OwnerId is null, VisibilityText.Format(space.Visibility), (await AccessLookup.DecideAsync(session, visit.Who, space, $"{space.Name}/")).Always.HasFlag(Rights.Manage)));
                return (
                    spaces,
                    listed.Next,
                    (await SpaceCare.ListOffersAsync(session, visit.Who, new ListRequest())).Items,
                    await GrantTable.ListPartsOfUserAsync(session, visit.Who.Id, Rights.Manage, MaxParts));
            },
            visit.Cancel);
        await SendAsync<OwnSpacesPage, OwnSpacesView>(visit, nav, new OwnSpacesView(
            spaces,
            [.. offers.Select(offer => new SpaceOffered(offer.Space, offer.Offerer, offer.IsOrganization, Shown.Then(offer.ExpiresAt)))],
            [.. parts.Where(part => !spaces.Exists(space => space.MayManage && part.StartsWith($"{space.Name}/", StringComparison.Ordinal)))],
            ListView.Of(visit, asked, SpaceTable.Orders, next)), echo);
    }

    async Task AddOrganizationAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var visibility = ReadVisibility(visit);
        var space = await epoch.ChangeAsync(session => SpaceCare.AddOrganizationAsync(session, visit.Who, visit.Actor, visit.Field("name").Trim(), visibility), visit.Cancel);
        await visit.DoneAsync($"{place.Path}/{space.Name}");
    }
}

/// <summary>The spaces of whoever looks, and those that they are offered.</summary>
/// <param name="Parts">The parts that they manage of spaces of which they do not manage the whole.</param>
public sealed record OwnSpacesView(IReadOnlyList<OwnSpace> Spaces, IReadOnlyList<SpaceOffered> Offers, IReadOnlyList<string> Parts, ListView List);

/// <summary>A space that one belongs to.</summary>
/// <param name="MayManage">Whether one manages the whole of it.</param>
public sealed record OwnSpace(string Name, bool IsOrganization, string Visibility, bool MayManage);

/// <summary>A space that one is offered.</summary>
public sealed record SpaceOffered(string Space, string By, bool AsOrganization, DateTimeOffset ExpiresAt);
