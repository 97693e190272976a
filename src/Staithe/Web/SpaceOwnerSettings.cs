using Staithe.Access;
using Staithe.Accounts;
using Staithe.Content;
using Staithe.Database;
using Staithe.Managing;

namespace Staithe.Web;

/// <summary>A space's name, its owner and its end: for those to whom it belongs.</summary>
internal sealed class SpaceOwnerSettings(Db db, AccessEpoch epoch, ContentChanges changes) : SettingsView("owner", "Name and owner")
{
    const int MaxRows = 500;

    public override IReadOnlyList<SettingsForm> Forms =>
    [
        new("space.rename", RenameAsync),
        new("space.owner", SetOwnerAsync),
        new("space.offer.withdraw", (visit, place, _) => ThenAsync(
            epoch, visit, place.At(Name), session => SpaceCare.WithdrawAsync(session, visit.Who, visit.Actor, place.Target.Space))),
        new("space.delete", RemoveAsync),
    ];

    public override bool IsFor(SettingsPlace place) => place.Owns;

    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        var space = place.Space!;
        var path = place.At(Name);
        var (owner, offer, repositories) = await db.ReadAsync(
            async session => (
                space.OwnerId is { } id ? (await UserTable.FindAsync(session, id))?.Name : null,
                await SpaceOfferTable.FindAsync(session, space.Id),
                (await RepositoryTable.ListInSpaceAsync(session, space.Name, MaxRows)).Count),
            visit.Cancel);
        var isAccounts = owner == space.Name;
        if (visit.Query("ask") == "space.delete" && !isAccounts)
        {
            await AskAsync(visit, nav, new Question(
                $"Remove the space {space.Name}",
                [
                    repositories == 0 ? "It is empty." : $"It has {(repositories == MaxRows ? $"{MaxRows} repositories or more" : Shown.Count(repositories, "repository", "repositories"))}, which go with it, with everything in them.",
                    "Its teams, robots, rights and links end. Its name stays taken, for ever. This cannot be undone.",
                ],
                path,
                [("do", "space.delete")],
                space.Name,
                "Remove it and everything in it",
                path));
            return;
        }
        await SendAsync<SpaceOwnerPage, SpaceOwnerView>(visit, nav, new SpaceOwnerView(place.Path, space.Name, owner, isAccounts, offer?.User, Shown.Then(offer?.ExpiresAt)), echo);
    }

    async Task RenameAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var name = place.Target.Space;
        RequireConfirmed(visit, name);
        var renamed = await changes.RunAsync(session => SpaceCare.RenameAsync(session, visit.Who, visit.Actor, name, visit.Field("name").Trim()), visit.Cancel);
        await visit.DoneAsync($"{SettingsTarget.PathOf($"{renamed.Name}/")}?view={Name}");
    }

    async Task SetOwnerAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var name = place.Target.Space;
        RequireConfirmed(visit, name);
        var (_, _, until) = await epoch.ChangeAsync(session => SpaceCare.SetOwnerAsync(session, visit.Who, visit.Actor, name, visit.Field("user").Trim(), visit.Field("as") == "organization"), visit.Cancel);
        await visit.DoneAsync(until is null ? $"{OwnSettingsHandler.Path}?view=spaces" : place.At(Name));
    }

    async Task RemoveAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var name = place.Target.Space;
        RequireConfirmed(visit, name);
        await changes.RunAsync(session => SpaceCare.RemoveAsync(session, visit.Who, visit.Actor, name, name, changes.Trash), visit.Cancel);
        await visit.DoneAsync($"{OwnSettingsHandler.Path}?view=spaces");
    }
}

/// <summary>To whom a space belongs.</summary>
/// <param name="Owner">Null for an organization.</param>
/// <param name="IsAccounts">Whether it is called like the account, and goes with it.</param>
/// <param name="OfferedTo">Who may take it.</param>
public sealed record SpaceOwnerView(string Path, string Name, string? Owner, bool IsAccounts, string? OfferedTo, DateTimeOffset? OfferedUntil);
