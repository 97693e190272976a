using Staithe.Database;
using Staithe.Jobs;
using Staithe.Telemetry;

namespace Staithe.Events;

/// <summary>
/// Gives the events to those who follow them: many in one transaction, together with how far each follower has come, so that a crash loses none. An event
/// that a follower cannot take is recorded as failed work, and the next one comes. Deletes what everybody has heard.
/// </summary>
internal sealed class EventFollowers : BackgroundService, ICommitListener
{
    const int MostAtOnce = 500;
    static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(100), Interval = TimeSpan.FromSeconds(1), LongestWait = TimeSpan.FromMinutes(1);
    static readonly TimeSpan TrimInterval = TimeSpan.FromMinutes(1), TrimAge = TimeSpan.FromMinutes(5);

    readonly Db db;
    readonly IReadOnlyList<IEventFollower> followers;
    readonly UnitRunner runner;
    readonly LogOutput log;
    readonly TimeProvider clock;
    readonly SemaphoreSlim woken = new(0, 1);
    readonly SemaphoreSlim following = new(1);
    bool prepared;

    /// <param name="db">Where events are.</param>
    /// <param name="followers">Who follows.</param>
    /// <param name="runner">Keeps the rounds going, and tells whom a failure is to blame on.</param>
    /// <param name="log">Is told of an event that could not be followed.</param>
    /// <param name="clock">Measures the time.</param>
    public EventFollowers(Db db, IReadOnlyList<IEventFollower> followers, UnitRunner runner, LogOutput log, TimeProvider clock)
    {
        (this.db, this.followers, this.runner, this.log, this.clock) = (db, followers, runner, log, clock);
        db.Listen(this);
    }

    public void Committed(IReadOnlyList<CommitNote> notes)
    {
        if (woken.CurrentCount > 0 || !notes.Any(note => note is ContentEvent))
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

    /// <summary>Gives everybody what there is; true when some of it has to wait for a transaction that still runs.</summary>
    public async Task<bool> RunOnceAsync(CancellationToken cancel)
    {
        await following.WaitAsync(cancel);
        try
        {
            if (!prepared)
                await db.WriteAsync(SpaceUse.Small, session => EventTable.PrepareAsync(session, [.. followers.Select(follower => follower.Name)]), cancel);
            prepared = true;
            var waits = false;
            foreach (var follower in followers)
                waits |= await FollowAsync(follower, cancel);
            return waits;
        }
        finally
        {
            following.Release();
        }
    }

    /// <summary>Deletes what everybody has heard and is older than that.</summary>
    public async Task TrimAsync(TimeSpan age, CancellationToken cancel)
    {
        while (await db.WriteAsync(SpaceUse.Frees, session => EventTable.TrimAsync(session, age, MostAtOnce), cancel) == MostAtOnce)
        {
            // there may be more
        }
    }

    public override void Dispose()
    {
        woken.Dispose();
        following.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var trimmed = clock.GetTimestamp();
        await runner.LoopAsync(
            WorkKind.Events,
            async cancel =>
            {
                var waits = await RunOnceAsync(cancel);
                if (clock.GetElapsedTime(trimmed) >= TrimInterval)
                {
                    await TrimAsync(TrimAge, cancel);
                    trimmed = clock.GetTimestamp();
                }
                if (!waits)
                    await woken.WaitAsync(Interval, cancel);
                return Gathering;
            },
            LongestWait,
            clock,
            stoppingToken);
    }

    // As many as can be given at once: half as many after each failure, down to the one that fails, and more again behind it.
    async Task<bool> FollowAsync(IEventFollower follower, CancellationToken cancel)
    {
        var (most, first, given) = (MostAtOnce, default((long Tx, long Id)?), default(ContentEvent));
        while (await db.ReadAsync(session => EventTable.IsBehindAsync(session, follower.Name), cancel))
        {
            try
            {
                if (await db.WriteAsync(SpaceUse.Small, StepAsync, cancel) == 0)
                    return true;
                most = Math.Min(most * 2, MostAtOnce);
            }
            catch (Exception e) when (runner.IsOfUnit(e, cancel))
            {
                if (most == 1 && first is { } bad)
                    await PassAsync(follower, bad, given, e, cancel);
                else
                    most = Math.Max(1, most / 2);
            }
        }
        return false;

        async Task<int> StepAsync(DbSession session)
        {
            var place = await EventTable.HoldPlaceAsync(session, follower.Name);
            (first, given) = (await EventTable.FindNextAsync(session, place), null);
            var events = await EventTable.ListAfterAsync(session, place, most);
            if (events.Count == 0)
                return 0;
            given = events[0].Event;
            await follower.FollowAsync(session, [.. events.Select(one => one.Event)]);
            await EventTable.MoveAsync(session, follower.Name, (events[^1].Tx, events[^1].Id));
            return events.Count;
        }
    }

    async Task PassAsync(IEventFollower follower, (long Tx, long Id) bad, ContentEvent? given, Exception failure, CancellationToken cancel)
    {
        var failed = FailedEventJob.Of(follower, bad, given, failure);
        await db.WriteAsync(
            SpaceUse.Small,
            async session =>
            {
                if (await EventTable.FindNextAsync(session, await EventTable.HoldPlaceAsync(session, follower.Name)) != bad)
                    return; // another server was quicker
                await EventTable.MoveAsync(session, follower.Name, bad);
                await JobTable.AddFailedAsync(session, failed, FailedEventJob.Write(given), JobRules.Usual.Wait(1));
            },
            cancel);
        log.Write(LogLevel.Error, "an event could not be followed; it will be tried again", ("unit", failed.Label), ("exception", failure.ToString()));
    }
}
