using System.Collections.Concurrent;
using System.Diagnostics;

namespace Staithe.Content;

/// <summary>
/// What was read lately, up to a bound. Two generations: when the young one is full it becomes the old one, and what nobody asked for since
/// goes with the old one before it. A look-up that hits takes no lock.
/// </summary>
/// <remarks>
/// Never stale: whoever changes a row removes its key after the commit and before the answer; whoever reads a row asks for the key's
/// <see cref="Version"/> first, and an entry whose version has moved meanwhile is not taken in.
/// </remarks>
/// <param name="maxBytes">The most that the entries may weigh together.</param>
/// <param name="dropped">Told of each entry that leaves; it may still be in use.</param>
internal sealed class BoundedCache<T>(long maxBytes, Action<T>? dropped = null)
    where T : class
{
    const int Stripes = 256;

    readonly Lock changing = new();
    readonly long[] versions = new long[Stripes];
    ConcurrentDictionary<string, Entry> young = new();
    ConcurrentDictionary<string, Entry> old = new();
    long pausedUntil;
    long youngBytes;
    long oldBytes;

    /// <summary>What the entries weigh now.</summary>
    public long Bytes => Volatile.Read(ref youngBytes) + Volatile.Read(ref oldBytes);

    public T? Find(string key)
    {
        if (young.TryGetValue(key, out var entry))
            return entry.Value;
        return old.ContainsKey(key) ? Promote(key) : null;
    }

    /// <summary>To be asked before the row is read.</summary>
    public long Version(string key) => Volatile.Read(ref versions[Stripe(key)]);

    /// <summary>Takes in what was read after the version was asked for; false, and nothing is kept, when the key has changed since.</summary>
    public bool TryAdd(string key, T value, long bytes, long version)
    {
        if (bytes > maxBytes / 4)
            return false;
        lock (changing)
        {
            if (Stopwatch.GetTimestamp() < pausedUntil || versions[Stripe(key)] != version || !young.TryAdd(key, new Entry(value, bytes)))
                return false;
            Drop(old, ref oldBytes, key);
            Grow(bytes);
            return true;
        }
    }

    /// <summary>To be called after the change is committed and before anybody is told.</summary>
    public void Remove(string key)
    {
        lock (changing)
        {
            versions[Stripe(key)]++;
            Drop(young, ref youngBytes, key);
            Drop(old, ref oldBytes, key);
        }
    }

    /// <summary>Forgets everything, for a change that touches keys nobody knows, and takes nothing in for a while, should the change still be under way.</summary>
    public void Clear(TimeSpan pause = default)
    {
        lock (changing)
        {
            pausedUntil = Stopwatch.GetTimestamp() + (long)(pause.TotalSeconds * Stopwatch.Frequency);
            for (var i = 0; i < Stripes; i++)
                versions[i]++;
            Rotate();
            Rotate();
        }
    }

    static int Stripe(string key) => (int)((uint)key.GetHashCode(StringComparison.Ordinal) % Stripes);

    T? Promote(string key)
    {
        lock (changing)
        {
            if (!old.TryRemove(key, out var entry))
                return young.TryGetValue(key, out entry) ? entry.Value : null;
            oldBytes -= entry.Bytes;
            young[key] = entry;
            Grow(entry.Bytes);
            return entry.Value;
        }
    }

    void Grow(long bytes)
    {
        youngBytes += bytes;
        if (youngBytes > maxBytes / 2)
            Rotate();
    }

    void Rotate()
    {
        var leaving = old;
        (old, oldBytes) = (young, youngBytes);
        (young, youngBytes) = (new ConcurrentDictionary<string, Entry>(), 0);
        if (dropped is not null)
        {
            foreach (var entry in leaving.Values)
                dropped(entry.Value);
        }
    }

    void Drop(ConcurrentDictionary<string, Entry> generation, ref long bytes, string key)
    {
        if (!generation.TryRemove(key, out var entry))
            return;
        bytes -= entry.Bytes;
        dropped?.Invoke(entry.Value);
    }

    sealed record Entry(T Value, long Bytes);
}
