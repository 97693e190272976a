using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Config;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Federation;

/// <summary>What an issuer said of somebody who has just signed in there.</summary>
/// <param name="Subject">Who it is there, for ever.</param>
/// <param name="Name">What they are called there; null when it does not say.</param>
/// <param name="Groups">The groups that they are in there.</param>
internal sealed record Arrival(string Subject, string? Name, IReadOnlyList<string> Groups);

/// <summary>
/// Lets people in who have signed in elsewhere: finds their account, or makes one where the issuer may, and has the teams follow their groups. An
/// account that was there before is never taken for somebody's because of its name: its owner links the two.
/// </summary>
/// <param name="epoch">Moves when an account or a team changes.</param>
/// <param name="log">Is told who comes into no team.</param>
internal sealed class Arrivals(AccessEpoch epoch, GroupLog log)
{
    /// <summary>The account that they come in with.</summary>
    /// <exception cref="AccountException">There is none and none is made, or it is disabled.</exception>
    public Task<UserRow> EnterAsync(OidcConfig provider, Arrival arrival, string? address, CancellationToken cancel) =>
        ToldAsync(provider, arrival, unknown => epoch.MayChangeAsync(
        async session =>
        {
            var known = await ExternalIdentityTable.FindAsync(session, provider.Issuer, arrival.Subject);
            var user = known is null ? await MakeAsync(session, provider, arrival, address) : await FindAsync(session, known.UserId);
            if (user.DisabledAt is not null)
                throw new AccountException(AccountProblem.Forbidden, $"the account {user.Name} is disabled: ask an admin of this registry");
            if (known is not null)
                await ExternalIdentityTable.SignedInAsync(session, known.Id);
            return (user, await EnterAsync(session, provider, arrival, user, address, unknown) || known is null);
        },
        cancel));

    /// <summary>Says that somebody elsewhere and a user here are the same, and lets them in.</summary>
    /// <exception cref="AccountException">They are somebody else here already, or the account is disabled.</exception>
    public Task<UserRow> LinkAsync(OidcConfig provider, Arrival arrival, long userId, string? address, CancellationToken cancel) =>
        ToldAsync(provider, arrival, unknown => epoch.MayChangeAsync(
        async session =>
        {
            var user = await FindAsync(session, userId);
            if (user.DisabledAt is not null)
                throw new AccountException(AccountProblem.Forbidden, $"the account {user.Name} is disabled: ask an admin of this registry");
            var known = await ExternalIdentityTable.FindAsync(session, provider.Issuer, arrival.Subject);
            if (known is not null && known.UserId != userId)
                throw new AccountException(AccountProblem.Taken, $"you have another account here with {provider.Label}: sign in to that one and unlink it first");
            if (known is null)
            {
                await ExternalIdentityTable.CreateAsync(session, provider.Issuer, arrival.Subject, userId);
                await AuditTable.AddAsync(session, new Actor(user.Name, address), new Deed("user.link", user.Name, user.Name, Words(provider, arrival)));
            }
            return (user, await EnterAsync(session, provider, arrival, user, address, unknown));
        },
        cancel));

    /// <summary>Ends a link, unless it is the only way in; what the issuer's groups gave ends with it.</summary>
    /// <exception cref="AccountException">The user has none of that number, or no other way in.</exception>
    public static async Task UnlinkAsync(DbSession session, Actor actor, UserRow user, long id)
    {
        var all = await ExternalIdentityTable.ListAsync(session, user.Id);
        if (all.Find(one => one.Id == id) is not { } link)
            throw new AccountException(AccountProblem.Unknown, $"you have no account elsewhere with the number {id}");
        if (all.Count == 1 && user.Password is null && !await DirectoryAccounts.IsLinkedAsync(session, user.Id))
            throw new AccountException(AccountProblem.Taken, "it is your only way in: have a password set first");
        await ExternalIdentityTable.DeleteAsync(session, user.Id, id);
        if (all.TrueForAll(one => one.Id == id || one.Issuer != link.Issuer))
            await ManagedMemberships.SyncAsync(session, actor, link.Issuer, user, [], new HashSet<string>());
        await AuditTable.AddAsync(session, actor, new Deed("user.unlink", user.Name, user.Name, $"{link.Issuer} as {OciException.Quote(link.Subject)}"));
    }

