using System.Globalization;
using Staithe.Accounts;
using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Access;

/// <summary>Reads what <see cref="AccessPolicy"/> needs, and remembers what it said until something changes (<see cref="AccessEpoch"/>).</summary>
internal sealed class AccessLookup(Db db, AccessEpoch epoch)
{
    const long CacheBytes = 4 * 1024 * 1024;
    const int EntryBytes = 256;
    static readonly TimeSpan Remembering = TimeSpan.FromSeconds(30); // what was given for a time ends without a change

    readonly BoundedCache<Remembered> cache = new(CacheBytes);

    /// <summary>What the asker may do, if that is remembered.</summary>
    public Decision? FindRemembered(Identity who, RepositoryName name) =>
        who.Kind == IdentityKind.Anybody ? Decision.Everything : FindRemembered(Key(who, name));

    /// <summary>What the asker may do with a repository, whether there is one or not.</summary>
    public async Task<Decision> DecideAsync(Identity who, RepositoryName name, CancellationToken cancel)
    {
        if (who.Kind == IdentityKind.Anybody)
            return Decision.Everything;
        var key = Key(who, name);
        if (FindRemembered(key) is { } remembered)
            return remembered;
        var stamp = epoch.Stamp;
        var (decision, exists) = await db.ReadAsync(session => ReadAsync(session, who, name), cancel);
        if (exists) // a push may make it at any moment
        {
            cache.Remove(key);
            cache.TryAdd(key, new Remembered(decision, stamp, TimeProvider.System.GetTimestamp()), EntryBytes + (2 * key.Length), cache.Version(key));
        }
        return decision;
    }

    /// <summary>The same, inside a transaction, with nothing remembered.</summary>
    public static async Task<Decision> DecideAsync(DbSession session, Identity who, RepositoryName name) => (await ReadAsync(session, who, name)).Decision;

    static async Task<(Decision Decision, bool Exists)> ReadAsync(DbSession session, Identity who, RepositoryName name)
    {
        var found = await session.FindAsync(
            FindPlaceSql,
            row => (SpaceId: row.GetInt64(0), Place: new Place(name, row.IsDBNull(1) ? null : row.GetInt64(1), row.IsDBNull(2) ? null : VisibilityText.Read(row.GetString(2)))),
            name.Space,
            name.Value);
        if (found.Place is null)
            return (AccessPolicy.Decide(who, null, []), false);
        var grants = who.Kind switch
        {
            IdentityKind.User => await GrantTable.ListOfUserAsync(session, found.SpaceId, who.Id, name),
            IdentityKind.Robot => await GrantTable.ListOfRobotAsync(session, found.SpaceId, who.Id, name),
            _ => [],
        };
        return (AccessPolicy.Decide(who, found.Place, grants), found.Place.Visibility is not null);
    }

    Decision? FindRemembered(string key) => cache.Find(key) is { } found && found.Stamp == epoch.Stamp && TimeProvider.System.GetElapsedTime(found.At) < Remembering ? found.Decision : null;

    static string Key(Identity who, RepositoryName name) => who.Kind == IdentityKind.Anonymous
        ? name.Value
        : string.Create(CultureInfo.InvariantCulture, $"{(int)who.Kind}:{who.Id}:{who.Limit?.TokenId}:{name.Value}");

    static readonly Sql FindPlaceSql = new("""
        select s.id, s.owner_id, r.visibility from spaces s left join repositories r on r.name = $2 where s.name = $1 and s.removed_at is null
        """);

    sealed record Remembered(Decision Decision, long Stamp, long At);
}
