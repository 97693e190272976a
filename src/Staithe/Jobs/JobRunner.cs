using System.Collections.Concurrent;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Telemetry;

namespace Staithe.Jobs;

/// <summary>
/// Runs the jobs: each kind by its rules, unit by unit. A unit that fails is recorded with its cause, left alone for a while and tried again; the next one goes on.
/// Nothing of that needs more of a full disk than it gives back. Servers share the rows: a unit is leased, and one whose server has died is taken over. When the database is away or full, no unit is to blame.
/// </summary>
internal sealed class JobRunner : BackgroundService, ICommitListener
{
    const int MaxCauseLength = 500;
    static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(50), Interval = TimeSpan.FromSeconds(1), LongestWait = TimeSpan.FromMinutes(1);
    static readonly TimeSpan Rest = TimeSpan.FromSeconds(5); // of a kind, when the database would not do

    readonly Db db;
    readonly Dictionary<string, IJob> jobs;
    readonly string[] kinds;
    readonly UnitRunner units;
    readonly LogOutput log;
    readonly TimeProvider clock;
    readonly SemaphoreSlim woken = new(0, 1);
    readonly Dictionary<string, SemaphoreSlim> turns;
    readonly Dictionary<string, JobSchedule> schedules;
    readonly string[] atStart;
    readonly ConcurrentDictionary<string, long> restsFrom = new();

    /// <param name="db">Where the jobs are.</param>
    /// <param name="jobs">Every kind.</param>
    /// <param name="units">Keeps the rounds going, and tells whom a failure is to blame on.</param>
    /// <param name="log">Is told of each run, and of a failure when its cause is new.</param>
    /// <param name="clock">Measures the time.</param>
    public JobRunner(Db db, IReadOnlyList<IJob> jobs, UnitRunner units, LogOutput log, TimeProvider clock)
    {
        (this.db, this.units, this.log, this.clock) = (db, units, log, clock);
        this.jobs = jobs.ToDictionary(job => job.Kind);
        kinds = [.. this.jobs.Keys];
        turns = kinds.ToDictionary(kind => kind, _ => new SemaphoreSlim(1));
        schedules = jobs.Where(job => job.Rules.Schedule is not null).ToDictionary(job => job.Kind, job => new JobSchedule(job.Rules.Schedule!));
        atStart = [.. jobs.Where(job => job.Rules.AtStart).Select(job => job.Kind)];
        db.Listen(this);
    }

    /// <summary>The kinds whose units it takes.</summary>
    public IReadOnlyList<string> Kinds => kinds;

    public void Committed(IReadOnlyList<CommitNote> notes)
    {
        if (woken.CurrentCount > 0 || !notes.Contains(JobNote.Added))
            return;
        try
        {
            woken.Release();
        }
        catch (SemaphoreFullException)
        {
            // somebody else was quicker
        }
    }

    public void Unknown()
    {
        // it looks anyway
    }

    /// <summary>Does everything that is due now; of one kind, or of all. How many units that were.</summary>
    public async Task<int> RunDueAsync(CancellationToken cancel, string? kind = null)
    {
        var total = 0;
        foreach (var due in await db.ReadAsync(session => JobTable.ListDueAsync(session, kind is null ? kinds : [kind]), cancel))
        {
            int count;
            while ((count = await RunSomeAsync(jobs[due], cancel)) > 0)
                total += count;
        }
        return total;
    }

    /// <summary>Whether something is due, or is being done by anybody.</summary>
    public Task<bool> IsBusyAsync(CancellationToken cancel, string? kind = null) => db.ReadAsync(session => JobTable.IsBusyAsync(session, kind is null ? kinds : [kind]), cancel);

    /// <summary>Asks for what a schedule says is to be done now.</summary>
    public async Task AddDueAsync(CancellationToken cancel)
    {
        foreach (var (kind, at) in await db.ReadAsync(JobKindTable.ListDueAsync, cancel))
        {
            if (schedules.TryGetValue(kind, out var schedule))
                await db.WriteAsync(SpaceUse.Frees, session => JobKindTable.AddDueAsync(session, kind, at, schedule.Next(clock.GetUtcNow())), cancel);
        }
    }

