using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Federation;
using Staithe.Jobs;

namespace Staithe.Access;

/// <summary>Too many attempts, or too many at once.</summary>
internal class SignInBusyException(TimeSpan wait, string message = "too many attempts to sign in: wait, then try again") : Exception(message)
{
    /// <summary>After how long it is worth trying again.</summary>
    public TimeSpan Wait { get; } = wait;

    /// <summary>The same in whole seconds, as <c>Retry-After</c> takes it.</summary>
    public string RetryAfter => Math.Ceiling(Wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
}

/// <summary>What keeps the passwords does not answer, so that nobody knows whether it is the right one.</summary>
internal sealed class SignInAwayException(TimeSpan wait) : SignInBusyException(wait, "the directory that keeps the passwords does not answer: try again later");

/// <summary>
/// Turns a name and a secret into an identity. The answer is the same, and takes as long, whether the name is unknown, the password wrong
/// or the account disabled. What was verified is remembered for a short while, because clients send it again and again and a password
/// takes long on purpose.
/// </summary>
/// <param name="db">Where accounts are.</param>
/// <param name="epoch">Moves when one changes.</param>
/// <param name="secret">Hashes tokens.</param>
/// <param name="limits">Slow down whoever guesses.</param>
/// <param name="refusals">Note what was refused.</param>
/// <param name="keyless">Lets robots in by tokens from elsewhere.</param>
/// <param name="runner">Writes when tokens were used last.</param>
/// <param name="directory">Keeps the passwords of those who have none here; null where there is none.</param>
internal sealed class SignIn(Db db, AccessEpoch epoch, ServerSecret secret, SignInLimits limits, Refusals refusals, KeylessRobots keyless, UnitRunner runner, DirectorySignIn? directory = null) : GatheredWrites(runner, WorkKind.LastUse, TimeSpan.FromSeconds(30))
{
    const long CacheBytes = 2 * 1024 * 1024;
    const int MaxWaiting = 64;
    static readonly TimeSpan Remembered = TimeSpan.FromMinutes(10);
    static readonly TimeSpan DirectoryRemembered = TimeSpan.FromMinutes(5); // what the directory changes, nobody tells us
    static readonly TimeSpan TokenRemembered = TimeSpan.FromSeconds(10); // it may end at any moment, and costs one statement
    static readonly TimeSpan Busy = TimeSpan.FromSeconds(2);

    readonly byte[] cacheKey = RandomNumberGenerator.GetBytes(32); // nobody can tell a password from what is in memory
    readonly BoundedCache<Verified> cache = new(CacheBytes);
    readonly SemaphoreSlim hashing = new(Math.Max(1, Environment.ProcessorCount / 2)); // however many sign in, others are served too
    readonly ConcurrentDictionary<(IdentityKind Kind, long Id), bool> used = new();
    readonly GatheredUnits<(IdentityKind Kind, long Id)> lastUses = new(runner, WorkKind.LastUse, one => $"{one.Kind} token {one.Id}", WriteLastUsesAsync, most: 100_000);
    int waiting;

    Db Db { get; } = db;

    /// <summary>Who it is; null when the name and the secret do not belong together.</summary>
    /// <param name="name">A user, or a robot as <c>space+name</c>; with a token any name will do, as some clients insist on one of their own.</param>
    /// <param name="password">A password or a token; of a keyless robot, one of an issuer that it trusts.</param>
    /// <param name="address">Where the caller is.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="SignInBusyException">Too many attempts.</exception>
    public async Task<Identity?> TryAsync(string name, string password, string? address, CancellationToken cancel)
    {
        var key = CacheKey(name, password);
        if (FindRemembered(key) is { } remembered)
            return remembered;
        RequirePatience(address, name);
        var stamp = epoch.Stamp;
        var (who, lasts) = KeylessRobots.Takes(name, password)
            ? (await FindKeylessAsync(name, password, address, cancel), TokenRemembered)
            : await FindAsync(name, password, address, cancel);
        if (who is null)
            return null;
        limits.Succeeded(name);
        cache.Remove(key);
        cache.TryAdd(key, new Verified(who, stamp, TimeProvider.System.GetTimestamp(), lasts), 512, cache.Version(key));
        return who;
    }

    /// <summary>The keyless robot; null when the name is none's, or nothing says that the token lets it in.</summary>
    /// <exception cref="SignInBusyException">Too many attempts.</exception>
    public Task<Identity?> TryKeylessAsync(string name, string token, string? address, CancellationToken cancel) =>
        TryAsync(name, KeylessRobots.Takes(name, token) ? token : "", address, cancel); // what is no such token must not pass for a password

