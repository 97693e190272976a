using System.Globalization;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Clients;
using Staithe.Content;
using Staithe.Oci;
using Staithe.Sharing;

namespace Staithe.Door;

/// <summary>A request that may go on.</summary>
/// <param name="Caller">Who makes it, with what was decided.</param>
/// <param name="Route">What it is for, with the name that the repository has now.</param>
internal readonly record struct Admitted(Caller Caller, OciRoute Route);

/// <summary>
/// Lets requests for repositories in: who is it (<see cref="CallerLookup"/>), what does the route need and does the caller have it
/// (<see cref="Admission"/>). What a caller may not see is answered as if it were not there.
/// </summary>
internal sealed class Gate(
    AccessLookup access,
    PresentNames names,
    ShareLinkLookup links,
    CallerLookup callers,
    Refusals refusals,
    Func<OciRoute, string, Rights> needs,
    bool isOpen)
{
    static readonly Decision ToPull = new(Rights.Pull, []);

    /// <summary>Moves with every change of names and rights.</summary>
    public long Stamp => names.Stamp;

    /// <summary>The fast way: who it is, if memory alone tells that they may pull what comes from memory too; null for the slow way.</summary>
    public Identity? TryAdmitToPull(HttpContext http, OciRoute route, CachedContent content)
    {
        if (callers.FindAtOnce(http) is not var (who, token))
            return null;
        var decision = token is not null ? token.Find(route.Repository!)
            : who.Kind == IdentityKind.Anybody ? Decision.Everything
            : MayEverybodyPull(route.Repository!, content) ? ToPull : null;
        return Admission.Allows(decision, route, Rights.Pull) && callers.HasRoom(http, who) ? who : null;
    }

    /// <summary>Who makes a request for <c>/v2</c>. It is counted.</summary>
    /// <exception cref="OciException">UNAUTHORIZED with a challenge when they say who they are, and it is not so.</exception>
    /// <exception cref="TooManyRequestsException">There were too many.</exception>
    public Task<Caller> MeetAsync(HttpContext http, OciRoute route) => callers.MeetAsync(http, Accepts.Client, error => BearerChallenge.For(http, route, error));

    /// <summary>The same, for what anybody may ask for and some get more of.</summary>
    /// <exception cref="OciException">As above.</exception>
    /// <exception cref="TooManyRequestsException">There were too many.</exception>
    public Task<Caller> MeetAsync(HttpContext http) => MeetAsync(http, new OciRoute.RepositoryList());

    /// <summary>The slow way: what was decided, and the route with the name that the repository has now; returns only when the request may go on.</summary>
    /// <param name="http">The request.</param>
    /// <param name="asked">What it is for, as the client calls it.</param>
    /// <param name="caller">Who makes it.</param>
    /// <param name="isSettled">Whether the name that the repository has now is looked up whatever is asked for.</param>
    /// <exception cref="OciException">UNAUTHORIZED with a challenge, DENIED, or NAME_UNKNOWN for what the caller may not know of.</exception>
    public async Task<Admitted> AdmitAsync(HttpContext http, OciRoute asked, Caller caller, bool isSettled = false)
    {
        if (asked.Repository is not { } name)
        {
            // An anonymous token is one that was asked for.
            return caller.Who.Kind != IdentityKind.Anonymous || caller.Token is not null
                ? new Admitted(caller, asked)
                : throw Challenge(http, asked, SignInFirst(http));
        }
        if (caller.Token is null && caller.Who.Kind != IdentityKind.Anybody && !isSettled)
        {
            var reach = await access.ReachAsync(caller.Who, name, http.RequestAborted);
            return await LetInAsync(http, asked, reach.Name, caller, reach.Decision);
        }
        // An ordinary pull asks nobody by which name the repository is called now: when nothing is there, that shows (see HasMovedAsync).
        var isPull = !isSettled && asked is OciRoute.Manifest or OciRoute.Blob && needs(asked, http.Request.Method) == Rights.Pull;
        var present = isPull ? names.FindRemembered(name) ?? name : await names.FindAsync(name, http.RequestAborted);
        return await LetInAsync(http, asked, present, caller, await DecideAsync(caller, name, present, http.RequestAborted));
    }

    /// <summary>
    /// Whether what was absent may be there after all: the repository has another name now than the one under which it was looked for.
    /// </summary>
    /// <param name="http">The request.</param>
    /// <param name="asked">What it is for, as the client calls it.</param>
    /// <param name="tried">What was looked for; null when the request was not let in.</param>
    /// <param name="stamp">The <see cref="Stamp"/> from before.</param>
    public async Task<bool> HasMovedAsync(HttpContext http, OciRoute asked, OciRoute? tried, long stamp)
    {
        if (tried is not null && asked.Repository is { } name && await names.ReadAsync(name, http.RequestAborted) != tried.Repository)
            return true;
        return Stamp != stamp && (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method));
    }

    /// <summary>Whether the route's name is a share link's; where nobody is asked who they are, it is a name like any other.</summary>
    public bool IsShareLink(OciRoute route) => !isOpen && ShareLinkName.Is(route.Repository);

    /// <summary>
    /// Lets in a request whose name is a share link's. The secret in it is all that is needed, and whoever signs in beside gets no more by
    /// that. The link is looked at with each request, whatever a token says.
    /// </summary>
    /// <exception cref="OciException">As for <see cref="AdmitAsync"/>; NAME_UNKNOWN alike for a link that has ended and one that never was.</exception>
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
        if (caller.Token is { } token && !Admission.Allows(token.Find(route.Repository!), route, Rights.Pull))
            throw Challenge(http, route, "this token was not asked for this link", BearerChallenge.NarrowToken);
        return (caller with { Decision = link.Decision }, link);
    }

    /// <summary>
    /// Lets in whoever may pull a manifest, with whatever they show, a browser's session too: for what stands beside the registry's API.
    /// </summary>
    /// <param name="http">The request.</param>
    /// <param name="asked">The manifest, as the client calls it.</param>
    /// <param name="challenge">What those are asked for who have to say who they are; null for what <c>/v2</c> asks for.</param>
    /// <exception cref="OciException">As for <see cref="AdmitAsync"/>.</exception>
    public async Task<(Identity Who, OciRoute.Manifest Route)> AdmitToReadAsync(HttpContext http, OciRoute.Manifest asked, Challenge? challenge = null)
    {
        challenge ??= error => BearerChallenge.For(http, asked, error);
        var caller = await callers.MeetAsync(http, Accepts.Reader, challenge);
        try
        {
            var admitted = await AdmitAsync(http, asked, caller, isSettled: true);
            return (admitted.Caller.Who, (OciRoute.Manifest)admitted.Route);
        }
        catch (OciException refused) when (refused.Error == OciError.Unauthorized)
        {
            throw CallerLookup.Unauthorized(refused.Message, challenge(null));
        }
    }

    /// <summary>The refusal of a request that was let in, and then needed a right that its caller does not have.</summary>
    public Task<OciException> DenyAsync(HttpContext http, OciRoute asked, Admitted admitted, MissingRightException missing) =>
        DenyAsync(http, asked.Repository!, admitted.Route.Repository!, admitted.Caller, missing.Right, missing.Tag);

    /// <summary>The name that another repository than the route's has now, if the caller may pull from it, as a mount does; null if not.</summary>
    public async Task<RepositoryName?> FindAlsoPullableAsync(HttpContext http, Caller caller, RepositoryName name)
    {
        var present = await names.FindAsync(name, http.RequestAborted);
        return (await DecideAsync(caller, name, present, http.RequestAborted))?.May(Rights.Pull) == true ? present : null;
    }

    /// <summary>There is no such repository, as far as the caller may know.</summary>
    /// <param name="name">As the caller wrote it.</param>
    /// <param name="credential">What holds the caller's credential back from that name, whether there is one or not.</param>
    public static OciException Unknown(RepositoryName name, string? credential = null) =>
        new(OciError.NameUnknown, $"there is no repository {name}{(credential is null ? "" : $" that you may see: {credential}")}");

    // What was decided about everybody is remembered with the content, so that a pull by nobody in particular looks nobody up.
    bool MayEverybodyPull(RepositoryName name, CachedContent content)
    {
        if (content.Terms is { } terms && access.Holds(terms))
            return true;
        content.Terms = access.FindTermsForEverybody(name);
        return content.Terms is not null;
    }

    async Task<Admitted> LetInAsync(HttpContext http, OciRoute asked, RepositoryName present, Caller caller, Decision? decision)
    {
        var (who, token, name, needed) = (caller.Who, caller.Token, asked.Repository!, needs(asked, http.Request.Method));
        if (Admission.Allows(decision, asked, needed))
        {
            if (present != name)
                FormerName.Tell(http, name, present);
            return new Admitted(caller with { Decision = decision! }, asked.Of(present));
        }
        if (who.Kind == IdentityKind.Anonymous)
            throw Challenge(http, asked, SignInFirst(http), token is not null && decision is null ? BearerChallenge.NarrowToken : null);
        if (decision is null)
            throw Challenge(http, asked, "this token was not asked for this repository", BearerChallenge.NarrowToken);
        // A token says less than its owner may when less was asked for: then another one helps, and nothing else is wrong.
        if (token is not null && Admission.Allows(await access.DecideAsync(who, name, http.RequestAborted), asked, needed))
            throw Challenge(http, asked, "this token was not asked for that: ask for another", BearerChallenge.NarrowToken);
        if (needed == Rights.Pull)
            throw Unknown(name, RefusalReason.OfCredential(who.Limit, name.Value, needed));
        throw await DenyAsync(http, name, present, caller, needed, needed == Rights.Delete ? (asked as OciRoute.Manifest)?.Reference.Tag : null);
    }

    async Task<OciException> DenyAsync(HttpContext http, RepositoryName asked, RepositoryName present, Caller caller, Rights missing, TagName? tag)
    {
        Refuse(caller, missing, present, null);
        return new OciException(OciError.Denied, await access.SayRefusalAsync(caller.Who, asked, missing, tag, http.RequestAborted));
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

    static OciException Challenge(HttpContext http, OciRoute route, string message, string? error = null) =>
        CallerLookup.Unauthorized(message, BearerChallenge.For(http, route, error));

    static string SignInFirst(HttpContext http) => $"sign in first: {ClientCommands.For(http.Request).Login()}";
}
