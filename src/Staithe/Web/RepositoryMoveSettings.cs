using Staithe.Access;
using Staithe.Accounts;
using Staithe.Content;
using Staithe.Database;
using Staithe.Managing;
using Staithe.Oci;

namespace Staithe.Web;

/// <summary>A repository's names, where it may go, and its end.</summary>
internal sealed class RepositoryMoveSettings(Db db, AccessEpoch epoch, ContentChanges changes) : SettingsView("move", "Name and end")
{
    const int MaxRows = 500;

    public override IReadOnlyList<SettingsForm> Forms =>
    [
        new("repository.move", MoveAsync),
        new("repository.offer", OfferAsync),
        new("repository.offer.withdraw", (visit, place, _) => ThenAsync(
            epoch, visit, place.At(Name), session => RepositoryCare.WithdrawAsync(session, visit.Who, visit.Actor, RepositoryName.Parse(place.Target.Target)))),
        new("alias.free", FreeAsync),
        new("repository.delete", RemoveAsync),
    ];

    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        var (name, path) = (RepositoryName.Parse(place.Target.Target), place.At(Name));
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
            place.Path,
            name.Value,
            name.Value[(name.Space.Length + 1)..],
            mayGive,
            mayRemove,
            aliases,
            offer is null ? null : offer.To + offer.Path,
            Shown.Then(offer?.ExpiresAt));
        await SendAsync<RepositoryMovePage, RepositoryMoveView>(visit, nav, view, echo);
    }

    async Task MoveAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var name = RepositoryName.Parse(place.Target.Target);
        RequireConfirmed(visit, name.Value);
        var to = ReadName(visit);
        var moved = await changes.RunAsync(session => RepositoryCare.MoveAsync(session, visit.Who, visit.Actor, name, to), visit.Cancel);
        await visit.DoneAsync($"/r/{moved.To}");
    }

    async Task OfferAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var name = RepositoryName.Parse(place.Target.Target);
        RequireConfirmed(visit, name.Value);
        var to = ReadName(visit);
        await ThenAsync(epoch, visit, place.At(Name), session => RepositoryCare.OfferAsync(session, visit.Who, visit.Actor, name, to));
    }

    async Task FreeAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var name = RepositoryName.Parse(place.Target.Target);
        if (!RepositoryName.TryParse(visit.Field("alias"), out var alias))
            throw RepositoryCare.Unknown(name);
        await changes.RunAsync(session => RepositoryCare.FreeAsync(session, visit.Who, visit.Actor, alias), visit.Cancel);
        await visit.DoneAsync(place.At(Name));
    }

    async Task RemoveAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var name = RepositoryName.Parse(place.Target.Target);
        RequireConfirmed(visit, name.Value);
        await changes.RunAsync(session => RepositoryCare.RemoveAsync(session, visit.Who, visit.Actor, name, changes.Trash), visit.Cancel);
        await visit.DoneAsync(SpaceHomeHandler.PathOf(name.Space));
    }

    static RepositoryName ReadName(Visit visit) => RepositoryName.TryParse(visit.Field("to").Trim(), out var to)
        ? to
        : throw new AccountException(AccountProblem.Invalid, $"\"{OciException.Quote(visit.Field("to"))}\" is no repository's name: use lower-case letters and digits, joined by . _ __ or -, in parts joined by /");
}

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
