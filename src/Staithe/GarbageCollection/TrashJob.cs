using Staithe.Content;
using Staithe.Database;
using Staithe.Jobs;
using Staithe.Storage;

namespace Staithe.GarbageCollection;

/// <summary>
/// Deletes bytes whose time in the trash is over. The bytes go first and the row after, so a crash between leaves a row to try again with, never bytes that nobody
/// knows. On a full disk, what was deleted need not wait for its time.
/// </summary>
/// <remarks>A file that cannot be deleted is recorded and left for later, and the rest goes on.</remarks>
/// <param name="db">The rows.</param>
/// <param name="storage">The bytes.</param>
/// <param name="trashAge">For how long deleted bytes stay, unless the disk is full.</param>
/// <param name="runner">Records the files that stay.</param>
internal sealed class TrashJob(Db db, IBlobStorage storage, TimeSpan trashAge, UnitRunner runner) : IJob
{
    // What waits for no longer than this may belong to an upload of a moment ago.
    static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    // A pull that found the blob's row a moment before it went may be about to open the file.
    static readonly TimeSpan FullDiskGrace = TimeSpan.FromSeconds(10);

    public string Kind => WorkKind.Trash;

    public JobRules Rules { get; } = new() { Schedule = "10,40 * * * * *", LongestWait = TimeSpan.FromMinutes(5), IsTold = false };

    public async Task RunAsync(JobRun run, CancellationToken cancel)
    {
        var deleted = await Batches.RunAsync(() => EmptyAsync(TimeSpan.Zero, cancel));
        if (trashAge > Grace && storage.IsShortOfRoom())
            deleted += await Batches.RunAsync(() => EmptyAsync(trashAge - FullDiskGrace, cancel));
        if (deleted > 0)
            run.Facts.Add(("keys_deleted", deleted));
    }

    async Task<int> EmptyAsync(TimeSpan early, CancellationToken cancel)
    {
        var keys = await db.ReadAsync(session => TrashTable.ListDueAsync(session, early, Grace, Batches.Rows), cancel);
        if (keys.Count == 0)
            return 0;
        var failures = new Dictionary<string, Exception>();
        var deleted = await storage.DeleteAsync(keys, failures.Add, cancel);
        await db.WriteAsync(SpaceUse.Frees, session => TrashTable.RemoveAsync(session, [.. deleted]), cancel);
        foreach (var key in deleted)
            await runner.SucceedAsync(WorkKind.Trash, key, cancel);
        foreach (var (key, failure) in failures)
        {
            var wait = await runner.FailAsync(WorkKind.Trash, key, key, failure, cancel);
            await db.WriteAsync(SpaceUse.Small, session => TrashTable.PostponeAsync(session, key, wait), cancel);
        }
        return keys.Count;
    }
}
