using System.Diagnostics;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Database;
using Staithe.Ldap;

namespace Staithe.Access;

/// <summary>A group of the directory and the team (<c>space/team</c>) whose members its members are.</summary>
internal sealed record GroupTeam(string Group, string Team);

/// <summary>
/// Sign-in with a password that an LDAP directory keeps, for everybody who has none here. However many sign in, a few ask the directory at a time
/// and the others wait; while it is away, nobody asks for a few seconds after each attempt. The account and its teams follow what the
/// directory says each time.
/// </summary>
/// <param name="directory">The directory.</param>
/// <param name="db">Where accounts are.</param>
/// <param name="epoch">Moves when an account or a team changes.</param>
/// <param name="teams">What groups stand for.</param>
/// <param name="makesAccounts">Whether whoever the directory knows gets an account.</param>
/// <param name="failed">Is told what keeps people out.</param>
internal sealed class DirectorySignIn(LdapDirectory directory, Db db, AccessEpoch epoch, IReadOnlyList<GroupTeam> teams, bool makesAccounts, Action<string, Exception> failed) : IDisposable
{
    /// <summary>What rows call this directory.</summary>
    public const string Source = "ldap";

    const int AtOnce = 8;
    const int MaxWaiting = 64;
    static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);
    static readonly TimeSpan RefusalStep = TimeSpan.FromMilliseconds(500);
    static readonly TimeSpan Busy = TimeSpan.FromSeconds(2);

    readonly SemaphoreSlim asking = new(AtOnce);
    int waiting;
    long awayUntil;

    /// <summary>Whether the directory did not answer a moment ago: then a refusal would say more than is known.</summary>
    public bool IsAway => Volatile.Read(ref awayUntil) > Stopwatch.GetTimestamp();

    /// <summary>Whose account it is; null when the name and the password do not belong together, or there is no account for them.</summary>
    /// <exception cref="SignInAwayException">The directory does not answer.</exception>
    /// <exception cref="SignInBusyException">Too many ask at once.</exception>
    public async Task<UserRow?> FindAsync(string name, string password, string? address, CancellationToken cancel)
    {
        if (name.Length == 0 || password.Length == 0 || name.Any(char.IsControl))
            return null;
        if (await AskAsync(name, password, cancel) is not { } person)
            return null;
        var wanted = teams.Where(team => person.Groups.Contains(team.Group)).Select(team => team.Team).ToHashSet();
        var user = await db.ReadAsync(
            async session => await DirectoryAccounts.FindAsync(session, Source, person.Subject) is { } known && await ManagedMemberships.AreCurrentAsync(session, Source, known.Id, wanted) ? known : null,
            cancel);
        try
        {
            user ??= await epoch.ChangeAsync(session => ChangeAsync(session, person, wanted, address), cancel);
        }
        catch (AccountException refused)
        {
            failed($"the directory knows {Oci.OciException.Quote(person.Name)}, who has no account", refused);
            return null;
        }
        return user.DisabledAt is null ? user : null;
    }

    /// <summary>Ends when it may be told that an attempt has failed: in steps so long that it shows neither where an account is kept nor whether there is one.</summary>
    public static Task WaitToRefuseAsync(long started, CancellationToken cancel)
    {
        var took = Stopwatch.GetElapsedTime(started);
        return Task.Delay(RefusalStep - TimeSpan.FromTicks(took.Ticks % RefusalStep.Ticks), cancel);
    }

    public void Dispose() => asking.Dispose();

    async Task<LdapPerson?> AskAsync(string name, string password, CancellationToken cancel)
    {
        if (IsAway)
            throw new SignInAwayException(Rest);
        if (Interlocked.Increment(ref waiting) > MaxWaiting)
        {
            Interlocked.Decrement(ref waiting);
            throw new SignInBusyException(Busy);
        }
        try
        {
            await asking.WaitAsync(cancel);
            try
            {
                return IsAway ? throw new SignInAwayException(Rest) : await directory.FindAsync(name, password, cancel);
            }
            finally
            {
                asking.Release();
            }
        }
        catch (LdapException e)
        {
            Volatile.Write(ref awayUntil, Stopwatch.GetTimestamp() + (long)(Rest.TotalSeconds * Stopwatch.Frequency));
            failed("nobody can sign in with the directory now", e);
            throw new SignInAwayException(Rest);
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    async Task<UserRow> ChangeAsync(DbSession session, LdapPerson person, IReadOnlySet<string> wanted, string? address)
    {
        var actor = new Actor(person.Name.ToLowerInvariant(), address);
        var user = await DirectoryAccounts.FindAsync(session, Source, person.Subject)
            ?? await DirectoryAccounts.AddAsync(session, actor, Source, person.Subject, person.Name.ToLowerInvariant(), makesAccounts);
        await ManagedMemberships.SyncAsync(session, actor with { Name = user.Name }, Source, user, wanted);
        return user;
    }
}
