using Staithe.Audit;
using Staithe.Database;

namespace Staithe.Accounts;

/// <summary>
/// Hands spaces over, inside a change (<see cref="AccessEpoch.ChangeAsync"/>) and with its line in the audit. Whether the actor may is decided
/// before, in the same transaction. Nobody gets a space who has not said yes, or an admin of the registry for them.
/// </summary>
internal static class Ownership
{
    /// <summary>For how long an offer stands.</summary>
    public const int OfferDays = 14;

    public static async Task<SpaceOfferRow> OfferAsync(DbSession session, Actor actor, SpaceRow space, UserRow offerer, UserRow user, bool asOrganization)
    {
        await SpaceOfferTable.CreateAsync(session, space.Id, user.Id, asOrganization, offerer.Id, await Expiry.InAsync(session, OfferDays));
        await WriteAsync(session, actor, space, "space.offer", user, asOrganization);
        return await FindOfferAsync(session, space);
    }

    /// <summary>Takes an offer back, or turns it down.</summary>
    /// <exception cref="AccountException">There is none.</exception>
    public static async Task WithdrawAsync(DbSession session, Actor actor, SpaceRow space)
    {
        if (!await SpaceOfferTable.DeleteAsync(session, space.Id))
            throw Unknown(space.Name);
        await AuditTable.AddAsync(session, actor, new Deed("space.offer.withdraw", space.Name, space.Name));
    }

    /// <summary>From now on the space belongs to the user alone: as the user's own, or as an organization of which the user is the owner.</summary>
    public static async Task SetAsync(DbSession session, Actor actor, SpaceRow space, UserRow user, bool asOrganization)
    {
        await SpaceTable.HoldAsync(session, space.Id);
        await SpaceOfferTable.DeleteAsync(session, space.Id);
        if (await TeamTable.FindIdAsync(session, space.Id, TeamTable.Owners) is { } owners)
            await TeamTable.DeleteAsync(session, owners);
        await SpaceTable.SetOwnerAsync(session, space.Id, asOrganization ? null : user.Id);
        if (asOrganization)
            await Spaces.AddOwnersAsync(session, actor, space.Id, space.Name, user.Id);
        await WriteAsync(session, actor, space, "space.owner", user, asOrganization);
    }

    /// <exception cref="AccountException">There is none.</exception>
    public static async Task<SpaceOfferRow> FindOfferAsync(DbSession session, SpaceRow space) => await SpaceOfferTable.FindAsync(session, space.Id) ?? throw Unknown(space.Name);

    public static AccountException Unknown(string space) => new(AccountProblem.Unknown, $"the space {Oci.OciException.Quote(space)} is not offered");

    static Task WriteAsync(DbSession session, Actor actor, SpaceRow space, string action, UserRow user, bool asOrganization) =>
        AuditTable.AddAsync(session, actor, new Deed(action, space.Name, space.Name, asOrganization ? $"an organization of {user.Name}" : $"{user.Name}'s own"));
}