    /// <summary>Asks for what a start brings, and writes down when each kind comes that runs by a schedule; a time that has passed meanwhile comes at once.</summary>
    public Task ScheduleAsync(CancellationToken cancel) => db.WriteAsync(
        SpaceUse.Frees,
        async session =>
        {
            foreach (var (kind, schedule) in schedules)
                await JobKindTable.ScheduleAsync(session, kind, schedule, schedule.Next(clock.GetUtcNow()));
            foreach (var kind in atStart)
                await JobTable.AddAsync(session, kind, "", "");
        },
        cancel);

    public override void Dispose()
    {
        woken.Dispose();
        foreach (var turn in turns.Values)
            turn.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var running = new Dictionary<string, Task>();
        var scheduled = false;
        try
        {
            await units.LoopAsync(
                WorkKind.Jobs,
                async cancel =>
                {
                    if (!scheduled)
                        await ScheduleAsync(cancel);
                    scheduled = true;
                    await AddDueAsync(cancel);
                    foreach (var due in await db.ReadAsync(session => JobTable.ListDueAsync(session, kinds), cancel))
                    {
                        var rests = restsFrom.TryGetValue(due, out var from) && clock.GetElapsedTime(from) < Rest;
                        if (!rests && !(running.TryGetValue(due, out var before) && !before.IsCompleted))
                            running[due] = RunAllAsync(jobs[due], cancel);
                    }
                    await woken.WaitAsync(Interval, cancel);
                    return Gathering;
                },
                LongestWait,
                clock,
                stoppingToken);
        }
        finally
        {
            await Task.WhenAll(running.Values);
        }
    }

    async Task RunAllAsync(IJob job, CancellationToken cancel)
    {
        await Task.Yield();
        try
        {
            while (await RunSomeAsync(job, cancel) > 0)
            {
                // there may be more
            }
            if (restsFrom.TryRemove(job.Kind, out _) && restsFrom.IsEmpty)
                await units.SucceedAsync(WorkKind.Jobs, UnitRunner.Round, cancel);
        }
        catch (Exception) when (cancel.IsCancellationRequested)
        {
            // it stops
        }
        catch (Exception e)
        {
            restsFrom[job.Kind] = clock.GetTimestamp();
            await units.TryFailAsync(WorkKind.Jobs, e, CancellationToken.None);
        }
    }

    // Takes a batch, and does it.
    async Task<int> RunSomeAsync(IJob job, CancellationToken cancel)
    {
        await turns[job.Kind].WaitAsync(cancel);
        var runs = new List<JobRun>();
        try
        {
            var (rules, lease, started) = (job.Rules, Random.Shared.NextInt64(1, long.MaxValue), clock.GetTimestamp());
            var taken = await db.WriteAsync(SpaceUse.Frees, session => JobTable.LeaseAsync(session, job.Kind, lease, rules.Lease, rules.Batch), cancel);
            if (taken.Count == 0)
                return 0;
            runs.AddRange(taken.Select(one => new JobRun(one, cancel)));
            var outcome = new Outcome();
            using (var over = new CancellationTokenSource())
            {
                var beating = BeatAsync(job, lease, runs, over.Token);
                try
                {
                    await Parallel.ForEachAsync(runs, new ParallelOptions { MaxDegreeOfParallelism = rules.Concurrency }, async (run, _) => await RunAsync(job, run, outcome, cancel));
                }
                finally
                {
                    await over.CancelAsync();
                    await beating;
                }
            }
            await CompleteAsync(runs, outcome);
            Tell(job, runs, outcome, clock.GetElapsedTime(started));
            return outcome.Fault is { } fault ? throw new InvalidOperationException($"no unit can be done: {fault.Message}", fault) : taken.Count;
        }
        finally
        {
            runs.ForEach(run => run.Dispose());
            turns[job.Kind].Release();
        }
    }

    async Task RunAsync(IJob job, JobRun run, Outcome outcome, CancellationToken stopping)
    {
        try
        {
            if (outcome.Fault is not null || stopping.IsCancellationRequested)
            {
                await ReleaseAsync(run, TimeSpan.Zero);
                return;
            }
            await job.RunAsync(run, run.Cancel);
            outcome.Add(run);
        }
        catch (Exception e) when (run.IsCompleted && (run.IsLost || e is OperationCanceledException))
        {
            outcome.Add(run); // it was told to stop when it had ended
        }
        catch (Exception e) when (run.IsLost || e is LeaseLostException)
        {
            log.Write(LogLevel.Warning, "a job is no longer this server's, and was stopped", ("kind", job.Kind), ("unit", run.Job.Label));
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
            await ReleaseAsync(run, TimeSpan.Zero);
        }
        catch (Exception e) when (units.IsOfUnit(e, stopping))
        {
            outcome.CountFailed();
            await FailAsync(job, run, e);
        }
        catch (Exception e)
        {
            outcome.Fault = e;
            await ReleaseAsync(run, Rest);
        }
        finally
        {
            run.IsOver = true;
        }
    }

