using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Database;
using Staithe.Federation;

namespace Staithe.Managing;

/// <summary>What people do with their own account: the password, the tokens for programs, where they are signed in, who they are elsewhere.</summary>
internal sealed class OwnAccount(SignIn signIn, Users users, AccessEpoch epoch, ServerSecret secret)
{
    /// <summary>Sets another password, for who knows the old one; ends every session and every login that docker keeps.</summary>
    /// <param name="who">Whose.</param>
    /// <param name="actor">The same, for the audit.</param>
    /// <param name="old">The old one: a wrong one counts as a guess.</param>
    /// <param name="password">The new one.</param>
    /// <param name="cancel">Gives up.</param>
    /// <param name="session">The session in which they ask; null when they show the password with the request.</param>
    /// <exception cref="AccountException">The password is not kept here, the old one is wrong, or the new one cannot be had.</exception>
    public async Task SetPasswordAsync(
        Identity who,
        Actor actor,
        string old,
        string password,
        CancellationToken cancel,
        string? session = null)
    {
        if (await epoch.ReadAsync(session => Asker.RequirePasswordAsync(session, who), cancel) is { Password: null })
            throw new AccountException(AccountProblem.Forbidden, "your password is not kept here: change it where you have it from");
        var known = await signIn.TryPasswordAsync(who.Name, old, new SignInSource(actor.Address, session), cancel);
        if (known is not { Kind: IdentityKind.User, Limit: null } || known.Id != who.Id)
            throw new AccountException(AccountProblem.Forbidden, "the old password is not right: nothing was changed");
        await users.SetPasswordAsync(actor, who.Name, password, cancel);
    }

    /// <summary>Makes a token; the row, and its secret, which is told this once. With a token nobody makes one: it could outlive the other.</summary>
    /// <exception cref="AccountException">A part of the order is not what it should be, or a token was shown.</exception>
    public async Task<(AccessTokenRow Row, string Secret)> AddTokenAsync(Identity who, Actor actor, string name, string rights, string? target, int? expiresInDays, CancellationToken cancel)
    {
        var parsed = GrantOrder.ReadRights(rights);
        var text = Secret.Create(Secret.Personal);
        var hash = secret.Hash(text);
        var row = await epoch.ChangeAsync(
            async session => await AccessTokens.AddAsync(session, actor, await Asker.RequirePasswordAsync(session, who), name, hash, (parsed, target), expiresInDays),
            cancel);
        return (row, text);
    }

    /// <summary>
    /// A part of the tokens. A target follows what it names to its present name,
    /// which is shown only to those who may see that.
    /// </summary>
    public static async Task<ListPart<AccessTokenRow>> ListTokensAsync(DbSession session, Identity who, ListRequest asked)
    {
        var part = await AccessTokenTable.ListAsync(session, (await Asker.RequireUserAsync(session, who)).Id, asked);
        var rows = part.Items.ToArray();
        for (var i = 0; i < rows.Length; i++)
        {
            if (rows[i].Target is { } target && !await SpaceAccess.MaySeeAsync(session, who, target))
                rows[i] = rows[i] with { Target = UnseenTarget };
        }
        return part with { Items = rows };
    }

    /// <summary>One of the tokens; null when there is none of that number.</summary>
    public static async Task<AccessTokenRow?> FindTokenAsync(DbSession session, Identity who, long id) =>
        await AccessTokenTable.FindAsync(session, (await Asker.RequireUserAsync(session, who)).Id, id);

    /// <summary>What a list of tokens says instead of a target that its reader may not see. It is no target: it has a blank.</summary>
    public const string UnseenTarget = "something you may not see";

    /// <summary>Revokes a token. Whoever finds one, or is done with it, may end that one.</summary>
    public static async Task DeleteTokenAsync(DbSession session, Identity who, Actor actor, long id)
    {
        var user = who.Limit?.TokenId == id ? await Asker.FindAsync(session, who) : await Asker.RequireUserAsync(session, who);
        await AccessTokens.DeleteAsync(session, actor, user, id);
    }

    /// <summary>Where one is signed in with the password, or from elsewhere: browsers, and the logins that docker keeps. The newest first.</summary>
    public static async Task<ListPart<AccessTokenRow>> ListSignedInAsync(DbSession session, Identity who, ListRequest asked) =>
        await AccessTokenTable.ListSignedInAsync(session, (await Asker.RequireUserAsync(session, who)).Id, asked);

    /// <summary>One of those; null when there is none of that number.</summary>
    public static async Task<AccessTokenRow?> FindSignedInAsync(DbSession session, Identity who, long id) =>
        await AccessTokenTable.FindSignedInAsync(session, (await Asker.RequireUserAsync(session, who)).Id, id);

    /// <summary>Ends one of those.</summary>
    public static async Task EndSignedInAsync(DbSession session, Identity who, Actor actor, long id) =>
        await AccessTokens.EndAsync(session, actor, await Asker.RequireUserAsync(session, who), id);

    /// <summary>Ends all of those but one.</summary>
    public static async Task EndAllSignedInAsync(DbSession session, Identity who, Actor actor, long except) =>
        await AccessTokens.EndAllAsync(session, actor, await Asker.RequireUserAsync(session, who), except);

    public static async Task<List<ExternalIdentityRow>> ListIdentitiesAsync(DbSession session, Identity who) =>
        await ExternalIdentityTable.ListAsync(session, (await Asker.RequireUserAsync(session, who)).Id);

    public static async Task DeleteIdentityAsync(DbSession session, Identity who, Actor actor, long id) =>
        await Arrivals.UnlinkAsync(session, actor, await Asker.RequireUserAsync(session, who), id);
}
