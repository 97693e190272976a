using Staithe.Accounts;
using Staithe.Database;
using Staithe.Managing;

namespace Staithe.Web;

/// <summary>The tokens that somebody gives to programs.</summary>
internal sealed class TokenSettings(Db db, AccessEpoch epoch, OwnAccount account) : SettingsView("tokens", "Tokens")
{
    // What was made last is what one looks for.
    static readonly string[] Orders = [ListOrder.Newest, ListOrder.Oldest, ListOrder.LastUsed];

    public override IReadOnlyList<SettingsForm> Forms =>
    [
        new("token.add", AddTokenAsync),
        new("token.delete", (visit, place, _) => ThenAsync(epoch, visit, place.Path, session => OwnAccount.DeleteTokenAsync(session, visit.Who, visit.Actor, Id(visit.Field("id"))))),
    ];

    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        var asked = visit.Asked(Orders);
        var (part, one) = await db.ReadAsync(
            async session => (
                await Visit.ListAsync(asked, part => OwnAccount.ListTokensAsync(session, visit.Who, part)),
                await OwnAccount.FindTokenAsync(session, visit.Who, Id(visit.Query("id")))),
            visit.Cancel);
        if (visit.Query("ask") == "token.delete" && one is not null)
        {
            var token = OwnToken.Of(one);
            await AskAsync(visit, nav, new Question(
                $"Revoke the token “{token.Name}”",
                ["Whatever uses it is shut out at once, and what was signed in with it too.", token.UsedAt is { } used ? $"It was last used {Shown.Ago(used)}." : "It was never used."],
                place.Path,
                [("do", "token.delete"), ("id", Shown.Id(token.Id))],
                null,
                "Revoke it",
                place.Path));
            return;
        }
        await SendAsync<OwnTokensPage, OwnTokens>(visit, nav, new OwnTokens(
            visit.Who.Name, [.. part.Items.Select(OwnToken.Of)], ListView.Of(visit, asked, Orders, part.Next)), echo);
    }

    async Task AddTokenAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var (row, secret) = await account.AddTokenAsync(visit.Who, visit.Actor, visit.Field("name").Trim(), RightsOf(visit), Text(visit, "target"), Number(visit, "days"), visit.Cancel);
        await SendAsync<SecretPage, ShownSecret>(visit, nav, new ShownSecret(
            $"The token “{row.Name}”",
            "Copy it now: it is shown this once and stored nowhere. Programs give it in place of a password, with your name.",
            [new SecretText("Token", secret), .. LoginCommands(visit, row.UserName, secret)],
            place.Path), Echo.None);
    }

    /// <summary>How the clients log in with a name and a secret.</summary>
    public static IEnumerable<SecretText> LoginCommands(Visit visit, string name, string secret)
    {
        yield return new SecretText("Log in with podman", visit.Frame.Clients.LoginWith("podman", name, secret));
        yield return new SecretText("Log in with docker", visit.Frame.Clients.LoginWith("docker", name, secret));
    }
}

/// <summary>The tokens of whoever looks.</summary>
public sealed record OwnTokens(string User, IReadOnlyList<OwnToken> Tokens, ListView List);

/// <summary>A token for programs.</summary>
/// <param name="Target">Where it works; null for everywhere.</param>
public sealed record OwnToken(long Id, string Name, string Rights, string? Target, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? UsedAt)
{
    internal static OwnToken Of(AccessTokenRow row) =>
        new(row.Id, row.Name, RightsText.Format(row.Rights), row.Target, Shown.Then(row.CreatedAt), Shown.Then(row.ExpiresAt), Shown.Then(row.UsedAt));
}
