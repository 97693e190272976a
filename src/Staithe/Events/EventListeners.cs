using Staithe.Database;
using Staithe.Jobs;

namespace Staithe.Events;

/// <summary>
/// Tells those who remember something of each event: of those of this process between commit and answer, of those of other processes, such as other servers
/// and commands at a shell, within <see cref="Patience"/>.
/// </summary>
internal sealed class EventListeners : BackgroundService, ICommitListener
{
    const int MostAtOnce = 1000;
    static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(400);

    readonly Db db;
    readonly IReadOnlyList<IEventListener> listeners;
    readonly UnitRunner runner;
    readonly SemaphoreSlim looking = new(1);

    long? place; // everything before it was heard
    HashSet<long> heard = []; // and of what is behind it, these

    /// <param name="db">Where events are. Its commits are told here from now on.</param>
    /// <param name="listeners">Who is told.</param>
    /// <param name="runner">Records why others cannot be heard.</param>
    public EventListeners(Db db, IReadOnlyList<IEventListener> listeners, UnitRunner runner)
    {
        (this.db, this.listeners, this.runner) = (db, listeners, runner);
        db.Listen(this);
    }

    public void Committed(IReadOnlyList<CommitNote> notes)
    {
        foreach (var one in notes.OfType<ContentEvent>())
            Tell(listener => listener.Hear(one));
    }

    public void Unknown() => Tell(listener => listener.MissOneUnderWay());

    /// <summary>Looks for what other processes did since it was done last.</summary>
    public async Task LookAsync(CancellationToken cancel)
    {
        await looking.WaitAsync(cancel);
        try
        {
            // What is committed between the two statements is read, and once more the next time.
            var ((next, trimmed), found) = await db.ReadAsync(
                async session => (await EventTable.FindPlaceAsync(session), await EventTable.ListSinceAsync(session, place ?? long.MaxValue, db.Origin, MostAtOnce)),
                cancel);
            if (place is null || trimmed >= place || found.Count == MostAtOnce)
            {
                (place, heard) = (next, []);
                Tell(listener => listener.MissSome());
                return;
            }
            foreach (var one in found.Where(one => !heard.Contains(one.Id)))
                Tell(listener => listener.Hear(one.Event));
            (place, heard) = (next, [.. found.Where(one => one.Tx >= next).Select(one => one.Id)]);
        }
        finally
        {
            looking.Release();
        }
    }

    public override void Dispose()
    {
        looking.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Patience);
        do
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (Exception e) when (!(e is OperationCanceledException && stoppingToken.IsCancellationRequested))
            {
                Tell(listener => listener.HearNothing());
                if (!db.IsAway(e))
                    await runner.TryFailAsync(WorkKind.Events, e, stoppingToken);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    void Tell(Action<IEventListener> tell)
    {
        foreach (var listener in listeners)
            tell(listener);
    }
}
