using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Recipes;

/// <summary>The images of this registry.</summary>
internal sealed class StoredImages(Db db, BlobReader blobs) : IImageSource
{
    const long MaxReferrerBytes = 256 * 1024;
    const int MaxReferrers = 100;

    public Task<StoredManifest?> FindManifestAsync(RepositoryName name, Reference reference, CancellationToken cancel) =>
        db.ReadAsync(session => ManifestTable.FindAsync(session, name, reference), cancel);

    public Task<byte[]?> FindBlobAsync(RepositoryName name, Digest digest, int maxBytes, CancellationToken cancel) => blobs.FindAsync(name, digest, maxBytes, cancel);

    public Task<IReadOnlyList<string>> ListTagsAsync(RepositoryName name, CancellationToken cancel) => db.ReadAsync<IReadOnlyList<string>>(
        async session => await RepositoryTable.FindIdAsync(session, name) is { } repoId
            ? await RepositoryPageTable.ListTagNamesAsync(session, repoId, KnownTags.MaxRead)
            : [],
        cancel);

    public async Task<IReadOnlyList<Digest>> ListRecipesAsync(RepositoryName name, Digest subject, CancellationToken cancel)
    {
        var (referrers, _) = await db.ReadAsync(
            async session => await RepositoryTable.FindIdAsync(session, name) is { } repoId
                ? await ManifestTable.ListReferrersAsync(session, repoId, subject, PublisherRecipe.ArtifactType, 0, MaxReferrers, MaxReferrerBytes)
                : ([], false),
            cancel);
        return [.. referrers.Select(referrer => Digest.Parse(referrer.Digest)).Reverse().Take(PublisherRecipe.MaxArtifacts)];
    }
}
