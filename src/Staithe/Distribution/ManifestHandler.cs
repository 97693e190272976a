using System.Buffers;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Door;
using Staithe.Oci;
using Staithe.Telemetry;
using Staithe.Transport;

namespace Staithe.Distribution;

/// <summary>end-3, end-7 and end-9: manifests out, in, and away.</summary>
internal sealed class ManifestHandler(Db db, ContentCache cache, ManifestPush push, ManifestDelete delete, PullCounts pulls, PullAudit audit, TimeSpan stall)
{
    const int MaxTagsInOnePush = 100;

    /// <summary>Answers a pull of a manifest that was pulled lately and has not changed; null when it has to be looked for.</summary>
    public Task? TryGetCached(HttpContext http, string path, Gate gate, RequestFacts facts)
    {
        if (http.Request.Headers.IfMatch.Count > 0
            || cache.FindManifest(path) is not { } manifest
            || gate.TryAdmitToPull(http, manifest.Route, manifest) is not { } who)
            return null; // there is no place here for a refusal
        facts.Kind = manifest.Route.Kind;
        facts.Repository = manifest.Route.Name.Value;
        if (audit.Asks(manifest.Route.Name))
            facts.Caller = who.Name;
        return SendAsync(http, manifest, facts);
    }

    public async Task GetAsync(HttpContext http, OciRoute.Manifest route, RequestFacts facts) =>
        await SendAsync(http, await FindAsync(route, http.RequestAborted, tellsTags: HttpMethods.IsGet(http.Request.Method)), facts);

    /// <summary>The manifest of a route.</summary>
    /// <param name="route">Which.</param>
    /// <param name="cancel">Gives up.</param>
    /// <param name="tellsTags">Whether a refusal may name the tags that there are: to somebody who may list them, and reads it.</param>
    /// <exception cref="OciException">NAME_UNKNOWN or MANIFEST_UNKNOWN.</exception>
    public async Task<CachedManifest> FindAsync(OciRoute.Manifest route, CancellationToken cancel, bool tellsTags = false)
    {
        var path = route.Path;
        var version = cache.ManifestVersion(path);
        var found = await db.ReadAsync(session => ManifestTable.FindAsync(session, route.Name, route.Reference), cancel)
            ?? throw await NotFoundAsync(route, tellsTags, cancel);
        var manifest = new CachedManifest(route, found.Digest, found.MediaType, found.Content);
        cache.Add(path, manifest, version);
        return manifest;
    }

    public Task SendAsync(HttpContext http, CachedManifest manifest, RequestFacts facts)
    {
        Preconditions.Describe(http.Response, manifest.Digest, byDigest: manifest.Route.Reference.Digest is not null);
        if (Preconditions.IsKnown(http.Request, manifest.Digest))
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }
        http.Response.ContentType = manifest.MediaType;
        http.Response.ContentLength = manifest.Content.Length;
        if (HttpMethods.IsHead(http.Request.Method))
            return Task.CompletedTask;
        facts.BytesSent = manifest.Content.Length;
        pulls.Add(manifest.Pulls);
        if (audit.Asks(manifest.Route.Name))
            audit.Note(http, manifest.Route, manifest.Digest, facts.Caller ?? Actor.Anybody);
        return http.Response.BodyWriter.WriteAsync(manifest.Content).AsTask();
    }

    public async Task PutAsync(HttpContext http, OciRoute.Manifest route, Caller caller)
    {
        var named = http.Request.Query["tag"];
        if (named.Count > MaxTagsInOnePush)
            throw new OciException(OciError.TooManyTags, $"a push takes at most {MaxTagsInOnePush} tags; this one names {named.Count}");
        List<TagName> more = [.. named.Select(TagName.Parse)];
        List<TagName> tags = route.Reference.Tag is { } tag ? [tag, .. more] : more;
        var content = await ReadAsync(http);
        var (digest, subject) = await push.RunAsync(
            route.Name, route.Reference, [.. tags.Distinct()], content, http.Request.ContentType, Preconditions.OfPush(http.Request), new Pusher(caller.Creator, caller.MayTag), http.RequestAborted);

        http.Response.StatusCode = StatusCodes.Status201Created;
        http.Response.Headers.Location = route.Path;
        http.Response.Headers["Docker-Content-Digest"] = digest.Value;
        if (subject is not null)
            http.Response.Headers["OCI-Subject"] = subject.Value;
        if (more.Count > 0)
            http.Response.Headers["OCI-Tag"] = string.Join(", ", tags.Distinct());
    }

    public async Task DeleteAsync(HttpContext http, OciRoute.Manifest route, Caller caller)
    {
        caller.CheckDelete(route);
        await delete.RunAsync(route.Name, route.Reference, caller.Actor, http.RequestAborted);
        http.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    // Clients look for the tags of attachments by themselves; nobody has mistyped those.
    async Task<OciException> NotFoundAsync(OciRoute.Manifest route, bool tellsTags, CancellationToken cancel)
    {
        var (isHere, tags) = await db.ReadAsync<(bool, List<string>?)>(
            async session => await RepositoryTable.FindIdAsync(session, route.Name) is not { } id ? (false, null)
                : !tellsTags || route.Reference.Tag is not { } tag || AttachmentTag.TryParse(tag.Value) is not null ? (true, null)
                : (true, await RepositoryPageTable.ListTagNamesAsync(session, id, KnownTags.MaxRead)),
            cancel);
        var hint = tags is null ? "" : KnownTags.Hint(tags);
        return isHere
            ? new OciException(OciError.ManifestUnknown, $"{route.Name} has no manifest {route.Reference}{hint}")
            : Gate.Unknown(route.Name);
    }

    async Task<byte[]> ReadAsync(HttpContext http)
    {
        if (http.Request.ContentLength > Manifest.MaxBytes)
            throw TooLarge();
        var reader = new RequestBody(http, stall);
        while (true)
        {
            var result = await reader.ReadAsync(http.RequestAborted);
            var tooLarge = result.Buffer.Length > Manifest.MaxBytes;
            if (result.IsCompleted && !tooLarge)
            {
                var content = result.Buffer.ToArray();
                reader.AdvanceTo(result.Buffer.End);
                return content;
            }
            if (tooLarge)
            {
                reader.AdvanceTo(result.Buffer.End);
                throw TooLarge();
            }
            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    static OciException TooLarge() => new(OciError.ManifestTooLarge, $"a manifest has at most {Manifest.MaxBytes} bytes here: keep large data in a blob and name that");
}
