using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Access;

/// <summary>
/// Gives a space another name, and with it everything whose name begins with that of the space, inside <see cref="ContentChanges.RunAsync"/>.
/// Whether the actor may is decided before, in the same transaction.
/// </summary>
internal static class SpaceMove
{
    /// <exception cref="AccountException">The space is called like the user it belongs to, or the name cannot be had.</exception>
    public static async Task<SpaceRow> RunAsync(DbSession session, Actor actor, SpaceRow space, string text)
    {
        if (!SpaceName.TryParse(text, out var to))
            throw new AccountException(AccountProblem.Invalid, $"\"{OciException.Quote(text)}\" cannot be a space's name: {SpaceName.Rule}");
        if (to.Value == space.Name)
            throw new AccountException(AccountProblem.Invalid, $"{space.Name} has that name already");
        await CheckMayMoveAsync(session, space);
        await SpaceTable.HoldAsync(session, space.Id);
        await Spaces.CheckFreeAsync(session, to, except: space.Id);
        if ((await RepositoryTable.ListInSpaceAsync(session, to.Value, 1)).Count > 0)
            throw new AccountException(AccountProblem.Taken, $"there are repositories below {to}/ of a time without accounts: choose another name");
        if (await RepositoryTable.FindLongestAsync(session, space.Name) - space.Name.Length + to.Value.Length > RepositoryName.MaxLength)
            throw new AccountException(AccountProblem.Invalid, $"the name of a repository in {space.Name} would become longer than {RepositoryName.MaxLength} characters: choose a shorter name");

        var from = SpaceName.TryParse(space.Name, out var name) ? name : throw new InvalidDataException($"a space has the name {OciException.Quote(space.Name)}, which is none");
        await SpaceTable.RenameAsync(session, space, from, to);
        await RepositoryTable.RenameSpaceAsync(session, space.Name, to.Value);
        await UploadTable.RenameSpaceAsync(session, space.Name, to.Value);
        await GrantTable.RenameSpaceAsync(session, space.Id, space.Name, to.Value);
        await AccessTokenTable.RenameSpaceAsync(session, space.Name, to.Value);
        await AuditTable.RenameSpaceAsync(session, space.Name, to.Value);
        await AuditTable.AddAsync(session, actor, new Deed("space.rename", space.Name, to.Value, $"is {to} now"));
        return space with { Name = to.Value };
    }

    // A name to sign in with is one that others have written down.
    static async Task CheckMayMoveAsync(DbSession session, SpaceRow space)
    {
        if (space.OwnerId is { } owner && await UserTable.FindAsync(session, owner) is { } user && user.Name == space.Name)
            throw new AccountException(AccountProblem.Taken, $"{space.Name} is called like the account that it belongs to, and accounts keep their names: move the repositories to another space instead");
    }
}
