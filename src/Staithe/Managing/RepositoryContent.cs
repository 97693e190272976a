using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Managing;

/// <summary>The tags and manifests of a repository: listed for whoever may pull, deleted as by <c>DELETE /v2/…/manifests/…</c>.</summary>
internal sealed class RepositoryContent(Db db, AccessLookup access, PresentNames names, ManifestDelete delete, Refusals refusals)
{
    /// <exception cref="AccountException">There is no such repository, as far as the asker may know.</exception>
    /// <exception cref="ListPlaceException">The part begins behind a place that there cannot be.</exception>
    public Task<ListPart<TagRow>> ListTagsAsync(Identity who, RepositoryName name, TagKind kind, ListRequest asked, CancellationToken cancel) =>
        ReadAsync(who, name, (session, repoId) => TagListing.ListAsync(session, repoId, kind, asked), cancel);

    /// <param name="who">The asker.</param>
    /// <param name="name">The repository.</param>
    /// <param name="isUntagged">Whether only those are listed that no tag names.</param>
    /// <param name="asked">Which part of the list.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="AccountException">There is no such repository, as far as the asker may know.</exception>
    /// <exception cref="ListPlaceException">The part begins behind a place that there cannot be.</exception>
    public Task<ListPart<ListedManifest>> ListManifestsAsync(Identity who, RepositoryName name, bool isUntagged, ListRequest asked, CancellationToken cancel) =>
        ReadAsync(who, name, (session, repoId) => ManifestListing.ListAsync(session, repoId, isUntagged, asked), cancel);

    /// <summary>Deletes a tag; its manifest stays.</summary>
    /// <exception cref="AccountException">There is no such tag as far as the asker may know, or the right is missing.</exception>
    public async Task DeleteTagAsync(Identity who, Actor actor, RepositoryName name, TagName tag, CancellationToken cancel)
    {
        var reach = await ReachAsync(who, name, Rights.Delete, cancel);
        if (!reach.Decision.May(Rights.Delete, tag))
            throw await DenyAsync(who, actor, reach.Name, tag, cancel);
        await DeleteAsync(reach.Name, Reference.To(tag), actor, $"there is no tag {tag} in {reach.Name}", cancel);
    }

    /// <summary>Deletes a manifest with all its tags. A right to delete some tags is none to delete a manifest.</summary>
    /// <exception cref="AccountException">There is no such manifest as far as the asker may know, an index keeps it, or the right is missing.</exception>
    public async Task DeleteManifestAsync(Identity who, Actor actor, RepositoryName name, Digest digest, CancellationToken cancel)
    {
        var reach = await ReachAsync(who, name, Rights.Delete, cancel);
        if (!reach.Decision.Always.HasFlag(Rights.Delete))
            throw await DenyAsync(who, actor, reach.Name, null, cancel);
        await DeleteAsync(reach.Name, Reference.To(digest), actor, $"there is no manifest {digest} in {reach.Name}", cancel);
    }

    async Task<ListPart<T>> ReadAsync<T>(Identity who, RepositoryName name, Func<DbSession, long, Task<ListPart<T>>> list, CancellationToken cancel)
    {
        var reach = await ReachAsync(who, name, Rights.Pull, cancel);
        return await db.ReadAsync(
            async session => await RepositoryTable.FindIdAsync(session, reach.Name) is { } repoId ? await list(session, repoId) : null, cancel)
            ?? throw RepositoryCare.Unknown(name);
    }

    // Whoever may pull sees the repository; who has the right that is asked for need not.
    async Task<Reach> ReachAsync(Identity who, RepositoryName name, Rights right, CancellationToken cancel)
    {
        var reach = await access.ReachAsync(who, name, cancel);
        if (who.Kind == IdentityKind.Anybody) // whom nobody was asked for a right that is looked up with the name
            reach = reach with { Name = await names.FindAsync(name, cancel) };
        return reach.Decision.May(Rights.Pull) || reach.Decision.May(right) ? reach : throw RepositoryCare.Unknown(name);
    }

    async Task<AccountException> DenyAsync(Identity who, Actor actor, RepositoryName name, TagName? tag, CancellationToken cancel)
    {
        refusals.Add(actor, new Deed("delete", name.Value, name.Space));
        return new AccountException(AccountProblem.Forbidden, await access.SayRefusalAsync(who, name, Rights.Delete, tag, cancel));
    }

    async Task DeleteAsync(RepositoryName name, Reference reference, Actor actor, string unknown, CancellationToken cancel)
    {
        try
        {
            await delete.RunAsync(name, reference, actor, cancel);
        }
        catch (OciException refused) when (refused.Error == OciError.ManifestUnknown)
        {
            throw new AccountException(AccountProblem.Unknown, unknown);
        }
        catch (OciException refused) when (refused.Error == OciError.Unsupported)
        {
            throw new AccountException(AccountProblem.Taken, refused.Message);
        }
    }
}