    /// <summary>Whose refresh token it is, and the token's number; null when it is none, or has ended.</summary>
    /// <exception cref="SignInBusyException">Too many attempts.</exception>
    public async Task<Identity?> TryRefreshAsync(string token, string? address, CancellationToken cancel)
    {
        RequirePatience(address, null);
        var found = Secret.Is(token, Secret.Refresh) ? await FindTokenAsync(token, cancel) : null;
        if (found is null)
            Refuse(null, address, "with a refresh token");
        return found;
    }

    /// <summary>Writes when tokens and robots were used last.</summary>
    public override async Task FlushAsync(CancellationToken cancel)
    {
        var now = used.Keys.ToList();
        now.ForEach(key => used.TryRemove(key, out _));
        await lastUses.WriteAsync(now, cancel);
    }

    static async Task WriteLastUsesAsync(DbSession session, IReadOnlyList<(IdentityKind Kind, long Id)> used)
    {
        await AccessTokenTable.UsedAsync(session, [.. used.Where(one => one.Kind == IdentityKind.User).Select(one => one.Id)]);
        await RobotTable.UsedAsync(session, [.. used.Where(one => one.Kind == IdentityKind.Robot).Select(one => one.Id)]);
    }

    public override void Dispose()
    {
        hashing.Dispose();
        directory?.Dispose();
        base.Dispose();
    }

    // A failure takes as long whether it is for the name or for the password, and for whichever of the two kinds of accounts.
    async Task<(Identity? Who, TimeSpan Lasts)> FindAsync(string name, string password, string? address, CancellationToken cancel)
    {
        var started = Stopwatch.GetTimestamp();
        var (who, lasts) = await VerifyAsync(name, password, address, cancel);
        if (who is not null)
            return (who, lasts);
        Refuse(name, address, null);
        if (directory is null)
            return (null, lasts);
        await DirectorySignIn.WaitToRefuseAsync(started, cancel);
        // While the directory is away, whoever has no password here is told so; then everybody is, or it would show who has one.
        return directory.IsAway && lasts != TokenRemembered ? throw new SignInAwayException(Busy) : (null, lasts);
    }

    async Task<(Identity? Who, TimeSpan Lasts)> VerifyAsync(string name, string password, string? address, CancellationToken cancel)
    {
        if (Secret.Is(password, Secret.Personal))
            return (await FindTokenAsync(password, cancel), TokenRemembered);
        if (Secret.Is(password, Secret.Robot))
            return (await FindRobotAsync(name, password, cancel), TokenRemembered);

        var user = SpaceName.TryParse(name, out _) ? await Db.ReadAsync(session => UserTable.FindAsync(session, name), cancel) : null;
        return directory is null || user is { Password: not null }
            ? (await VerifyHereAsync(user, password, cancel), Remembered)
            : (await VerifyThereAsync(name, password, address, cancel), DirectoryRemembered);
    }

    // Both are waited for: one takes as long as for a password that is kept here, the other as long as the directory takes.
    async Task<Identity?> VerifyThereAsync(string name, string password, string? address, CancellationToken cancel)
    {
        var mayBe = password.Length <= PasswordHash.MaxLength;
        var hashing = HashAsync(() => PasswordHash.Verify("", PasswordHash.OfNobody), cancel);
        var asking = directory!.FindAsync(name, mayBe ? password : "", address, cancel);
        await Task.WhenAll(hashing, asking);
        if (await asking is not { } user)
            return null;
        await Db.WriteAsync(SpaceUse.Small, session => UserTable.SignedInAsync(session, user.Id), cancel);
        return new Identity(IdentityKind.User, user.Id, user.Name, user.IsAdmin) { Shown = Credential.OfPassword(secret, user.Id, null) };
    }

    async Task<Identity?> VerifyHereAsync(UserRow? user, string password, CancellationToken cancel)
    {
        var mayBe = password.Length <= PasswordHash.MaxLength;
        var right = await HashAsync(() => PasswordHash.Verify(mayBe ? password : "", user?.Password ?? PasswordHash.OfNobody), cancel);
        if (user is not { DisabledAt: null, Password: not null } || !mayBe || !right)
            return null;
        var stronger = PasswordHash.IsWeak(user.Password) ? await HashAsync(() => PasswordHash.Create(password), cancel) : null;
        await Db.WriteAsync(
            SpaceUse.Small,
            async session =>
            {
                await UserTable.SignedInAsync(session, user.Id);
                if (stronger is not null)
                    await UserTable.SetPasswordAsync(session, user.Id, stronger);
            },
            cancel);
        return new Identity(IdentityKind.User, user.Id, user.Name, user.IsAdmin) { Shown = Credential.OfPassword(secret, user.Id, stronger ?? user.Password) };
    }

