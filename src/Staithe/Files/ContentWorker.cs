using System.Collections.Concurrent;
using System.Globalization;
using Staithe.Content;
using Staithe.Database;
using Staithe.Jobs;
using Staithe.Storage;
using Staithe.Telemetry;

namespace Staithe.Files;

/// <summary>
/// Looks into images, one at a time, in the background: those that somebody waits for first, then those that were pushed, in their order. The
/// rows say what is to be done, so it goes on where it was when the server stops. What fails is tried again, less and less often; what
/// cannot be looked into is refused, with the reason.
/// </summary>
internal sealed class ContentWorker(
    Db db,
    IBlobStorage storage,
    BlobReader blobs,
    LayerFiles files,
    LayerIndexer indexer,
    UnitRunner runner,
    LogOutput log,
    TimeProvider clock) : BackgroundService
{
    const int MaxAttempts = 5;
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);
    static readonly TimeSpan Lease = TimeSpan.FromHours(1); // longer than a layer may take
    static readonly TimeSpan CleanInterval = TimeSpan.FromHours(1);

    readonly ImageInspection inspection = new(db, storage, blobs, files, indexer);
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
        await runner.LoopAsync(
            WorkKind.Images,
            async cancel =>
            {
                if (!await RunOnceAsync(cancel))
                    await awake.WaitAsync(Interval, cancel);
                if (clock.GetElapsedTime(cleaned) >= CleanInterval)
                {
                    cleaned = clock.GetTimestamp();
                    await CleanAsync(cancel);
                }
                return TimeSpan.Zero;
            },
            LongestWait,
            clock,
            stoppingToken);
    }

    async Task LookAsync(long manifestId, long attempts, CancellationToken cancel)
    {
        Volatile.Write(ref current, manifestId);
        var digest = "";
        try
        {
            if (await db.ReadAsync(session => ImageTable.FindAsync(session, manifestId), cancel) is not { } row)
                return;
            digest = row.Digest;
            var started = clock.GetTimestamp();
            var packages = await inspection.RunAsync(row, progress, () => db.WriteAsync(session => ImageTable.ExtendAsync(session, row.Id, Lease), cancel), cancel);
            await db.WriteAsync(session => ImageTable.FinishAsync(session, manifestId, ImageState.Done, null), cancel);
            log.Write(LogLevel.Information, "looked into an image", ("digest", digest), ("packages", packages), ("ms", (long)clock.GetElapsedTime(started).TotalMilliseconds));
        }
        catch (LayerRefusedException refused)
        {
            await db.WriteAsync(session => ImageTable.FinishAsync(session, manifestId, ImageState.Refused, refused.Message), cancel);
            log.Write(LogLevel.Information, "an image cannot be looked into", ("digest", digest), ("reason", refused.Message));
        }
        catch (Exception e) when (!(e is OperationCanceledException && cancel.IsCancellationRequested))
        {
            log.Write(LogLevel.Error, "looking into an image failed", ("digest", digest), ("attempt", attempts), ("exception", e.ToString()));
            var isFull = db.IsFull(e) || db.IsAway(e);
            var cause = $"{e.GetType().Name}: {e.Message}";
            await db.WriteAsync(
                session => attempts >= MaxAttempts && !isFull
                    ? ImageTable.FinishAsync(session, manifestId, ImageState.Refused, $"the registry failed at it {MaxAttempts} times: {cause}")
                    : ImageTable.RetryAsync(session, manifestId, TimeSpan.FromMinutes(Math.Pow(2, Math.Min(attempts, 10)) * (1 + (Random.Shared.NextDouble() / 5))), cause),
                cancel);
        }
    }
}
