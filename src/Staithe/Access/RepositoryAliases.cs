using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Access;

/// <summary>The names that a repository had before. Nobody else can have one until whoever manages the repository frees it.</summary>
internal static class RepositoryAliases
{
    /// <summary>A page of them, in their order, behind <paramref name="last"/>.</summary>
    public static async Task<List<string>> ListAsync(DbSession session, RepositoryName name, string last, int limit) =>
        await RepositoryTable.FindIdAsync(session, name) is { } id ? await RepositoryTable.ListAliasesAsync(session, id, last, limit) : [];

    /// <summary>Frees one, inside <see cref="ContentChanges.RunAsync"/>: from now on it is a name like any other that nobody has.</summary>
    /// <exception cref="AccountException">It is no former name of a repository.</exception>
    public static async Task FreeAsync(DbSession session, Actor actor, RepositoryName alias, RepositoryName present)
    {
        // Below a former name of the space it is the name below the present one that leads on.
        var space = await SpaceTable.FindAsync(session, alias.Space);
        var inSpace = space is null ? alias : RepositoryOffers.NameIn(space, alias.Value[alias.Space.Length..]);
        if (await RepositoryTable.FindByAliasAsync(session, inSpace) is null)
            throw new AccountException(AccountProblem.Unknown, $"{alias} is not a former name of a repository{(inSpace == present ? ": it is the name it has" : "")}");
        await RepositoryTable.DeleteAliasAsync(session, inSpace);
        await AuditTable.AddAsync(session, actor, new Deed("repository.alias.free", inSpace.Value, present.Space, $"was a name of {present}"));
    }
}
