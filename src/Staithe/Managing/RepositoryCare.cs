using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Managing;

/// <summary>What a repository is set to, another name or space for it, and its end: by those who may, decided in the transaction of the deed.</summary>
internal static class RepositoryCare
{
    /// <summary>A repository that is there, for whoever may do anything with it.</summary>
    /// <exception cref="AccountException">There is none, as far as the asker may know.</exception>
    public static async Task<Explanation> SeenAsync(DbSession session, Identity who, RepositoryName name)
    {
        var seen = await AccessLookup.ExplainAsync(session, who, name);
        return seen.Place?.Visibility is null || IsNothing(seen.Decision) ? throw Unknown(name) : seen;
    }

    /// <summary>A repository on which the asker has all of the rights; its place, under the name that it has now.</summary>
    /// <exception cref="AccountException">There is none as far as the asker may know, or a right is missing.</exception>
    public static async Task<Place> RequireAsync(DbSession session, Identity who, RepositoryName name, Rights rights)
    {
        var seen = await SeenAsync(session, who, name);
        var missing = rights & ~seen.Decision.Always;
        return missing == Rights.None
            ? seen.Place!
            : throw new AccountException(AccountProblem.Forbidden, await RefusalReason.OfAsync(session, who, seen.Place!.Name, missing));
    }

    /// <exception cref="AccountException">The asker does not manage the repository.</exception>
    public static async Task RequireManageAsync(DbSession session, Identity who, RepositoryName name, Decision decision)
    {
        if (!decision.Always.HasFlag(Rights.Manage))
            throw new AccountException(AccountProblem.Forbidden, await RefusalReason.OfAsync(session, who, name, Rights.Manage));
    }

    /// <summary>Sets what is given and leaves what is null. To let more people pull is to give them that right.</summary>
    public static async Task ChangeAsync(DbSession session, Identity who, Actor actor, RepositoryName name, RepositoryWish wish)
    {
        var seen = await SeenAsync(session, who, name);
        name = seen.Place!.Name;
        await RequireManageAsync(session, who, name, seen.Decision);
        if (wish.Visibility > seen.Place.Visibility)
            await SpaceAccess.RequireToGiveAsync(session, who, await Spaces.FindAsync(session, name.Space), [new Gift(name.Value, Rights.Pull)]);
        if (wish.Visibility is { } visibility)
            await RepositorySettings.SetVisibilityAsync(session, actor, name, visibility);
        if (wish.Description is not null || wish.Readme is not null)
            await RepositorySettings.SetTextsAsync(session, actor, name, wish.Description, wish.Readme);
    }

    /// <summary>Gives it another name, perhaps in another space, inside <see cref="ContentChanges.RunAsync"/>.</summary>
    public static async Task<MovedRepository> MoveAsync(DbSession session, Identity who, Actor actor, RepositoryName name, RepositoryName wanted)
    {
        var from = (await RequireAsync(session, who, name, Rights.Manage)).Name;
        var source = await Spaces.FindAsync(session, from.Space);
        var (target, to) = await FindTargetAsync(session, wanted);
        // Whether there is such a space is told to who may make something in it.
        var there = target is null ? Rights.None : (await AccessLookup.DecideAsync(session, who, target, to.Value)).Always;
        if (target is null || !there.HasFlag(Rights.Push))
            throw new AccountException(AccountProblem.Forbidden, $"{await RefusalReason.OfAsync(session, who, to, Rights.Push, doing: $"make {to}")} Or offer the repository to that space.");
        await SpaceAccess.RequireToGiveAsync(session, who, source, await ListGainsAsync(session, from, source, target, to));
        var mayShow = target.Id == source.Id || there.HasFlag(Rights.Manage);
        return await RepositoryMove.RunAsync(session, actor, from, source, target, to, mayShow ? Visibility.Public : target.Visibility);
    }

    /// <summary>Removes it with everything in it, inside <see cref="ContentChanges.RunAsync"/>.</summary>
    public static async Task RemoveAsync(DbSession session, Identity who, Actor actor, RepositoryName name, TimeSpan trash)
    {
        var place = await RequireAsync(session, who, name, RepositoryOffers.NeededToRemove);
        await Removal.RemoveRepositoryAsync(session, actor, await Spaces.FindAsync(session, place.Name.Space), place.Name, trash);
    }

    /// <summary>A page of the names that it had before and still answers to.</summary>
    public static async Task<List<string>> ListAliasesAsync(DbSession session, Identity who, RepositoryName name, string after, int limit) =>
        await RepositoryAliases.ListAsync(session, (await RequireAsync(session, who, name, Rights.Manage)).Name, after, limit);

