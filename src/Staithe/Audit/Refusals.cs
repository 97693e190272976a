using System.Collections.Concurrent;
using System.Globalization;
using Staithe.Database;

namespace Staithe.Audit;

/// <summary>
/// What was tried and refused. It has no transaction of its own, so it is gathered for a few seconds, the same thing once with a count, and
/// then written: however much is tried, it costs the database one short write. Beyond a bound, what is new is only counted.
/// </summary>
internal sealed class Refusals(Db db, Action<Exception> failed) : BackgroundService
{
    const int MaxKinds = 1000;
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    readonly ConcurrentDictionary<(Actor Actor, Deed Deed), int> gathered = new();
    int dropped;

    /// <summary>Notes one.</summary>
    public void Add(Actor actor, Deed deed)
    {
        if (gathered.Count < MaxKinds || gathered.ContainsKey((actor, deed)))
            gathered.AddOrUpdate((actor, deed), 1, (_, count) => count + 1);
        else
            Interlocked.Increment(ref dropped);
    }

    /// <summary>Writes what was gathered.</summary>
    public async Task FlushAsync(CancellationToken cancel)
    {
        var lines = new List<(Actor Actor, Deed Deed)>();
        foreach (var (actor, deed) in gathered.Keys)
        {
            if (gathered.TryRemove((actor, deed), out var count))
                lines.Add((actor, count == 1 ? deed : deed with { Detail = string.Create(CultureInfo.InvariantCulture, $"{(deed.Detail is null ? "" : $"{deed.Detail}; ")}{count} times") }));
        }
        if (Interlocked.Exchange(ref dropped, 0) is > 0 and var more)
            lines.Add((new Actor(Actor.Anybody, null), new Deed("refusals", "", null, string.Create(CultureInfo.InvariantCulture, $"{more} more, of too many kinds to be told apart"))));
        if (lines.Count == 0)
            return;
        await db.WriteAsync(
            async session =>
            {
                foreach (var (actor, deed) in lines)
                    await AuditTable.RefuseAsync(session, actor, deed);
            },
            cancel);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await TryFlushAsync();
        }
        catch (OperationCanceledException)
        {
            await TryFlushAsync(); // the last ones before a stop
        }
    }

    async Task TryFlushAsync()
    {
        try
        {
            await FlushAsync(CancellationToken.None);
        }
        catch (Exception e)
        {
            failed(e);
        }
    }
}
