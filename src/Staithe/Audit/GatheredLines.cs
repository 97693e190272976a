using System.Collections.Concurrent;
using System.Globalization;
using Staithe.Database;
using Staithe.Jobs;

namespace Staithe.Audit;

/// <summary>
/// Lines of what has no transaction of its own. They are gathered for a few seconds, the same thing once with a count, and then written:
/// however much there is, it costs the database one short write, and never the request. Beyond a bound, what is new is only counted.
/// </summary>
/// <param name="runner">Writes them, each so that no other one suffers from it.</param>
/// <param name="word">What they are lines of, for the count of what was dropped.</param>
/// <param name="most">How many different things are told apart between two writes.</param>
/// <param name="add">Writes one.</param>
/// <param name="use">Whether they are worth some of the reserve of a full disk.</param>
internal abstract class GatheredLines(
    UnitRunner runner,
    string word,
    int most,
    Func<DbSession, Actor, Deed, Task> add,
    SpaceUse use = SpaceUse.Grows) : GatheredWrites(runner, WorkKind.Audit, TimeSpan.FromSeconds(5))
{
    readonly GatheredUnits<(Actor Actor, Deed Deed)> lines = new(
        runner,
        WorkKind.Audit,
        line => $"{line.Deed.Action} {line.Deed.Target} by {line.Actor.Name}",
        async (session, some) =>
        {
            foreach (var (actor, deed) in some)
                await add(session, actor, deed);
        },
        most,
        use);

    readonly ConcurrentDictionary<(Actor Actor, Deed Deed), int> gathered = new();
    int dropped;

    /// <summary>Notes one.</summary>
    public void Add(Actor actor, Deed deed)
    {
        if (gathered.Count < most || gathered.ContainsKey((actor, deed)))
            gathered.AddOrUpdate((actor, deed), 1, (_, count) => count + 1);
        else
            Interlocked.Increment(ref dropped);
    }

    /// <summary>Writes what was gathered.</summary>
    public override async Task FlushAsync(CancellationToken cancel)
    {
        var fresh = new List<(Actor Actor, Deed Deed)>();
        foreach (var (actor, deed) in gathered.Keys)
        {
            if (gathered.TryRemove((actor, deed), out var count))
                fresh.Add((actor, count == 1 ? deed : deed with { Detail = string.Create(CultureInfo.InvariantCulture, $"{(deed.Detail is null ? "" : $"{deed.Detail}; ")}{count} times") }));
        }
        if (Interlocked.Exchange(ref dropped, 0) is > 0 and var more)
            fresh.Add((new Actor(Actor.Anybody, null), new Deed(word, "", null, string.Create(CultureInfo.InvariantCulture, $"{more} more, of too many kinds to be told apart"))));
        await lines.WriteAsync(fresh, cancel);
    }
}
