using System.Security.Cryptography;
using System.Text;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Transport;

namespace Staithe.Web;

/// <summary>
/// The page on which the first account is made. Its address holds a secret that only whoever sees the server's output knows, it works
/// once, and the server makes another each time it starts without any account.
/// </summary>
internal sealed class SetupHandler(Users users, BrowserSessions sessions, DeviceCookie devices) : IWebHandler
{
    const string Prefix = "/setup/";

    readonly string secret = Secret.Create(Secret.Setup);

    /// <summary>The path to show to the operator, once.</summary>
    public string Path => Prefix + secret;

    public bool Takes(string path) => path.StartsWith(Prefix, StringComparison.Ordinal);

    public async Task HandleAsync(Visit visit)
    {
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(visit.Path), Encoding.UTF8.GetBytes(Path)) || await users.AnyAsync(visit.Cancel))
            await NothingAsync(visit);
        else if (visit.Form is null)
            await visit.SendAsync<SetupPage, SetupView>(new SetupView("", null));
        else
            await CreateAsync(visit);
    }

    async Task CreateAsync(Visit visit)
    {
        await WorkerThread.SwitchAsync(); // a password takes long to hash
        var name = visit.Field("name").Trim();
        long id;
        try
        {
            var actor = visit.Actor with { Name = Staithe.Oci.OciException.Quote(name) };
            id = await users.AddFirstAsync(actor, name, visit.Field("password"), visit.Cancel);
        }
        catch (AccountException refused)
        {
            await visit.SendAsync<SetupPage, SetupView>(new SetupView(name, refused.Message), refused.Problem == AccountProblem.Taken ? StatusCodes.Status409Conflict : StatusCodes.Status400BadRequest);
            return;
        }
        devices.Give(visit.Http, name);
        await sessions.BeginAsync(visit, new Identity(IdentityKind.User, id, name, IsAdmin: true), "in a browser, with the set-up link");
        await visit.GoToAsync("/");
    }

    static Task NothingAsync(Visit visit) => visit.SendNothingAsync(
        "Not here",
        "This link is not the one that the server printed when it started, or it has been used. "
            + "While there is no account, starting the server again gives a new one.");
}

/// <summary>The form for the first account.</summary>
/// <param name="Name">What was typed before.</param>
/// <param name="Problem">What was wrong.</param>
public sealed record SetupView(string Name, string? Problem)
{
    /// <summary>What a name looks like.</summary>
    public static string Rule => SpaceName.Rule;

    /// <summary>The most characters of a name.</summary>
    public static int MaxName => SpaceName.MaxLength;

    /// <summary>The fewest characters of a password.</summary>
    public static int MinPassword => PasswordHash.MinLength;

    /// <summary>The most characters of a password.</summary>
    public static int MaxPassword => PasswordHash.MaxLength;
}
