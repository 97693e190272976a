using System.Globalization;
using Staithe.Audit;
using Staithe.Database;

namespace Staithe.Accounts;

/// <summary>
/// What users do with the tokens that they make for programs, inside a change (<see cref="AccessEpoch.ChangeAsync"/>) and with its line in the
/// audit, which their own space shows.
/// </summary>
internal static class AccessTokens
{
    /// <summary>The most characters of a token's name.</summary>
    public const int MaxNameLength = 100;

    /// <exception cref="AccountException">The name, the target or the number of days is not one.</exception>
    public static async Task<AccessTokenRow> AddAsync(DbSession session, Actor actor, UserRow user, string name, string secretHash, (Rights Rights, string? Target) limit, int? expiresInDays)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Length > MaxNameLength)
            throw new AccountException(AccountProblem.Invalid, $"a token's name has 1 to {MaxNameLength} characters: say what the token is for");
        if (limit.Target is not null)
            GrantOrder.CheckTarget(limit.Target);
        var expiresAt = await Expiry.InAsync(session, expiresInDays);
        var id = await AccessTokenTable.CreateAsync(session, user.Id, AccessTokenTable.Personal, name, secretHash, limit, expiresAt, null);
        await AuditTable.AddAsync(session, actor, new Deed("token.add", name, user.Name, string.Create(CultureInfo.InvariantCulture, $"number {id}: {RightsText.Format(limit.Rights)} on {limit.Target ?? "everything"}")));
        return await FindAsync(session, user.Id, id);
    }

    /// <summary>Revokes a token, and what was signed in with it.</summary>
    /// <exception cref="AccountException">The user has none of that number.</exception>
    public static async Task DeleteAsync(DbSession session, Actor actor, UserRow user, long id)
    {
        var token = await FindAsync(session, user.Id, id);
        await AccessTokenTable.DeleteAsync(session, user.Id, id);
        await AuditTable.AddAsync(session, actor, new Deed("token.delete", token.Name, user.Name, string.Create(CultureInfo.InvariantCulture, $"number {id}")));
    }

    /// <summary>Ends where somebody is signed in: a browser, or a login that docker keeps.</summary>
    /// <exception cref="AccountException">The user has none of that number.</exception>
    public static async Task EndAsync(DbSession session, Actor actor, UserRow user, long id)
    {
        if (await AccessTokenTable.FindSignedInAsync(session, user.Id, id) is not { } found)
            throw new AccountException(AccountProblem.Unknown, string.Create(CultureInfo.InvariantCulture, $"you are not signed in under the number {id}, or no longer"));
        await AccessTokenTable.DeleteAsync(session, user.Id, id);
        await AuditTable.AddAsync(session, actor, new Deed("session.end", user.Name, user.Name, found.Name));
    }

    /// <summary>Ends all of those but one.</summary>
    public static async Task EndAllAsync(DbSession session, Actor actor, UserRow user, long except)
    {
        var ended = await AccessTokenTable.DeleteSignedInAsync(session, user.Id, except);
        await AuditTable.AddAsync(session, actor, new Deed("session.end", user.Name, user.Name, string.Create(CultureInfo.InvariantCulture, $"all others, {ended}")));
    }

    static async Task<AccessTokenRow> FindAsync(DbSession session, long userId, long id) =>
        await AccessTokenTable.FindAsync(session, userId, id) ?? throw new AccountException(AccountProblem.Unknown, string.Create(CultureInfo.InvariantCulture, $"you have no token {id}"));
}