    /// <summary>Lets it no longer answer to a name that it had before, inside <see cref="ContentChanges.RunAsync"/>.</summary>
    public static async Task FreeAsync(DbSession session, Identity who, Actor actor, RepositoryName alias) =>
        await RepositoryAliases.FreeAsync(session, actor, alias, (await RequireAsync(session, who, alias, Rights.Manage)).Name);

    /// <summary>Offers it to a space that one may make nothing in.</summary>
    public static async Task<RepositoryOfferRow> OfferAsync(DbSession session, Identity who, Actor actor, RepositoryName name, RepositoryName wanted)
    {
        var offerer = await Asker.RequireUserAsync(session, who);
        var from = (await RequireAsync(session, who, name, RepositoryOffers.NeededToGive)).Name;
        var source = await Spaces.FindAsync(session, from.Space);
        await SpaceAccess.RequireToGiveAsync(session, who, source, [new Gift(from.Value, RepositoryOffers.NeededToGive)]);
        var (target, to) = await FindTargetAsync(session, wanted);
        if (target is null)
            throw Spaces.Unknown(wanted.Space);
        if (from.Space == target.Name)
            throw new AccountException(AccountProblem.Invalid, $"{from} is in the space {target.Name} already: give it another name there");
        return await RepositoryOffers.AddAsync(session, actor, offerer, from, target, to);
    }

    public static async Task WithdrawAsync(DbSession session, Identity who, Actor actor, RepositoryName name) =>
        await RepositoryOffers.WithdrawAsync(session, actor, (await RequireAsync(session, who, name, RepositoryOffers.NeededToRemove)).Name);

    /// <summary>A part of the repositories that a space is offered, for who manages it.</summary>
    public static async Task<ListPart<RepositoryOfferRow>> ListOffersAsync(DbSession session, Identity who, string spaceName, ListRequest asked) =>
        await RepositoryOfferTable.ListAsync(session, (await SpaceAccess.RequireAsync(session, who, spaceName, Rights.Manage)).Id, asked);

    /// <summary>Takes one, inside <see cref="ContentChanges.RunAsync"/>.</summary>
    public static async Task<MovedRepository> AcceptAsync(DbSession session, Identity who, Actor actor, string spaceName, long id)
    {
        var space = await SpaceAccess.RequireAsync(session, who, spaceName, Rights.Manage);
        return await RepositoryOffers.AcceptAsync(session, actor, space, await FindOfferAsync(session, space, id));
    }

    public static async Task DeclineAsync(DbSession session, Identity who, Actor actor, string spaceName, long id)
    {
        var space = await SpaceAccess.RequireAsync(session, who, spaceName, Rights.Manage);
        await RepositoryOffers.DeclineAsync(session, actor, space, await FindOfferAsync(session, space, id));
    }

    /// <summary>Whether nothing at all may be done, so that it is as if there were no such repository.</summary>
    public static bool IsNothing(Decision decision) => decision.Always == Rights.None && decision.OnTags.Count == 0;

    public static AccountException Unknown(RepositoryName name) => new(AccountProblem.Unknown, $"there is no repository {name}, or none that you may see");

    // What anybody gets by the move, the mover among them: what is granted where the repository goes, and was not where it is. Another space has
    // owners who may do everything.
    static async Task<List<Gift>> ListGainsAsync(DbSession session, RepositoryName from, SpaceRow source, SpaceRow target, RepositoryName to)
    {
        if (source.Id != target.Id)
            return [new Gift(from.Value, RepositoryOffers.NeededToGive)];
        var there = await GrantTable.ListOverAsync(session, target.Id, to.Value);
        return [.. Gift.Of(there.Where(grant => !GrantTable.Covers(grant.Target, from.Value))).Select(gift => gift with { Target = from.Value })];
    }

    // Below the name that the space has now.
    static async Task<(SpaceRow? Space, RepositoryName Name)> FindTargetAsync(DbSession session, RepositoryName wanted) =>
        await SpaceTable.FindAsync(session, wanted.Space) is { } space
            ? (space, RepositoryOffers.NameIn(space, wanted.Value[wanted.Space.Length..]))
            : (null, wanted);

    static async Task<RepositoryOfferRow> FindOfferAsync(DbSession session, SpaceRow space, long id) =>
        await RepositoryOfferTable.FindAsync(session, space.Id, id)
        ?? throw new AccountException(AccountProblem.Unknown, $"{space.Name} is offered no repository under that number");
}

/// <summary>What a repository is to be set to; null leaves it.</summary>
/// <param name="Visibility">Who may pull without having been given any right.</param>
/// <param name="Description">What people write about it in one line.</param>
/// <param name="Readme">The same at length.</param>
internal sealed record RepositoryWish(Visibility? Visibility = null, string? Description = null, Readme? Readme = null);
