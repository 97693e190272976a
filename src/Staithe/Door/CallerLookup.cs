using Staithe.Access;
using Staithe.Oci;

namespace Staithe.Door;

/// <summary>What a refusal asks the caller for: the value of <c>WWW-Authenticate</c>.</summary>
/// <param name="error">What is wrong with the token, in the words of RFC 6750; null where there is none.</param>
internal delegate string Challenge(string? error);

/// <summary>Settles who makes a request, for every face: reads its credentials, has them checked, and counts the request for whoever it is.</summary>
internal sealed class CallerLookup(SignIn signIn, Sessions sessions, BearerTokens tokens, RequestLimits limits, bool isOpen)
{
    /// <summary>Asks for a name with a password or a token.</summary>
    public static Challenge AskBasic { get; } = _ => BasicCredentials.Challenge;

    /// <summary>Who makes the request. It is counted.</summary>
    /// <exception cref="OciException">UNAUTHORIZED with a challenge: nobody is not enough, or they say who they are and it is not so.</exception>
    /// <exception cref="TooManyRequestsException">There were too many.</exception>
    public Task<Caller> MeetAsync(HttpContext http, Accepts accepts, Challenge challenge) =>
        CountAsync(http, () => FindAsync(http, accepts, challenge), caller => caller.Who);

    /// <summary>The same, before it is counted.</summary>
    /// <exception cref="OciException">As above.</exception>
    public async Task<Caller> FindAsync(HttpContext http, Accepts accepts, Challenge challenge)
    {
        var address = AddressOf(http);
        if (isOpen)
            return new Caller(Identity.Anybody, address);
        switch (Credentials.Read(http, accepts))
        {
            case Credentials.Basic(var name, var secret):
                return new Caller(await SignInAsync(() => signIn.TryAsync(name, secret, address, http.RequestAborted), challenge), address);
            case Credentials.PersonalToken(var secret):
                return new Caller(await SignInAsync(() => signIn.TryAsync("bearer", secret, address, http.RequestAborted), challenge), address);
            case Credentials.RegistryToken(var text):
                return await tokens.ReadAsync(text, http.RequestAborted) is { } token && IsForUs(http, token)
                    ? new Caller(token.Who, address) { Token = token }
                    : throw Unauthorized("the token is not one of this registry, or has ended: ask for another", challenge("invalid_token"));
            case Credentials.Session(var secret) when await sessions.FindAsync(secret, http.RequestAborted) is { } who:
                return new Caller(who, address) { Session = secret };
            case Credentials.Unreadable(var why):
                throw Unauthorized(why, challenge(null));
            default:
                return accepts.HasFlag(Accepts.Nobody)
                    ? new Caller(Identity.Anonymous, address)
                    : throw Unauthorized("sign in first: send a name with a password or a token", challenge(null));
        }
    }

    /// <summary>Settles who it is and counts the request; one that does not say so rightly counts for its address.</summary>
    /// <exception cref="TooManyRequestsException">There were too many.</exception>
    public async Task<T> CountAsync<T>(HttpContext http, Func<Task<T>> identify, Func<T, Identity> who)
    {
        T found;
        try
        {
            found = await identify();
        }
        catch (Exception e) when (e is OciException or SignInBusyException)
        {
            limits.RequireStranger(http.Connection.RemoteIpAddress);
            throw;
        }
        limits.Require(who(found), http.Connection.RemoteIpAddress);
        return found;
    }

    /// <summary>Who signs in.</summary>
    /// <exception cref="OciException">UNAUTHORIZED with the challenge: the same whatever was wrong.</exception>
    /// <exception cref="SignInBusyException">Nobody can tell now, or there were too many attempts.</exception>
    public static async Task<Identity> SignInAsync(Func<Task<Identity?>> tryIt, Challenge challenge)
    {
        try
        {
            return await tryIt() ?? throw Unauthorized(
                "the name and the password, or the token, do not belong together, the token has ended, or the account is disabled", challenge(null));
        }
        catch (SignInRefusedException refused)
        {
            throw Unauthorized(refused.Message, challenge(null));
        }
    }

    /// <summary>The refusal of whoever has not shown who they are.</summary>
    public static OciException Unauthorized(string message, string challenge) =>
        new(OciError.Unauthorized, message) { Headers = new Dictionary<string, string> { ["WWW-Authenticate"] = challenge } };

    /// <summary>The caller of a request that shows a token which was read before, or nothing: told from memory. Null where that cannot be told.</summary>
    public (Identity Who, BearerToken? Token)? FindAtOnce(HttpContext http)
    {
        if (isOpen)
            return (Identity.Anybody, null);
        var sent = http.Request.Headers.Authorization;
        if (sent.Count == 0)
            return (Identity.Anonymous, null);
        return sent.Count == 1 && tokens.FindVerified(sent[0]!) is { } token && IsForUs(http, token) ? (token.Who, token) : null;
    }

    /// <summary>Whether there is room for one more request of theirs, which is counted then.</summary>
    public bool HasRoom(HttpContext http, Identity who) => !limits.AreOn || limits.Count(who, http.Connection.RemoteIpAddress) == TimeSpan.Zero;

    /// <summary>Counts a request.</summary>
    /// <exception cref="TooManyRequestsException">There were too many.</exception>
    public void Count(HttpContext http, Identity who) => limits.Require(who, http.Connection.RemoteIpAddress);

    /// <summary>Where the client is, for the audit.</summary>
    public static string? AddressOf(HttpContext http) => http.Connection.RemoteIpAddress?.ToString();

    // What was given while the registry was open, to anybody, is void now that it is not.
    static bool IsForUs(HttpContext http, BearerToken token) =>
        token.Who.Kind != IdentityKind.Anybody && string.Equals(token.Service, http.Request.Host.Value, StringComparison.OrdinalIgnoreCase);
}
