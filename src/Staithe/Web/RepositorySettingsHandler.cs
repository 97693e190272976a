using Staithe.Access;
using Staithe.Accounts;
using Staithe.Content;
using Staithe.Database;
using Staithe.Managing;
using Staithe.Markup;
using Staithe.Oci;

namespace Staithe.Web;

/// <summary>The settings of a repository, for who manages it.</summary>
internal sealed class RepositorySettingsHandler(Db db, AccessEpoch epoch, ContentChanges changes, TargetPages targets) : SettingsHandler
{
    const string Prefix = $"{OwnSettingsHandler.Path}/";
    const string Move = "move";
    const int MaxRows = 500;

    /// <summary>Where those of a repository are.</summary>
    public static string PathOf(string name) => Prefix + name;

    public override bool Takes(string path) => NameOf(path) is not null;

    protected override async Task ShowAsync(Visit visit, Echo echo)
    {
        var place = await db.ReadAsync(session => RepositoryCare.RequireAsync(session, visit.Who, NameOf(visit.Path)!, Rights.Manage), visit.Cancel);
        if (place.Name != NameOf(visit.Path) && visit.Form is null)
        {
            await visit.GoToAsync($"{PathOf(place.Name.Value)}{visit.Http.Request.QueryString}"); // it has another name by now
            return;
        }
        var view = visit.Query("view");
        var nav = NavOf(place.Name, view);
        await (view switch
        {
            "" => ShowGeneralAsync(visit, nav, place, echo),
            Move => ShowMoveAsync(visit, nav, place, echo),
            TargetPages.Grants or TargetPages.Links or TargetPages.Access => targets.ShowAsync(visit, nav, TargetOf(place.Name), view, echo),
            _ => visit.SendNothingAsync("Not here", "There is no such page."),
        });
    }

    protected override async Task ActAsync(Visit visit)
    {
        var name = (await db.ReadAsync(session => RepositoryCare.SeenAsync(session, visit.Who, NameOf(visit.Path)!), visit.Cancel)).Place!.Name;
        if (targets.Act(visit, view => NavOf(name, view), TargetOf(name)) is { } common)
        {
            await common;
            return;
        }
        var path = PathOf(name.Value);
        await (visit.Field("do") switch
        {
            "visibility" => SetVisibilityAsync(visit, name, path),
            "texts" => SetTextsAsync(visit, name, path),
            "repository.move" => MoveAsync(visit, name),
            "repository.offer" => OfferAsync(visit, name, path),
            "repository.offer.withdraw" => ThenAsync(epoch, visit, $"{path}?view={Move}", session => RepositoryCare.WithdrawAsync(session, visit.Who, visit.Actor, name)),
            "alias.free" => FreeAsync(visit, name, path),
            "repository.delete" => RemoveAsync(visit, name),
            _ => throw UnknownDeed(),
        });
    }

    static RepositoryName? NameOf(string path) =>
        path.StartsWith(Prefix, StringComparison.Ordinal) && RepositoryName.TryParse(path[Prefix.Length..], out var name) && name.Value.Contains('/', StringComparison.Ordinal) ? name : null;

    static SettingsTarget TargetOf(RepositoryName name) => new(name.Space, name.Value, PathOf(name.Value));

    static SettingsNav NavOf(RepositoryName name, string view)
    {
        List<(string View, string Title)> pages = [("", "General"), (TargetPages.Grants, "Rights"), (TargetPages.Access, "Who may what"), (TargetPages.Links, "Share links"), (Move, "Name and end")];
        var path = PathOf(name.Value);
        return new SettingsNav(
            name.Value, $"/r/{name}", pages.Find(page => page.View == view).Title ?? "Settings", [.. pages.Select(page => new NavLink(page.Title, page.View.Length == 0 ? path : $"{path}?view={page.View}", page.View == view))]);
    }

    async Task ShowGeneralAsync(Visit visit, SettingsNav nav, Place place, Echo echo)
    {
        var row = await db.ReadAsync(session => RepositoryPageTable.FindAsync(session, place.Name.Value, visit.Who.Id), visit.Cancel) ?? throw RepositoryCare.Unknown(place.Name);
        var readme = await db.ReadAsync(session => RepositoryPageTable.FindReadmeAsync(session, row.Id, MarkdownText.Version), visit.Cancel);
        var view = new RepositorySettingsView(PathOf(place.Name.Value), place.Name.Value, row.Visibility, row.Description, readme?.Text ?? "");
        await SendAsync<RepositorySettingsPage, RepositorySettingsView>(visit, nav, view, echo);
    }

    async Task SetVisibilityAsync(Visit visit, RepositoryName name, string path)
    {
        var visibility = ReadVisibility(visit);
        await ThenAsync(epoch, visit, path, session => RepositoryCare.ChangeAsync(session, visit.Who, visit.Actor, name, new RepositoryWish(visibility)));
    }

    // Rendering is work: for who may keep the result, and before the transaction.
    async Task SetTextsAsync(Visit visit, RepositoryName name, string path)
    {
        await db.ReadAsync(session => RepositoryCare.RequireAsync(session, visit.Who, name, Rights.Manage), visit.Cancel);
        var wish = new RepositoryWish(Description: visit.Field("description"), Readme: Readme.Read(visit.Field("readme")));
        await ThenAsync(epoch, visit, path, session => RepositoryCare.ChangeAsync(session, visit.Who, visit.Actor, name, wish));
    }

