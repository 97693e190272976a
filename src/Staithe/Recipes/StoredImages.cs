using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Storage;

namespace Staithe.Recipes;

/// <summary>The images of this registry.</summary>
internal sealed class StoredImages(Db db, FileBlobStorage storage) : IImageSource
{
    const long MaxReferrerBytes = 256 * 1024;
    const int MaxReferrers = 100;

    public Task<StoredManifest?> FindManifestAsync(RepositoryName name, Reference reference, CancellationToken cancel) =>
        db.ReadAsync(session => ManifestTable.FindAsync(session, name, reference), cancel);

    public async Task<byte[]?> FindBlobAsync(RepositoryName name, Digest digest, int maxBytes, CancellationToken cancel)
    {
        var blob = await db.ReadAsync(session => BlobTable.FindAsync(session, name, digest), cancel);
        if (blob is null || blob.Size > maxBytes)
            return null;
        using var file = storage.OpenRead(blob.StorageKey);
        if (file is null)
            return null;
        var content = new byte[blob.Size];
        for (var read = 0; read < content.Length;)
        {
            var count = await RandomAccess.ReadAsync(file, content.AsMemory(read), read, cancel);
            if (count == 0)
                return null;
            read += count;
        }
        return content;
    }

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