    async Task<UserRow> ToldAsync(OidcConfig provider, Arrival arrival, Func<ISet<string>, Task<UserRow>> enter)
    {
        var unknown = new HashSet<string>(StringComparer.Ordinal);
        var user = await enter(unknown);
        var wanted = provider.Groups.Select(map => map.Group).Distinct().ToList();
        var almost = wanted.Where(group => !arrival.Groups.Contains(group) && arrival.Groups.Any(given => IsAlmost(given, group))).ToList();
        if (almost.Count > 0 || (wanted.Count > 0 && !TeamsOf(provider, arrival).Any()))
            log.NoGroup(user.Name, provider.Issuer, Setting(provider), arrival.Groups, almost.Count > 0 ? almost : wanted);
        log.NoTeam(user.Name, Setting(provider), unknown);
        return user;
    }

    // An issuer's groups are told apart letter by letter; some write them as a path.
    static bool IsAlmost(string one, string other) => string.Equals(one.Trim(' ', '/'), other.Trim(' ', '/'), StringComparison.OrdinalIgnoreCase);

    static async Task<bool> EnterAsync(
        DbSession session,
        OidcConfig provider,
        Arrival arrival,
        UserRow user,
        string? address,
        ISet<string> unknown)
    {
        await UserTable.SignedInAsync(session, user.Id);
        var actor = new Actor(user.Name, address);
        return await ManagedMemberships.SyncAsync(session, actor, provider.Issuer, user, [.. TeamsOf(provider, arrival)], unknown);
    }

    static IEnumerable<string> TeamsOf(OidcConfig provider, Arrival arrival) =>
        provider.Groups.Where(map => arrival.Groups.Contains(map.Group)).Select(map => map.FullName);

    static string Setting(OidcConfig provider) => $"the groups of oidc {provider.Name}";

    static async Task<UserRow> MakeAsync(DbSession session, OidcConfig provider, Arrival arrival, string? address)
    {
        if (!provider.NewUsers)
            throw new AccountException(AccountProblem.Forbidden, $"you have no account here that is linked with {provider.Label}: sign in with your password and link it, or ask an admin of this registry for an account");
        if (arrival.Name is null)
            throw new AccountException(AccountProblem.Invalid, $"{provider.Label} does not say what you are called ({provider.UserClaim}): ask an admin of this registry");
        if (!SpaceName.TryParse(ForeignName.Reduce(arrival.Name), out var name))
            throw new AccountException(AccountProblem.Invalid, $"{provider.Label} calls you {OciException.Quote(arrival.Name)}, which cannot be a name here ({SpaceName.Rule}): ask an admin of this registry for an account");
        try
        {
            var user = await Users.AddAsync(session, new Actor(name.Value, address), name, null, isAdmin: false, Words(provider, arrival));
            await ExternalIdentityTable.CreateAsync(session, provider.Issuer, arrival.Subject, user.Id);
            return user;
        }
        catch (AccountException taken) when (taken.Problem == AccountProblem.Taken)
        {
            throw new AccountException(AccountProblem.Taken, $"{taken.Message.Split(':')[0]}. If that account is yours, sign in with its password and link it; otherwise ask an admin of this registry for an account with another name");
        }
        catch (AccountException invalid) when (invalid.Problem == AccountProblem.Invalid)
        {
            var what = $"{provider.Label} calls you {OciException.Quote(arrival.Name)}, which cannot be a name here";
            var why = $"{what} ({invalid.Message.Split(':')[0]}): ask an admin of this registry for an account";
            throw new AccountException(AccountProblem.Invalid, why);
        }
    }

    static async Task<UserRow> FindAsync(DbSession session, long id) =>
        await UserTable.FindAsync(session, id) ?? throw new AccountException(AccountProblem.Unknown, "the account is gone");

    static string Words(OidcConfig provider, Arrival arrival) => $"with {provider.Name} as {OciException.Quote(arrival.Subject)}";
}
