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

/// <summary>The password is right, and yet nobody is let in: why not is for the person who has shown it.</summary>
internal sealed class SignInRefusedException(string message) : Exception(message);

/// <summary>
/// Turns a name and a secret into an identity. The answer is the same, and takes as long, whether the name is unknown, the password
/// wrong or the account disabled. What was verified is remembered for a short while, because clients send it again and again and a
/// password takes long on purpose.
/// </summary>
/// <remarks>
/// A password counts as a guess before it is looked at (<see cref="SignInLimits"/>), by whichever way it is tried: all of them come
/// through here. A secret that the registry made has 260 random bits: it is looked up, counts against no name, and proves nothing
/// of the name beside it.
/// </remarks>
/// <param name="db">Where accounts are.</param>
/// <param name="epoch">Moves when one changes.</param>
/// <param name="secret">Hashes tokens.</param>
/// <param name="limits">Slow down whoever guesses.</param>
/// <param name="refusals">Note what was refused.</param>
/// <param name="keyless">Lets robots in by tokens from elsewhere.</param>
/// <param name="runner">Writes when tokens were used last.</param>
/// <param name="directory">Keeps the passwords of those who have none here; null where there is none.</param>
internal sealed class SignIn(
    Db db,
    AccessEpoch epoch,
    ServerSecret secret,
    SignInLimits limits,
    Refusals refusals,
    KeylessRobots keyless,
    UnitRunner runner,
    DirectorySignIn? directory = null)
    : GatheredWrites(runner, WorkKind.LastUse, TimeSpan.FromSeconds(30))
{
    const long CacheBytes = 2 * 1024 * 1024;
    static readonly TimeSpan Remembered = TimeSpan.FromMinutes(10);
    static readonly TimeSpan DirectoryRemembered = TimeSpan.FromMinutes(5); // what the directory changes, nobody tells us
    static readonly TimeSpan TokenRemembered = TimeSpan.FromSeconds(10); // it may end at any moment, and costs one statement
    static readonly TimeSpan Busy = TimeSpan.FromSeconds(2);

    readonly byte[] cacheKey = RandomNumberGenerator.GetBytes(32); // nobody can tell a password from what is in memory
    readonly BoundedCache<Verified> cache = new(CacheBytes);
    readonly HashQueue hashes = new(Math.Max(1, Environment.ProcessorCount / 2)); // however many sign in, others are served too
    readonly ConcurrentDictionary<string, Task> verifying = new();
    readonly ConcurrentDictionary<(IdentityKind Kind, long Id), bool> used = new();
    readonly GatheredUnits<(IdentityKind Kind, long Id)> lastUses = new(runner, WorkKind.LastUse, one => $"{one.Kind} token {one.Id}", WriteLastUsesAsync, most: 100_000);

    Db Db { get; } = db;

    /// <summary>Who it is; null when the name and the secret do not belong together.</summary>
    /// <param name="name">A user, or a robot as <c>space+name</c>; with a token any name will do, as some clients insist on one of their own.</param>
    /// <param name="password">A password or a token; of a keyless robot, one of an issuer that it trusts.</param>
    /// <param name="address">Where the caller is.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="SignInBusyException">Too many attempts.</exception>
    /// <exception cref="SignInRefusedException">The password is right, and there is no account for it.</exception>
    public async Task<Identity?> TryAsync(string name, string password, string? address, CancellationToken cancel)
    {
        if (FindRemembered(CacheKey(name, password), address) is { } remembered)
            return remembered;
        if (KeylessRobots.Takes(name, password))
            return await TryKeylessAsync(name, password, address, cancel);
        return IsMade(password)
            ? await TrySecretAsync(name, password, address, cancel)
            : await TryPasswordAsync(name, password, new SignInSource(address), cancel);
    }

    /// <summary>Whose password it is, as people sign in with on a page; a token is none.</summary>
    /// <exception cref="SignInBusyException">Too many attempts.</exception>
    /// <exception cref="SignInRefusedException">The password is right, and there is no account for it.</exception>
    public async Task<Identity?> TryPasswordAsync(string name, string password, SignInSource source, CancellationToken cancel)
    {
        if (IsMade(password))
        {
            RefuseSecret(name, source.Address, "with a token, where a password belongs");
            return null;
        }
        var key = CacheKey(name, password);
        if (FindRemembered(key, source.Address) is { } remembered)
            return remembered;
        // Of many that send the same at once one is looked at. When it was right the others need no look; when it was wrong, each
        // is a guess of its own.
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = verifying.GetOrAdd(key, done.Task);
        if (first != done.Task)
        {
            await first.WaitAsync(cancel);
            return FindRemembered(key, source.Address) ?? await GuessAsync(key, name, password, source, cancel);
        }
        try
        {
            return await GuessAsync(key, name, password, source, cancel);
        }
        finally
        {
            verifying.TryRemove(key, out _);
            done.SetResult();
        }
    }

    /// <summary>The keyless robot; null when the name is none's, or nothing says that the token lets it in.</summary>
    /// <exception cref="SignInBusyException">Too many attempts.</exception>
    public async Task<Identity?> TryKeylessAsync(string name, string token, string? address, CancellationToken cancel)
    {
        if (!KeylessRobots.Takes(name, token)) // what is no such token must not pass for a password
        {
            RefuseSecret(name, address, "keyless: it is no token of an issuer");
            return null;
        }
        var key = CacheKey(name, token);
        if (FindRemembered(key, address) is { } remembered)
            return remembered;
        var stamp = epoch.Stamp;
        return await FindKeylessAsync(name, token, address, cancel) is { } who ? Remember(key, who, stamp, TokenRemembered) : null;
    }

    /// <summary>Whose refresh token it is, and the token's number; null when it is none, or has ended.</summary>
    /// <exception cref="SignInBusyException">Too many attempts.</exception>
    public async Task<Identity?> TryRefreshAsync(string token, string? address, CancellationToken cancel)
    {
        if (Secret.Is(token, Secret.Refresh) && await FindTokenAsync(token, cancel) is { } found)
            return found;
        RefuseSecret(null, address, "with a refresh token");
        return null;
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
        directory?.Dispose();
        base.Dispose();
    }

    // What the registry itself made, of whichever kind: no password looks like that.
    static bool IsMade(string password) => Secret.Is(password, Secret.Personal) || Secret.Is(password, Secret.Robot);

    async Task<Identity?> TrySecretAsync(string name, string password, string? address, CancellationToken cancel)
    {
        var stamp = epoch.Stamp;
        var who = Secret.Is(password, Secret.Personal)
            ? await FindTokenAsync(password, cancel)
            : await FindRobotAsync(name, password, cancel);
        if (who is not null)
            return Remember(CacheKey(name, password), who, stamp, TokenRemembered);
        RefuseSecret(name, address, "with a token");
        return null;
    }

    // A failure takes as long whether it is for the name or for the password, and for whichever of the two kinds of accounts.
    async Task<Identity?> GuessAsync(string key, string name, string password, SignInSource source, CancellationToken cancel)
    {
        var (started, stamp) = (Stopwatch.GetTimestamp(), epoch.Stamp);
        Identity? who;
        TimeSpan lasts;
        IReadOnlyList<UInt128> accounts;
        await using (var attempt = await limits.BeginAsync(name, source, cancel))
        {
            (who, lasts) = await VerifyAsync(name, password, source, attempt, cancel);
            if (who is null)
                attempt.Fail();
            else
                attempt.Succeed();
            accounts = attempt.Accounts;
        }
        if (who is not null)
            return Remember(key, who, stamp, lasts, accounts, source.Address);
        NoteGuess(name, source.Address, null);
        if (directory is null)
            return null;
        await DirectorySignIn.WaitToRefuseAsync(started, cancel);
        // While the directory is away, whoever has no password here is told so; then everybody is, or it would show who has one.
        return directory.IsAway ? throw new SignInAwayException(Busy) : null;
    }

    async Task<(Identity? Who, TimeSpan Lasts)> VerifyAsync(
        string name,
        string password,
        SignInSource source,
        SignInAttempt attempt,
        CancellationToken cancel)
    {
        var user = SpaceName.TryParse(name, out _) ? await Db.ReadAsync(session => UserTable.FindAsync(session, name), cancel) : null;
        return directory is null || user is { Password: not null }
            ? (await VerifyHereAsync(user, password, attempt, cancel), Remembered)
            : (await VerifyThereAsync(name, password, source, attempt, cancel), DirectoryRemembered);
    }

    // Both are waited for: one takes as long as for a password that is kept here, the other as long as the directory takes.
    async Task<Identity?> VerifyThereAsync(
        string name,
        string password,
        SignInSource source,
        SignInAttempt attempt,
        CancellationToken cancel)
    {
        var mayBe = password.Length <= PasswordHash.MaxLength;
        var hashing = hashes.RunAsync(() => PasswordHash.Verify("", PasswordHash.OfNobody), attempt.IsKnown, cancel);
        var asking = directory!.FindAsync(name, mayBe ? password : "", source.Address, entry => attempt.IdentifyAsync(entry, cancel), cancel);
        await Task.WhenAll(hashing, asking);
        var (user, refusal) = await asking;
        if (refusal is not null)
        {
            NoteGuess(name, source.Address, $"the directory takes the password: {refusal}");
            throw new SignInRefusedException(refusal);
        }
        if (user is null)
            return null;
        await Db.WriteAsync(SpaceUse.Small, session => UserTable.SignedInAsync(session, user.Id), cancel);
        return new Identity(IdentityKind.User, user.Id, user.Name, user.IsAdmin) { Shown = Credential.OfPassword(secret, user.Id, null) };
    }

    async Task<Identity?> VerifyHereAsync(UserRow? user, string password, SignInAttempt attempt, CancellationToken cancel)
    {
        var mayBe = password.Length <= PasswordHash.MaxLength;
        var (tried, kept) = (mayBe ? password : "", user?.Password ?? PasswordHash.OfNobody);
        var right = await hashes.RunAsync(() => PasswordHash.Verify(tried, kept), attempt.IsKnown, cancel);
        if (user is not { DisabledAt: null, Password: not null } || !mayBe || !right)
            return null;
        var stronger = PasswordHash.IsWeak(user.Password)
            ? await hashes.RunAsync(() => PasswordHash.Create(password), attempt.IsKnown, cancel)
            : null;
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
        var manages = row.Rights.HasFlag(Rights.Manage) && row.Target is null;
        var limit = new Limit(row.Id, row.Rights, row.Target);
        return new Identity(IdentityKind.User, row.UserId, row.UserName, row.UserIsAdmin && manages, limit)
        {
            IsAdminHeldBack = row.UserIsAdmin && !manages,
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
            RefuseSecret(name, address, $"keyless: {why}", space);
        }
        catch (FederationException e)
        {
            RefuseSecret(name, address, $"keyless: {e.Message}", isWrong: !e.IsOutage);
        }
        return null;
    }

    // A password that was looked at: written down apart from what costs nothing to send, so that none is lost among that.
    void NoteGuess(string name, string? address, string? why) =>
        refusals.AddGuess(Actor(name, address), new Deed("sign-in", "", null, why));

    // Written down, and counted against its address.
    void RefuseSecret(string? name, string? address, string why, string? space = null, bool isWrong = true)
    {
        if (isWrong && limits.CountWrongSecret(address) is var wait && wait > TimeSpan.Zero)
            throw new SignInBusyException(wait);
        refusals.Add(Actor(name, address), new Deed("sign-in", "", space, why));
    }

    static Actor Actor(string? name, string? address) => new(name is null ? Audit.Actor.Anybody : Oci.OciException.Quote(name), address);

    // The name of a robot holds its space's, and a machine goes on by the one that it was given.
    async Task<bool> WasCalledAsync(RobotRow robot, string name, CancellationToken cancel) =>
        name.EndsWith($"+{robot.Name}", StringComparison.Ordinal)
        && (await Db.ReadAsync(session => SpaceTable.FindAsync(session, name[..^(robot.Name.Length + 1)]), cancel))?.Name == robot.Space;

    Identity Remember(
        string key,
        Identity who,
        long stamp,
        TimeSpan lasts,
        IReadOnlyList<UInt128>? accounts = null,
        string? address = null)
    {
        cache.Remove(key);
        var entry = new Verified(who, stamp, TimeProvider.System.GetTimestamp(), lasts, accounts) { Address = address };
        cache.TryAdd(key, entry, 512, cache.Version(key));
        return who;
    }

    // A password that is remembered as right is right from elsewhere too: its owner is known there from now on.
    Identity? FindRemembered(string key, string? address)
    {
        if (cache.Find(key) is not { } found || found.Stamp != epoch.Stamp)
            return null;
        if (TimeProvider.System.GetElapsedTime(found.At) >= found.Lasts || HasEnded(found.Who))
            return null;
        if (found.Accounts is { } accounts && found.Address != address)
        {
            limits.Know(accounts, address);
            found.Address = address;
        }
        return found.Who;
    }

    static bool HasEnded(Identity who) => who.EndsAt <= TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    string CacheKey(string name, string password) => Convert.ToBase64String(HMACSHA256.HashData(cacheKey, Encoding.UTF8.GetBytes($"{name}\n{password}")));

    // Accounts: of a password, what limits call its account. Address: where it was shown last.
    sealed record Verified(Identity Who, long Stamp, long At, TimeSpan Lasts, IReadOnlyList<UInt128>? Accounts)
    {
        public string? Address { get; set; }
    }
}
