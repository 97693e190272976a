using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;

namespace Staithe.Access;

/// <summary>
/// Browsers in which somebody has signed in. A session is a row like that of a token, and ends with time, by signing out, with a new password
/// and with the account.
/// </summary>
internal sealed class Sessions(Db db, AccessEpoch epoch, ServerSecret secret)
{
    const long CacheBytes = 1024 * 1024;
    const int LifetimeDays = 14;
    static readonly TimeSpan Remembering = TimeSpan.FromSeconds(10);
    static readonly TimeSpan Stale = TimeSpan.FromMinutes(5); // so exactly does somebody want to know when a browser was last seen

    readonly BoundedCache<Remembered> cache = new(CacheBytes);

    /// <summary>How long one lasts.</summary>
    public static TimeSpan Lifetime { get; } = TimeSpan.FromDays(LifetimeDays);

    /// <summary>Begins one; its secret, for the browser.</summary>
    /// <param name="who">Whose.</param>
    /// <param name="address">Where the browser is.</param>
    /// <param name="name">What its owner knows it by again.</param>
    /// <param name="cancel">Gives up.</param>
    /// <param name="how">How they signed in, for the audit.</param>
    public async Task<string> StartAsync(Identity who, string? address, string name, CancellationToken cancel, string how = "in a browser")
    {
        var text = Secret.Create(Secret.Session);
        var hash = secret.Hash(text);
        await db.WriteAsync(
            SpaceUse.Small,
            async session =>
            {
                await AccessTokenTable.CreateAsync(session, who.Id, AccessTokenTable.Session, name, hash, (Rights.Admin, null), await Expiry.InAsync(session, LifetimeDays), null);
                await AccessTokenTable.DeleteExpiredAsync(session, 100);
                await AuditTable.AddAsync(session, new Actor(who.Name, address), new Deed("sign-in", who.Name, who.Name, how));
            },
            cancel);
        return text;
    }

    /// <summary>Whose it is; null when there is none, or it has ended.</summary>
    public async Task<Identity?> FindAsync(string text, CancellationToken cancel)
    {
        if (!Secret.Is(text, Secret.Session))
            return null;
        var hash = secret.Hash(text);
        if (cache.Find(hash) is { } found && found.Stamp == epoch.Stamp && TimeProvider.System.GetElapsedTime(found.At) < Remembering)
            return found.Who;
        var stamp = epoch.Stamp;
        if (await db.ReadAsync(session => AccessTokenTable.FindBySecretAsync(session, hash), cancel) is not { Kind: AccessTokenTable.Session } row)
            return null;
        var who = new Identity(IdentityKind.User, row.UserId, row.UserName, row.UserIsAdmin);
        await NoteUseAsync(row, cancel);
        cache.Remove(hash);
        cache.TryAdd(hash, new Remembered(who, stamp, TimeProvider.System.GetTimestamp()), 512, cache.Version(hash));
        return who;
    }

    /// <summary>The number of one that holds; 0 for none.</summary>
    public async Task<long> FindIdAsync(string text, CancellationToken cancel)
    {
        var hash = secret.Hash(text);
        return (await db.ReadAsync(session => AccessTokenTable.FindBySecretAsync(session, hash), cancel))?.Id ?? 0;
    }

    /// <summary>Ends one.</summary>
    public async Task EndAsync(string text, CancellationToken cancel)
    {
        if (!Secret.Is(text, Secret.Session))
            return;
        var hash = secret.Hash(text);
        await db.WriteAsync(SpaceUse.Frees, session => AccessTokenTable.DeleteBySecretAsync(session, hash), cancel);
        cache.Remove(hash);
    }

    async Task NoteUseAsync(AccessTokenRow row, CancellationToken cancel)
    {
        if (row.UsedAt is { } used && TimeProvider.System.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(used) < Stale)
            return;
        try
        {
            await db.WriteAsync(session => AccessTokenTable.UsedAsync(session, [row.Id]), cancel);
        }
        catch (Exception e) when (db.IsAway(e) || db.IsFull(e))
        {
            // last use is a courtesy
        }
    }

    sealed record Remembered(Identity Who, long Stamp, long At);
}
