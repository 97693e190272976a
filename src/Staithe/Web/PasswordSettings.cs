using Staithe.Accounts;
using Staithe.Database;
using Staithe.Managing;
using Staithe.Transport;

namespace Staithe.Web;

/// <summary>Somebody's password.</summary>
internal sealed class PasswordSettings(Db db, BrowserSessions sessions, OwnAccount account) : SettingsView("password", "Password")
{
    public override IReadOnlyList<SettingsForm> Forms =>
    [
        new("password", SetPasswordAsync),
    ];

    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        var user = await db.ReadAsync(session => Asker.RequirePasswordAsync(session, visit.Who), visit.Cancel);
        await SendAsync<OwnPasswordPage, OwnPassword>(visit, nav, new OwnPassword(user.Name, user.Password is not null), echo);
    }

    // Everything that was signed in ends, this browser's session too: it gets another one.
    async Task SetPasswordAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        if (visit.Field("password") != visit.Field("again"))
            throw new AccountException(AccountProblem.Invalid, "the two new passwords are not the same: nothing was changed");
        await WorkerThread.SwitchAsync(); // a password takes long to hash
        var session = $"session {Shown.Id(await sessions.FindIdAsync(visit))}"; // strangers' guesses do not hold up who is signed in
        await account.SetPasswordAsync(visit.Who, visit.Actor, visit.Field("old"), visit.Field("password"), visit.Cancel, session);
        await sessions.BeginAsync(visit, visit.Who, "in a browser, with a new password");
        await visit.DoneAsync(place.At("sessions"));
    }
}

/// <summary>The password of whoever looks.</summary>
/// <param name="IsHere">Whether it is kept here.</param>
public sealed record OwnPassword(string User, bool IsHere);
