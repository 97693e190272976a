using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Jobs;
using Staithe.Storage;
using Staithe.Telemetry;

namespace Staithe.GarbageCollection;

/// <summary>
/// Takes away what has no future: uploads that nobody goes on with, and bytes whose time in the trash is over. The bytes go first and the
/// row after, so a crash between leaves a row to try again with, never bytes that nobody knows.
/// </summary>
/// <remarks>Each upload, each file and each step stands alone: one that fails is recorded and left for later, and the rest goes on.</remarks>
/// <param name="db">The rows.</param>
/// <param name="storage">The bytes.</param>
/// <param name="claims">The uploads that are being written to.</param>
/// <param name="trashAge">For how long deleted bytes stay, unless the disk is full.</param>
/// <param name="auditAge">How old lines of the audit become.</param>
/// <param name="runner">Runs and records the units.</param>
/// <param name="log">Where it says what it did.</param>
/// <param name="clock">Tells when it is due.</param>
internal sealed class Sweep(
    Db db,
    IBlobStorage storage,
    UploadClaims claims,
    TimeSpan trashAge,
    TimeSpan auditAge,
    UnitRunner runner,
    LogOutput log,
    TimeProvider clock) : BackgroundService
{
    const int BatchRows = 500;
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(30), LongestWait = TimeSpan.FromMinutes(5);
    static readonly TimeSpan FailureAge = TimeSpan.FromDays(30);

    // A request that found the upload a moment before it expired may be about to make its file.
    static readonly TimeSpan ExpiredGrace = TimeSpan.FromMinutes(1);

    // A pull that found the blob's row a moment before it went may be about to open the file.
    static readonly TimeSpan FullDiskGrace = TimeSpan.FromSeconds(10);

    /// <summary>One round: everything that is due now. On a full disk, what was deleted need not wait for its time.</summary>
    public async Task RunOnceAsync(CancellationToken cancel)
    {
        var (expired, deleted) = (0, 0);
        await runner.RunAsync(WorkKind.Uploads, Step, Step, async () => expired = await RepeatAsync(DropExpiredAsync, cancel), cancel);
        await runner.RunAsync(
            WorkKind.Trash,
            Step,
            Step,
            async () =>
            {
                deleted = await RepeatAsync(inner => EmptyTrashAsync(TimeSpan.Zero, inner), cancel);
                if (trashAge > ExpiredGrace && storage.IsShortOfRoom())
                    deleted += await RepeatAsync(inner => EmptyTrashAsync(trashAge - FullDiskGrace, inner), cancel);
            },
            cancel);
        await runner.RunAsync(
            WorkKind.AuditAge,
            Step,
            Step,
            async () =>
            {
                await RepeatAsync(inner => db.WriteAsync(SpaceUse.Frees, session => AuditTable.DeleteOldAsync(session, auditAge, BatchRows), inner), cancel);
                await db.WriteAsync(SpaceUse.Frees, session => FailedWorkTable.DeleteOldAsync(session, FailureAge, BatchRows), cancel);
            },
            cancel);
        if (expired + deleted > 0)
            log.Write(LogLevel.Information, "sweep", ("uploads_expired", expired), ("keys_deleted", deleted));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        await runner.LoopAsync(
            WorkKind.Trash,
            async cancel =>
            {
                await RunOnceAsync(cancel);
                return Interval;
            },
            LongestWait,
            clock,
            stoppingToken);
    }

    const string Step = "all of it";

    static async Task<int> RepeatAsync(Func<CancellationToken, Task<int>> batch, CancellationToken cancel)
    {
        var total = 0;
        int count;
        do
        {
            count = await batch(cancel);
            total += count;
        }
        while (count == BatchRows);
        return total;
    }

    async Task<int> DropExpiredAsync(CancellationToken cancel)
    {
        var expired = await db.ReadAsync(session => UploadTable.ListExpiredAsync(session, claims.List(), BatchRows), cancel);
        await runner.WriteAsync(
            WorkKind.Uploads,
            expired,
            id => id,
            async (session, some) =>
            {
                foreach (var bytes in await UploadTable.DeleteExpiredAsync(session, [.. some], claims.List()))
                    await TrashTable.AddAsync(session, bytes, ExpiredGrace);
            },
            cancel,
            SpaceUse.Frees);
        return expired.Count;
    }

    async Task<int> EmptyTrashAsync(TimeSpan early, CancellationToken cancel)
    {
        var keys = await db.ReadAsync(session => TrashTable.ListDueAsync(session, early, ExpiredGrace, BatchRows), cancel);
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
