using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Database;

namespace Staithe.Managing;

/// <summary>Spaces: what they are set to, by those who manage them; their name, their owner and their end, by those to whom they belong.</summary>
internal static class SpaceCare
{
    /// <summary>A part of all spaces there are, for admins of the registry.</summary>
    public static Task<ListPart<SpaceRow>> ListAllAsync(DbSession session, Identity who, ListRequest asked)
    {
        Asker.RequireAdmin(who);
        return SpaceTable.ListAsync(session, asked);
    }

    public static async Task<SpaceRow> AddOrganizationAsync(DbSession session, Identity who, Actor actor, string name, Visibility visibility) =>
        await Spaces.AddOrganizationAsync(session, actor, (await Asker.RequireUserAsync(session, who)).Id, name, visibility);

    /// <summary>A target that the asker manages; unless told, the whole space.</summary>
    public static async Task<(SpaceRow Space, string Target)> FindTargetAsync(DbSession session, Identity who, string spaceName, string? asked)
    {
        var space = await SpaceAccess.FindAsync(session, who, spaceName);
        var target = asked ?? $"{space.Name}/";
        GrantOrder.CheckTarget(space, target);
        await SpaceAccess.RequireAsync(session, who, space, Rights.Manage, target);
        return (space, target);
    }

    /// <summary>Sets what is given and leaves what is null.</summary>
    public static async Task<SpaceRow> ChangeAsync(DbSession session, Identity who, Actor actor, string name, Visibility? visibility, bool? auditPulls, string? description)
    {
        var space = await SpaceAccess.RequireAsync(session, who, name, Rights.Manage);
        // What is pushed from now on is everybody's to pull, or every user's: that is to give them the right.
        if (visibility > space.Visibility)
            await SpaceAccess.RequireToGiveAsync(session, who, space, [new Gift($"{space.Name}/", Rights.Pull)]);
        if (visibility is { } seen)
            await Spaces.SetVisibilityAsync(session, actor, space, seen);
        if (auditPulls is { } audited && audited != space.AuditPulls)
            await Spaces.SetAuditPullsAsync(session, actor, space, audited);
        if (description is not null && OneLine.Read(description) is var text && text != space.Description)
            await Spaces.SetDescriptionAsync(session, actor, space, text);
        return await Spaces.FindAsync(session, space.Name);
    }

    /// <summary>Gives it another name, inside <see cref="ContentChanges.RunAsync"/>.</summary>
    public static async Task<SpaceRow> RenameAsync(DbSession session, Identity who, Actor actor, string name, string to)
    {
        await Asker.RequireUserAsync(session, who);
        return await SpaceMove.RunAsync(session, actor, await SpaceAccess.RequireOwnAsync(session, who, name), to);
    }

    /// <summary>Removes it, inside <see cref="ContentChanges.RunAsync"/>; with its repositories where its name is said once more.</summary>
    public static async Task RemoveAsync(DbSession session, Identity who, Actor actor, string name, string? confirmed, TimeSpan trash)
    {
        await Asker.RequireUserAsync(session, who, RepositoryOffers.NeededToRemove);
        await Removal.RemoveSpaceAsync(session, actor, await SpaceAccess.RequireOwnAsync(session, who, name), confirmed, trash);
    }

    /// <summary>
    /// Offers a space to a user, or hands it over at once where nobody has to say yes: to oneself, or as an admin of the registry, who decides for both sides.
    /// Until when the user can take it; null when it is the user's already.
    /// </summary>
    public static async Task<(string Space, string User, long? OfferedUntil)> SetOwnerAsync(DbSession session, Identity who, Actor actor, string name, string userName, bool asOrganization)
    {
        var asker = await Asker.RequireWholeAsync(session, who);
        var space = who.IsAdmin ? await Spaces.FindAsync(session, name) : await SpaceAccess.RequireOwnAsync(session, who, name);
        if (!await SpaceAccess.OwnsAsync(session, who.Id, space))
            await Asker.RequirePasswordAsync(session, who);
        var user = await Users.FindAsync(session, userName);
        if (user.DisabledAt is not null)
            throw new AccountException(AccountProblem.Taken, $"{user.Name} is disabled: choose another user");
        if (!who.IsAdmin && user.Id != asker.Id)
            return (space.Name, user.Name, (await Ownership.OfferAsync(session, actor, space, asker, user, asOrganization)).ExpiresAt);
        await Ownership.SetAsync(session, actor, space, user, asOrganization);
        return (space.Name, user.Name, null);
    }

    public static async Task WithdrawAsync(DbSession session, Identity who, Actor actor, string name)
    {
        await Asker.RequireUserAsync(session, who);
        await Ownership.WithdrawAsync(session, actor, await SpaceAccess.RequireOwnAsync(session, who, name));
    }

    /// <summary>A part of the spaces that one is offered.</summary>
    public static async Task<ListPart<SpaceOfferRow>> ListOffersAsync(DbSession session, Identity who, ListRequest asked) =>
        await SpaceOfferTable.ListOfUserAsync(session, (await Asker.RequireUserAsync(session, who)).Id, asked);

    /// <summary>Takes a space that one is offered.</summary>
    /// <exception cref="AccountException">It is not offered, or who has offered it may not give it away any more.</exception>
    public static async Task<SpaceOfferRow> AcceptAsync(DbSession session, Identity who, Actor actor, string name)
    {
        var (user, space, offer) = await FindOfferAsync(session, who, name);
        var giver = await UserTable.FindAsync(session, offer.OffererId);
        if (giver is not { DisabledAt: null } || !await SpaceAccess.OwnsAsync(session, giver.Id, space))
            throw new AccountException(AccountProblem.Taken, $"{offer.Offerer} may not give {space.Name} away any more: ask its owner for another offer");
        await Ownership.SetAsync(session, actor, space, user, offer.IsOrganization);
        return offer;
    }

    public static async Task DeclineAsync(DbSession session, Identity who, Actor actor, string name) =>
        await Ownership.WithdrawAsync(session, actor, (await FindOfferAsync(session, who, name)).Space);

    // To anybody else it is as if there were no such space.
    static async Task<(UserRow User, SpaceRow Space, SpaceOfferRow Offer)> FindOfferAsync(DbSession session, Identity who, string name)
    {
        var user = await Asker.RequireUserAsync(session, who);
        return await SpaceTable.FindAsync(session, name) is { } space && await SpaceOfferTable.FindAsync(session, space.Id) is { } offer && offer.User == user.Name
            ? (user, space, offer)
            : throw Ownership.Unknown(name);
    }
}
