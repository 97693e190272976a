using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Storage;
using Staithe.Telemetry;

namespace Staithe.GarbageCollection;

/// <summary>
/// Takes away what has no future: uploads that nobody goes on with, and bytes whose time in the trash is over. The bytes go first and the
/// row after, so a crash between leaves a row to try again with, never bytes that nobody knows.
/// </summary>
/// <param name="db">The rows.</param>
/// <param name="storage">The bytes.</param>
/// <param name="claims">The uploads that are being written to.</param>
/// <param name="trashAge">For how long deleted bytes stay, unless the disk is full.</param>
/// <param name="auditAge">How old lines of the audit become.</param>
/// <param name="log">Where it says what it did.</param>
/// <param name="clock">Tells when it is due.</param>
internal sealed class Sweep(
    Db db,
    FileBlobStorage storage,
    UploadClaims claims,
    TimeSpan trashAge,
    TimeSpan auditAge,
    LogOutput log,
    TimeProvider clock) : BackgroundService
{
    const int BatchRows = 500;
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    // A request that found the upload a moment before it expired may be about to make its file.
    static readonly TimeSpan ExpiredGrace = TimeSpan.FromMinutes(1);

    // A pull that found the blob's row a moment before it went may be about to open the file.
    static readonly TimeSpan FullDiskGrace = TimeSpan.FromSeconds(10);

    /// <summary>One round: everything that is due now. On a full disk, what was deleted need not wait for its time.</summary>
    public async Task RunOnceAsync(CancellationToken cancel)
    {
        var expired = await RepeatAsync(DropExpiredAsync, cancel);
        var deleted = await RepeatAsync(inner => EmptyTrashAsync(TimeSpan.Zero, inner), cancel);
        if (trashAge > ExpiredGrace && storage.IsShortOfRoom())
            deleted += await RepeatAsync(inner => EmptyTrashAsync(trashAge - FullDiskGrace, inner), cancel);
        await RepeatAsync(inner => db.WriteAsync(SpaceUse.Frees, session => AuditTable.DeleteOldAsync(session, auditAge, BatchRows), inner), cancel);
        storage.TryRefillReserve();
        if (expired + deleted > 0)
            log.Write(LogLevel.Information, "sweep", ("uploads_expired", expired), ("keys_deleted", deleted));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            try
            {
                await RunOnceAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                log.Write(LogLevel.Error, "sweep failed; it will be tried again", ("exception", e.ToString()));
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

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

    Task<int> DropExpiredAsync(CancellationToken cancel) => db.WriteAsync(
        SpaceUse.Frees,
        async session =>
        {
            var keys = await UploadTable.DeleteExpiredAsync(session, claims.List(), BatchRows);
            foreach (var key in keys)
                await TrashTable.AddAsync(session, key, ExpiredGrace);
            return keys.Count;
        },
        cancel);

    async Task<int> EmptyTrashAsync(TimeSpan early, CancellationToken cancel)
    {
        var keys = await db.ReadAsync(session => TrashTable.ListDueAsync(session, early, ExpiredGrace, BatchRows), cancel);
        if (keys.Count == 0)
            return 0;
        var deleted = storage.Delete(keys);
        await db.WriteAsync(SpaceUse.Frees, session => TrashTable.RemoveAsync(session, [.. deleted]), cancel);
        if (deleted.Count < keys.Count)
            log.Write(LogLevel.Error, "the sweep could not delete files, and will try again", ("keys", string.Join(' ', keys.Except(deleted).Take(10))));
        return deleted.Count;
    }
}
