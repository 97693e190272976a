using System.Globalization;
using Staithe.Accounts;
using Staithe.Content;
using Staithe.Database;
using Staithe.Events;
using Staithe.Oci;

namespace Staithe.Access;

/// <summary>Reads what <see cref="AccessPolicy"/> needs, and remembers what it said until something changes (<see cref="AccessEpoch"/>).</summary>
internal sealed class AccessLookup(Db db, AccessEpoch epoch) : IEventListener
{
    const long CacheBytes = 4 * 1024 * 1024;
    const int EntryBytes = 256;
    static readonly TimeSpan Remembering = TimeSpan.FromSeconds(30); // what another process did not announce is noticed by then

    readonly BoundedCache<Remembered> cache = new(CacheBytes);
    readonly long[] made = new long[1 << 12];

    /// <summary>That everybody may pull from a repository, if that is remembered.</summary>
    public PullTerms? FindTermsForEverybody(RepositoryName name) =>
        FindRemembered(name, Key(Identity.Anonymous, name)) is { } found && found.Reach.Decision.May(Rights.Pull)
            ? new PullTerms(found.Stamp, found.At)
            : null;

    /// <summary>Whether that is still known to be so.</summary>
    public bool Holds(PullTerms terms) => terms.Stamp == epoch.Stamp && TimeProvider.System.GetElapsedTime(terms.DecidedAt) < Remembering;

    /// <summary>What the asker may do with a repository, whether there is one or not. By a name that it had before, it is the same repository.</summary>
    public async Task<Decision> DecideAsync(Identity who, RepositoryName name, CancellationToken cancel) => (await ReachAsync(who, name, cancel)).Decision;

    /// <summary>The same, with the name that the repository has now, as far as somebody was asked who it is.</summary>
    public async Task<Reach> ReachAsync(Identity who, RepositoryName name, CancellationToken cancel)
    {
        if (who.Kind == IdentityKind.Anybody)
            return new Reach(name, Decision.Everything);
        var key = Key(who, name);
        if (FindRemembered(name, key) is { } remembered)
            return remembered.Reach;
        var (stamp, version) = (epoch.Stamp, Volatile.Read(ref Made(name)));
        var explained = await db.ReadAtOnceAsync(session => ExplainAsync(session, who, name), cancel);
        var reach = new Reach(explained.Place?.Name ?? name, explained.Decision);
        // That there is none is remembered too, or the time of an answer would tell it from one that the asker may not see; a push
        // ends that.
        cache.Remove(key);
        var absent = explained.Place?.Visibility is null ? version : (long?)null;
        var entry = new Remembered(reach, stamp, TimeProvider.System.GetTimestamp(), reach.Decision.FirstEnd, absent);
        cache.TryAdd(key, entry, EntryBytes + (2 * key.Length), cache.Version(key));
        return reach;
    }

    /// <summary>What to say to somebody who was refused (<see cref="RefusalReason"/>).</summary>
    public Task<string> SayRefusalAsync(Identity who, RepositoryName name, Rights missing, TagName? tag, CancellationToken cancel) =>
        db.ReadAsync(session => RefusalReason.OfAsync(session, who, name, missing, tag), cancel);

    /// <summary>
    /// Of a new repository nobody remembers any more that there is none of its name. What is remembered of other names stays: nobody can make
    /// others forget which names there are not by pushing to their own.
    /// </summary>
    public void Hear(ContentEvent one)
    {
        if (one is { Kind: EventKind.RepositoryCreated, Name: { } name })
            Interlocked.Increment(ref Made(name));
    }

    // All of these move the epoch, by which everything here is remembered.
    public void MissSome() { }

    public void MissOneUnderWay() { }

    public void HearNothing() { }

