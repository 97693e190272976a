using System.Globalization;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Oci;

namespace Staithe.Distribution;

/// <summary>
/// Lets requests for <c>/v2</c> in: who is it (<c>Authorization</c>), what does the route need, and what did the policy say. The right
/// that a request needs follows from its route and method, here and nowhere else. What a caller may not see is answered as if it were not
/// there.
/// </summary>
internal sealed class Gate(AccessLookup access, SignIn signIn, BearerTokens tokens, Refusals refusals, bool isOpen)
{
    /// <summary>Where tokens are to be had.</summary>
    public const string TokenPath = "/v2/auth";


    /// <summary>Whether the caller may pull, if that can be told from memory: for answers that come from there too.</summary>
    public bool MayPullAtOnce(HttpContext http, RepositoryName name)
    {
        if (isOpen)
            return true;
        var authorization = http.Request.Headers.Authorization;
        if (authorization.Count == 0)
            return access.FindRemembered(Identity.Anonymous, name)?.May(Rights.Pull) == true;
        return authorization.Count == 1 && tokens.FindVerified(authorization[0]!) is { } token && IsForUs(http, token) && token.Find(name)?.May(Rights.Pull) == true;
    }

    /// <summary>Who it is and what was decided; returns only when the request may go on.</summary>
    /// <exception cref="OciException">UNAUTHORIZED with a challenge, DENIED, or NAME_UNKNOWN for what the caller may not know of.</exception>
    public async Task<Caller> AdmitAsync(HttpContext http, OciRoute route)
    {
        var address = http.Connection.RemoteIpAddress?.ToString();
        if (isOpen)
            return new Caller(Identity.Anybody, Decision.Everything, address, null);
        var (who, token) = await IdentifyAsync(http, route, address);
        if (route.Repository is not { } name)
        {
            var mayBeAnonymous = token is not null; // an anonymous token is one that was asked for
            return who.Kind != IdentityKind.Anonymous || mayBeAnonymous
                ? new Caller(who, Decision.Nothing, address, token)
                : throw Challenge(http, route, "sign in first; \"podman login\" and \"docker login\" do");
        }

        var needed = Needed(route, http.Request.Method);
        var decision = token is null ? await access.DecideAsync(who, name, http.RequestAborted) : token.Find(name);
        if (decision is not null && Allows(decision, route, needed))
            return new Caller(who, decision, address, token);
        if (decision is null || who.Kind == IdentityKind.Anonymous)
            throw Challenge(http, route, who.Kind == IdentityKind.Anonymous ? "sign in first, or ask for the right to this repository" : "this token was not asked for this repository", isNarrow: token is not null && decision is null);
        // A token says less than its owner may when less was asked for: then another one helps, and nothing else is wrong.
        if (token is not null && Allows(await access.DecideAsync(who, name, http.RequestAborted), route, needed))
            throw Challenge(http, route, "this token was not asked for that: ask for another", isNarrow: true);
        if (needed == Rights.Pull)
            throw RepositoryListHandler.Unknown(name);
        refusals.Add(new Actor(who.Name, address), new Deed(needed == Rights.Delete ? "delete" : "push", name.Value, name.Space));
        throw new OciException(OciError.Denied, $"{who.Name} may not {Words(needed)} {name}: ask an admin of the space {name.Space}");
    }

    /// <summary>Who asks, for what anybody may ask for and some get more of.</summary>
    /// <exception cref="OciException">UNAUTHORIZED when they say who they are, and it is not so.</exception>
    public async Task<Identity> IdentifyAsync(HttpContext http) =>
        isOpen ? Identity.Anybody : (await IdentifyAsync(http, new OciRoute.RepositoryList(), http.Connection.RemoteIpAddress?.ToString())).Who;

    /// <summary>Whether the caller may pull from another repository than the route's, as a mount does.</summary>
    public async Task<bool> MayAlsoPullAsync(HttpContext http, Caller caller, RepositoryName name) =>
        (caller.Token is null ? await access.DecideAsync(caller.Who, name, http.RequestAborted) : caller.Token.Find(name))?.May(Rights.Pull) == true;

    /// <summary>A name and a secret as RFC 7617 sends them; null when there is none of it.</summary>
    /// <exception cref="OciException">UNAUTHORIZED when it cannot be read.</exception>
    public static (string Name, string Password)? ReadBasic(HttpContext http)
    {
        if (http.Request.Headers.Authorization is not [{ } text] || !BasicCredentials.Are(text))
            return null;
        return BasicCredentials.Read(text) ?? throw new OciException(OciError.Unauthorized, "the Authorization header is not name and password in Base64") { Headers = BasicChallenge };
    }

