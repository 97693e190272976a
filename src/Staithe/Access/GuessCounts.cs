namespace Staithe.Access;

/// <summary>
/// How many attempts have failed under a key, as far as this server knows, and how many it has under way that are not counted yet. An attempt is known here
/// before its password is looked at, so that many at once are no more than as many in a row. After <see cref="Free"/> failures each further one doubles the
/// wait; an hour without one forgives all. Whoever uses it holds a lock.
/// </summary>
/// <param name="clock">Tells the time.</param>
/// <param name="capacity">The most keys. When they are all taken, those go whose loss helps a guesser least: with few failures,
/// long ago.</param>
internal sealed class GuessCounts(TimeProvider clock, int capacity = 100_000)
{
    /// <summary>So many failures cost nothing.</summary>
    public const int Free = 10;

    /// <summary>So many attempts under one key are under way at once without being counted first: other servers do not know of them.</summary>
    public const int UncountedAtOnce = 2;

    readonly Dictionary<UInt128, Entry> entries = [];

    /// <summary>How many keys there are now.</summary>
    public int Keys => entries.Count;

    long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>How long the next attempt has to wait; never longer than <paramref name="most"/>.</summary>
    public TimeSpan Wait(UInt128 key, TimeSpan most)
    {
        if (!entries.TryGetValue(key, out var entry) || FailedOf(entry) < Free)
            return TimeSpan.Zero;
        var wait = TimeSpan.FromSeconds(Math.Min(most.TotalSeconds, Math.Pow(2, Math.Min(entry.Failed - Free, 20))));
        var left = wait - TimeSpan.FromMilliseconds(Math.Max(0, Now - entry.LastAt)); // another server's clock may be ahead
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>Whether one more may begin beside those that are under way, should all of them fail.</summary>
    public bool HasRoom(UInt128 key) => !entries.TryGetValue(key, out var entry) || entry.Pending == 0 || FailedOf(entry) + entry.Pending < Free;

    /// <summary>The same of one that has begun, now that it is known what other servers have counted.</summary>
    public bool Fits(UInt128 key) => !entries.TryGetValue(key, out var entry) || entry.Pending <= 1 || FailedOf(entry) + entry.Pending <= Free;

    /// <summary>Whether one that has begun has to be counted before it is made.</summary>
    public bool MustCount(UInt128 key) => entries.TryGetValue(key, out var entry) && (entry.Pending > UncountedAtOnce || FailedOf(entry) >= Free);

    /// <summary>How many failures there may be for one that has begun to be counted as one more.</summary>
    public long RoomFor(UInt128 key) => Free - (entries.TryGetValue(key, out var entry) ? entry.Pending - 1 : 0);

    /// <summary>Whether anything has failed.</summary>
    public bool HasFailed(UInt128 key) => entries.TryGetValue(key, out var entry) && entry.Failed > 0;

    /// <summary>What all servers have counted.</summary>
    public void Learn(UInt128 key, long failed, long at)
    {
        if (failed > 0)
            (Get(key).Failed, Get(key).LastAt) = (failed, at);
        else if (entries.TryGetValue(key, out var entry) && (entry.Failed = 0) == entry.Pending)
            entries.Remove(key);
    }

    /// <summary>An attempt begins.</summary>
    public void Begin(UInt128 key) => Get(key).Pending++;

    /// <summary>An attempt that began has been counted, or ends as if it had not been made.</summary>
    public void End(UInt128 key)
    {
        if (!entries.TryGetValue(key, out var entry))
            return;
        entry.Pending = Math.Max(0, entry.Pending - 1);
        if (entry is { Pending: 0, Failed: 0 })
            entries.Remove(key);
    }

    /// <summary>Something has failed that this server alone counts.</summary>
    public void Fail(UInt128 key)
    {
        var entry = Get(key);
        (entry.Failed, entry.LastAt) = (FailedOf(entry) + 1, Now);
    }

    long FailedOf(Entry entry) => IsForgiven(entry) ? 0 : entry.Failed;

    bool IsForgiven(Entry entry) => Now - entry.LastAt > SharedGuesses.Forgiven.TotalMilliseconds;

    Entry Get(UInt128 key)
    {
        if (entries.TryGetValue(key, out var entry))
            return entry;
        if (entries.Count >= capacity)
            Evict();
        return entries[key] = new Entry();
    }

    void Evict()
    {
        var least = entries.Where(one => one.Value.Pending == 0).OrderBy(one => FailedOf(one.Value)).ThenBy(one => one.Value.LastAt);
        foreach (var (key, _) in least.Take(Math.Max(1, capacity / 4)).ToList())
            entries.Remove(key);
    }

    sealed class Entry
    {
        public long Failed { get; set; }

        public int Pending { get; set; }

        public long LastAt { get; set; }
    }
}
