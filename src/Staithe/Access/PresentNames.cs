using Staithe.Accounts;
using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Access;

/// <summary>
/// By which name a repository is called now that a client calls by one it had before. What was found is remembered until something changes
/// (<see cref="AccessEpoch"/>): every move of a name is such a change.
/// </summary>
internal sealed class PresentNames(Db db, AccessEpoch epoch)
{
    const long CacheBytes = 4 * 1024 * 1024;
    const int EntryBytes = 256;

    readonly BoundedCache<Remembered> cache = new(CacheBytes);

    /// <summary>Moves with every change of names and rights.</summary>
    public long Stamp => epoch.Stamp;

    /// <summary>The name it has now, if that is remembered.</summary>
    public RepositoryName? FindRemembered(RepositoryName name) => cache.Find(name.Value) is { } found && found.Stamp == epoch.Stamp ? found.Present : null;

    /// <summary>The name it has now; the name itself where no repository had it before.</summary>
    public async Task<RepositoryName> FindAsync(RepositoryName name, CancellationToken cancel) => FindRemembered(name) ?? await ReadAsync(name, cancel);

    /// <summary>The same, as the rows say now.</summary>
    public async Task<RepositoryName> ReadAsync(RepositoryName name, CancellationToken cancel)
    {
        var stamp = epoch.Stamp;
        var present = await db.ReadAsync(session => RepositoryTable.FindPresentNameAsync(session, name), cancel);
        cache.Remove(name.Value);
        cache.TryAdd(name.Value, new Remembered(present, stamp), EntryBytes + (2 * name.Value.Length), cache.Version(name.Value));
        return present;
    }

    sealed record Remembered(RepositoryName Present, long Stamp);
}
