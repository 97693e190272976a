using System.Security.Cryptography;
using Staithe.Content;
using Staithe.Database;
using Staithe.Storage;

namespace Staithe.Files;

/// <summary>How far the one who looks into layers has come, for those who wait.</summary>
internal sealed class LayerProgress
{
    long read;

    /// <summary>Which layer, from 1.</summary>
    public int Layer { get; set; }

    public int Layers { get; set; }

    /// <summary>Bytes of its blob that were read.</summary>
    public long Read { get => Volatile.Read(ref read); set => Volatile.Write(ref read, value); }

    public long Size { get; set; }
}

/// <summary>
/// Looks into a layer: reads its archive once, writes its listing, and gives its names to the database. The listing comes before the row that says
/// that there is one, so after a crash the layer is looked into again.
/// </summary>
internal sealed class LayerIndexer(Db db, FileBlobStorage storage, LayerFiles files, LayerLimits limits)
{
    const int BatchNames = 500; // each batch keeps other writers waiting for some milliseconds
    const int MaxStoredNameBytes = 1024; // an index of PostgreSQL takes no more than 2.7 kB

    /// <exception cref="LayerRefusedException">It cannot be looked into, and this has been written down.</exception>
    public async Task RunAsync(LayerRow layer, LayerProgress progress, CancellationToken cancel)
    {
        (LayerTree Tree, long Size) result;
        try
        {
            result = await NiceThread.RunAsync(() => Build(layer, progress, cancel));
        }
        catch (LayerRefusedException refused)
        {
            await db.WriteAsync(session => LayerTable.RefuseAsync(session, layer.BlobId, refused.Message), cancel);
            throw;
        }
        await db.WriteAsync(session => LayerTable.BeginAsync(session, layer.BlobId), cancel);
        foreach (var batch in result.Tree.Names().Where(name => name.Length <= MaxStoredNameBytes / 3).Chunk(BatchNames))
        {
            await db.WriteAsync(session => LayerTable.AddNamesAsync(session, layer.BlobId, batch), cancel);
            await Task.Yield();
        }
        await db.WriteAsync(session => LayerTable.FinishAsync(session, layer.BlobId, result.Tree.Count, result.Size), cancel);
    }

    /// <summary>Reads the layer and writes its listing.</summary>
    /// <exception cref="LayerRefusedException">It cannot be looked into.</exception>
    public (LayerTree Tree, long Size) Build(LayerRow layer, LayerProgress progress, CancellationToken cancel)
    {
        using var blob = storage.OpenRead(layer.StorageKey) ?? throw new FileNotFoundException($"the bytes of {layer.Digest} are gone: run staithe fsck");
        var format = LayerStream.Detect(blob);
        using var stream = LayerStream.Open(blob, format, Checkpoint.Start);
        var tree = Read(stream, progress, cancel);
        LayerListing.Write(files.PathOf(layer.Digest), format, tree, stream.Checkpoints);
        return (tree, stream.Position);
    }

    LayerTree Read(LayerStream stream, LayerProgress progress, CancellationToken cancel)
    {
        var tree = new LayerTree(limits);
        var scan = new TarScan(stream, limits);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[128 * 1024];
        while (scan.Next() is { } entry)
        {
            cancel.ThrowIfCancellationRequested();
            progress.Read = stream.Consumed;
            if (entry.Type == default || tree.Add(entry) is not { } file)
                continue;
            if (entry is { IsSparse: false } && entry.Size != entry.StoredBytes)
                throw new LayerRefusedException("it has an entry that says two sizes");
            while (scan.Read(buffer) is > 0 and var read)
            {
                hash.AppendData(buffer, 0, read);
                cancel.ThrowIfCancellationRequested();
                progress.Read = stream.Consumed;
            }
            file.Hash = hash.GetHashAndReset();
        }
        return tree;
    }
}