    async Task ShowMoveAsync(Visit visit, SettingsNav nav, Place place, Echo echo)
    {
        var (name, path) = (place.Name, $"{PathOf(place.Name.Value)}?view={Move}");
        var (aliases, offer, rights) = await db.ReadAsync(
            async session => (
                await RepositoryCare.ListAliasesAsync(session, visit.Who, name, "", MaxRows),
                await RepositoryTable.FindIdAsync(session, name) is { } id ? await RepositoryOfferTable.FindOfAsync(session, id) : null,
                (await AccessLookup.ExplainAsync(session, visit.Who, name)).Decision.Always),
            visit.Cancel);
        var (mayGive, mayRemove) = (rights.HasFlag(RepositoryOffers.NeededToGive), rights.HasFlag(RepositoryOffers.NeededToRemove));
        if (visit.Query("ask") == "repository.delete" && mayRemove)
        {
            var row = await db.ReadAsync(session => RepositoryPageTable.FindAsync(session, name.Value, visit.Who.Id), visit.Cancel) ?? throw RepositoryCare.Unknown(name);
            var tags = await db.ReadAsync(session => TagListing.CountAsync(session, row.Id, isAttachment: false), visit.Cancel);
            await AskAsync(visit, nav, new Question(
                $"Remove {name}",
                [$"It has {Shown.Count(tags, "tag")} and was pulled {Shown.Number(row.Pulls)} times. Everything in it goes, and what was given on it; names that it had before are free.", "This cannot be undone."],
                path,
                [("do", "repository.delete")],
                name.Value,
                "Remove it and everything in it",
                path));
            return;
        }
        if (visit.Query("ask") == "alias.free" && aliases.Contains(visit.Query("alias")))
        {
            await AskAsync(visit, nav, new Question(
                $"Free {visit.Query("alias")}", [$"{name} no longer answers to that name, and others can have it."], path, [("do", "alias.free"), ("alias", visit.Query("alias"))], null, "Free it", path));
            return;
        }
        var view = new RepositoryMoveView(
            PathOf(name.Value),
            name.Value,
            name.Value[(name.Space.Length + 1)..],
            mayGive,
            mayRemove,
            aliases,
            offer is null ? null : offer.To + offer.Path,
            Shown.Then(offer?.ExpiresAt));
        await SendAsync<RepositoryMovePage, RepositoryMoveView>(visit, nav, view, echo);
    }

    async Task MoveAsync(Visit visit, RepositoryName name)
    {
        RequireConfirmed(visit, name.Value);
        var to = ReadName(visit);
        var moved = await changes.RunAsync(session => RepositoryCare.MoveAsync(session, visit.Who, visit.Actor, name, to), visit.Cancel);
        await visit.DoneAsync($"/r/{moved.To}");
    }

    async Task OfferAsync(Visit visit, RepositoryName name, string path)
    {
        RequireConfirmed(visit, name.Value);
        var to = ReadName(visit);
        await ThenAsync(epoch, visit, $"{path}?view={Move}", session => RepositoryCare.OfferAsync(session, visit.Who, visit.Actor, name, to));
    }

    async Task FreeAsync(Visit visit, RepositoryName name, string path)
    {
        if (!RepositoryName.TryParse(visit.Field("alias"), out var alias))
            throw RepositoryCare.Unknown(name);
        await changes.RunAsync(session => RepositoryCare.FreeAsync(session, visit.Who, visit.Actor, alias), visit.Cancel);
        await visit.DoneAsync($"{path}?view={Move}");
    }

    async Task RemoveAsync(Visit visit, RepositoryName name)
    {
        RequireConfirmed(visit, name.Value);
        await changes.RunAsync(session => RepositoryCare.RemoveAsync(session, visit.Who, visit.Actor, name, changes.Trash), visit.Cancel);
        await visit.DoneAsync(SpaceHomeHandler.PathOf(name.Space));
    }

    static RepositoryName ReadName(Visit visit) => RepositoryName.TryParse(visit.Field("to").Trim(), out var to)
        ? to
        : throw new AccountException(AccountProblem.Invalid, $"\"{OciException.Quote(visit.Field("to"))}\" is no repository's name: use lower-case letters and digits, joined by . _ __ or -, in parts joined by /");
}

/// <summary>What a repository is set to.</summary>
public sealed record RepositorySettingsView(string Path, string Name, string Visibility, string Description, string Readme);

/// <summary>What a repository is and was called, and where it may go.</summary>
/// <param name="Rest">Its name without the space.</param>
/// <param name="MayGive">Whether who looks may give it away.</param>
/// <param name="MayRemove">Whether who looks may remove it.</param>
/// <param name="OfferedAs">What it would be called where it is offered.</param>
public sealed record RepositoryMoveView(
    string Path,
    string Name,
    string Rest,
    bool MayGive,
    bool MayRemove,
    IReadOnlyList<string> Aliases,
    string? OfferedAs,
    DateTimeOffset? OfferedUntil);
