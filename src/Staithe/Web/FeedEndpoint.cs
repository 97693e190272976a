using System.Globalization;
using System.Security.Cryptography;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Door;
using Staithe.Oci;
using Staithe.Search;
using Staithe.Telemetry;
using Staithe.Transport;

namespace Staithe.Web;

/// <summary>
/// Feeds of what is pushed and moved: <c>/feeds/r/NAME.atom</c> of a repository, <c>/feeds/s/SPACE.atom</c>, <c>/feeds/search.atom?q=…</c>, and
/// <c>/feeds/mine.atom</c> of all that one watches; <c>.json</c> too. What is public needs no credentials; for the rest, readers of feeds know
/// Basic alone, and a browser has its session.
/// </summary>
/// <param name="moves">What happened.</param>
/// <param name="db">Where spaces are.</param>
/// <param name="gate">Lets readers of a repository on.</param>
/// <param name="callers">Who reads.</param>
/// <param name="guard">Turns what is thrown into the answer.</param>
internal sealed class FeedEndpoint(RecentMoves moves, Db db, Gate gate, CallerLookup callers, Func<HttpContext, Func<Task>, Task> guard)
{
    const string Prefix = "/feeds/", Atom = ".atom", Json = ".json";
    static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>Whether the path is one of these.</summary>
    public static bool Takes(string path) => path.StartsWith(Prefix, StringComparison.Ordinal);

    public Task HandleAsync(HttpContext http, string path, RequestFacts facts) => guard(http, () => AnswerAsync(http, path, facts));

    async Task AnswerAsync(HttpContext http, string path, RequestFacts facts)
    {
        await WorkerThread.SwitchAsync();
        if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method))
            throw new OciException(OciError.Unsupported, "feeds can be read, and nothing else") { Headers = new Dictionary<string, string> { ["Allow"] = "GET, HEAD" } };
        var isJson = path.EndsWith(Json, StringComparison.Ordinal);
        if (!isJson && !path.EndsWith(Atom, StringComparison.Ordinal))
            throw NoSuchFeed();
        await SendAsync(http, await ReadAsync(http, Uri.UnescapeDataString(path[Prefix.Length..^Atom.Length]), path, facts), isJson);
    }

    async Task<Feed> ReadAsync(HttpContext http, string what, string path, RequestFacts facts)
    {
        var (root, cancel) = ($"{http.Request.Scheme}://{http.Request.Host}", http.RequestAborted);
        switch (what.Split('/', 2))
        {
            case ["r", var name]:
                if (!RepositoryName.TryParse(name, out var asked))
                    throw NoSuchFeed();
                facts.Repository = asked.Value;
                var (reader, route) = await gate.AdmitToReadAsync(http, new OciRoute.Manifest(asked, Reference.To(TagName.Parse("latest"))), CallerLookup.AskBasic);
                var repository = route.Name;
                // It was let in; what it is let in to, the statement asks once more.
                return new Feed(root, $"{repository} on {http.Request.Host}", $"/r/{repository}", path, await moves.OfRepositoryAsync(reader, repository, cancel));
            case ["s", var name]:
                var who = await IdentifyAsync(http);
                var space = await FindSpaceAsync(who, name, cancel);
                return new Feed(root, $"{space} on {http.Request.Host}", SpaceHomeHandler.PathOf(space), path, await moves.OfSearchAsync(who, RecentMoves.InSpace(space), cancel));
            case ["search"]:
                var text = http.Request.Query["q"] is [{ } query] ? Watches.Normal(query) : "";
                if (text.Length > SearchQuery.MaxLength)
                    throw new OciException(OciError.ParameterInvalid, $"q has at most {SearchQuery.MaxLength} characters");
                if (SearchQuery.Parse(text).Problem is { } problem)
                    throw new OciException(OciError.ParameterInvalid, problem);
                var ending = text.Length == 0 ? "" : $"?q={Uri.EscapeDataString(text)}";
                return new Feed(
                    root, text.Length == 0 ? $"Everything on {http.Request.Host}" : $"{text} on {http.Request.Host}", $"/search{ending}", path + ending, await moves.OfSearchAsync(await IdentifyAsync(http), SearchQuery.Parse(text), cancel));
            case ["mine"]:
                var me = await IdentifyAsync(http);
                if (me.Kind == IdentityKind.Anonymous)
                    throw SignInFirst("sign in first: a feed reader sends your name and a token that may pull");
                if (me.Kind != IdentityKind.User)
                    throw new OciException(OciError.NameUnknown, "only people watch something");
                return new Feed(root, $"What {me.Name} watches on {http.Request.Host}", "/yours", path, await moves.OfWatchesAsync(me, cancel));
            default:
                throw NoSuchFeed();
        }
    }

    // What one may not see is not there; whoever has not said who it is may try that first.
    async Task<string> FindSpaceAsync(Identity who, string name, CancellationToken cancel)
    {
        if (who.Kind == IdentityKind.Anybody)
            return RepositoryName.TryParse(name, out _) && !name.Contains('/', StringComparison.Ordinal) ? name : throw NoSuchFeed();
        try
        {
            return (await db.ReadAsync(session => Watches.FindSpaceAsync(session, who, name), cancel)).Name;
        }
        catch (AccountException unknown) when (unknown.Problem == AccountProblem.Unknown)
        {
            throw who.Kind == IdentityKind.Anonymous
                ? SignInFirst("sign in first, or ask for a right in this space")
                : new OciException(OciError.NameUnknown, unknown.Message);
        }
    }

    static async Task SendAsync(HttpContext http, Feed feed, bool isJson)
    {
        var body = isJson ? feed.WriteJson() : feed.WriteAtom();
        var headers = http.Response.Headers;
        var tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(body))[..32]}\"";
        headers.ETag = tag;
        headers.CacheControl = "private, no-cache";
        headers.Vary = "Authorization, Cookie";
        if (feed.UpdatedAt is { } updated)
            headers.LastModified = updated.ToString("R", CultureInfo.InvariantCulture);
        if (IsKnown(http, tag, feed.UpdatedAt))
            http.Response.StatusCode = StatusCodes.Status304NotModified;
        else
            await WholeBody.SendAsync(http, isJson ? Feed.JsonType : $"{Feed.AtomType}; charset=utf-8", body);
    }

    // A time has whole seconds, and within the last one more may have happened.
    static bool IsKnown(HttpContext http, string tag, DateTimeOffset? updated)
    {
        if (http.Request.Headers.IfNoneMatch is { Count: > 0 } tags)
            return tags.SelectMany(value => value?.Split(',') ?? []).Any(value => value.Trim() is "*" || value.Trim().Replace("W/", "", StringComparison.Ordinal) == tag);
        return updated is { } changed && http.Request.Headers.IfModifiedSince is [{ } text] && DateTimeOffset.TryParseExact(text, "R", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var since)
            && changed < since + Second && TimeProvider.System.GetUtcNow() - changed > 2 * Second;
    }

    async Task<Identity> IdentifyAsync(HttpContext http) => (await callers.MeetAsync(http, Accepts.Reader, CallerLookup.AskBasic)).Who;

    static OciException SignInFirst(string message) => CallerLookup.Unauthorized(message, BasicCredentials.Challenge);

    static OciException NoSuchFeed() => new(OciError.EndpointUnknown, "there are /feeds/r/NAME.atom, /feeds/s/SPACE.atom, /feeds/search.atom?q=… and /feeds/mine.atom, and the same as .json");
}
