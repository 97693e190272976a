using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Access;

/// <summary>A repository that has another name.</summary>
/// <param name="From">The name that it had, and still answers to.</param>
/// <param name="To">The name that it has.</param>
/// <param name="Visibility">Who may pull from it now without having been given any right.</param>
/// <param name="Dropped">Grants on just this repository that ended, because it left the space that had given them.</param>
internal sealed record MovedRepository(RepositoryName From, RepositoryName To, Visibility Visibility, IReadOnlyList<GrantRow> Dropped);

/// <summary>
/// Gives a repository another name, in its space or in another one, inside <see cref="ContentChanges.RunAsync"/>. Whether the actor may is
/// decided before, in the same transaction. What points at the repository by its number stays: links, manifests, tags, former names; what
/// names it moves along: uploads under way, tokens limited to it and, within a space, grants on it.
/// </summary>
internal static class RepositoryMove
{
    /// <param name="session">The database.</param>
    /// <param name="actor">Who does it.</param>
    /// <param name="from">Its name.</param>
    /// <param name="source">The space that it is in.</param>
    /// <param name="target">The space that it is to be in, perhaps the same.</param>
    /// <param name="to">Its name there.</param>
    /// <param name="atMost">The most visible that it may be there; it becomes less so if it must.</param>
    /// <exception cref="AccountException">There is no such repository, or the name is taken.</exception>
    public static async Task<MovedRepository> RunAsync(DbSession session, Actor actor, RepositoryName from, SpaceRow source, SpaceRow target, RepositoryName to, Visibility atMost)
    {
        if (from == to)
            throw new AccountException(AccountProblem.Invalid, $"{from} has that name already");
        await SpaceTable.HoldAsync(session, source.Id, target.Id);
        if (await RepositoryTable.HoldAsync(session, from) is not { } id)
            throw new AccountException(AccountProblem.Unknown, $"there is no repository {from}");
        await TakeNameAsync(session, id, to);
        var visibility = VisibilityText.Read((await RepositoryTable.FindVisibilityAsync(session, id))!);
        if (visibility > atMost)
            await RepositorySettings.SetVisibilityAsync(session, actor, from, visibility = atMost);

        await RepositoryTable.RenameAsync(session, new RepositoryRow(id, from), to);
        await UploadTable.MoveAsync(session, from, to);
        await AccessTokenTable.MoveAsync(session, from.Value, to.Value);
        await RepositoryOfferTable.DeleteOfAsync(session, id);
        if (source.Id == target.Id)
        {
            await GrantTable.MoveAsync(session, source.Id, from.Value, to.Value);
            await AuditTable.AddAsync(session, actor, new Deed("repository.rename", from.Value, source.Name, $"is {to} now"));
            return new MovedRepository(from, to, visibility, []);
        }

        // Whom one space trusts is none of another's business.
        var dropped = await GrantTable.DeleteOnAsync(session, source.Id, from.Value);
        foreach (var grant in dropped)
            await AuditTable.AddAsync(session, actor, new Deed("grant.delete", grant.Target, source.Name, Grants.Words(grant)));
        await AuditTable.AddAsync(session, actor, new Deed("repository.transfer", from.Value, source.Name, $"is {to} now"));
        await AuditTable.AddAsync(session, actor, new Deed("repository.transfer", to.Value, target.Name, $"was {from}"));
        return new MovedRepository(from, to, visibility, dropped);
    }

    // A name that leads somewhere else is not to be had; one that the repository itself had before is.
    static async Task TakeNameAsync(DbSession session, long id, RepositoryName to)
    {
        if (await RepositoryTable.HoldAsync(session, to) is not null)
            throw new AccountException(AccountProblem.Taken, $"there is a repository {to}: choose another name");
        if (await RepositoryTable.FindByAliasAsync(session, to) is not { } other)
            return;
        if (other != id)
            throw new AccountException(AccountProblem.Taken, $"{to} is a former name of another repository, which still answers to it: choose another name, or have its admin free this one");
        await RepositoryTable.DeleteAliasAsync(session, to);
    }
}
