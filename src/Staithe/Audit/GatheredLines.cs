using System.Collections.Concurrent;
using System.Globalization;
using Staithe.Database;

namespace Staithe.Audit;

/// <summary>
/// Lines of what has no transaction of its own. They are gathered for a few seconds, the same thing once with a count, and then written:
/// however much there is, it costs the database one short write, and never the request. Beyond a bound, what is new is only counted.
/// </summary>
/// <param name="db">Where the record is.</param>
/// <param name="word">What they are lines of, for the count of what was dropped.</param>
/// <param name="most">How many different things are told apart between two writes.</param>
/// <param name="add">Writes one.</param>
/// <param name="failed">Is told why they could not be written.</param>
/// <param name="use">Whether they are worth some of the reserve of a full disk.</param>
internal abstract class GatheredLines(
    Db db,
    string word,
    int most,
    Func<DbSession, Actor, Deed, Task> add,
    Action<Exception> failed,
    SpaceUse use = SpaceUse.Grows) : GatheredWrites(db, TimeSpan.FromSeconds(5), failed)
{
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
        var lines = new List<(Actor Actor, Deed Deed)>();
        foreach (var (actor, deed) in gathered.Keys)
        {
            if (gathered.TryRemove((actor, deed), out var count))
                lines.Add((actor, count == 1 ? deed : deed with { Detail = string.Create(CultureInfo.InvariantCulture, $"{(deed.Detail is null ? "" : $"{deed.Detail}; ")}{count} times") }));
        }
        if (Interlocked.Exchange(ref dropped, 0) is > 0 and var more)
            lines.Add((new Actor(Actor.Anybody, null), new Deed(word, "", null, string.Create(CultureInfo.InvariantCulture, $"{more} more, of too many kinds to be told apart"))));
        foreach (var some in lines.Chunk(LinesAtOnce))
        {
            await Db.WriteAsync(
                use,
                async session =>
                {
                    foreach (var (actor, deed) in some)
                        await add(session, actor, deed);
                },
                cancel);
        }
    }

    const int LinesAtOnce = 1000; // others write too
}
