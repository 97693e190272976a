using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;

namespace Staithe.Managing;

/// <summary>What whoever asks must be, before anything is done that belongs to an account or to the whole registry.</summary>
internal static class Asker
{
    const string WholeToken = "use one with admin and no target, or your password";

    /// <summary>The asker's account, for what only people do, and where they have shown their password, or signed in with a browser, and no token.</summary>
    /// <exception cref="AccountException">It is a robot, or a token was shown.</exception>
    public static async Task<UserRow> RequirePasswordAsync(DbSession session, Identity who) => who.Limit is null
        ? await RequireUserAsync(session, who)
        : throw new AccountException(AccountProblem.Forbidden, "a token is not enough for that: sign in with your password");

    /// <summary>The asker's account, for what only people do, and tokens that have a right to everything of theirs.</summary>
    /// <param name="session">The database.</param>
    /// <param name="who">Who asks.</param>
    /// <param name="needed">The rights that a token needs, to everything.</param>
    /// <exception cref="AccountException">It is a robot, or the token is limited.</exception>
    public static async Task<UserRow> RequireUserAsync(DbSession session, Identity who, Rights needed = Rights.Manage)
    {
        if (who.Kind != IdentityKind.User)
            throw new AccountException(AccountProblem.Forbidden, "robots have no account of their own: sign in as a user");
        if (who.Limit is { } limit && (limit.Target is not null || !limit.Rights.HasFlag(needed)))
        {
            var rights = needed == Rights.Manage ? "the right manage" : $"the rights {RightsText.Format(needed)}";
            var reason = RefusalReason.OfCredential(limit, "", needed);
            throw new AccountException(AccountProblem.Forbidden, $"{reason}: use one with {rights} and no target, or your password");
        }
        return await FindAsync(session, who);
    }

    /// <summary>The asker's account, for what gives everything away that is theirs: with the password, or a token that is limited in nothing.</summary>
    /// <exception cref="AccountException">It is a robot, or the token is limited or ends.</exception>
    public static async Task<UserRow> RequireWholeAsync(DbSession session, Identity who)
    {
        var user = await RequireUserAsync(session, who);
        return who.IsWhole
            ? user
            : throw new AccountException(AccountProblem.Forbidden, "this token is limited: use one with the right admin, no target and no end, or your password");
    }

    /// <summary>For what gives somebody an account, a password or the registry: an admin who has shown the password, and no token.</summary>
    /// <exception cref="AccountException">The asker does not manage the registry, or showed a token.</exception>
    public static void RequireAdminPassword(Identity who)
    {
        if (who.Limit is not null && (who.IsAdmin || who.IsAdminHeldBack))
            throw new AccountException(AccountProblem.Forbidden, "a token is not enough for that: sign in with your password");
        RequireAdmin(who);
    }

    /// <exception cref="AccountException">The asker does not manage the registry, or not with this token.</exception>
    public static void RequireAdmin(Identity who)
    {
        if (who.IsAdmin)
            return;
        throw new AccountException(
            AccountProblem.Forbidden,
            who is { IsAdminHeldBack: true, Limit: { } limit }
                ? $"{who.Name} is an admin, but {RefusalReason.OfCredential(limit, "", Rights.Manage)}: {WholeToken}"
                : $"{who.Name} does not manage the registry: ask one of its admins");
    }

    /// <exception cref="AccountException">It is gone by now.</exception>
    public static async Task<UserRow> FindAsync(DbSession session, Identity who) =>
        await UserTable.FindAsync(session, who.Id) ?? throw new AccountException(AccountProblem.Unknown, $"there is no user {who.Name}");
}
