using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Staithe.Content;
using Staithe.Database;
using Staithe.Door;
using Staithe.Oci;
using Staithe.Storage;
using Staithe.Telemetry;
using Staithe.Transport;

namespace Staithe.Distribution;

/// <summary>end-2 and end-10: blobs out, and away.</summary>
internal sealed class BlobHandler(Db db, IBlobStorage storage, ContentCache cache, BlobBody body, BlobDelete delete, ContentRules rules)
{
    /// <summary>Answers a pull of a blob that was pulled lately and has not changed; null when it has to be looked for.</summary>
    public Task? TryGetCached(HttpContext http, string path, Gate gate, RequestFacts facts)
    {
        if (cache.FindBlob(path) is not { } blob || (HttpMethods.IsHead(http.Request.Method) && NeedsRenewal(blob.LeaseLeft)))
            return null;
        if (gate.TryAdmitToPull(http, blob.Route, blob) is null)
            return null;
        facts.Kind = blob.Route.Kind;
        facts.Repository = blob.Route.Name.Value;
        var isWarm = blob.File is { IsWarm: true };
        var atOnce = HttpMethods.IsHead(http.Request.Method) || (blob.Blob.Size <= BlobBody.FreeBytes && isWarm);
        return atOnce ? SendAsync(http, blob, facts) : SendElsewhereAsync(http, blob, isWarm && blob.Blob.Size <= BlobBody.DirectPieceBytes, facts);
    }

    /// <param name="mayRenew">Whether a HEAD is by somebody who may be about to push a manifest that names the blob.</param>
    public async Task GetAsync(HttpContext http, OciRoute.Blob route, RequestFacts facts, bool mayRenew = true)
    {
        var path = route.Path;
        var version = cache.BlobVersion(path);
        var found = await FindAsync(http, route, mayRenew) ?? throw new OciException(OciError.BlobUnknown, $"{route.Name} has no blob {route.Digest}");
        var small = found.Size <= ContentCache.MaxOpenFileBytes ? OpenShared(found) : null;
        var blob = new CachedBlob(route, found, Stopwatch.GetTimestamp(), small);
        small?.TryHold();
        try
        {
            if (!cache.TryAdd(path, blob, version))
                small?.Dispose();
            await SendAsync(http, blob, facts);
        }
        finally
        {
            small?.Dispose();
        }
    }

    public async Task DeleteAsync(HttpContext http, OciRoute.Blob route, Caller caller)
    {
        await delete.RunAsync(route.Name, route.Digest, caller.Actor, http.RequestAborted);
        http.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    // A HEAD that finds the blob promises it to a push that is about to name it, so it may have to renew the lease.
    async Task<LinkedBlob?> FindAsync(HttpContext http, OciRoute.Blob route, bool mayRenew)
    {
        var blob = await db.ReadAsync(session => BlobTable.FindAsync(session, route.Name, route.Digest), http.RequestAborted);
        if (blob is null || !mayRenew || !HttpMethods.IsHead(http.Request.Method) || !NeedsRenewal(TimeSpan.FromMilliseconds(blob.LeaseLeft)))
            return blob;
        if (!await db.WriteAsync(SpaceUse.Small, session => BlobTable.RenewAsync(session, route.Name, blob, rules.Lease), http.RequestAborted))
            return null;
        return blob with { LeaseLeft = (long)rules.Lease.TotalMilliseconds };
    }

    bool NeedsRenewal(TimeSpan left) => left < rules.Lease / 2;

    // Only a file is worth keeping open, and can be read by several at once.
    SharedBlob? OpenShared(LinkedBlob found)
    {
        var open = storage.OpenRead(found.StorageKey);
        if (open.File is not null)
            return new SharedBlob(open);
        open.Dispose();
        return null;
    }

    // A file whose bytes may have to come from the disk goes out on a thread that may wait, and so does one that would keep others waiting for long.
    async Task SendElsewhereAsync(HttpContext http, CachedBlob cached, bool isQuick, RequestFacts facts)
    {
        if (isQuick)
            await AnswerThreads.EnterAsync();
        else
            await WorkerThread.SwitchAsync();
        await SendAsync(http, cached, facts);
    }

    async Task SendAsync(HttpContext http, CachedBlob cached, RequestFacts facts)
    {
        var blob = cached.Blob;
        http.Response.Headers.AcceptRanges = "bytes";
        Preconditions.Describe(http.Response, blob.Digest, byDigest: true);
        if (Preconditions.IsKnown(http.Request, blob.Digest))
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
        }
        else if (HttpMethods.IsHead(http.Request.Method))
        {
            Describe(http.Response, MediaTypes.OctetStream, blob.Size);
        }
        else if (cached.File is { } shared && shared.TryHold())
        {
            using (shared)
                await SendAsync(http, blob, shared.Blob, facts);
            if (facts.BytesSent == blob.Size)
                shared.WasRead();
        }
        else
        {
            using var open = storage.OpenRead(blob.StorageKey);
            if (await FindUrlAsync(open, http.RequestAborted) is { } url)
                http.Response.Redirect(url.AbsoluteUri, permanent: false, preserveMethod: true);
            else
                await SendAsync(http, blob, open, facts);
        }
    }