    async Task FailAsync(IJob job, JobRun run, Exception failure)
    {
        var cause = ForeignText.Line($"{failure.GetType().Name}: {failure.Message}", MaxCauseLength);
        if (cause != run.Job.Cause)
            log.Write(LogLevel.Error, "background work failed; it will be tried again", ("kind", job.Kind), ("unit", Name(run)), ("attempt", run.Attempts), ("exception", failure.ToString()));
        await db.WriteAsync(SpaceUse.Frees, session => JobTable.FailAsync(session, run.Job, cause, job.Rules.Wait(run.Attempts)), CancellationToken.None);
    }

    // Should this fail too, the lease ends by itself.
    async Task ReleaseAsync(JobRun run, TimeSpan wait)
    {
        try
        {
            await db.WriteAsync(SpaceUse.Frees, session => JobTable.ReleaseAsync(session, run.Job, wait), CancellationToken.None);
        }
        catch (Exception e) when (db.IsAway(e) || db.IsFull(e))
        {
            // see above
        }
    }

    async Task CompleteAsync(List<JobRun> runs, Outcome outcome)
    {
        var done = runs.Where(run => outcome.Done.Contains(run) && !run.IsCompleted).ToList();
        if (done.Count == 0)
            return;
        await db.WriteAsync(
            SpaceUse.Frees,
            async session =>
            {
                foreach (var run in done)
                {
                    await JobTable.CompleteAsync(session, run.Job);
                    if (run.Unit.Length == 0 && schedules.ContainsKey(run.Job.Kind))
                        await JobKindTable.RanAsync(session, run.Job.Kind);
                }
            },
            CancellationToken.None);
    }

    // Extends the leases while the units are being done; who has lost one is told to stop.
    async Task BeatAsync(IJob job, long lease, List<JobRun> runs, CancellationToken over)
    {
        using var timer = new PeriodicTimer(job.Rules.Lease / 3, clock);
        var extended = clock.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(over))
            {
                var open = runs.Where(run => !run.IsOver).ToList();
                try
                {
                    var asked = clock.GetTimestamp();
                    var kept = await db.WriteAsync(SpaceUse.Frees, session => JobTable.ExtendAsync(session, job.Kind, lease, [.. open.Select(run => run.Unit)], job.Rules.Lease), over);
                    extended = asked;
                    foreach (var run in open.Where(run => !kept.Contains(run.Unit) && !run.IsOver))
                        run.Lose();
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    if (clock.GetElapsedTime(extended) > job.Rules.Lease)
                        open.ForEach(run => run.Lose());
                }
            }
        }
        catch (OperationCanceledException)
        {
            // all are done
        }
    }

    void Tell(IJob job, List<JobRun> runs, Outcome outcome, TimeSpan took)
    {
        var facts = runs.SelectMany(run => run.Facts).ToList();
        if (facts.Count == 0 && (!job.Rules.IsTold || outcome.Done.Count == 0))
            return;
        log.Write(LogLevel.Information, "job", [("kind", job.Kind), ("unit", runs.Count == 1 ? Name(runs[0]) : null), ("units", outcome.Done.Count), ("failed", outcome.Failed), ("ms", (long)took.TotalMilliseconds), .. facts]);
    }

    static string Name(JobRun run) => run.Job.Label.Length > 0 ? run.Job.Label : run.Unit;

    sealed class Outcome
    {
        int failed;

        public ConcurrentBag<JobRun> Ended { get; } = [];

        public HashSet<JobRun> Done => [.. Ended];

        public int Failed => failed;

        /// <summary>Why nothing can be done now.</summary>
        public Exception? Fault { get; set; }

        public void Add(JobRun run) => Ended.Add(run);

        public void CountFailed() => Interlocked.Increment(ref failed);
    }
}
