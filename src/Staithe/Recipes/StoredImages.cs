using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Recipes;

/// <summary>The images of this registry.</summary>
/// <param name="db">Where manifests are.</param>
/// <param name="blobs">Reads configs.</param>
/// <param name="inherited">Which labels of an image, by the id of its manifest, are those of what it is built on.</param>
internal sealed class StoredImages(Db db, BlobReader blobs, Func<long, ImageConfig, CancellationToken, Task<IReadOnlySet<string>>> inherited) : IImageSource
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

    public async Task<IReadOnlySet<string>> ListInheritedAsync(RepositoryName name, Digest image, ImageConfig config, CancellationToken cancel) =>
        config.Labels.Count > 0 && await db.ReadAsync(session => ImageTable.FindAsync(session, name, Reference.To(image)), cancel) is { } row
            ? await inherited(row.Id, config, cancel)
            : new HashSet<string>();

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
