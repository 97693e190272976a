using System.Net;
using System.Text;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Durability;

/// <summary>One client with a repository of its own, that does everything clients do, in the order its seed gives.</summary>
internal sealed class PushLoad(string repository, string[] others, int seed)
{
    const int MaxUploads = 4;

    readonly Random random = new(seed);

    public Acknowledged Acknowledged { get; } = new();

    /// <summary>Answers that no server should have given.</summary>
    public List<string> Unexpected { get; } = [];

    /// <summary>Works until told to stop or the server is gone.</summary>
    public async Task RunAsync(Wire wire, Func<bool> stop, Action acknowledged)
    {
        try
        {
            while (!stop())
            {
                await StepAsync(wire);
                acknowledged();
            }
        }
        catch (Exception e) when (Wire.IsGone(e))
        {
            if (!stop())
                Unexpected.Add($"{repository}: the connection broke: {e.Message}");
        }
    }

    Task StepAsync(Wire wire) => random.Next(100) switch
    {
        < 25 => PushBlobAsync(wire),
        < 30 => MountAsync(wire),
        < 40 => StartUploadAsync(wire),
        < 58 => AppendAsync(wire),
        < 66 => FinishAsync(wire),
        < 68 => CancelAsync(wire),
        < 88 => PushManifestAsync(wire),
        < 91 => DeleteTagAsync(wire),
        < 95 => DeleteManifestAsync(wire),
        _ => DeleteBlobAsync(wire),
    };

    async Task PushBlobAsync(Wire wire)
    {
        var content = Pick(TestContent.Pool)!;
        Expect(await Acknowledged.ChangeAsync(() => wire.PushBlobAsync(repository, content), HttpStatusCode.Created, (Blob(content.Digest), content.Digest)), HttpStatusCode.Created);
    }

    async Task MountAsync(Wire wire)
    {
        var content = Pick(TestContent.Pool)!;
        var path = $"/v2/{repository}/blobs/uploads/?mount={content.Digest}&from={Pick(others)}";
        var answer = await Acknowledged.ChangeAsync(() => wire.SendAsync(HttpMethod.Post, path, []), HttpStatusCode.Created, (Blob(content.Digest), content.Digest));
        Expect(answer, HttpStatusCode.Created, HttpStatusCode.Accepted);
        if (answer.Status == HttpStatusCode.Accepted)
            Acknowledged.Uploads.Add(answer.Location!, new PendingUpload(content));
    }

    async Task StartUploadAsync(Wire wire)
    {
        if (Acknowledged.Uploads.Count >= MaxUploads)
            return;
        var content = Pick(TestContent.Pool)!;
        var answer = await wire.SendAsync(HttpMethod.Post, $"/v2/{repository}/blobs/uploads/?digest-algorithm={content.Digest.Split(':')[0]}", []);
        if (Expect(answer, HttpStatusCode.Accepted))
            Acknowledged.Uploads.Add(answer.Location!, new PendingUpload(content));
    }

    async Task AppendAsync(Wire wire)
    {
        var (location, upload) = Pick([.. Acknowledged.Uploads]);
        if (location is null || upload.Content.Bytes.Length - upload.Received < 3)
            return;
        var end = random.NextInt64(upload.Received + 2, upload.Content.Bytes.Length);
        upload.InFlight = end;
        var chunk = upload.Content.Bytes[(int)upload.Received..(int)end];
        if (Expect(await wire.SendAsync(HttpMethod.Patch, location, chunk, "application/octet-stream", $"{upload.Received}-{end - 1}"), HttpStatusCode.Accepted))
            upload.Received = end;
    }

    async Task FinishAsync(Wire wire)
    {
        var (location, upload) = Pick([.. Acknowledged.Uploads]);
        if (location is null)
            return;
        upload.MayBeOver = true;
        var rest = upload.Content.Bytes[(int)upload.Received..];
        var answer = await Acknowledged.ChangeAsync(
            () => wire.SendAsync(HttpMethod.Put, $"{location}?digest={upload.Content.Digest}", rest), HttpStatusCode.Created, (Blob(upload.Content.Digest), upload.Content.Digest));
        if (Expect(answer, HttpStatusCode.Created))
            Acknowledged.Uploads.Remove(location);
    }

    async Task CancelAsync(Wire wire)
    {
        var (location, upload) = Pick([.. Acknowledged.Uploads]);
        if (location is null)
            return;
        upload.MayBeOver = true;
        if (Expect(await wire.SendAsync(HttpMethod.Delete, location), HttpStatusCode.NoContent))
            Acknowledged.Uploads.Remove(location);
    }

    async Task PushManifestAsync(Wire wire)
    {
        var blobs = Acknowledged.Present(Blob("")).Select(blob => TestContent.Pool.First(content => content.Digest == blob.Digest)).OrderBy(_ => random.Next()).Take(3).ToList();
        if (blobs.Count == 0)
            return;
        var manifest = RegistryClient.ImageManifest(blobs[0].Digest, blobs[0].Bytes.Length, blobs.Skip(1).Select(blob => (blob.Digest, (long)blob.Bytes.Length)));
        var digest = Registry.Digest(manifest);
        var tag = Manifest($"t{random.Next(6)}");
        Expect(
            await Acknowledged.ChangeAsync(() => wire.SendAsync(HttpMethod.Put, tag, manifest, RegistryClient.OciManifest), HttpStatusCode.Created, (tag, digest), (Manifest(digest), digest)),
            HttpStatusCode.Created);
    }

    async Task DeleteTagAsync(Wire wire)
    {
        if (Pick(Acknowledged.Present(Manifest("t"))).Path is { } tag)
            Expect(await Acknowledged.ChangeAsync(() => wire.SendAsync(HttpMethod.Delete, tag), HttpStatusCode.Accepted, (tag, Acknowledged.Absent)), HttpStatusCode.Accepted);
    }

    async Task DeleteManifestAsync(Wire wire)
    {
        if (Pick(Acknowledged.Present(Manifest("sha256:"))) is not ({ } path, var digest))
            return;
        var going = Acknowledged.Present(Manifest("")).Where(named => named.Digest == digest).Select(named => (named.Path, Acknowledged.Absent));
        Expect(await Acknowledged.ChangeAsync(() => wire.SendAsync(HttpMethod.Delete, path), HttpStatusCode.Accepted, [.. going]), HttpStatusCode.Accepted);
    }

    // Refused while a manifest needs the blob.
    async Task DeleteBlobAsync(Wire wire)
    {
        if (Pick(Acknowledged.Present(Blob(""))).Path is { } path)
            Expect(await Acknowledged.ChangeAsync(() => wire.SendAsync(HttpMethod.Delete, path), HttpStatusCode.Accepted, (path, Acknowledged.Absent)), HttpStatusCode.Accepted, HttpStatusCode.MethodNotAllowed);
    }

    string Blob(string digest) => $"/v2/{repository}/blobs/{digest}";

    string Manifest(string reference) => $"/v2/{repository}/manifests/{reference}";

    T? Pick<T>(IReadOnlyList<T> list) => list.Count == 0 ? default : list[random.Next(list.Count)];

    bool Expect(Answer answer, params HttpStatusCode[] expected)
    {
        if (expected.Contains(answer.Status))
            return true;
        Unexpected.Add($"{repository}: {answer.Status} instead of {expected[0]}: {Encoding.UTF8.GetString(answer.Body)}");
        return false;
    }
}
