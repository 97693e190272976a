namespace Staithe.Access;

/// <summary>
/// How many attempts have failed under a key, and how many are under way. An attempt is counted before its password is looked at,
/// so that many at once are no more than as many in a row. After <see cref="Free"/> failures each further one doubles the wait; an
/// hour without one forgives all. Whoever uses it holds a lock.
/// </summary>
/// <param name="clock">Tells the time.</param>
/// <param name="capacity">The most keys. When they are all taken, those go whose loss helps a guesser least: with few failures,
/// long ago.</param>
internal sealed class GuessCounts(TimeProvider clock, int capacity = 100_000)
{
    /// <summary>So many failures cost nothing.</summary>
    public const int Free = 10;

    static readonly TimeSpan Forgiven = TimeSpan.FromHours(1);

    readonly Dictionary<UInt128, Entry> entries = [];

    /// <summary>How many keys there are now.</summary>
    public int Keys => entries.Count;

    /// <summary>How long the next attempt has to wait; never longer than <paramref name="most"/>.</summary>
    public TimeSpan Wait(UInt128 key, TimeSpan most)
    {
        if (!entries.TryGetValue(key, out var entry) || entry.Failed < Free || IsForgiven(entry))
            return TimeSpan.Zero;
        var wait = TimeSpan.FromSeconds(Math.Min(most.TotalSeconds, Math.Pow(2, Math.Min(entry.Failed - Free, 20))));
        var left = wait - clock.GetElapsedTime(entry.LastAt);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>Whether one more may begin beside those that are under way, should all of them fail.</summary>
    public bool HasRoom(UInt128 key) =>
        !entries.TryGetValue(key, out var entry) || entry.Pending == 0 || (IsForgiven(entry) ? 0 : entry.Failed) + entry.Pending < Free;

    /// <summary>An attempt begins.</summary>
    public void Begin(UInt128 key)
    {
        if (!entries.TryGetValue(key, out var entry))
        {
            if (entries.Count >= capacity)
                Evict();
            entries[key] = entry = new Entry();
        }
        entry.Pending++;
    }

    /// <summary>An attempt that began has failed, or ends as if it had not been made.</summary>
    public void End(UInt128 key, bool failed)
    {
        if (!entries.TryGetValue(key, out var entry))
            return;
        entry.Pending = Math.Max(0, entry.Pending - 1);
        if (failed)
        {
            entry.Failed = IsForgiven(entry) ? 1 : entry.Failed + 1;
            entry.LastAt = clock.GetTimestamp();
        }
        else if (entry is { Pending: 0, Failed: 0 })
        {
            entries.Remove(key);
        }
    }

    /// <summary>Nothing has failed.</summary>
    public void Forgive(UInt128 key)
    {
        if (entries.TryGetValue(key, out var entry) && (entry.Failed = 0) == entry.Pending)
            entries.Remove(key);
    }

    bool IsForgiven(Entry entry) => clock.GetElapsedTime(entry.LastAt) > Forgiven;

    void Evict()
    {
        var least = entries.Where(one => one.Value.Pending == 0)
            .OrderBy(one => IsForgiven(one.Value) ? 0 : one.Value.Failed)
            .ThenBy(one => one.Value.LastAt);
        foreach (var (key, _) in least.Take(Math.Max(1, capacity / 4)).ToList())
            entries.Remove(key);
    }

    sealed class Entry
    {
        public int Failed { get; set; }

        public int Pending { get; set; }

        public long LastAt { get; set; }
    }
}
