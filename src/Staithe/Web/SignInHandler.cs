using Staithe.Access;

namespace Staithe.Web;

/// <summary>The form to sign in with, and the button to sign out.</summary>
internal sealed class SignInHandler(SignIn signIn, Sessions sessions, IReadOnlyList<ElsewhereLink> elsewhere) : IWebHandler
{
    const string In = "/login", Out = "/logout";

    public bool Takes(string path) => path is In or Out;

    public Task HandleAsync(Visit visit) => (visit.Path, visit.Form) switch
    {
        (Out, not null) => SignOutAsync(visit),
        (Out, _) => visit.GoToAsync("/"),
        (_, null) => visit.SendAsync<SignInPage, SignInView>(new SignInView("", Visit.LocalPath(visit.Query("next")), null, elsewhere)),
        _ => SignInAsync(visit),
    };

    async Task SignInAsync(Visit visit)
    {
        var (name, next) = (visit.Field("name").Trim(), Visit.LocalPath(visit.Field("next")));
        if (await signIn.TryAsync(name, visit.Field("password"), visit.Actor.Address, visit.Cancel) is not { Kind: IdentityKind.User, Limit: null } who)
        {
            await visit.SendAsync<SignInPage, SignInView>(
                new SignInView(name, next, "The name and the password do not belong together. People sign in here with their password; tokens and robots are for programs.", elsewhere),
                StatusCodes.Status403Forbidden);
            return;
        }
        SessionCookie.Set(visit.Http, await sessions.StartAsync(who, visit.Actor.Address, BrowserName.Of(visit.Http), visit.Cancel), Sessions.Lifetime);
        await visit.GoToAsync(next);
    }

    async Task SignOutAsync(Visit visit)
    {
        if (SessionCookie.Find(visit.Http) is { } secret)
            await sessions.EndAsync(secret, visit.Cancel);
        SessionCookie.Clear(visit.Http);
        await visit.GoToAsync("/");
    }
}

/// <summary>The form to sign in with.</summary>
/// <param name="Name">What was typed before.</param>
/// <param name="Next">Where to go afterwards.</param>
/// <param name="Problem">What was wrong.</param>
/// <param name="Elsewhere">Where else one may sign in.</param>
public sealed record SignInView(string Name, string Next, string? Problem, IReadOnlyList<ElsewhereLink> Elsewhere);
