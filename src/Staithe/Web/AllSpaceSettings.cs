using Staithe.Accounts;
using Staithe.Database;
using Staithe.Managing;

namespace Staithe.Web;

/// <summary>All spaces there are.</summary>
internal sealed class AllSpaceSettings(Db db, AccessEpoch epoch) : SettingsView("spaces", "Spaces")
{
    public override IReadOnlyList<SettingsForm> Forms =>
    [
        new("space.owner", SetOwnerAsync),
    ];

    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        var asked = visit.Asked(SpaceTable.Orders);
        var part = await db.ReadAsync(session => Visit.ListAsync(asked, part => SpaceCare.ListAllAsync(session, visit.Who, part)), visit.Cancel);
        var owners = await db.ReadAsync(
            async session =>
            {
                var names = new Dictionary<long, string>();
                foreach (var id in part.Items.Select(row => row.OwnerId).OfType<long>().Distinct())
                    names[id] = (await UserTable.FindAsync(session, id))?.Name ?? "";
                return names;
            },
            visit.Cancel);
        await SendAsync<AllSpacesPage, AllSpacesView>(visit, nav, new AllSpacesView(
            [.. part.Items.Select(row => new AnySpace(row.Name, row.OwnerId is { } id ? owners[id] : null, Shown.Then(row.CreatedAt)))],
            ListView.Of(visit, asked, SpaceTable.Orders, part.Next)), echo);
    }

    async Task SetOwnerAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var user = visit.Field("user").Trim();
        var space = visit.Field("space").Trim();
        RequireConfirmed(visit, space);
        await epoch.ChangeAsync(session => SpaceCare.SetOwnerAsync(session, visit.Who, visit.Actor, space, user, visit.Field("as") == "organization"), visit.Cancel);
        await visit.DoneAsync(place.At(Name));
    }
}

/// <summary>All spaces.</summary>
public sealed record AllSpacesView(IReadOnlyList<AnySpace> Spaces, ListView List);

/// <summary>A space.</summary>
/// <param name="Owner">Null for an organization.</param>
public sealed record AnySpace(string Name, string? Owner, DateTimeOffset CreatedAt);
