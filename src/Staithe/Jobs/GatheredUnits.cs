using Staithe.Database;

namespace Staithe.Jobs;

/// <summary>
/// Units that were gathered in memory and are written in batches. A unit that cannot be written does not take the rest of its batch along: it is
/// recorded, kept and tried again a few times. While the database is away or full, everything is kept, up to a bound.
/// </summary>
/// <param name="runner">Runs and records.</param>
/// <param name="kind">One of <see cref="WorkKind"/>.</param>
/// <param name="name">What a unit is called.</param>
/// <param name="write">Writes some.</param>
/// <param name="most">The most units that are kept; what comes above is lost.</param>
/// <param name="use">What the writes do to a full disk.</param>
internal sealed class GatheredUnits<T>(UnitRunner runner, string kind, Func<T, string> name, Func<DbSession, IReadOnlyList<T>, Task> write, int most, SpaceUse use = SpaceUse.Grows)
{
    const int BatchUnits = 500; // others write too
    const int MaxAttempts = 5;

    readonly Lock keeping = new();
    readonly List<Kept> kept = [];

    /// <summary>Writes these, and what was kept and is due.</summary>
    /// <exception cref="System.Data.Common.DbException">The database is away or full; everything is kept.</exception>
    public async Task WriteAsync(IEnumerable<T> fresh, CancellationToken cancel)
    {
        var due = Take(fresh);
        try
        {
            while (due.Count > 0)
            {
                var batch = due.Take(BatchUnits).ToList();
                var failed = await runner.WriteAsync(kind, [.. batch.Select(one => one.Unit)], name, write, cancel, use);
                due.RemoveRange(0, batch.Count);
                Keep(batch.Where(one => failed.Contains(one.Unit) && one.Attempts + 1 < MaxAttempts).Select(one => one.Later()));
            }
        }
        finally
        {
            Keep(due);
        }
    }

    List<Kept> Take(IEnumerable<T> fresh)
    {
        var now = TimeProvider.System.GetTimestamp();
        lock (keeping)
        {
            var due = kept.Where(one => one.NotBefore <= now).ToList();
            kept.RemoveAll(one => one.NotBefore <= now);
            return [.. due, .. fresh.Select(unit => new Kept(unit, 0, now))];
        }
    }

    void Keep(IEnumerable<Kept> some)
    {
        lock (keeping)
            kept.AddRange(some.Take(Math.Max(0, most - kept.Count)));
    }

    sealed record Kept(T Unit, int Attempts, long NotBefore)
    {
        public Kept Later() => new(Unit, Attempts + 1, TimeProvider.System.GetTimestamp() + (long)(TimeProvider.System.TimestampFrequency * 10 * Math.Pow(2, Attempts)));
    }
}
