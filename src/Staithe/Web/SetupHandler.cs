using System.Buffers.Binary;
using System.Buffers.Text;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Transport;

namespace Staithe.Web;

/// <summary>
/// The page on which the first account is made. Its address is sealed with the secret of the registry, so that only whoever sees a server's output knows
/// one, and every server of the registry takes it. It works until there is an account, and for a week at most; a server that starts without any makes another.
/// </summary>
internal sealed class SetupHandler(Users users, BrowserSessions sessions, DeviceCookie devices, ServerSecret secret, TimeProvider clock) : IWebHandler
{
    const string Prefix = "/setup/";
    const string Purpose = "first account";
    const int MaxLetters = 200;
    static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    /// <summary>The path to show to the operator, once.</summary>
    public string Path { get; } = Create(secret, clock.GetUtcNow() + Lifetime);

    public bool Takes(string path) => path.StartsWith(Prefix, StringComparison.Ordinal);

    public async Task HandleAsync(Visit visit)
    {
        if (!Holds(visit.Path) || await users.AnyAsync(visit.Cancel))
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
        await visit.DoneAsync("/", FormTable.SetUp);
    }

    static string Create(ServerSecret secret, DateTimeOffset endsAt)
    {
        var end = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(end, endsAt.ToUnixTimeSeconds());
        return $"{Prefix}{Secret.Setup}{Base64Url.EncodeToString(secret.Seal(end, Purpose))}";
    }

    bool Holds(string path)
    {
        const string begin = Prefix + Secret.Setup;
        if (path.Length > MaxLetters || !path.StartsWith(begin, StringComparison.Ordinal) || !Base64Url.IsValid(path.AsSpan(begin.Length)))
            return false;
        return secret.Unseal(Base64Url.DecodeFromChars(path.AsSpan(begin.Length)), Purpose) is { Length: sizeof(long) } end
            && BinaryPrimitives.ReadInt64BigEndian(end) > clock.GetUtcNow().ToUnixTimeSeconds();
    }

    static Task NothingAsync(Visit visit) => visit.SendNothingAsync(
        "Not here",
        "This link is not one that the server printed when it started, or it has been used, or is older than a week. "
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
