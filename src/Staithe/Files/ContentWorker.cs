using System.Collections.Concurrent;
using System.Globalization;
using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Storage;
using Staithe.Telemetry;

namespace Staithe.Files;

/// <summary>
/// Looks into images, one at a time, in the background: those that somebody waits for first, then those that were pushed, in their order. The
/// rows say what is to be done, so it goes on where it was when the server stops. What fails is tried again, less and less often; what
/// cannot be looked into is refused, with the reason.
/// </summary>
internal sealed class ContentWorker(Db db, FileBlobStorage storage, BlobReader blobs, LayerFiles files, LayerIndexer indexer, LogOutput log, TimeProvider clock) : BackgroundService
{
    const int MaxAttempts = 5;
    const int MaxChain = 500; // layers; engines refuse images of more than 128
    const int BatchPackages = 50; // each batch keeps other writers waiting for some milliseconds
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    static readonly TimeSpan FailureWait = TimeSpan.FromSeconds(10);
    static readonly TimeSpan Lease = TimeSpan.FromHours(1); // longer than a layer may take
    static readonly TimeSpan CleanInterval = TimeSpan.FromHours(1);

    readonly ConcurrentQueue<long> wanted = new();
    readonly ConcurrentDictionary<long, TaskCompletionSource> waiting = new();
    readonly SemaphoreSlim working = new(1);
    readonly SemaphoreSlim awake = new(0);
    readonly LayerProgress progress = new();
    long current;

    /// <summary>Has an image looked into before all others; the task ends when that has been tried.</summary>
    public Task RequestAsync(long manifestId)
    {
        var added = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var task = waiting.GetOrAdd(manifestId, added);
        if (task == added)
        {
            wanted.Enqueue(manifestId);
            awake.Release();
        }
        return task.Task;
    }

    /// <summary>How far an image is, in words.</summary>
    public string Describe(long manifestId) => Volatile.Read(ref current) == manifestId
        ? string.Create(CultureInfo.InvariantCulture, $"it is being looked into: layer {progress.Layer} of {progress.Layers}, {progress.Read / 1_000_000} of {progress.Size / 1_000_000} MB")
        : $"it will be looked into next; another image is, at this moment";

    /// <summary>One image, if any waits; false when none does.</summary>
    public async Task<bool> RunOnceAsync(CancellationToken cancel)
    {
        await working.WaitAsync(cancel);
        try
        {
            var isWanted = wanted.TryDequeue(out var id);
            if (isWanted && !waiting.ContainsKey(id))
                return true; // it came up by itself meanwhile, and whoever wanted it reads it now
            var taken = await db.WriteAsync(session => isWanted ? ImageTable.TakeAsync(session, id, Lease) : ImageTable.TakeAsync(session, Lease), cancel);
            try
            {
                if (taken is var (manifestId, attempts))
                    await LookAsync(manifestId, attempts, cancel);
            }
            finally
            {
                Volatile.Write(ref current, 0);
                if ((isWanted ? id : taken?.ManifestId) is { } done && waiting.TryRemove(done, out var waiter))
                    waiter.TrySetResult();
            }
            return isWanted || taken is not null;
        }
        finally
        {
            working.Release();
        }
    }

    /// <summary>Removes what belongs to layers that are no more.</summary>
    public Task<int> CleanAsync(CancellationToken cancel) => files.CleanAsync(db, cancel);

