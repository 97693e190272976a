using Staithe.Database;
using Staithe.Oci;
using Staithe.Storage;

namespace Staithe.Content;

/// <summary>
/// Reads blobs that are small into memory: configs, build files, recipes. Null for one that is not there, is larger than it may be, or whose bytes are
/// not all there. Whether the asker may is asked before.
/// </summary>
internal sealed class BlobReader(Db db, FileBlobStorage storage)
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
}
