using System.Globalization;
using Staithe.Database;
using Staithe.Jobs;

namespace Staithe.Audit;

/// <summary>
/// Lines of what has no transaction of its own. They are gathered for a few seconds, the same thing once with a count, and then
/// written: however much there is, it costs the database one short write, and never the request.
/// </summary>
/// <remarks>
/// What is beyond a bound is only counted, and counted for whoever did it: each actor and each address has a share of its own, so
/// that nobody's noise takes the place of what somebody else did.
/// </remarks>
/// <param name="runner">Writes them, each so that no other one suffers from it.</param>
/// <param name="word">What they are lines of, for the count of what was dropped.</param>
/// <param name="most">How many different things are told apart between two writes.</param>
/// <param name="mostOfOne">How many of them may be one actor's, or from one address.</param>
/// <param name="add">Writes one.</param>
/// <param name="use">Whether they are worth some of the reserve of a full disk.</param>
internal abstract class GatheredLines(
    UnitRunner runner,
    string word,
    int most,
    int mostOfOne,
    Func<DbSession, Actor, Deed, Task> add,
    SpaceUse use = SpaceUse.Grows)
    : GatheredWrites(runner, WorkKind.Audit, TimeSpan.FromSeconds(5))
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

    readonly Lock changing = new();
    Gathered gathered = new();

    /// <summary>Notes one.</summary>
    public void Add(Actor actor, Deed deed)
    {
        lock (changing)
            gathered.Add(actor, deed, most, mostOfOne);
    }

    /// <summary>Writes what was gathered.</summary>
    public override async Task FlushAsync(CancellationToken cancel)
    {
        await lines.WriteAsync(Take(), cancel);
    }

    List<(Actor Actor, Deed Deed)> Take()
    {
        Gathered taken;
        lock (changing)
            (taken, gathered) = (gathered, new Gathered());
        return taken.ToLines(word);
    }

    sealed class Gathered
    {
        readonly Dictionary<(Actor Actor, Deed Deed), int> lines = [];
        readonly Dictionary<(Actor Actor, string Action), int> more = [];
        readonly Dictionary<string, int> ofActor = [];
        readonly Dictionary<string, int> ofAddress = [];
        int rest;

        public void Add(Actor actor, Deed deed, int most, int mostOfOne)
        {
            if (lines.TryGetValue((actor, deed), out var count))
                lines[(actor, deed)] = count + 1;
            else if (lines.Count < most && HasShare(actor, mostOfOne))
                lines[(actor, deed)] = 1;
            else if (more.TryGetValue((actor, deed.Action), out var others))
                more[(actor, deed.Action)] = others + 1;
            else if (more.Count < most)
                more[(actor, deed.Action)] = 1;
            else
                rest++;
        }

        public List<(Actor Actor, Deed Deed)> ToLines(string word)
        {
            List<(Actor, Deed)> written = [.. lines.Select(line => (line.Key.Actor, Times(line.Key.Deed, line.Value)))];
            foreach (var ((actor, action), count) in more)
                written.Add((actor, new Deed(action, "", null, Text($"{count} more, of too many kinds to be told apart"))));
            if (rest > 0)
                written.Add((new Actor(Actor.Anybody, null), new Deed(word, "", null, Text($"{rest} more, by too many to be told apart"))));
            return written;
        }

        bool HasShare(Actor actor, int mostOfOne)
        {
            var address = actor.Address ?? "";
            var (byActor, byAddress) = (ofActor.GetValueOrDefault(actor.Name), ofAddress.GetValueOrDefault(address));
            if (byActor >= mostOfOne || byAddress >= mostOfOne)
                return false;
            (ofActor[actor.Name], ofAddress[address]) = (byActor + 1, byAddress + 1);
            return true;
        }

        static Deed Times(Deed deed, int count) =>
            count == 1 ? deed : deed with { Detail = Text($"{(deed.Detail is null ? "" : $"{deed.Detail}; ")}{count} times") };

        static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }
}
