using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;

namespace Staithe.Api;

/// <summary>What the asker does with the own account.</summary>
internal sealed class MyHandlers(SignIn signIn, Users users, ServerSecret secret)
{
    public static Task<Me> GetAsync(ApiCall call)
    {
        var who = call.Who;
        var limit = who.Limit is { } token ? new TokenLimit(RightsText.Format(token.Rights), token.Target) : null;
        return Task.FromResult(new Me(who.Name, who.Kind == IdentityKind.Robot ? "robot" : "user", who.IsAdmin, limit));
    }

    public async Task SetPasswordAsync(ApiCall call, PasswordChange change)
    {
        if (await call.ReadAsync(call.RequirePasswordAsync) is { Password: null })
            throw new AccountException(AccountProblem.Forbidden, "your password is not kept here: change it where you have it from");
        var old = await signIn.TryAsync(call.Who.Name, change.Old, call.Actor.Address, call.Cancel);
        if (old is not { Kind: IdentityKind.User, Limit: null } || old.Id != call.Who.Id)
            throw new AccountException(AccountProblem.Forbidden, "the old password is not right: nothing was changed");
        await users.SetPasswordAsync(call.Actor, call.Who.Name, change.New, call.Cancel);
    }

    public static async Task<Page<Token>> ListTokensAsync(ApiCall call)
    {
        var after = call.AfterNumber(0);
        return await call.PageAsync(
            async (session, limit) => await AccessTokenTable.ListAsync(session, (await call.RequireUserAsync(session)).Id, after, limit),
            Token.Of,
            row => Text.Of(row.Id));
    }

    // With the password only: a token must not bring forth one that outlives it.
    public async Task<TokenSecret> AddTokenAsync(ApiCall call, NewToken order)
    {
        var rights = GrantOrder.ReadRights(order.Rights);
        var text = Secret.Create(Secret.Personal);
        var hash = secret.Hash(text);
        var row = await call.ChangeAsync(async session =>
            await AccessTokens.AddAsync(session, call.Actor, await call.RequirePasswordAsync(session), order.Name, hash, (rights, order.Target), order.ExpiresInDays));
        return new TokenSecret(row.Id, row.Name, text, Time.Of(row.ExpiresAt));
    }

    public static Task DeleteTokenAsync(ApiCall call)
    {
        var id = call.Number("id");
        return call.ChangeAsync(async session => await AccessTokens.DeleteAsync(session, call.Actor, await RequireOwnAsync(call, session, id), id));
    }

    // Whoever finds a token, or is done with it, may end that one.
    static async Task<UserRow> RequireOwnAsync(ApiCall call, DbSession session, long id) => call.Who.Limit?.TokenId == id
        ? await UserTable.FindAsync(session, call.Who.Id) ?? throw new AccountException(AccountProblem.Unknown, $"there is no user {call.Who.Name}")
        : await call.RequireUserAsync(session);
}
