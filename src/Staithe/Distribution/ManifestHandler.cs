using System.Buffers;
using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Telemetry;

namespace Staithe.Distribution;

/// <summary>end-3, end-7 and end-9: manifests out, in, and away.</summary>
internal sealed class ManifestHandler(Db db, ManifestPush push, ManifestDelete delete)
{
    const int MaxTagsInOnePush = 100;

    public async Task GetAsync(HttpContext http, OciRoute.Manifest route, RequestFacts facts)
    {
        var isHead = HttpMethods.IsHead(http.Request.Method);
        var manifest = await db.ReadAsync(session => ManifestTable.FindAsync(session, route.Name, route.Reference, withContent: !isHead), http.RequestAborted)
            ?? throw await NotFoundAsync(route, http.RequestAborted);
        Preconditions.Describe(http.Response, manifest.Digest, byDigest: route.Reference.Digest is not null);
        if (Preconditions.Check(http.Request, manifest.Digest) is { } status)
        {
            http.Response.StatusCode = status;
            return;
        }
        http.Response.ContentType = manifest.MediaType;
        http.Response.ContentLength = manifest.Size;
        if (isHead)
            return;
        await http.Response.Body.WriteAsync(manifest.Content, http.RequestAborted);
        facts.BytesSent = manifest.Size;
    }

    public async Task PutAsync(HttpContext http, OciRoute.Manifest route)
    {
        var named = http.Request.Query["tag"];
        if (named.Count > MaxTagsInOnePush)
            throw new OciException(OciError.TooManyTags, $"a push takes at most {MaxTagsInOnePush} tags; this one names {named.Count}");
        List<TagName> more = [.. named.Select(TagName.Parse)];
        List<TagName> tags = route.Reference.Tag is { } tag ? [tag, .. more] : more;
        var content = await ReadAsync(http);
        var (digest, subject) = await push.RunAsync(
            route.Name, route.Reference, [.. tags.Distinct()], content, http.Request.ContentType, Preconditions.OfPush(http.Request), http.RequestAborted);

        http.Response.StatusCode = StatusCodes.Status201Created;
        http.Response.Headers.Location = $"/v2/{route.Name}/manifests/{route.Reference}";
        http.Response.Headers["Docker-Content-Digest"] = digest.Value;
        if (subject is not null)
            http.Response.Headers["OCI-Subject"] = subject.Value;
        if (more.Count > 0)
            http.Response.Headers["OCI-Tag"] = string.Join(", ", tags.Distinct());
    }

    public async Task DeleteAsync(HttpContext http, OciRoute.Manifest route)
    {
        await delete.RunAsync(route.Name, route.Reference, http.RequestAborted);
        http.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    async Task<OciException> NotFoundAsync(OciRoute.Manifest route, CancellationToken cancel) =>
        await db.ReadAsync(session => RepositoryTable.FindIdAsync(session, route.Name), cancel) is null
            ? RepositoryListHandler.Unknown(route.Name)
            : new OciException(OciError.ManifestUnknown, $"{route.Name} has no manifest {route.Reference}");

    static async Task<byte[]> ReadAsync(HttpContext http)
    {
        if (http.Request.ContentLength > Manifest.MaxBytes)
            throw TooLarge();
        var reader = http.Request.BodyReader;
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
