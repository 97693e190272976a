using System.Collections.Concurrent;
using Staithe.Jobs;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>Pulls of one manifest under one name that nobody has written down yet.</summary>
internal sealed class PullCount(OciRoute.Manifest route)
{
    long count;

    public OciRoute.Manifest Route { get; } = route;

    /// <summary>One more; true when it is the first.</summary>
    public bool Add() => Interlocked.Increment(ref count) == 1;

    /// <summary>Takes what there is.</summary>
    public long Take() => Interlocked.Exchange(ref count, 0);
}

/// <summary>
/// How often each manifest was pulled. A pull adds one in memory, without a lock; the counts are written every few seconds in one transaction.
/// A crash loses the last few: it is a count for people to look at, no more.
/// </summary>
internal sealed class PullCounts(UnitRunner runner) : GatheredWrites(runner, WorkKind.Pulls, TimeSpan.FromSeconds(5))
{
    const int MaxWaiting = 50_000; // names that were pulled since the last time; those above are not counted
    const int BatchNames = 500;

    readonly GatheredUnits<(string Repository, string? Tag, long Count)> counts = new(
        runner,
        WorkKind.Pulls,
        one => one.Tag is null ? one.Repository : $"{one.Repository}:{one.Tag}",
        async (session, some) =>
        {
            foreach (var (repository, tag, count) in some.Order())
                await PullTable.AddAsync(session, repository, tag, count);
        },
        MaxWaiting);

    readonly ConcurrentQueue<PullCount> waiting = new();
    int names;

    /// <summary>A manifest was pulled.</summary>
    public void Add(PullCount pulled)
    {
        if (!pulled.Add())
            return;
        if (Interlocked.Increment(ref names) <= MaxWaiting)
            waiting.Enqueue(pulled);
        else
            Interlocked.Decrement(ref names);
    }

    /// <summary>Writes down what has come together.</summary>
    public override async Task FlushAsync(CancellationToken cancel)
    {
        do
        {
            var batch = new Dictionary<(string Repository, string? Tag), long>();
            while (batch.Count < BatchNames && waiting.TryDequeue(out var pulled))
            {
                Interlocked.Decrement(ref names);
                var key = (pulled.Route.Name.Value, pulled.Route.Reference.Tag?.Value);
                batch[key] = batch.GetValueOrDefault(key) + pulled.Take();
            }
            await counts.WriteAsync(batch.Select(one => (one.Key.Repository, one.Key.Tag, one.Value)), cancel);
        }
        while (!waiting.IsEmpty);
    }
}
