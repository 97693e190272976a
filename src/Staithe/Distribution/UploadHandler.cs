using System.Globalization;
using Staithe.Access;
using Staithe.Content;
using Staithe.Door;
using Staithe.Oci;
using Staithe.Transport;

namespace Staithe.Distribution;

/// <summary>end-4 to end-6, end-11, end-13 and end-14: blobs in.</summary>
internal sealed class UploadHandler(BlobUpload upload, BlobMount mount, Gate gate, TimeSpan stall)
{
    /// <summary>
    /// What clients are asked to send at least in a chunk: each costs a sync of the disk. It is advice; smaller chunks are taken too.
    /// </summary>
    const int AdvisedChunkBytes = 64 * 1024;

    public Task PostAsync(HttpContext http, OciRoute.UploadStart route, Caller caller) => UnlessTakenOverAsync(http, async () =>
    {
        var query = http.Request.Query;
        if (MountRequest.Read(query) is { } wish)
        {
            var (mayMount, present) = await FindSourceAsync(http, caller, wish.From);
            if (mayMount && await mount.TryRunAsync(route.Name, present, wish.Digest, caller.Creator, http.RequestAborted))
                Created(http, route.Name, wish.Digest);
            else
                await BeginAsync(http, route, wish.Digest.Algorithm!, caller);
        }
        else if (query["digest"] is [{ } whole, ..])
        {
            await TakeWholeAsync(http, route, Digest.ParseSupported(whole), caller);
        }
        else
        {
            await BeginAsync(http, route, Algorithm(query["digest-algorithm"]), caller);
        }
    });

    public Task PatchAsync(HttpContext http, OciRoute.Upload route) => ContinuablyAsync(http, route, async () =>
    {
        var received = await upload.AppendAsync(route.Name, route.Id, ChunkOf(http), http.RequestAborted);
        Progress(http, route, received, StatusCodes.Status202Accepted);
    });

    public Task PutAsync(HttpContext http, OciRoute.Upload route, Caller caller) => ContinuablyAsync(http, route, async () =>
    {
        if ((http.Request.Query["digest"] is [{ } asked, ..] ? asked : route.Digest) is not { } text)
            throw new OciException(OciError.DigestInvalid, "the closing PUT needs ?digest=, the digest of the whole blob");
        Created(http, route.Name, await upload.FinishAsync(route.Name, route.Id, Digest.ParseSupported(text), ChunkOf(http), caller.Creator, http.RequestAborted));
    });

    public async Task GetAsync(HttpContext http, OciRoute.Upload route)
    {
        var row = await upload.GetAsync(route.Name, route.Id, http.RequestAborted);
        Progress(http, route, row.Received, StatusCodes.Status204NoContent);
    }

    public Task DeleteAsync(HttpContext http, OciRoute.Upload route) => UnlessTakenOverAsync(http, async () =>
    {
        await upload.CancelAsync(route.Name, route.Id, http.RequestAborted);
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    });

    // Whatever went wrong with a part: as long as there is an upload, the answer says where it goes on, as one that took the part does.
    async Task ContinuablyAsync(HttpContext http, OciRoute.Upload route, Func<Task> work)
    {
        try
        {
            await UnlessTakenOverAsync(http, work);
        }
        catch (Exception failure) when (!http.RequestAborted.IsCancellationRequested && failure is not OciException { Error.Status: StatusCodes.Status404NotFound })
        {
            if (await upload.TryFindAsync(route.Name, route.Id) is { } row)
                DescribeProgress(http, route, row.Received);
            throw;
        }
    }

    // A claim on an upload ends by cancelling what goes on under it.
    static async Task UnlessTakenOverAsync(HttpContext http, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested)
        {
            throw new OciException(OciError.RequestTimeout, "another request cancelled this upload, or took it over because this one had stopped sending");
        }
    }

    // Who may not pull from the source is answered like one who names a source without the blob. Without a source, anything might be it.
    async Task<(bool MayMount, RepositoryName? Source)> FindSourceAsync(HttpContext http, Caller caller, RepositoryName? source)
    {
        if (source is null)
            return (caller.Who.Kind == IdentityKind.Anybody, null);
        var present = await gate.FindAlsoPullableAsync(http, caller, source);
        return (present is not null, present);
    }

    async Task BeginAsync(HttpContext http, OciRoute.UploadStart route, DigestAlgorithm algorithm, Caller caller)
    {
        var row = await upload.StartAsync(route.Name, algorithm, caller.Creator, http.RequestAborted);
        http.Response.Headers["OCI-Chunk-Min-Length"] = AdvisedChunkBytes.ToString(CultureInfo.InvariantCulture);
        Progress(http, new OciRoute.Upload(route.Name, row.Id), 0, StatusCodes.Status202Accepted);
    }

    async Task TakeWholeAsync(HttpContext http, OciRoute.UploadStart route, Digest digest, Caller caller)
    {
        await upload.TakeWholeAsync(route.Name, digest, ChunkOf(http), caller.Creator, http.RequestAborted);
        Created(http, route.Name, digest);
    }

    Chunk ChunkOf(HttpContext http) => new(ContentRange.Parse(http.Request.Headers.ContentRange), http.Request.ContentLength, new RequestBody(http, stall));

    static DigestAlgorithm Algorithm(string? name) => name is null
        ? DigestAlgorithm.Sha256
        : DigestAlgorithm.Find(name) ?? throw new OciException(OciError.DigestInvalid, $"digest-algorithm \"{OciException.Quote(name)}\" is not supported here: use sha256 or sha512");

    static void Created(HttpContext http, RepositoryName name, Digest digest)
    {
        http.Response.StatusCode = StatusCodes.Status201Created;
        http.Response.Headers.Location = new OciRoute.Blob(name, digest).Path;
        http.Response.Headers["Docker-Content-Digest"] = digest.Value;
    }

    static void Progress(HttpContext http, OciRoute.Upload route, long received, int status)
    {
        http.Response.StatusCode = status;
        DescribeProgress(http, route, received);
    }

    static void DescribeProgress(HttpContext http, OciRoute.Upload route, long received)
    {
        http.Response.Headers.Location = route.Path;
        http.Response.Headers["Docker-Upload-UUID"] = route.Id.Value;
        foreach (var (name, value) in BlobUpload.RangeHeader(received))
            http.Response.Headers[name] = value;
    }
}
