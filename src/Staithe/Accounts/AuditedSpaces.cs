using System.Collections.Frozen;
using Staithe.Database;
using Staithe.Jobs;

namespace Staithe.Accounts;

/// <summary>The spaces that ask for a line of every pull, kept in memory, because a pull asks no database. A change is seen within a second.</summary>
internal sealed class AuditedSpaces(Db db, AccessEpoch epoch, UnitRunner runner) : BackgroundService
{
    static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    FrozenSet<string> spaces = FrozenSet<string>.Empty;
    long stamp;

    /// <summary>Whether there is any.</summary>
    public bool Any => Volatile.Read(ref spaces).Count > 0;

    public bool Contains(string space) => Volatile.Read(ref spaces).Contains(space);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Patience);
        do
        {
            var now = epoch.Stamp;
            if (now == stamp)
                continue;
            try
            {
                Volatile.Write(ref spaces, (await db.ReadAsync(SpaceTable.ListAuditedAsync, stoppingToken)).ToFrozenSet());
                stamp = now;
            }
            catch (Exception e) when (!(e is OperationCanceledException && stoppingToken.IsCancellationRequested))
            {
                // What was known holds until the spaces can be read again.
                if (!db.IsAway(e))
                    await runner.TryFailAsync(WorkKind.AuditedSpaces, e, stoppingToken);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
