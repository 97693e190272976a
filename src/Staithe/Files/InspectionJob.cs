using System.Collections.Concurrent;
using System.Globalization;
using Staithe.Content;
using Staithe.Database;
using Staithe.Events;
using Staithe.Jobs;
using Staithe.Storage;

namespace Staithe.Files;

/// <summary>
/// Looks into an image: those that somebody waits for first, then those that were pushed, in their order. What fails is tried again, less and less often; what
/// cannot be looked into is refused, with the reason.
/// </summary>
internal sealed class InspectionJob(Db db, IBlobStorage storage, BlobReader blobs, LayerFiles files, LayerIndexer indexer) : IJob, IEventFollower
{
    const int MaxAttempts = 5;
    static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(500), Patience = TimeSpan.FromMinutes(1);

    readonly ImageInspection inspection = new(db, storage, blobs, files, indexer);
    readonly ConcurrentDictionary<long, TaskCompletionSource> waiting = new();
    readonly LayerProgress progress = new();
    long current;

    public string Kind => WorkKind.Images;

    // One at a time: it takes memory and processor time that requests need too.
    public JobRules Rules { get; } = new() { FirstWait = TimeSpan.FromMinutes(2) };

    string IEventFollower.Name => "inspection";

    /// <summary>An image that was pushed is to be looked into, unless that was done.</summary>
    public async Task FollowAsync(DbSession session, IReadOnlyList<ContentEvent> events)
    {
        foreach (var one in events.Where(one => one is { Kind: EventKind.ManifestPushed, IsImage: true }))
        {
            if (await ImageTable.TryQueueAsync(session, one.ManifestId!.Value))
                await JobTable.AddAsync(session, WorkKind.Images, ImageTable.Unit(one.ManifestId.Value), $"{one.Name}@{one.Digest}");
        }
    }

    /// <summary>Has an image looked into before all others, by whichever server; the task ends when that has been tried.</summary>
    public Task RequestAsync(long manifestId)
    {
        var added = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var task = waiting.GetOrAdd(manifestId, added);
        if (task == added)
            _ = AskAsync(manifestId, added);
        return task.Task;
    }

    /// <summary>How far an image is, in words.</summary>
    public string Describe(long manifestId) => Volatile.Read(ref current) == manifestId
        ? string.Create(CultureInfo.InvariantCulture, $"it is being looked into: layer {progress.Layer} of {progress.Layers}, {progress.Read / 1_000_000} of {progress.Size / 1_000_000} MB")
        : $"it will be looked into next; another image is, at this moment";

    public async Task RunAsync(JobRun run, CancellationToken cancel)
    {
        var manifestId = ImageTable.IdOf(run.Unit);
        Volatile.Write(ref current, manifestId);
        try
        {
            await LookAsync(run, manifestId, cancel);
        }
        finally
        {
            Volatile.Write(ref current, 0);
            if (waiting.TryRemove(manifestId, out var asked)) // who asks from now on asks for another look
                asked.TrySetResult();
        }
    }

    async Task LookAsync(JobRun run, long manifestId, CancellationToken cancel)
    {
        if (await db.ReadAsync(session => ImageTable.FindAsync(session, manifestId), cancel) is not { } row)
            return; // it has gone
        if ((await db.ReadAsync(session => ImageTable.FindStateAsync(session, manifestId), cancel))?.State != ImageState.Waiting)
            await db.WriteAsync(session => ImageTable.BeginAsync(session, manifestId), cancel);
        try
        {
            var packages = await inspection.RunAsync(row, progress, cancel);
            await FinishAsync(run, manifestId, ImageState.Done, null);
            run.Facts.Add(("packages", packages));
        }
        catch (LayerRefusedException refused)
        {
            await FinishAsync(run, manifestId, ImageState.Refused, refused.Message);
            run.Facts.Add(("refused", refused.Message));
        }
        catch (Exception e) when (run.Attempts >= MaxAttempts && !run.Cancel.IsCancellationRequested && !db.IsFull(e) && !db.IsAway(e) && e is not LeaseLostException)
        {
            await FinishAsync(run, manifestId, ImageState.Refused, $"the registry failed at it {MaxAttempts} times: {e.GetType().Name}: {e.Message}");
            run.Facts.Add(("exception", e.ToString()));
        }
    }

    Task FinishAsync(JobRun run, long manifestId, string state, string? reason) => db.WriteAsync(
        async session =>
        {
            await ImageTable.FinishAsync(session, manifestId, state, reason);
            await run.CompleteAsync(session);
        },
        run.Cancel);

    // Another server may be the one that does it, so it is the row that tells.
    async Task AskAsync(long manifestId, TaskCompletionSource asked)
    {
        try
        {
            using var patience = new CancellationTokenSource(Patience);
            await db.WriteAsync(session => JobTable.AddUrgentAsync(session, WorkKind.Images, ImageTable.Unit(manifestId), ""), patience.Token);
            while (!asked.Task.IsCompleted && !await db.ReadAsync(session => JobTable.HasEndedAsync(session, WorkKind.Images, ImageTable.Unit(manifestId)), patience.Token))
                await Task.WhenAny(asked.Task, Task.Delay(Pace, patience.Token));
        }
        catch (Exception)
        {
            // who waits looks for itself, and asks again
        }
        finally
        {
            waiting.TryRemove(new KeyValuePair<long, TaskCompletionSource>(manifestId, asked));
            asked.TrySetResult();
        }
    }
}
