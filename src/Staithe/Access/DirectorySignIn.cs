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
/// <param name="log">What keeps people out.</param>
internal sealed class DirectorySignIn(
    LdapDirectory directory, Db db, AccessEpoch epoch, IReadOnlyList<GroupTeam> teams, bool makesAccounts, GroupLog log) : IDisposable
{
    /// <summary>What rows call this directory.</summary>
    public const string Source = "ldap";

    const string Setting = "ldapTeams";

    const int AtOnce = 8;
    const int MaxWaiting = 64;
    static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);
    static readonly TimeSpan Doubt = TimeSpan.FromMinutes(1);
    static readonly TimeSpan RefusalStep = TimeSpan.FromMilliseconds(500);
    static readonly TimeSpan Busy = TimeSpan.FromSeconds(2);

    readonly SemaphoreSlim asking = new(AtOnce);
    int waiting;
    long restsUntil;
    long doubtedUntil;

    /// <summary>Whether the directory did not answer a while ago and has not answered since: then a refusal would say more than is known.</summary>
    public bool IsAway => Volatile.Read(ref doubtedUntil) > Stopwatch.GetTimestamp();

    bool IsResting => Volatile.Read(ref restsUntil) > Stopwatch.GetTimestamp();

    /// <summary>Whose account it is; null when the name and the password do not belong together. With a right password and no
    /// account, why there is none.</summary>
    /// <param name="name">What was typed.</param>
    /// <param name="password">The password to try.</param>
    /// <param name="address">Where the caller is.</param>
    /// <param name="found">Is told which entry the name leads to, before the password is tried.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="SignInAwayException">The directory does not answer.</exception>
    /// <exception cref="SignInBusyException">Too many ask at once.</exception>
    public async Task<(UserRow? User, string? Refusal)> FindAsync(
        string name,
        string password,
        string? address,
        Func<string, Task> found,
        CancellationToken cancel)
    {
        if (name.Length == 0 || password.Length == 0 || name.Any(char.IsControl))
            return default;
        if (await AskAsync(name, password, found, cancel) is not { } person)
            return default;
        var wanted = TeamsOf(person);
        var unknown = new HashSet<string>(StringComparer.Ordinal);
        var user = await db.ReadAsync(
            async session => await DirectoryAccounts.FindAsync(session, Source, person.Subject) is { } known
                && await ManagedMemberships.AreCurrentAsync(session, Source, known.Id, wanted, unknown) ? known : null,
            cancel);
        try
        {
            user ??= await epoch.ChangeAsync(session => ChangeAsync(session, person, wanted, unknown, address), cancel);
        }
        catch (AccountException refused)
        {
            log.Write($"the directory knows {Oci.OciException.Quote(person.Name)}, who has no account", [("reason", refused.Message)]);
            return (null, refused.Message);
        }
        log.NoTeam(person.Name, Setting, unknown);
        return (user.DisabledAt is null ? user : null, null);
    }

    /// <summary>Ends when it may be told that an attempt has failed: in steps so long that it shows neither where an account is kept nor whether there is one.</summary>
    public static Task WaitToRefuseAsync(long started, CancellationToken cancel)
    {
        var took = Stopwatch.GetElapsedTime(started);
        return Task.Delay(RefusalStep - TimeSpan.FromTicks(took.Ticks % RefusalStep.Ticks), cancel);
    }

    public void Dispose() => asking.Dispose();

    async Task<LdapPerson?> AskAsync(string name, string password, Func<string, Task> found, CancellationToken cancel)
    {
        if (IsResting)
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
                if (IsResting)
                    throw new SignInAwayException(Rest);
                var person = await directory.FindAsync(name, password, found, cancel);
                Volatile.Write(ref doubtedUntil, 0);
                return person;
            }
            finally
            {
                asking.Release();
            }
        }
        catch (LdapException e)
        {
            Volatile.Write(ref restsUntil, Stopwatch.GetTimestamp() + (long)(Rest.TotalSeconds * Stopwatch.Frequency));
            Volatile.Write(ref doubtedUntil, Stopwatch.GetTimestamp() + (long)(Doubt.TotalSeconds * Stopwatch.Frequency));
            log.Write("nobody can sign in with the directory now", [("reason", e.Message)]);
            throw new SignInAwayException(Rest);
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    HashSet<string> TeamsOf(LdapPerson person)
    {
        if (person.Groups is not { } groups)
            return [];
        var wanted = teams.Where(team => groups.Contains(team.Group)).Select(team => team.Team).ToHashSet();
        if (teams.Count > 0 && wanted.Count == 0)
            log.NoGroup(person.Name, "the directory", Setting, groups.Given, [.. teams.Select(team => team.Group).Distinct()]);
        return wanted;
    }

    async Task<UserRow> ChangeAsync(DbSession session, LdapPerson person, IReadOnlySet<string> wanted, ISet<string> unknown, string? address)
    {
        var name = ForeignName.Reduce(person.Name);
        var actor = new Actor(Oci.OciException.Quote(name), address);
        var user = await DirectoryAccounts.FindAsync(session, Source, person.Subject)
            ?? await DirectoryAccounts.AddAsync(session, actor, Source, person.Subject, (person.Name, name), makesAccounts);
        await ManagedMemberships.SyncAsync(session, actor with { Name = user.Name }, Source, user, wanted, unknown);
        return user;
    }
}
