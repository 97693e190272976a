using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;

namespace Staithe.Access;

/// <summary>
/// Where somebody has signed in: browsers, and clients such as docker that keep a refresh token for the password. Each is a row
/// like that of a token, and ends with time, by signing out, with a new password and with the account; each beginning and each end
/// has its line in the audit.
/// </summary>
internal sealed class Sessions(Db db, AccessEpoch epoch, ServerSecret secret)
{
    const long CacheBytes = 1024 * 1024;
    const int LifetimeDays = 14;
    const int RefreshDays = 90;
    static readonly TimeSpan Remembering = TimeSpan.FromSeconds(10);
    static readonly TimeSpan Stale = TimeSpan.FromMinutes(5); // so exactly does somebody want to know when a browser was last seen

    readonly BoundedCache<Remembered> cache = new(CacheBytes);

    /// <summary>How long one lasts.</summary>
    public static TimeSpan Lifetime { get; } = TimeSpan.FromDays(LifetimeDays);

    /// <summary>Begins one in a browser; its secret, for the browser.</summary>
    /// <param name="who">Whose.</param>
    /// <param name="address">Where the browser is.</param>
    /// <param name="name">What its owner knows it by again.</param>
    /// <param name="cancel">Gives up.</param>
    /// <param name="how">How they signed in, for the audit.</param>
    /// <param name="former">The secret of the session that the browser had, which ends by that; null without.</param>
    public async Task<string> StartAsync(
        Identity who,
        string? address,
        string name,
        CancellationToken cancel,
        string how = "in a browser",
        string? former = null)
    {
        var text = Secret.Create(Secret.Session);
        var hash = secret.Hash(text);
        var ending = former is not null && Secret.Is(former, Secret.Session) ? secret.Hash(former) : null;
        await db.WriteAsync(
            SpaceUse.Small,
            async session =>
            {
                if (ending is not null)
                    await EndAsync(session, ending, address, "signed in anew in that browser");
                await AccessTokenTable.CreateAsync(session, who.Id, AccessTokenTable.Session, name, hash, (Rights.Admin, null), await Expiry.InAsync(session, LifetimeDays), null);
                await AccessTokenTable.DeleteExpiredAsync(session, 100);
                await AuditTable.AddAsync(session, new Actor(who.Name, address), new Deed("sign-in", who.Name, who.Name, how));
            },
            cancel);
        if (ending is not null)
            cache.Remove(ending);
        return text;
    }

    /// <summary>Begins one for a client; its refresh token, which the client keeps in place of the password.</summary>
    public async Task<string> StartClientAsync(Identity who, string? address, CancellationToken cancel)
    {
        var text = Secret.Create(Secret.Refresh);
        var (hash, limit) = (secret.Hash(text), who.Limit);
        await db.WriteAsync(
            SpaceUse.Small,
            async session =>
            {
                var expiresAt = Decision.Earlier(await Expiry.InAsync(session, RefreshDays), who.EndsAt);
                await AccessTokenTable.CreateAsync(
                    session,
                    who.Id,
                    AccessTokenTable.Refresh,
                    "docker login",
                    hash,
                    (limit?.Rights ?? Rights.Admin, limit?.Target),
                    expiresAt,
                    limit?.TokenId);
                await AccessTokenTable.DeleteExpiredAsync(session, 100);
                var deed = new Deed("sign-in", who.Name, who.Name, "with a client that keeps a refresh token, such as docker");
                await AuditTable.AddAsync(session, new Actor(who.Name, address), deed);
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
    public async Task EndAsync(string text, string? address, CancellationToken cancel)
    {
        if (!Secret.Is(text, Secret.Session))
            return;
        var hash = secret.Hash(text);
        await db.WriteAsync(SpaceUse.Frees, session => EndAsync(session, hash, address, null), cancel);
        cache.Remove(hash);
    }

    static async Task EndAsync(DbSession session, string hash, string? address, string? why)
    {
        if (await AccessTokenTable.FindBySecretAsync(session, hash) is not { } ended)
            return; // it has ended already
        await AccessTokenTable.DeleteBySecretAsync(session, hash);
        await AuditTable.AddAsync(session, new Actor(ended.UserName, address), new Deed("sign-out", ended.UserName, ended.UserName, why));
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