    async Task<Identity?> FindTokenAsync(string token, CancellationToken cancel)
    {
        var hash = secret.Hash(token);
        if (await Db.ReadAsync(session => AccessTokenTable.FindBySecretAsync(session, hash), cancel) is not { } row)
            return null;
        used[(IdentityKind.User, row.Id)] = true;
        return new Identity(IdentityKind.User, row.UserId, row.UserName, row.UserIsAdmin && row.Rights.HasFlag(Rights.Manage) && row.Target is null, new Limit(row.Id, row.Rights, row.Target))
        {
            EndsAt = row.ExpiresAt,
            Shown = new Credential(CredentialKind.Token, row.Id),
        };
    }

    async Task<Identity?> FindRobotAsync(string name, string password, CancellationToken cancel)
    {
        var hash = secret.Hash(password);
        if (await Db.ReadAsync(session => RobotTable.FindBySecretAsync(session, hash), cancel) is not { } row || (row.FullName != name && !await WasCalledAsync(row, name, cancel)))
            return null;
        used[(IdentityKind.Robot, row.Id)] = true;
        return new Identity(IdentityKind.Robot, row.Id, row.FullName, false) { EndsAt = row.ExpiresAt, Shown = Credential.OfRobot(secret, row.Id, hash) };
    }

    // Why not is for the audit alone. An issuer that cannot be asked is nobody's guess.
    async Task<Identity?> FindKeylessAsync(string name, string token, string? address, CancellationToken cancel)
    {
        try
        {
            var (robot, why, space) = await keyless.TryAsync(name, token, cancel);
            if (robot is not null)
            {
                used[(IdentityKind.Robot, robot.Id)] = true;
                return new Identity(IdentityKind.Robot, robot.Id, robot.FullName, false) { EndsAt = robot.EndsAt, Shown = new Credential(CredentialKind.Trust, robot.TrustId) };
            }
            Refuse(name, address, $"keyless: {why}", space);
        }
        catch (FederationException e)
        {
            Refuse(name, address, $"keyless: {e.Message}", isGuess: !e.IsOutage);
        }
        return null;
    }

    void RequirePatience(string? address, string? name)
    {
        if (limits.Wait(address, name) is var wait && wait > TimeSpan.Zero)
            throw new SignInBusyException(wait);
    }

    // Counts against whoever guesses, and is written down.
    void Refuse(string? name, string? address, string? why, string? space = null, bool isGuess = true)
    {
        if (isGuess)
            limits.Failed(address, name);
        refusals.Add(new Actor(name is null ? Actor.Anybody : Oci.OciException.Quote(name), address), new Deed("sign-in", "", space, why));
    }

    // The name of a robot holds its space's, and a machine goes on by the one that it was given.
    async Task<bool> WasCalledAsync(RobotRow robot, string name, CancellationToken cancel) =>
        name.EndsWith($"+{robot.Name}", StringComparison.Ordinal)
        && (await Db.ReadAsync(session => SpaceTable.FindAsync(session, name[..^(robot.Name.Length + 1)]), cancel))?.Name == robot.Space;

    async Task<T> HashAsync<T>(Func<T> hash, CancellationToken cancel)
    {
        if (Interlocked.Increment(ref waiting) > MaxWaiting)
        {
            Interlocked.Decrement(ref waiting);
            throw new SignInBusyException(Busy);
        }
        try
        {
            await hashing.WaitAsync(cancel);
            try
            {
                return await Task.Run(hash, cancel);
            }
            finally
            {
                hashing.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    Identity? FindRemembered(string key) =>
        cache.Find(key) is { } found && found.Stamp == epoch.Stamp && TimeProvider.System.GetElapsedTime(found.At) < found.Lasts && !HasEnded(found.Who) ? found.Who : null;

    static bool HasEnded(Identity who) => who.EndsAt <= TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    string CacheKey(string name, string password) => Convert.ToBase64String(HMACSHA256.HashData(cacheKey, Encoding.UTF8.GetBytes($"{name}\n{password}")));

    sealed record Verified(Identity Who, long Stamp, long At, TimeSpan Lasts);
}