    public override void Dispose()
    {
        working.Dispose();
        awake.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var cleaned = clock.GetTimestamp();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (!await RunOnceAsync(stoppingToken))
                    await awake.WaitAsync(Interval, stoppingToken);
                if (clock.GetElapsedTime(cleaned) < CleanInterval)
                    continue;
                cleaned = clock.GetTimestamp();
                await CleanAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                log.Write(LogLevel.Error, "images cannot be looked into now; it will be tried again", ("exception", e.ToString()));
                await Task.Delay(FailureWait, clock, stoppingToken);
            }
        }
    }

    async Task LookAsync(long manifestId, long attempts, CancellationToken cancel)
    {
        if (await db.ReadAsync(session => ImageTable.FindAsync(session, manifestId), cancel) is not { } row)
            return;
        Volatile.Write(ref current, manifestId);
        try
        {
            var started = clock.GetTimestamp();
            var packages = await ReadAsync(row, cancel);
            await db.WriteAsync(session => ImageTable.FinishAsync(session, manifestId, ImageState.Done, null), cancel);
            log.Write(LogLevel.Information, "looked into an image", ("digest", row.Digest), ("packages", packages), ("ms", (long)clock.GetElapsedTime(started).TotalMilliseconds));
        }
        catch (LayerRefusedException refused)
        {
            await db.WriteAsync(session => ImageTable.FinishAsync(session, manifestId, ImageState.Refused, refused.Message), cancel);
            log.Write(LogLevel.Information, "an image cannot be looked into", ("digest", row.Digest), ("reason", refused.Message));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            log.Write(LogLevel.Error, "looking into an image failed", ("digest", row.Digest), ("attempt", attempts), ("exception", e.ToString()));
            var isFull = FileBlobStorage.IsFull(e) || db.IsFull(e) || db.IsAway(e);
            await db.WriteAsync(
                session => attempts >= MaxAttempts && !isFull
                    ? ImageTable.FinishAsync(session, manifestId, ImageState.Refused, "the registry failed at it several times; its log has the reason")
                    : ImageTable.RetryAsync(session, manifestId, TimeSpan.FromMinutes(Math.Pow(2, Math.Min(attempts, 10)))),
                cancel);
        }
    }

    async Task<int> ReadAsync(ManifestRow row, CancellationToken cancel)
    {
        var manifest = Manifest.Parse(row.Content, row.MediaType);
        await PutChainsAsync(row, manifest, cancel);
        var layers = await ListLayersAsync(db, row, manifest, cancel);
        progress.Layers = layers.Count;
        for (var i = 0; i < layers.Count; i++)
        {
            var layer = layers[i];
            (progress.Layer, progress.Read, progress.Size) = (i + 1, 0, layer.Size);
            try
            {
                if (layer.State == LayerRow.Refused)
                    throw new LayerRefusedException(layer.Reason ?? "");
                if (layer.State == LayerRow.Indexed && files.Has(layer.Digest))
                    continue;
                await db.WriteAsync(session => ImageTable.RetryAsync(session, row.Id, Lease), cancel);
                await indexer.RunAsync(layer, progress, cancel);
            }
            catch (LayerRefusedException refused)
            {
                throw new LayerRefusedException($"layer {i + 1} of {layers.Count} ({layer.Digest}) cannot be looked into: {refused.Message}");
            }
        }
        using var image = TryOpen(files, layers) ?? throw new IOException("a listing that was just made is gone");
        var packages = await NiceThread.RunAsync(() => new PackageScan(image, storage).Run(cancel));
        await db.WriteAsync(session => PackageTable.ClearAsync(session, row.Id), cancel);
        foreach (var batch in packages.Chunk(BatchPackages))
            await db.WriteAsync(session => PackageTable.AddAsync(session, row.Id, batch), cancel);
        return packages.Count;
    }

    // A config that does not speak of the layers that there are says nothing about them.
    async Task PutChainsAsync(ManifestRow row, Manifest manifest, CancellationToken cancel)
    {
        var content = manifest.Config is { } config ? await blobs.FindAsync(row.RepoId, config.Digest, ImageConfig.MaxBytes, cancel) : null;
        var told = content is null ? null : ImageConfig.TryParse(content);
        if (told is not null && told.DiffIds.Count == manifest.Layers.Count && told.DiffIds.Count <= MaxChain)
            await db.WriteAsync(session => ChainTable.PutAsync(session, row.Id, [.. told.ListChainIds()]), cancel);
    }

    /// <summary>The layers of an image, the lowest first.</summary>
    /// <exception cref="LayerRefusedException">One of them is not here.</exception>
    public static async Task<List<LayerRow>> ListLayersAsync(Db db, ManifestRow row, Manifest manifest, CancellationToken cancel)
    {
        string[] digests = [.. manifest.Layers.Select(layer => layer.Digest.Value)];
        var found = (await db.ReadAsync(session => LayerTable.ListAsync(session, row.RepoId, [.. digests.Distinct()]), cancel)).ToDictionary(layer => layer.Digest);
        return [.. digests.Select((digest, index) => found.GetValueOrDefault(digest) ?? throw new LayerRefusedException($"layer {index + 1} of {digests.Length} ({digest}) is not in this registry"))];
    }

    /// <summary>The files of an image; null when a layer of it has not been looked into.</summary>
    public static ImageFiles? TryOpen(LayerFiles files, IReadOnlyList<LayerRow> layers)
    {
        var open = new List<ImageLayer>();
        foreach (var layer in layers)
        {
            if (files.TryOpen(layer.Digest) is { } listing)
            {
                open.Add(new ImageLayer(layer.Digest, layer.StorageKey, layer.Size, listing));
                continue;
            }
            open.ForEach(other => other.Listing.Dispose());
            return null;
        }
        return new ImageFiles(open);
    }
}
