using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Access;

/// <summary>
/// Hands repositories over to spaces in which the giver has no rights, with its lines in the audit. Whether the actor may is decided before, in the
/// same transaction; whether the giver still may, when the offer is taken.
/// </summary>
internal static class RepositoryOffers
{
    /// <summary>What one needs to remove a repository.</summary>
    public const Rights NeededToRemove = Rights.Manage | Rights.Delete;

    /// <summary>What one needs, without an end, to hand a repository over: whoever gets it may do everything with it.</summary>
    public const Rights NeededToGive = Rights.Admin;

    /// <exception cref="AccountException">There is no such repository.</exception>
    public static async Task<RepositoryOfferRow> AddAsync(DbSession session, Actor actor, UserRow offerer, RepositoryName name, SpaceRow target, RepositoryName to)
    {
        var id = await FindIdAsync(session, name);
        await RepositoryOfferTable.CreateAsync(session, id, target.Id, to.Value[target.Name.Length..], offerer.Id, await Expiry.InAsync(session, Ownership.OfferDays));
        await AuditTable.AddAsync(session, actor, new Deed("repository.offer", name.Value, name.Space, $"to {to}"));
        return (await RepositoryOfferTable.FindOfAsync(session, id))!;
    }

    /// <exception cref="AccountException">There is none.</exception>
    public static async Task WithdrawAsync(DbSession session, Actor actor, RepositoryName name)
    {
        if (!await RepositoryOfferTable.DeleteOfAsync(session, await FindIdAsync(session, name)))
            throw new AccountException(AccountProblem.Unknown, $"{name} is not offered to anybody");
        await AuditTable.AddAsync(session, actor, new Deed("repository.offer.withdraw", name.Value, name.Space));
    }

    /// <summary>Turns one down.</summary>
    public static async Task DeclineAsync(DbSession session, Actor actor, SpaceRow target, RepositoryOfferRow offer)
    {
        await RepositoryOfferTable.DeleteAsync(session, offer.Id);
        await AuditTable.AddAsync(session, actor, new Deed("repository.offer.decline", offer.Name, target.Name));
    }

    /// <summary>Takes one.</summary>
    /// <exception cref="AccountException">The giver may not give the repository away any more, or the name is taken.</exception>
    public static async Task<MovedRepository> AcceptAsync(DbSession session, Actor actor, SpaceRow target, RepositoryOfferRow offer)
    {
        var (from, to) = (RepositoryName.Parse(offer.Name), NameIn(target, offer.Path));
        var giver = await UserTable.FindAsync(session, offer.OffererId);
        var source = await Spaces.FindAsync(session, from.Space);
        var holds = giver is { DisabledAt: null }
            ? await AccessLookup.DecideAsync(session, new Identity(IdentityKind.User, giver.Id, giver.Name, false), source, from.Value)
            : Decision.Nothing;
        if (AccessPolicy.DecideToGive(holds, NeededToGive) is not { Missing: Rights.None, EndsAt: null })
            throw new AccountException(AccountProblem.Taken, $"{offer.Offerer} may not give {from} away any more: ask an admin of the space {from.Space} for another offer");
        return await RepositoryMove.RunAsync(session, actor, from, source, target, to, Visibility.Public);
    }

    /// <exception cref="AccountException">It is no name, or too long.</exception>
    public static RepositoryName NameIn(SpaceRow space, string path) => RepositoryName.TryParse(space.Name + path, out var name)
        ? name
        : throw new AccountException(AccountProblem.Invalid, $"{OciException.Quote(space.Name + path)} is no repository's name");

    static async Task<long> FindIdAsync(DbSession session, RepositoryName name) =>
        await RepositoryTable.FindIdAsync(session, name) ?? throw new AccountException(AccountProblem.Unknown, $"there is no repository {name}");
}
