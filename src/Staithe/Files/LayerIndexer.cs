using System.Security.Cryptography;
using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;
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
/// Looks into a layer: reads its archive once, writes its listing, and gives its names to the database. The listing is written before the row that
/// says that there is one, so after a crash the layer is looked into again.
/// </summary>
internal sealed class LayerIndexer(Db db, IBlobStorage storage, LayerFiles files, LayerLimits limits)
{
    const int BatchNames = 500; // each batch keeps other writers waiting for some milliseconds
    const int MaxStoredNameBytes = 1024; // an index of PostgreSQL takes no more than 2.7 kB

    /// <exception cref="LayerRefusedException">Nothing of it can be read, and this has been written down.</exception>
    public async Task RunAsync(LayerRow layer, LayerProgress progress, CancellationToken cancel)
    {
        LayerContents contents;
        try
        {
            contents = await NiceThread.RunAsync(() => Build(layer, progress, cancel));
        }
        catch (LayerRefusedException refused)
        {
            await db.WriteAsync(session => LayerTable.RefuseAsync(session, layer.BlobId, refused.Message), cancel);
            throw;
        }
        await db.WriteAsync(session => LayerTable.BeginAsync(session, layer.BlobId), cancel);
        foreach (var batch in contents.Tree.Names().Where(name => name.Length <= MaxStoredNameBytes / 3).Chunk(BatchNames))
        {
            await db.WriteAsync(session => LayerTable.AddNamesAsync(session, layer.BlobId, batch), cancel);
            await Task.Yield();
        }
        await db.WriteAsync(session => LayerTable.FinishAsync(session, layer.BlobId, contents.Tree.Count, contents.Size, contents.Facts), cancel);
    }

    /// <summary>Reads the layer and writes its listing. Of one whose archive is broken, or larger than is read, it is what came before that.</summary>
    /// <exception cref="LayerRefusedException">Nothing of it can be read.</exception>
    public LayerContents Build(LayerRow layer, LayerProgress progress, CancellationToken cancel)
    {
        using var blob = storage.OpenRead(layer.StorageKey);
        var format = LayerStream.Detect(blob);
        if (format == LayerFormat.Tar && LayerStream.DetectOther(blob) is { } other)
            throw new LayerRefusedException(other);
        using var stream = LayerStream.Open(blob, format, Checkpoint.Start);
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        stream.Hash = whole;
        var reading = new LayerReading(stream, limits, progress);
        string? incomplete = null;
        try
        {
            reading.Run(cancel);
        }
        catch (LayerRefusedException stopped) when (reading.Tree.Count > 0)
        {
            incomplete = stopped.Message;
        }
        var facts = new LayerFacts(
            incomplete is null ? $"sha256:{Convert.ToHexStringLower(whole.GetHashAndReset())}" : null, incomplete, reading.Skipped, reading.SkippedExample);
        LayerListing.Write(files.PathOf(layer.Digest), format, reading.Tree, stream.Checkpoints);
        return new LayerContents(reading.Tree, stream.Position, facts);
    }
}

/// <summary>What was read of a layer.</summary>
/// <param name="Tree">Its files.</param>
/// <param name="Size">Bytes of its archive.</param>
/// <param name="Facts">What else there is to say.</param>
internal sealed record LayerContents(LayerTree Tree, long Size, LayerFacts Facts);

/// <summary>Reads the archive of a layer into a tree, and counts the entries that it has to leave out.</summary>
internal sealed class LayerReading(LayerStream stream, LayerLimits limits, LayerProgress progress)
{
    const int Examples = 3;

    readonly byte[] buffer = new byte[128 * 1024];
    readonly List<string> examples = [];

    public LayerTree Tree { get; } = new(limits);

    /// <summary>How many entries were left out.</summary>
    public long Skipped { get; private set; }

    /// <summary>What was wrong with the first of them, each reason once.</summary>
    public string? SkippedExample => examples.Count == 0 ? null : string.Join("; ", examples);

    /// <summary>Reads to the end of the archive, and then on to the end of the layer: a DiffID is the digest of all of it.</summary>
    /// <exception cref="LayerRefusedException">The archive is broken, or there is more than is read. The tree has what came before.</exception>
    public void Run(CancellationToken cancel)
    {
        var scan = new TarScan(stream, limits);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        while (scan.Next() is { } entry)
        {
            Note(cancel);
            LayerTree.Node? file = null;
            if ((entry.Problem ?? Tree.Add(entry, out file)) is { } problem)
                Skip(entry, problem);
            if (file is not null)
                file.Hash = ReadFile(scan, hash, cancel);
        }
        scan.ReadToEnd(() => Note(cancel));
    }

    byte[] ReadFile(TarScan scan, IncrementalHash hash, CancellationToken cancel)
    {
        try
        {
            while (scan.Read(buffer) is > 0 and var read)
            {
                hash.AppendData(buffer, 0, read);
                Note(cancel);
            }
        }
        catch (LayerRefusedException)
        {
            Tree.RemoveLast();
            throw;
        }
        return hash.GetHashAndReset();
    }

    void Skip(TarEntry entry, string problem)
    {
        if (++Skipped > limits.MaxEntries)
            throw new LayerRefusedException($"more than {limits.MaxEntries} of its entries cannot be read");
        if (examples.Count < Examples && !examples.Exists(example => example.EndsWith(problem, StringComparison.Ordinal)))
            examples.Add($"“{OciException.Quote(entry.Path)}”: {problem}");
    }

    void Note(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        progress.Read = stream.Consumed;
    }
}
