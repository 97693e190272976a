using Staithe.Access;
using Staithe.Accounts;
using Staithe.Managing;

namespace Staithe.Api;

/// <summary>What the asker does with the own account.</summary>
internal sealed class MyHandlers(OwnAccount account)
{
    public static Task<Me> GetAsync(ApiCall call)
    {
        var who = call.Who;
        var limit = who.Limit is { } token ? new TokenLimit(RightsText.Format(token.Rights), token.Target) : null;
        return Task.FromResult(new Me(who.Name, who.Kind == IdentityKind.Robot ? "robot" : "user", who.IsAdmin, limit));
    }

    public Task SetPasswordAsync(ApiCall call, PasswordChange change) => account.SetPasswordAsync(call.Who, call.Actor, change.Old, change.New, call.Cancel);

    public static Task<Page<Token>> ListTokensAsync(ApiCall call) => call.ListAsync((session, asked) => OwnAccount.ListTokensAsync(session, call.Who, asked), Token.Of);

    public async Task<TokenSecret> AddTokenAsync(ApiCall call, NewToken order)
    {
        var (row, text) = await account.AddTokenAsync(call.Who, call.Actor, order.Name, order.Rights, order.Target, order.ExpiresInDays, call.Cancel);
        return new TokenSecret(row.Id, row.Name, text, Time.Of(row.ExpiresAt));
    }

    public static Task DeleteTokenAsync(ApiCall call) => call.ChangeAsync(session => OwnAccount.DeleteTokenAsync(session, call.Who, call.Actor, call.Number("id")));

    public static Task<Page<Session>> ListSessionsAsync(ApiCall call) =>
        call.ListAsync((session, asked) => OwnAccount.ListSignedInAsync(session, call.Who, asked), Session.Of);

    public static Task DeleteSessionAsync(ApiCall call) =>
        call.ChangeAsync(session => OwnAccount.EndSignedInAsync(session, call.Who, call.Actor, call.Number("id")));

    public static Task DeleteSessionsAsync(ApiCall call) =>
        call.ChangeAsync(session => OwnAccount.EndAllSignedInAsync(session, call.Who, call.Actor, except: 0));

    public static Task<Page<ExternalIdentity>> ListIdentitiesAsync(ApiCall call) =>
        call.ReadAsync(async session => new Page<ExternalIdentity>([.. (await OwnAccount.ListIdentitiesAsync(session, call.Who)).Select(ExternalIdentity.Of)], null));

    public static Task DeleteIdentityAsync(ApiCall call) => call.ChangeAsync(session => OwnAccount.DeleteIdentityAsync(session, call.Who, call.Actor, call.Number("id")));
}