    /// <summary>What a browser or a token client is asked for.</summary>
    public static IReadOnlyDictionary<string, string> BasicChallenge { get; } = new Dictionary<string, string> { ["WWW-Authenticate"] = BasicCredentials.Challenge };

    /// <summary>The refusal of a wrong name or secret: the same whatever was wrong.</summary>
    public static OciException WrongSecret(IReadOnlyDictionary<string, string> challenge) =>
        new(OciError.Unauthorized, "the name and the password, or the token, do not belong together, or have ended") { Headers = challenge };

    /// <summary>Who signs in.</summary>
    /// <exception cref="OciException">UNAUTHORIZED with the challenge, or TOOMANYREQUESTS.</exception>
    public static async Task<Identity> SignInAsync(Func<Task<Identity?>> tryIt, IReadOnlyDictionary<string, string> challenge)
    {
        try
        {
            return await tryIt() ?? throw WrongSecret(challenge);
        }
        catch (SignInBusyException busy)
        {
            throw new OciException(OciError.TooManyRequests, "too many attempts to sign in: wait, then try again")
            {
                Headers = new Dictionary<string, string> { ["Retry-After"] = Math.Ceiling(busy.Wait.TotalSeconds).ToString(CultureInfo.InvariantCulture) },
            };
        }
    }

    async Task<(Identity Who, BearerToken? Token)> IdentifyAsync(HttpContext http, OciRoute route, string? address)
    {
        var authorization = http.Request.Headers.Authorization;
        switch (authorization.ToArray())
        {
            case []:
                return (Identity.Anonymous, null);
            case [{ } text] when text.StartsWith(BearerTokens.Scheme, StringComparison.OrdinalIgnoreCase):
                var token = await tokens.ReadAsync(text[BearerTokens.Scheme.Length..].Trim(), http.RequestAborted);
                return token is not null && IsForUs(http, token)
                    ? (token.Who, token)
                    : throw Challenge(http, route, "the token is not one of this registry, or has ended: ask for another", error: "invalid_token");
            case [{ } text] when BasicCredentials.Are(text):
                var (name, password) = ReadBasic(http)!.Value;
                return (await SignInAsync(() => signIn.TryAsync(name, password, address, http.RequestAborted), ChallengeHeader(http, route, null)), null);
            default:
                throw Challenge(http, route, "the Authorization header is neither Bearer nor Basic");
        }
    }

    static Rights Needed(OciRoute route, string method) => (route, method) switch
    {
        (OciRoute.Manifest or OciRoute.Blob or OciRoute.TagList or OciRoute.ReferrerList, "GET" or "HEAD") => Rights.Pull,
        (OciRoute.Manifest or OciRoute.Blob, "DELETE") => Rights.Delete,
        _ => Rights.Push,
    };

    // A right to delete some tags is none to delete blobs, which have no tag.
    static bool Allows(Decision decision, OciRoute route, Rights needed) => route is OciRoute.Blob && needed == Rights.Delete ? decision.Always.HasFlag(needed) : decision.May(needed);

    static string Words(Rights right) => right == Rights.Delete ? "delete from" : "push to";

    // What was given while the registry was open, to anybody, is void now that it is not.
    static bool IsForUs(HttpContext http, BearerToken token) => token.Who.Kind != IdentityKind.Anybody && string.Equals(token.Service, http.Request.Host.Value, StringComparison.OrdinalIgnoreCase);

    static OciException Challenge(HttpContext http, OciRoute route, string message, string? error = null, bool isNarrow = false) =>
        new(OciError.Unauthorized, message) { Headers = ChallengeHeader(http, route, isNarrow ? "insufficient_scope" : error) };

    // RFC 6750 section 3, with the scope as the Docker Registry token specification writes it.
    static Dictionary<string, string> ChallengeHeader(HttpContext http, OciRoute route, string? error)
    {
        var scope = route.Repository is { } name
            ? $",scope=\"{TokenScope.Repository}:{name}:{Actions(Needed(route, http.Request.Method))}\""
            : route is OciRoute.RepositoryList ? $",scope=\"{TokenScope.Registry}:catalog:*\"" : "";
        return new() { ["WWW-Authenticate"] = $"Bearer realm=\"{http.Request.Scheme}://{http.Request.Host}{TokenPath}\",service=\"{http.Request.Host}\"{scope}{(error is null ? "" : $",error=\"{error}\"")}" };
    }

    static string Actions(Rights right) => right switch
    {
        Rights.Pull => "pull",
        Rights.Delete => "delete",
        _ => "pull,push",
    };
}
