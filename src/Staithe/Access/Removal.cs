using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Events;
using Staithe.Oci;

namespace Staithe.Access;

/// <summary>
/// Takes repositories, spaces and accounts away, inside <see cref="ContentChanges.RunAsync"/>. Whether the actor may is decided before, in the same
/// transaction. Names of spaces and accounts stay taken; the audit stays as it is.
/// </summary>
internal static class Removal
{
    /// <summary>A repository with everything in it, and what was given on it. Its name, and those that it had before, are free again.</summary>
    /// <exception cref="AccountException">There is no such repository.</exception>
    public static async Task RemoveRepositoryAsync(DbSession session, Actor actor, SpaceRow space, RepositoryName name, TimeSpan trash)
    {
        if (await RepositoryTable.HoldAsync(session, name) is not { } id)
            throw new AccountException(AccountProblem.Unknown, $"there is no repository {name}");
        var removed = await RepositoryRemoval.RunAsync(session, new RepositoryRow(id, name), trash);
        await GrantTable.DeleteOnAsync(session, space.Id, name.Value);
        await AuditTable.AddAsync(session, actor, new Deed("repository.delete", name.Value, space.Name, removed.ToString()));
    }

    /// <summary>A space with its teams, its robots and what was given in it, and with its repositories where that is confirmed.</summary>
    /// <param name="session">The database.</param>
    /// <param name="actor">Who does it.</param>
    /// <param name="space">The space.</param>
    /// <param name="confirmed">The space's name, said once more: its repositories may go.</param>
    /// <param name="trash">For how long deleted bytes stay on disk.</param>
    /// <exception cref="AccountException">It is not empty, or goes with an account.</exception>
    public static async Task RemoveSpaceAsync(DbSession session, Actor actor, SpaceRow space, string? confirmed, TimeSpan trash)
    {
        if (space.OwnerId is { } owner && await UserTable.FindAsync(session, owner) is { } user && user.Name == space.Name)
            throw new AccountException(AccountProblem.Taken, $"{space.Name} is the space of the account {space.Name} and goes with it: delete its repositories, or hand the space over");
        await SpaceTable.HoldAsync(session, space.Id);
        if (confirmed is not null && confirmed != space.Name)
            throw new AccountException(AccountProblem.Invalid, $"confirm is {OciException.Quote(confirmed)}, and the space is {space.Name}: nothing was removed");
        var names = await RepositoryTable.ListInSpaceAsync(session, space.Name, confirmed is null ? 1 : int.MaxValue);
        if (names.Count > 0 && confirmed is null)
            throw new AccountException(AccountProblem.Taken, $"{space.Name} is not empty, there is {names[0]}: delete what is in it first, or add ?confirm={space.Name} to delete all of it");
        foreach (var name in names)
            await RemoveRepositoryAsync(session, actor, space, RepositoryName.Parse(name), trash);
        await EndSpaceAsync(session, actor, space);
    }

    /// <summary>An account with its tokens, what it was given, and its space, which must be empty or somebody else's by then.</summary>
    /// <param name="session">The database.</param>
    /// <param name="actor">Who does it.</param>
    /// <param name="name">The account.</param>
    /// <param name="leavesAdmin">Whether another admin must be left.</param>
    /// <exception cref="AccountException">There is no such user, or something has to go first.</exception>
    public static async Task<long> RemoveUserAsync(DbSession session, Actor actor, string name, bool leavesAdmin)
    {
        var user = await Users.FindAsync(session, name);
        if (leavesAdmin && user is { IsAdmin: true, DisabledAt: null } && !await UserTable.HasOtherAdminAsync(session, user.Id))
            throw new AccountException(AccountProblem.Taken, $"{name} is the last admin: make another user an admin first");
        if (await TeamTable.ListOwnedAloneAsync(session, user.Id) is [var organization, ..])
            throw new AccountException(AccountProblem.Taken, $"{name} is the last owner of {organization} who may sign in: make another user an owner first, or remove {organization}");
        var owned = await SpaceTable.ListOwnedAsync(session, user.Id);
        await SpaceTable.HoldAsync(session, [.. owned.Select(space => space.Id)]);
        foreach (var space in owned)
        {
            if (await RepositoryTable.ListInSpaceAsync(session, space.Name, 1) is [var repository])
                throw new AccountException(AccountProblem.Taken, $"{name} owns {repository}: delete or move what is in the space {space.Name} first, or hand the space over");
        }
        foreach (var space in owned)
            await EndSpaceAsync(session, actor, space);
        await UserTable.DeleteAsync(session, user.Id);
        await AuditTable.AddAsync(session, actor, new Deed("user.delete", name, name));
        return user.Id;
    }

    static async Task EndSpaceAsync(DbSession session, Actor actor, SpaceRow space)
    {
        await RepositoryRemoval.EndUploadsAsync(session, space.Name);
        await SpaceTable.RemoveAsync(session, space.Id);
        await EventTable.AddAsync(session, new ContentEvent(EventKind.SpaceRemoved) { Space = space.Name });
        await AuditTable.AddAsync(session, actor, new Deed("space.delete", space.Name, space.Name));
    }
}
