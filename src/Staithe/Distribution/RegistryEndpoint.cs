using Staithe.Content;
using Staithe.Door;
using Staithe.Oci;
using Staithe.Telemetry;
using Staithe.Transport;

namespace Staithe.Distribution;

/// <summary>/v2: reads the path once and hands the request to the handler of its noun. One line per endpoint.</summary>
internal sealed class RegistryEndpoint(
    Gate gate,
    TokenHandler tokens,
    ManifestHandler manifests,
    BlobHandler blobs,
    UploadHandler uploads,
    TagListHandler tags,
    ReferrerListHandler referrers,
    RepositoryListHandler repositories,
    ShareLinkHandler links,
    ErrorRendering errors)
{
    const string Prefix = "/v2";
    const int MaxMoves = 8; // while one request is answered

    /// <summary>True when the request is for the registry's API.</summary>
    public static bool Takes(string path) => path.StartsWith(Prefix, StringComparison.Ordinal) && (path.Length == Prefix.Length || path[Prefix.Length] == '/');

    public Task HandleAsync(HttpContext http, string path, RequestFacts facts)
    {
        http.Response.Headers["Docker-Distribution-Api-Version"] = "registry/2.0";
        // A scope that is none is left out of a token; any other parameter would reach a statement, and PostgreSQL takes no NUL.
        if (http.Request.QueryString.Value is { Length: > 0 } query && query.Contains("%00", StringComparison.Ordinal) && !TokenHandler.Takes(path))
            return RefuseAsync(http, new OciException(OciError.ParameterInvalid, "a parameter of the query holds a NUL, which no name has"));
        var isRead = HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method);
        return isRead ? ReadAsync(http, path, facts) : errors.RunAsync(http, () => WorkAsync(http, path, facts));
    }

    /// <summary>Answers with a refusal that was decided before.</summary>
    public Task RefuseAsync(HttpContext http, OciException refusal)
    {
        http.Response.Headers["Docker-Distribution-Api-Version"] = "registry/2.0";
        return errors.RunAsync(http, () => throw refusal);
    }

    // Most requests are for what was asked for a moment ago: those are answered at once, on the connection's thread and without reading
    // the path. All others leave that thread.
    Task ReadAsync(HttpContext http, string path, RequestFacts facts) =>
        WorkerThread.IsCrowdedFor(http) ? AnswerElsewhereAsync(http, path, facts) : AnswerAsync(http, path, facts);

    Task AnswerAsync(HttpContext http, string path, RequestFacts facts) =>
        manifests.TryGetCached(http, path, gate, facts)
        ?? errors.RunAsync(http, () => blobs.TryGetCached(http, path, gate, facts) ?? WorkAsync(http, path, facts));

    async Task AnswerElsewhereAsync(HttpContext http, string path, RequestFacts facts)
    {
        await AnswerThreads.EnterAsync();
        await AnswerAsync(http, path, facts);
    }

    async Task WorkAsync(HttpContext http, string path, RequestFacts facts)
    {
        await WorkerThread.SwitchAsync();
        if (TokenHandler.Takes(path))
        {
            facts.Kind = RequestFacts.Token;
            await tokens.HandleAsync(http);
            return;
        }
        await ParseAsync(http, path, facts);
    }

    async Task ParseAsync(HttpContext http, string path, RequestFacts facts)
    {
        var asked = Parse(http.Request.Method, path);
        facts.Kind = asked.Kind;
        facts.Repository = asked.Repository?.Value;
        if (gate.IsShareLink(asked))
        {
            await links.GetAsync(http, asked, facts);
            return;
        }
        await AnswerAsync(http, asked, facts);
    }

    // A name may move between two looks, so what is absent under one may be there under another: it is looked for once more under the name that the
    // repository has by then. Who asks for what is there never comes to that.
    async Task AnswerAsync(HttpContext http, OciRoute asked, RequestFacts facts)
    {
        var caller = await gate.MeetAsync(http, asked);
        facts.Caller = caller.Who.Name;
        OciRoute? tried = null;
        for (var moves = 0; ; moves++)
        {
            var stamp = gate.Stamp;
            try
            {
                var admitted = await gate.AdmitAsync(http, asked, caller, isSettled: moves > 0);
                tried = admitted.Route;
                await DispatchAsync(http, asked, admitted, facts);
                return;
            }
            catch (OciException absent) when (absent.Error.IsAbsence && moves < MaxMoves && !http.Response.HasStarted)
            {
                if (!await gate.HasMovedAsync(http, asked, tried, stamp))
                    throw;
            }
        }
    }

    async Task DispatchAsync(HttpContext http, OciRoute asked, Admitted admitted, RequestFacts facts)
    {
        try
        {
            await DispatchAsync(http, admitted.Route, admitted.Caller, facts);
        }
        catch (MissingRightException missing)
        {
            throw await gate.DenyAsync(http, asked, admitted, missing);
        }
    }

    // What is wrong with a path is told with the path, but not with the secret of a link.
    static OciRoute Parse(string method, string path)
    {
        try
        {
            return OciRoute.Parse(method, path[Prefix.Length..]);
        }
        catch (OciException wrong) when (SecretPath.Is(path))
        {
            throw new OciException(wrong.Error, "this is no path of a share link: it goes on as the path of a repository does, with manifests, blobs, tags or referrers");
        }
    }

    Task DispatchAsync(HttpContext http, OciRoute route, Caller caller, RequestFacts facts) => (route, http.Request.Method) switch
    {
        (OciRoute.Base, "GET" or "HEAD") => WholeBody.SendAsync(http, "application/json", "{}"u8.ToArray()),
        (OciRoute.RepositoryList, "GET" or "HEAD") => repositories.GetAsync(http, caller),
        (OciRoute.Manifest manifest, "GET" or "HEAD") => manifests.GetAsync(http, manifest, facts),
        (OciRoute.Manifest manifest, "PUT") => manifests.PutAsync(http, manifest, caller),
        (OciRoute.Manifest manifest, "DELETE") => manifests.DeleteAsync(http, manifest, caller),
        (OciRoute.Blob blob, "GET" or "HEAD") => blobs.GetAsync(http, blob, facts),
        (OciRoute.Blob blob, "DELETE") => blobs.DeleteAsync(http, blob, caller),
        (OciRoute.UploadStart start, "POST") => uploads.PostAsync(http, start, caller),
        (OciRoute.Upload upload, "GET" or "HEAD") => uploads.GetAsync(http, upload),
        (OciRoute.Upload upload, "PATCH") => uploads.PatchAsync(http, upload),
        (OciRoute.Upload upload, "PUT") => uploads.PutAsync(http, upload, caller),
        (OciRoute.Upload upload, "DELETE") => uploads.DeleteAsync(http, upload),
        (OciRoute.TagList list, "GET" or "HEAD") => tags.GetAsync(http, list),
        (OciRoute.ReferrerList list, "GET" or "HEAD") => referrers.GetAsync(http, list),
        _ => throw MethodNotAllowed(http.Request.Method, route),
    };

    static OciException MethodNotAllowed(string method, OciRoute route)
    {
        var allow = route switch
        {
            OciRoute.Manifest => "GET, HEAD, PUT, DELETE",
            OciRoute.Blob => "GET, HEAD, DELETE",
            OciRoute.UploadStart => "POST",
            OciRoute.Upload => "GET, HEAD, PATCH, PUT, DELETE",
            _ => "GET, HEAD",
        };
        return new OciException(OciError.Unsupported, $"{OciException.Quote(method)} is not for this endpoint; it takes {allow}") { Headers = new Dictionary<string, string> { ["Allow"] = allow } };
    }
}
