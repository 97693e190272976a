using Staithe.Access;
using Staithe.Accounts;
using Staithe.Content;
using Staithe.Database;
using Staithe.Managing;
using Staithe.Markup;
using Staithe.Oci;

namespace Staithe.Web;

/// <summary>What a repository is set to.</summary>
internal sealed class RepositoryGeneralSettings(Db db, AccessEpoch epoch) : SettingsView("", "General")
{
    public override IReadOnlyList<SettingsForm> Forms =>
    [
        new("visibility", SetVisibilityAsync),
        new("texts", SetTextsAsync),
    ];

    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        var row = await db.ReadAsync(session => RepositoryPageTable.FindAsync(session, place.Target.Target, visit.Who.Id), visit.Cancel) ?? throw RepositoryCare.Unknown(RepositoryName.Parse(place.Target.Target));
        var readme = await db.ReadAsync(session => RepositoryPageTable.FindReadmeAsync(session, row.Id, MarkdownText.Version), visit.Cancel);
        var view = new RepositorySettingsView(place.Path, place.Target.Target, row.Visibility, row.Description, readme?.Text ?? "");
        await SendAsync<RepositorySettingsPage, RepositorySettingsView>(visit, nav, view, echo);
    }

    async Task SetVisibilityAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var name = RepositoryName.Parse(place.Target.Target);
        var visibility = ReadVisibility(visit);
        await ThenAsync(epoch, visit, place.Path, session => RepositoryCare.ChangeAsync(session, visit.Who, visit.Actor, name, new RepositoryWish(visibility)));
    }

    // Rendering is work: for who may keep the result, and before the transaction.
    async Task SetTextsAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var name = RepositoryName.Parse(place.Target.Target);
        await db.ReadAsync(session => RepositoryCare.RequireAsync(session, visit.Who, name, Rights.Manage), visit.Cancel);
        var wish = new RepositoryWish(Description: visit.Field("description"), Readme: Readme.Read(visit.Field("readme")));
        await ThenAsync(epoch, visit, place.Path, session => RepositoryCare.ChangeAsync(session, visit.Who, visit.Actor, name, wish));
    }
}

/// <summary>What a repository is set to.</summary>
public sealed record RepositorySettingsView(string Path, string Name, string Visibility, string Description, string Readme);