    /// <summary>The same, inside a transaction, with nothing remembered and with what it was decided by.</summary>
    public static async Task<Explanation> ExplainAsync(DbSession session, Identity who, RepositoryName name)
    {
        var found = await FindPlaceAsync(session, name);
        // Only a name that no repository has now can be one that a repository had before.
        if (found.Place?.Visibility is null && await RepositoryTable.FindPresentNameAsync(session, name) is var present && present != name)
            found = await FindPlaceAsync(session, present);
        var isHere = found.Place?.Visibility is not null;
        var grants = await ListGrantsAsync(session, who, found.SpaceId, (found.Place?.Name ?? name).Value);
        var decision = AccessPolicy.Decide(who, found.Place, grants);
        if (isHere && !decision.May(Rights.Pull))
            await RepositoryTable.FindPresentNameAsync(session, name); // as much work as where there is none
        return new Explanation(decision, found.Place, grants);
    }

    /// <summary>What the asker may do with everything that a target of grants in the space reaches.</summary>
    public static async Task<Decision> DecideAsync(DbSession session, Identity who, SpaceRow space, string target) =>
        (await ExplainAsync(session, who, space, target)).Decision;

    /// <summary>The same, with what it was decided by.</summary>
    public static async Task<(Decision Decision, IReadOnlyList<GrantRow> Grants)> ExplainAsync(DbSession session, Identity who, SpaceRow space, string target)
    {
        var grants = await ListGrantsAsync(session, who, space.Id, target);
        return (AccessPolicy.DecideOnAll(who, space.OwnerId, target, grants), grants);
    }

    static Task<(long SpaceId, Place? Place)> FindPlaceAsync(DbSession session, RepositoryName name) => session.FindAsync<(long, Place?)>(
        FindPlaceSql,
        row => (row.GetInt64(0), new Place(name, row.IsDBNull(1) ? null : row.GetInt64(1), row.IsDBNull(2) ? null : VisibilityText.Read(row.GetString(2)))),
        name.Space,
        name.Value);

    static async Task<List<GrantRow>> ListGrantsAsync(DbSession session, Identity who, long spaceId, string target) => who.Kind switch
    {
        IdentityKind.User => await GrantTable.ListOfUserAsync(session, spaceId, who.Id, target),
        IdentityKind.Robot => await GrantTable.ListOfRobotAsync(session, spaceId, who.Id, target),
        _ => [],
    };

    Remembered? FindRemembered(RepositoryName name, string key) =>
        cache.Find(key) is { } found && found.Stamp == epoch.Stamp
            && (found.Absent is not { } version || version == Volatile.Read(ref Made(name)))
            && TimeProvider.System.GetElapsedTime(found.At) < Remembering && !found.HasEnded ? found : null;

    ref long Made(RepositoryName name) => ref made[(uint)name.Value.GetHashCode(StringComparison.Ordinal) % made.Length];

    static string Key(Identity who, RepositoryName name) => who.Kind == IdentityKind.Anonymous
        ? name.Value
        : string.Create(CultureInfo.InvariantCulture, $"{(int)who.Kind}:{who.Id}:{who.Limit?.TokenId}:{who.EndsAt}:{name.Value}");

    static readonly Sql FindPlaceSql = new("""
        select s.id, s.owner_id, r.visibility from spaces s left join repositories r on r.name = $2 where s.name = $1 and s.removed_at is null
        """);

    // Absent: with which version of the names that were made it was seen that there is none; null where there is one.
    sealed record Remembered(Reach Reach, long Stamp, long At, long? EndsAt, long? Absent)
    {
        public bool HasEnded => EndsAt is { } end && end <= TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
    }
}

/// <summary>A repository as somebody reaches it.</summary>
/// <param name="Name">The name that it has now, whatever it was called by.</param>
/// <param name="Decision">What may be done with it.</param>
internal sealed record Reach(RepositoryName Name, Decision Decision);

/// <summary>A decision and what it was made from.</summary>
/// <param name="Place">The repository, under the name that it has now; null when no space has its name.</param>
/// <param name="Grants">What the asker was given that reaches it.</param>
internal sealed record Explanation(Decision Decision, Place? Place, IReadOnlyList<GrantRow> Grants);
