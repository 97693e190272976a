using Microsoft.AspNetCore.WebUtilities;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Door;

namespace Staithe.Web;

/// <summary>The form to sign in with, and the button to sign out.</summary>
internal sealed class SignInHandler(
    SignIn signIn,
    BrowserSessions sessions,
    DeviceCookie devices,
    Users users,
    IReadOnlyList<ElsewhereLink> elsewhere)
    : IWebHandler
{
    /// <summary>Where one signs in.</summary>
    public const string In = "/login";

    // Why one is asked to: a parameter of the page's address, and what it says. Without, the browser was sent here for a page that
    // it may not see.
    const string Why = "why", Ended = "ended", Own = "own";

    const int MaxDepth = 8; // of pages to sign in that lead back to each other

    const string Out = "/logout";
    const string Wrong = "The name and the password do not belong together. "
        + "People sign in here with their password; tokens and robots are for programs.";

    bool hasAccounts;

    public bool Takes(string path) => path is In or Out;

    /// <summary>The address of the page, which says why it is shown and leads back: the same whether what was asked for is there or
    /// not.</summary>
    public static string PathFor(HttpContext http, string next) =>
        $"{In}?next={Uri.EscapeDataString(next)}{(SessionCookie.Find(http) is null ? "" : $"&{Why}={Ended}")}";

    /// <summary>The address of the page for a link that people follow of their own accord.</summary>
    public static string LinkTo(string next) => $"{In}?next={Uri.EscapeDataString(Beyond(next))}&{Why}={Own}";

    /// <summary>Where to go after signing in: to a place on this registry, and to none that is there only to sign in or out.</summary>
    static string Beyond(string next)
    {
        for (var depth = 0; depth < MaxDepth; depth++)
        {
            var place = Visit.LocalPath(next);
            var query = place.IndexOf('?', StringComparison.Ordinal);
            var path = query < 0 ? place : place[..query];
            if (path is not (In or $"{In}/" or Out or $"{Out}/"))
                return place;
            next = query < 0 ? "/" : QueryHelpers.ParseQuery(place[query..]).GetValueOrDefault("next") is [{ } inner] ? inner : "/";
        }
        return "/";
    }

    /// <summary>Whether a person asks with a browser, and says nothing of who they are but by its session.</summary>
    public static bool IsAskedByBrowser(HttpRequest request) =>
        HttpMethods.IsGet(request.Method)
        && request.Headers.Authorization.Count == 0
        && request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    public Task HandleAsync(Visit visit) => (visit.Path, visit.Form) switch
    {
        (Out, not null) => SignOutAsync(visit),
        (Out, _) => visit.GoToAsync("/"),
        (_, null) => ShowAsync(visit, "", Beyond(visit.Query("next")), null, StatusCodes.Status200OK),
        _ => SignInAsync(visit),
    };

    async Task ShowAsync(Visit visit, string name, string next, string? problem, int status)
    {
        // Whether there is any account is asked until there is one.
        hasAccounts = hasAccounts || await users.AnyAsync(visit.Cancel);
        var view = new SignInView(name, next, problem, elsewhere) { HasAccounts = hasAccounts, Reason = ReasonOf(visit, problem) };
        await visit.SendAsync<SignInPage, SignInView>(view, status);
    }

    // The same whether what was asked for is there or not.
    static string? ReasonOf(Visit visit, string? problem)
    {
        return problem is not null || visit.Who.Kind == IdentityKind.User ? null : visit.Query(Why) switch
        {
            Ended => "Your session has ended. Sign in again to go on where you were.",
            "" when visit.Query("next").Length > 0 =>
                "The page that you asked for is not public, or does not exist. Sign in to see it, if you may.",
            _ => null,
        };
    }

    async Task SignInAsync(Visit visit)
    {
        var (name, next) = (visit.Field("name").Trim(), Beyond(visit.Field("next")));
        Identity? who = null;
        var problem = Wrong;
        try
        {
            var source = new SignInSource(visit.Actor.Address, devices.Find(visit.Http, name));
            who = await signIn.TryPasswordAsync(name, visit.Field("password"), source, visit.Cancel);
        }
        catch (SignInRefusedException refused)
        {
            problem = Visit.Sentence(refused.Message);
        }
        if (who is not { Kind: IdentityKind.User, Limit: null })
        {
            await ShowAsync(visit, name, next, problem, StatusCodes.Status403Forbidden);
            return;
        }
        devices.Give(visit.Http, name);
        await sessions.BeginAsync(visit, who);
        await visit.GoToAsync(next);
    }

    async Task SignOutAsync(Visit visit)
    {
        await sessions.EndAsync(visit);
        await visit.DoneAsync("/", FormTable.SignOut);
    }
}

/// <summary>The form to sign in with.</summary>
/// <param name="Name">What was typed before.</param>
/// <param name="Next">Where to go afterwards.</param>
/// <param name="Problem">What was wrong.</param>
/// <param name="Elsewhere">Where else one may sign in.</param>
public sealed record SignInView(string Name, string Next, string? Problem, IReadOnlyList<ElsewhereLink> Elsewhere)
{
    /// <summary>Whether anybody can sign in yet.</summary>
    public bool HasAccounts { get; init; } = true;

    /// <summary>Why the page is shown to somebody who asked for another.</summary>
    public string? Reason { get; init; }
}