    static ValueTask<Uri?> FindUrlAsync(OpenBlob open, CancellationToken cancel) => open.File is null ? open.FindUrlAsync(cancel) : default;

    async Task SendAsync(HttpContext http, LinkedBlob blob, OpenBlob open, RequestFacts facts)
    {
        var ranges = Preconditions.RangeHolds(http.Request, blob.Digest) ? ByteRanges.Parse(http.Request.Headers.Range, blob.Size) : null;
        switch (ranges)
        {
            case null:
                Describe(http.Response, MediaTypes.OctetStream, blob.Size);
                await body.SendAsync(http, open, new ByteRange(0, blob.Size), facts);
                break;
            case []:
                throw new OciException(OciError.RangeInvalid, $"the blob has {blob.Size} bytes; none of them is in the range asked for")
                {
                    Headers = new Dictionary<string, string> { ["Content-Range"] = $"bytes */{blob.Size}" },
                };
            case [var range]:
                http.Response.StatusCode = StatusCodes.Status206PartialContent;
                http.Response.Headers.ContentRange = Tell(range, blob.Size);
                Describe(http.Response, MediaTypes.OctetStream, range.Length);
                await body.SendAsync(http, open, range, facts);
                break;
            default:
                await SendPartsAsync(http, open, blob.Size, ranges, facts);
                break;
        }
    }

    // RFC 9110 section 14.6.
    async Task SendPartsAsync(HttpContext http, OpenBlob open, long size, IReadOnlyList<ByteRange> ranges, RequestFacts facts)
    {
        var boundary = Guid.NewGuid().ToString("N");
        var heads = ranges.Select(range => Encoding.ASCII.GetBytes($"\r\n--{boundary}\r\nContent-Type: {MediaTypes.OctetStream}\r\nContent-Range: {Tell(range, size)}\r\n\r\n")).ToList();
        var tail = Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n");
        http.Response.StatusCode = StatusCodes.Status206PartialContent;
        Describe(http.Response, $"multipart/byteranges; boundary={boundary}", ranges.Sum(range => range.Length) + heads.Sum(head => head.Length) + tail.Length);
        await http.Response.StartAsync(http.RequestAborted);
        for (var i = 0; i < ranges.Count; i++)
        {
            http.Response.BodyWriter.Write(heads[i]); // goes out with the part
            await body.SendAsync(http, open, ranges[i], facts);
        }
        await http.Response.BodyWriter.WriteAsync(tail, http.RequestAborted);
    }

    static void Describe(HttpResponse response, string contentType, long length) => (response.ContentType, response.ContentLength) = (contentType, length);

    static string Tell(ByteRange range, long size) =>
        string.Create(CultureInfo.InvariantCulture, $"bytes {range.Offset}-{range.Offset + range.Length - 1}/{size}");
}
