using Staithe.Database;
using Staithe.Oci;
using Staithe.Storage;

namespace Staithe.Content;

/// <summary>
/// Reads blobs that are small into memory: configs, build files, recipes. Null for one that is not there, is larger than it may be, or whose bytes are
/// not all there. Whether the asker may is asked before.
/// </summary>
internal sealed class BlobReader(Db db, IBlobStorage storage)
{
    /// <summary>A blob of a repository, by their names.</summary>
    public async Task<byte[]?> FindAsync(RepositoryName name, Digest digest, int maxBytes, CancellationToken cancel) =>
        await db.ReadAsync(session => BlobTable.FindAsync(session, name, digest), cancel) is { } blob ? await FindAsync(blob, maxBytes, cancel) : null;

    /// <summary>The same, by the repository's number.</summary>
    public async Task<byte[]?> FindAsync(long repoId, Digest digest, int maxBytes, CancellationToken cancel) =>
        await db.ReadAsync(session => BlobTable.ListLinkedAsync(session, repoId, [digest.Value]), cancel) is [var blob] ? await FindAsync(blob, maxBytes, cancel) : null;

    /// <summary>One whose row is known.</summary>
    public async Task<byte[]?> FindAsync(LinkedBlob blob, int maxBytes, CancellationToken cancel)
    {
        if (blob.Size > maxBytes)
            return null;
        try
        {
            using var open = storage.OpenRead(blob.StorageKey);
            var content = new byte[blob.Size];
            return await open.ReadFullyAsync(content, 0, cancel) == content.Length ? content : null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
