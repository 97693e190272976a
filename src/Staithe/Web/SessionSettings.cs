using Staithe.Accounts;
using Staithe.Database;
using Staithe.Managing;

namespace Staithe.Web;

/// <summary>Where somebody is signed in: browsers, and the logins that docker keeps.</summary>
internal sealed class SessionSettings(Db db, AccessEpoch epoch, BrowserSessions sessions) : SettingsView("sessions", "Signed in")
{
    public override IReadOnlyList<SettingsForm> Forms =>
    [
        new("session.end", (visit, place, _) => ThenAsync(epoch, visit, place.At(Name), session => OwnAccount.EndSignedInAsync(session, visit.Who, visit.Actor, Id(visit.Field("id"))))),
        new("session.end-others", EndOthersAsync),
    ];

    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        var own = await sessions.FindIdAsync(visit);
        var asked = visit.Asked([]);
        var (part, one) = await db.ReadAsync(
            async session => (
                await Visit.ListAsync(asked, part => OwnAccount.ListSignedInAsync(session, visit.Who, part)),
                await OwnAccount.FindSignedInAsync(session, visit.Who, Id(visit.Query("id")))),
            visit.Cancel);
        if (visit.Query("ask") == "session.end-others")
        {
            await AskAsync(visit, nav, new Question(
                "End all others",
                ["Every other browser, and every login that docker keeps, has to sign in anew. Tokens go on."],
                place.At(Name),
                [("do", "session.end-others")],
                null,
                "End them",
                place.At(Name)));
            return;
        }
        if (visit.Query("ask") == "session.end" && one is not null && one.Id != own)
        {
            var ended = SignedIn.Of(one, own);
            await AskAsync(visit, nav, new Question(
                $"End {ended.Name}",
                [ended.IsBrowser ? "That browser is signed out at once, and has to sign in anew." : "The login that is kept there is void at once: log in anew to go on."],
                place.At(Name),
                [("do", "session.end"), ("id", Shown.Id(ended.Id))],
                null,
                "End it",
                place.At(Name)));
            return;
        }
        await SendAsync<OwnSessionsPage, OwnSessions>(visit, nav, new OwnSessions(
            [.. part.Items.Select(row => SignedIn.Of(row, own))], ListView.Of(visit, asked, [], part.Next)), echo);
    }

    async Task EndOthersAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var own = await sessions.FindIdAsync(visit);
        await ThenAsync(epoch, visit, place.At(Name), session => OwnAccount.EndAllSignedInAsync(session, visit.Who, visit.Actor, own));
    }
}

/// <summary>Where whoever looks is signed in.</summary>
public sealed record OwnSessions(IReadOnlyList<SignedIn> All, ListView List);

/// <summary>A browser, or a login that docker keeps.</summary>
/// <param name="IsThis">Whether it is the browser that asks.</param>
public sealed record SignedIn(long Id, string Name, bool IsBrowser, bool IsThis, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? UsedAt)
{
    internal static SignedIn Of(AccessTokenRow row, long own) => new(
        row.Id, row.Name, row.Kind == AccessTokenTable.Session, row.Id == own, Shown.Then(row.CreatedAt), Shown.Then(row.ExpiresAt), Shown.Then(row.UsedAt));
}
