using System.Globalization;
using System.Security.Cryptography;

namespace Staithe.Tests.Storage;

/// <summary>
/// A bucket in memory with the rules of S3: objects are whole when they are there and cannot be appended to; every part of a multipart
/// upload but the last has 5 MiB or more; parts are named by their number and the tag that the store gave them. Stricter than S3, it
/// refuses to write a key twice, because keys are to be unique.
/// </summary>
internal sealed class ObjectBucket(Faults faults)
{
    public const int MinPartBytes = 5 * 1024 * 1024;

    readonly Lock changing = new();
    readonly SortedDictionary<string, byte[]> objects = new(StringComparer.Ordinal);
    readonly Dictionary<string, Multipart> multiparts = [];
    int uploads;

    /// <summary>Every call takes a moment, each another one.</summary>
    public Random? Slowness { get; set; }

    public Task PutAsync(string key, byte[] bytes) =>
        CallAsync(() => objects.TryAdd(key, bytes) ? 0 : throw new ObjectException("PreconditionFailed"));

    public Task<byte[]> GetAsync(string key, long offset, int count) => CallAsync(() =>
    {
        var bytes = objects.GetValueOrDefault(key) ?? throw new ObjectException("NoSuchKey");
        return offset >= bytes.Length ? [] : bytes.AsSpan((int)offset, Math.Min(count, bytes.Length - (int)offset)).ToArray();
    });

    public Task<long?> FindLengthAsync(string key) => CallAsync(() => objects.TryGetValue(key, out var bytes) ? (long?)bytes.Length : null);

    public Task DeleteAsync(string key) => CallAsync(() => objects.Remove(key));

    public Task<List<string>> ListAsync(string prefix) =>
        CallAsync(() => objects.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).ToList());

    public Task<string> BeginAsync(string key) => CallAsync(() =>
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"multipart-{++uploads}");
        multiparts[id] = new Multipart(key);
        return id;
    });

    public Task<string> PutPartAsync(string id, int number, byte[] bytes) => CallAsync(() =>
    {
        var tag = Convert.ToHexStringLower(SHA256.HashData(bytes));
        Find(id).Parts[number] = (tag, bytes);
        return tag;
    });

    public Task CompleteAsync(string id, IReadOnlyList<string> tags) => CallAsync(() =>
    {
        var multipart = Find(id);
        var parts = tags.Select((tag, index) => multipart.Parts.TryGetValue(index + 1, out var part) && part.Tag == tag
            ? part.Bytes
            : throw new ObjectException("InvalidPart")).ToList();
        if (parts.SkipLast(1).Any(part => part.Length < MinPartBytes))
            throw new ObjectException("EntityTooSmall");
        if (!objects.TryAdd(multipart.Key, [.. parts.SelectMany(part => part)]))
            throw new ObjectException("PreconditionFailed");
        return multiparts.Remove(id);
    });

    public Task AbortAsync(string id) => CallAsync(() => multiparts.Remove(id));

    /// <summary>The multipart uploads that are under way, and their keys.</summary>
    public Task<List<(string Id, string Key)>> ListMultipartsAsync(string prefix) => CallAsync(() => multiparts
        .Where(one => one.Value.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(one => (one.Key, one.Value.Key)).ToList());

    public Task<long> CountPartBytesAsync(string id, IReadOnlyList<string> tags) => CallAsync(() =>
    {
        var parts = multiparts.GetValueOrDefault(id)?.Parts ?? [];
        return tags.Select((tag, index) => parts.TryGetValue(index + 1, out var part) && part.Tag == tag ? part.Bytes.Length : 0L).Sum();
    });

    /// <summary>Objects and multipart uploads.</summary>
    public int Count()
    {
        lock (changing)
            return objects.Count + multiparts.Count;
    }

    Multipart Find(string id) => multiparts.GetValueOrDefault(id) ?? throw new ObjectException("NoSuchUpload");

    async Task<T> CallAsync<T>(Func<T> deed)
    {
        await Task.Yield();
        if (Slowness is { } random)
        {
            int spins;
            lock (random)
                spins = random.Next(2000);
            Thread.SpinWait(spins);
        }
        return faults.Call(() =>
        {
            lock (changing)
                return deed();
        });
    }

    sealed record Multipart(string Key)
    {
        public Dictionary<int, (string Tag, byte[] Bytes)> Parts { get; } = [];
    }
}

/// <summary>The bucket says no.</summary>
internal sealed class ObjectException(string code) : Exception(code)
{
    public string Code { get; } = code;
}
