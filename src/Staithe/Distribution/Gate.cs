using System.Globalization;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Clients;
using Staithe.Content;
using Staithe.Oci;
using Staithe.Sharing;

namespace Staithe.Distribution;

/// <summary>
/// Lets requests for <c>/v2</c> in: who is it (<c>Authorization</c>), what does the route need, and what did the policy say. The right
/// that a request needs follows from its route and method, here and nowhere else. What a caller may not see is answered as if it were not
/// there.
/// </summary>
internal sealed class Gate(
    AccessLookup access, PresentNames names, ShareLinkLookup links, SignIn signIn, BearerTokens tokens, Refusals refusals, RequestLimits limits, Func<OciRoute, string, Rights> needs, bool isOpen)
{
    /// <summary>Where tokens are to be had.</summary>
    public const string TokenPath = "/v2/auth";

    /// <summary>The right that a request needs.</summary>
    public static Rights Needed(OciRoute route, string method) => (route, method) switch
    {
        (OciRoute.Manifest or OciRoute.Blob or OciRoute.TagList or OciRoute.ReferrerList, "GET" or "HEAD") => Rights.Pull,
        (OciRoute.Manifest or OciRoute.Blob, "DELETE") => Rights.Delete,
        _ => Rights.Push,
    };

    /// <summary>Moves with every change of names and rights.</summary>
    public long Stamp => names.Stamp;

    /// <summary>Whether the caller may pull, if that can be told from memory: for answers that come from there too.</summary>
    public bool MayPullAtOnce(HttpContext http, RepositoryName name)
    {
        if (isOpen)
            return HasRoom(http, Identity.Anybody);
        var authorization = http.Request.Headers.Authorization;
        if (authorization.Count == 0)
            return access.FindRemembered(Identity.Anonymous, name)?.May(Rights.Pull) == true && HasRoom(http, Identity.Anonymous);
        return authorization.Count == 1 && tokens.FindVerified(authorization[0]!) is { } token && IsForUs(http, token) && token.Find(name)?.May(Rights.Pull) == true && HasRoom(http, token.Who);
    }

    /// <summary>Who it is that <see cref="MayPullAtOnce"/> let through, for the audit.</summary>
    public string NameAtOnce(HttpContext http) => isOpen
        ? Actor.Anybody
        : http.Request.Headers.Authorization is [{ } header] ? tokens.FindVerified(header)?.Who.Name ?? Actor.Anybody : Identity.Anonymous.Name;

    /// <summary>
    /// Who it is and what was decided, and the route with the name that the repository has now; returns only when the request may go on.
    /// </summary>
    /// <exception cref="OciException">UNAUTHORIZED with a challenge, DENIED, or NAME_UNKNOWN for what the caller may not know of.</exception>
    public async Task<(Caller Caller, OciRoute Route)> AdmitAsync(HttpContext http, OciRoute asked)
    {
        var caller = await MeetAsync(http, asked);
        if (asked.Repository is not { } name)
        {
            // An anonymous token is one that was asked for.
            return caller.Who.Kind != IdentityKind.Anonymous || caller.Token is not null
                ? (caller, asked)
                : throw Challenge(http, asked, SignInFirst(http));
        }
        if (caller.Token is null && caller.Who.Kind != IdentityKind.Anybody)
        {
            var reach = await access.ReachAsync(caller.Who, name, http.RequestAborted);
            return await LetInAsync(http, asked, name, reach.Name, caller, reach.Decision);
        }
        // An ordinary pull asks nobody by which name the repository is called now: when nothing is there, that shows (see FollowAsync).
        var isPull = asked is OciRoute.Manifest or OciRoute.Blob && needs(asked, http.Request.Method) == Rights.Pull;
        var present = isPull ? names.FindRemembered(name) ?? name : await names.FindAsync(name, http.RequestAborted);
        return await LetInAsync(http, asked, name, present, caller, await DecideAsync(caller, name, present, http.RequestAborted));
    }

    /// <summary>Whether the route's name is a share link's; where nobody is asked who they are, it is a name like any other.</summary>
    public bool IsShareLink(OciRoute route) => !isOpen && ShareLinkName.Is(route.Repository);

    /// <summary>
    /// The same, where the name in the path is a share link's. The secret in it is all that is needed, and whoever signs in beside gets no more by
    /// that. The link is looked at with each request, whatever a token says.
    /// </summary>
    /// <exception cref="OciException">As above; NAME_UNKNOWN alike for a link that has ended and one that never was.</exception>
    public async Task<(Caller Caller, ShareLinkPass Link)> AdmitByLinkAsync(HttpContext http, OciRoute route)
    {
        var caller = await MeetAsync(http, route);
        if (await links.FindAsync(ShareLinkName.SecretOf(route.Repository!), http.RequestAborted) is not { } link)
        {
            refusals.Add(caller.Actor, new Deed("link.pull", "", null));
            throw new OciException(OciError.NameUnknown, "this link has ended, or never was one: ask whoever gave it to you for another");
        }
        if (needs(route, http.Request.Method) is var needed && needed != Rights.Pull)
        {
            Refuse(caller, needed, link.Repository, $"by link {link.Id.ToString(CultureInfo.InvariantCulture)}");
            throw new OciException(OciError.Denied, "one may only pull by a share link: push to the repository itself");
        }
        if (caller.Token is { } token && token.Find(route.Repository!)?.May(Rights.Pull) != true)
            throw Challenge(http, route, "this token was not asked for this link", isNarrow: true);
        return (caller with { Decision = link.Decision }, link);
    }

    /// <summary>Who asks, for what anybody may ask for and some get more of. The request is counted.</summary>
    /// <exception cref="OciException">UNAUTHORIZED when they say who they are, and it is not so.</exception>
    /// <exception cref="TooManyRequestsException">There were too many.</exception>
    public async Task<Identity> IdentifyAsync(HttpContext http) => (await MeetAsync(http, new OciRoute.RepositoryList())).Who;

    /// <summary>
    /// The same once more, when nothing was found under the name that the repository was taken to have; null when it has no other.
    /// </summary>
    public async Task<(Caller Caller, OciRoute Route)?> FollowAsync(HttpContext http, OciRoute asked, OciRoute tried, Caller caller)
    {
        if (asked.Repository is not { } name || await names.ReadAsync(name, http.RequestAborted) is not { } present || present == tried.Repository)
            return null;
        return await LetInAsync(http, asked, name, present, caller, await DecideAsync(caller, name, present, http.RequestAborted));
    }

    /// <summary>The refusal of a request that was let in, and then needed a right that its caller does not have.</summary>
    public Task<OciException> DenyAsync(HttpContext http, OciRoute asked, OciRoute route, Caller caller, MissingRightException missing) =>
        DenyAsync(http, asked.Repository!, route.Repository!, caller, missing.Right, missing.Tag);

    /// <summary>For what stands beside the registry's API: who asks, and the route of a manifest that they may pull, with the name that the repository has now.</summary>
    /// <exception cref="OciException">As for <see cref="AdmitAsync"/>.</exception>
    public async Task<(Identity Who, OciRoute.Manifest Route)> AdmitToReadAsync(HttpContext http, OciRoute.Manifest asked)
    {
        var (caller, route) = await AdmitAsync(http, asked);
        return (caller.Who, (OciRoute.Manifest)((await FollowAsync(http, asked, route, caller))?.Route ?? route));
    }

    /// <summary>The name that another repository than the route's has now, if the caller may pull from it, as a mount does; null if not.</summary>
    public async Task<RepositoryName?> FindAlsoPullableAsync(HttpContext http, Caller caller, RepositoryName name)
    {
        var present = await names.FindAsync(name, http.RequestAborted);
        return (await DecideAsync(caller, name, present, http.RequestAborted))?.May(Rights.Pull) == true ? present : null;
    }

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
        new(OciError.Unauthorized, "the name and the password, or the token, do not belong together, the token has ended, or the account is disabled") { Headers = challenge };

    /// <summary>Who signs in.</summary>
    /// <exception cref="OciException">UNAUTHORIZED with the challenge, or TOOMANYREQUESTS.</exception>
    public static async Task<Identity> SignInAsync(Func<Task<Identity?>> tryIt, IReadOnlyDictionary<string, string> challenge)
    {
        try
        {
            return await tryIt() ?? throw WrongSecret(challenge);
        }
        catch (SignInRefusedException refused)
        {
            throw new OciException(OciError.Unauthorized, refused.Message) { Headers = challenge };
        }
        catch (SignInBusyException busy)
        {
            throw new OciException(busy is SignInAwayException ? OciError.Unavailable : OciError.TooManyRequests, busy.Message)
            {
                Headers = new Dictionary<string, string> { ["Retry-After"] = busy.RetryAfter },
            };
        }
    }

    /// <summary>Settles who it is and counts the request; one that does not say so rightly counts for its address.</summary>
    /// <exception cref="TooManyRequestsException">There were too many.</exception>
    public static async Task<T> LimitAsync<T>(HttpContext http, RequestLimits limits, Func<Task<T>> identify, Func<T, Identity> who)
    {
        try
        {
            var found = await identify();
            limits.Require(who(found), http.Connection.RemoteIpAddress);
            return found;
        }
        catch (OciException)
        {
            limits.RequireStranger(http.Connection.RemoteIpAddress);
            throw;
        }
    }

    async Task<(Caller Caller, OciRoute Route)> LetInAsync(HttpContext http, OciRoute asked, RepositoryName name, RepositoryName present, Caller caller, Decision? decision)
    {
        var (who, token, needed) = (caller.Who, caller.Token, needs(asked, http.Request.Method));
        if (decision is not null && Allows(decision, asked, needed))
        {
            if (present != name)
                FormerName.Tell(http, name, present);
            if (needed == Rights.Push)
                NoteMadeInTheEnd(http, present);
            return (caller with { Decision = decision }, asked.Of(present));
        }
        if (decision is null || who.Kind == IdentityKind.Anonymous)
            throw Challenge(http, asked, who.Kind == IdentityKind.Anonymous ? SignInFirst(http) : "this token was not asked for this repository", isNarrow: token is not null && decision is null);
        // A token says less than its owner may when less was asked for: then another one helps, and nothing else is wrong.
        if (token is not null && Allows(await access.DecideAsync(who, name, http.RequestAborted), asked, needed))
            throw Challenge(http, asked, "this token was not asked for that: ask for another", isNarrow: true);
        if (needed == Rights.Pull)
            throw RepositoryListHandler.Unknown(name, RefusalReason.OfCredential(who.Limit, name.Value, needed));
        throw await DenyAsync(http, name, present, caller, needed, needed == Rights.Delete ? (asked as OciRoute.Manifest)?.Reference.Tag : null);
    }

    async Task<OciException> DenyAsync(HttpContext http, RepositoryName asked, RepositoryName present, Caller caller, Rights missing, TagName? tag)
    {
        Refuse(caller, missing, present, null);
        return new OciException(OciError.Denied, await access.SayRefusalAsync(caller.Who, asked, missing, tag, http.RequestAborted));
    }

    // A push makes the repository that it is for. Whoever is told of it finds it; should nobody be told any more, so does everybody else.
    void NoteMadeInTheEnd(HttpContext http, RepositoryName name)
    {
        http.Response.OnStarting(NoteAsync);
        http.Response.OnCompleted(NoteAsync);

        Task NoteAsync()
        {
            access.NoteMade(name);
            return Task.CompletedTask;
        }
    }

    void Refuse(Caller caller, Rights needed, RepositoryName name, string? detail) =>
        refusals.Add(caller.Actor, new Deed(needed == Rights.Delete ? "delete" : "push", name.Value, name.Space, detail));

    // What a token says of a former name holds as far as its owner may do that with the repository where it is now.
    async Task<Decision?> DecideAsync(Caller caller, RepositoryName asked, RepositoryName present, CancellationToken cancel)
    {
        if (caller.Token is not { } token)
            return await access.DecideAsync(caller.Who, present, cancel);
        var decision = token.Find(asked);
        return decision is null || present == asked ? decision : (await access.DecideAsync(token.Who, present, cancel)).Only(decision.Any);
    }

    bool HasRoom(HttpContext http, Identity who) => !limits.AreOn || limits.Count(who, http.Connection.RemoteIpAddress) == TimeSpan.Zero;

    // Who it is, and one more request of theirs. Nothing is decided yet.
    async Task<Caller> MeetAsync(HttpContext http, OciRoute route)
    {
        var address = http.Connection.RemoteIpAddress?.ToString();
        if (isOpen)
        {
            limits.Require(Identity.Anybody, http.Connection.RemoteIpAddress);
            return new Caller(Identity.Anybody, Decision.Nothing, address, null);
        }
        var (who, token) = await LimitAsync(http, limits, () => IdentifyAsync(http, route, address), found => found.Who);
        return new Caller(who, Decision.Nothing, address, token);
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

    // A right to delete some tags is none to delete blobs, which have no tag.
    static bool Allows(Decision decision, OciRoute route, Rights needed) => route is OciRoute.Blob && needed == Rights.Delete ? decision.Always.HasFlag(needed) : decision.May(needed);

    // What was given while the registry was open, to anybody, is void now that it is not.
    static bool IsForUs(HttpContext http, BearerToken token) => token.Who.Kind != IdentityKind.Anybody && string.Equals(token.Service, http.Request.Host.Value, StringComparison.OrdinalIgnoreCase);

    static OciException Challenge(HttpContext http, OciRoute route, string message, string? error = null, bool isNarrow = false) =>
        new(OciError.Unauthorized, message) { Headers = ChallengeHeader(http, route, isNarrow ? "insufficient_scope" : error) };

    static string SignInFirst(HttpContext http) => $"sign in first: {ClientCommands.For(http.Request).Login()}";

    // RFC 6750 section 3, with the scopes as the Docker Registry token specification writes them: all that the request needs, blanks between.
    static Dictionary<string, string> ChallengeHeader(HttpContext http, OciRoute route, string? error)
    {
        var scopes = string.Join(' ', NeededScopes(http, route));
        var scope = scopes.Length > 0 ? $",scope=\"{scopes}\"" : "";
        var reason = error is null ? "" : $",error=\"{error}\"";
        var (request, realm) = (http.Request, $"{http.Request.Scheme}://{http.Request.Host}{TokenPath}");
        return new() { ["WWW-Authenticate"] = $"Bearer realm=\"{realm}\",service=\"{request.Host}\"{scope}{reason}" };
    }

    static IEnumerable<string> NeededScopes(HttpContext http, OciRoute route)
    {
        if (route is OciRoute.RepositoryList)
            yield return $"{TokenScope.Registry}:catalog:*";
        if (route.Repository is not { } name)
            yield break;
        yield return $"{TokenScope.Repository}:{name}:{Actions(Needed(route, http.Request.Method))}";
        if (route is OciRoute.UploadStart && MountRequest.Read(http.Request.Query)?.From is { } source && source != name)
            yield return $"{TokenScope.Repository}:{source}:{Actions(Rights.Pull)}";
    }

    static string Actions(Rights right) => right switch
    {
        Rights.Pull => "pull",
        Rights.Delete => "delete",
        _ => "pull,push",
    };
}
