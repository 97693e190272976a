using Staithe.Access;
using Staithe.Door;

namespace Staithe.Web;

/// <summary>How everybody is signed in with a browser, and out, whichever way they have shown who they are.</summary>
internal sealed class BrowserSessions(Sessions sessions)
{
    /// <summary>Signs in. A session that the browser had ends.</summary>
    /// <param name="visit">The request.</param>
    /// <param name="who">Who it is now.</param>
    /// <param name="how">How they have shown it, for the audit.</param>
    public async Task BeginAsync(Visit visit, Identity who, string how = "in a browser") => SessionCookie.Set(
        visit.Http,
        await sessions.StartAsync(who, visit.Actor.Address, BrowserName.Of(visit.Http), visit.Cancel, how, SessionCookie.Find(visit.Http)));

    /// <summary>Signs out.</summary>
    public async Task EndAsync(Visit visit)
    {
        if (SessionCookie.Find(visit.Http) is { } secret)
            await sessions.EndAsync(secret, visit.Actor.Address, visit.Cancel);
        SessionCookie.Clear(visit.Http);
    }

    /// <summary>The number of the browser's session; 0 for none.</summary>
    public Task<long> FindIdAsync(Visit visit) =>
        SessionCookie.Find(visit.Http) is { } secret ? sessions.FindIdAsync(secret, visit.Cancel) : Task.FromResult(0L);
}
