using System.Collections.Concurrent;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Telemetry;

namespace Staithe.Jobs;

/// <summary>
/// Runs background work that has no rows in <see cref="JobTable"/> unit by unit: a file to delete, a line to write. A unit that fails is recorded there with its cause,
/// logged once, and tried again less and less often; the next unit goes on. When the database itself is away or full, no unit is to blame: that comes out here.
/// </summary>
/// <param name="db">Where failures are kept, so that a restart does not forget them.</param>
/// <param name="log">Is told of a failure when its cause is new.</param>
internal sealed class UnitRunner(Db db, LogOutput log)
{
    /// <summary>The unit that a round of a worker is, when it is not one of its units that fails.</summary>
    public const string Round = "";

    const int MaxFailures = 10_000; // beyond, a unit that fails is logged and no more
    const int MaxCauseLength = 500, MaxNameLength = 300;
    static readonly TimeSpan Freshness = TimeSpan.FromSeconds(10);

    // What failed before, as far as this process knows: only such a unit needs a statement when it goes well.
    readonly ConcurrentDictionary<(string Kind, string Unit), Failure> known = new();
    long looked;

    /// <summary>Records that a unit failed; for how long it is to be left alone.</summary>
    public async Task<TimeSpan> FailAsync(string kind, string unit, string label, Exception failure, CancellationToken cancel)
    {
        (unit, label) = (ForeignText.Line(unit, MaxNameLength), ForeignText.Line(label, MaxNameLength));
        var cause = ForeignText.Line($"{failure.GetType().Name}: {failure.Message}", MaxCauseLength);
        var isNews = !known.TryGetValue((kind, unit), out var before) || before.Cause != cause;
        if (isNews)
            log.Write(LogLevel.Error, "background work failed; it will be tried again", ("kind", kind), ("unit", label), ("exception", failure.ToString()));
        var wait = await db.WriteAsync(
            SpaceUse.Small,
            async session =>
            {
                var attempts = await JobTable.CountAttemptsAsync(session, kind, unit) + 1;
                var wait = JobRules.Usual.Wait(attempts);
                if (attempts > 1 || await JobTable.CountFailedAsync(session, MaxFailures) < MaxFailures)
                    await JobTable.ReportAsync(session, new FailedWork(kind, unit, label, cause, attempts, 0, 0), wait);
                return wait;
            },
            cancel);
        if (known.Count < MaxFailures)
            known[(kind, unit)] = new Failure(cause, TimeProvider.System.GetTimestamp(), wait);
        return wait;
    }

    /// <summary>A unit went well: if it had failed before, that is over.</summary>
    public async Task SucceedAsync(string kind, string unit, CancellationToken cancel)
    {
        await LookAsync(cancel);
        unit = ForeignText.Line(unit, MaxNameLength);
        if (known.TryRemove((kind, unit), out _))
            await db.WriteAsync(SpaceUse.Frees, session => JobTable.RemoveReportAsync(session, kind, unit), cancel);
    }

    /// <summary>
    /// Writes many units in one transaction. If that fails, each half is tried by itself, and so on, until a unit that fails stands alone. The units
    /// that failed, which are recorded; all others are written.
    /// </summary>
    /// <param name="kind">One of <see cref="WorkKind"/>.</param>
    /// <param name="units">What is to be written.</param>
    /// <param name="name">What a unit is called.</param>
    /// <param name="write">Writes some.</param>
    /// <param name="cancel">Gives up.</param>
    /// <param name="use">What the writes do to a full disk.</param>
    public async Task<List<T>> WriteAsync<T>(
        string kind,
        IReadOnlyList<T> units,
        Func<T, string> name,
        Func<DbSession, IReadOnlyList<T>, Task> write,
        CancellationToken cancel,
        SpaceUse use = SpaceUse.Grows)
    {
        if (units.Count == 0)
            return [];
        try
        {
            await db.WriteAsync(use, session => write(session, units), cancel);
        }
        catch (Exception e) when (IsOfUnit(e, cancel))
        {
            if (units.Count == 1)
            {
                await FailAsync(kind, name(units[0]), name(units[0]), e, cancel);
                return [units[0]];
            }
            var half = units.Count / 2;
            var failed = await WriteAsync(kind, [.. units.Take(half)], name, write, cancel, use);
            failed.AddRange(await WriteAsync(kind, [.. units.Skip(half)], name, write, cancel, use));
            return failed;
        }
        await LookAsync(cancel);
        if (!known.IsEmpty)
        {
            foreach (var unit in units)
                await SucceedAsync(kind, name(unit), cancel);
        }
        return [];
    }

    /// <summary>
    /// Runs rounds of a worker until the server stops. A round that fails is logged when its cause is new and recorded where the database can take it;
    /// the next one comes after the usual time, or later while it goes on failing.
    /// </summary>
    /// <param name="kind">One of <see cref="WorkKind"/>.</param>
    /// <param name="round">Does what is due; the time until the next round.</param>
    /// <param name="longest">The longest time between two rounds that fail.</param>
    /// <param name="clock">Measures the time.</param>
    /// <param name="stopping">The server stops.</param>
    public async Task LoopAsync(string kind, Func<CancellationToken, Task<TimeSpan>> round, TimeSpan longest, TimeProvider clock, CancellationToken stopping)
    {
        var failures = 0;
        while (!stopping.IsCancellationRequested)
        {
            TimeSpan wait;
            try
            {
                wait = await round(stopping);
                if (failures > 0)
                    await SucceedAsync(kind, Round, stopping);
                failures = 0;
            }
            catch (Exception e) when (!(e is OperationCanceledException && stopping.IsCancellationRequested))
            {
                wait = TimeSpan.FromSeconds(Math.Min(longest.TotalSeconds, Math.Pow(2, Math.Min(failures, 16))));
                failures++;
                await TryFailAsync(kind, e, stopping);
            }
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, clock, stopping);
        }
    }

    /// <summary>Records that a round of a worker failed, at most as often as a unit would be tried; never throws.</summary>
    public async Task TryFailAsync(string kind, Exception failure, CancellationToken cancel)
    {
        if (known.TryGetValue((kind, Round), out var before) && TimeProvider.System.GetElapsedTime(before.At) < before.Wait)
            return;
        try
        {
            await FailAsync(kind, Round, "a round of this work", failure, cancel);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The database cannot take it: the log has it, once.
            known[(kind, Round)] = new Failure(ForeignText.Line($"{failure.GetType().Name}: {failure.Message}", MaxCauseLength), TimeProvider.System.GetTimestamp(), JobRules.Usual.FirstWait);
        }
    }

    /// <summary>Whether a failure is the unit's own: not of a stop, and not of a database that nobody can use now.</summary>
    public bool IsOfUnit(Exception e, CancellationToken cancel) =>
        !(e is OperationCanceledException && cancel.IsCancellationRequested) && !db.IsAway(e) && !db.IsFull(e);

    // Another process, or this one before its start, may have recorded more.
    async Task LookAsync(CancellationToken cancel)
    {
        var last = Volatile.Read(ref looked);
        if ((last != 0 && TimeProvider.System.GetElapsedTime(last) < Freshness) || Interlocked.CompareExchange(ref looked, TimeProvider.System.GetTimestamp(), last) != last)
            return;
        foreach (var unit in await db.ReadAsync(session => JobTable.ListFailedUnitsAsync(session, MaxFailures), cancel))
            known.TryAdd(unit, new Failure("", 0, TimeSpan.Zero));
    }

    sealed record Failure(string Cause, long At, TimeSpan Wait);
}
