using Staithe.Audit;
using Staithe.Database;
using Staithe.Jobs;

namespace Staithe.GarbageCollection;

/// <summary>Takes away lines of the audit that have become too old, and failures of work that nobody has tried for a month.</summary>
/// <param name="db">The rows.</param>
/// <param name="auditAge">How old lines of the audit become.</param>
internal sealed class OldLinesJob(Db db, TimeSpan auditAge) : IJob
{
    static readonly TimeSpan FailureAge = TimeSpan.FromDays(30);

    public string Kind => WorkKind.AuditAge;

    public JobRules Rules { get; } = new() { Schedule = "*/10 * * * *", IsTold = false };

    public async Task RunAsync(JobRun run, CancellationToken cancel)
    {
        var gone = await Batches.RunAsync(() => db.WriteAsync(SpaceUse.Frees, session => AuditTable.DeleteOldAsync(session, auditAge, Batches.Rows), cancel));
        await db.WriteAsync(SpaceUse.Frees, session => JobTable.DeleteOldAsync(session, FailureAge, Batches.Rows), cancel);
        if (gone > 0)
            run.Facts.Add(("lines", gone));
    }
}
