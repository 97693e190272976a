using Staithe.Content;
using Staithe.Database;
using Staithe.Jobs;

namespace Staithe.GarbageCollection;

/// <summary>Ends uploads that nobody goes on with. Their bytes go to the trash: one that cannot be ended is recorded and left for later, and the rest goes on.</summary>
/// <param name="db">The rows.</param>
/// <param name="claims">The uploads that are being written to.</param>
/// <param name="runner">Runs and records the uploads.</param>
internal sealed class ExpiredUploadsJob(Db db, UploadClaims claims, UnitRunner runner) : IJob
{
    // A request that found the upload a moment before it expired may be about to make its file.
    static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    public string Kind => WorkKind.Uploads;

    public JobRules Rules { get; } = new() { Schedule = "*/30 * * * * *", LongestWait = TimeSpan.FromMinutes(5), IsTold = false };

    public async Task RunAsync(JobRun run, CancellationToken cancel)
    {
        if (await Batches.RunAsync(() => DropAsync(cancel)) is > 0 and var count)
            run.Facts.Add(("uploads_expired", count));
    }

    async Task<int> DropAsync(CancellationToken cancel)
    {
        var expired = await db.ReadAsync(session => UploadTable.ListExpiredAsync(session, claims.List(), Batches.Rows), cancel);
        await runner.WriteAsync(
            WorkKind.Uploads,
            expired,
            id => id,
            async (session, some) =>
            {
                foreach (var bytes in await UploadTable.DeleteExpiredAsync(session, [.. some], claims.List()))
                    await TrashTable.AddAsync(session, bytes, Grace);
            },
            cancel,
            SpaceUse.Frees);
        return expired.Count;
    }
}
