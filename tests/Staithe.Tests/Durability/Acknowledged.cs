using System.Net;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Durability;

/// <summary>
/// What one client was told by the server, and so must find there whatever happens. Nobody else changes that client's repository, so each
/// path has one value (a digest, or <see cref="Absent"/>), but for those of a request that never got its answer: they have two.
/// </summary>
internal sealed class Acknowledged
{
    public const string Absent = "";

    readonly Dictionary<string, HashSet<string>> paths = [];

    /// <summary>Uploads under way, by location.</summary>
    public Dictionary<string, PendingUpload> Uploads { get; } = [];

    /// <summary>The paths that begin so and certainly have a value, with that value.</summary>
    public List<(string Path, string Digest)> Present(string prefix) =>
        [.. paths.Where(path => path.Key.StartsWith(prefix, StringComparison.Ordinal) && path.Value.Count == 1 && !path.Value.Contains(Absent)).Select(path => (path.Key, path.Value.Single()))];

    /// <summary>Makes a request that, if it ends with <paramref name="success"/>, gives paths these values. When it has no end, it may have.</summary>
    public async Task<Answer> ChangeAsync(Func<Task<Answer>> request, HttpStatusCode success, params (string Path, string Digest)[] changes)
    {
        var before = changes.Select(change => (change.Path, Values: Values(change.Path).ToHashSet())).ToList();
        foreach (var (path, digest) in changes)
            Values(path).Add(digest);
        var answer = await request();
        foreach (var (path, values) in before)
            paths[path] = values;
        if (answer.Status == success)
        {
            foreach (var (path, digest) in changes)
                paths[path] = [digest];
        }
        return answer;
    }

    /// <summary>Holds a server against this, each path and upload; what is lost is a line. What was in doubt is known afterwards.</summary>
    /// <param name="wire">The server.</param>
    /// <param name="reads">Whether to read the content at a path too.</param>
    /// <param name="lost">Takes the lines.</param>
    public async Task CheckAsync(Wire wire, Func<bool> reads, List<string> lost)
    {
        foreach (var (path, values) in paths.ToList())
        {
            var found = await wire.SendAsync(HttpMethod.Head, path);
            var digest = found.Status == HttpStatusCode.NotFound ? Absent : found.Digest ?? $"status {found.Status}";
            if (!values.Contains(digest))
                lost.Add($"{path} was acknowledged as '{string.Join("' or '", values)}' and is '{digest}'");
            else if (digest != Absent && reads() && !await IsWholeAsync(wire, path, digest))
                lost.Add($"{path} is there and its content is not");
            if (digest == Absent)
                paths.Remove(path);
            else
                paths[path] = [digest];
        }
        foreach (var (location, upload) in Uploads.ToList())
            await CheckUploadAsync(wire, location, upload, lost);
    }

    /// <summary>Goes on with every upload to its end, which must be the right blob.</summary>
    public async Task FinishUploadsAsync(Wire wire, List<string> lost)
    {
        foreach (var (location, upload) in Uploads)
        {
            var rest = upload.Content.Bytes[(int)upload.Received..];
            var end = await wire.SendAsync(HttpMethod.Put, $"{location}?digest={upload.Content.Digest}", rest);
            if (end.Status != HttpStatusCode.Created || !await IsWholeAsync(wire, end.Location!, upload.Content.Digest))
                lost.Add($"{location} cannot be continued at {upload.Received}: {end.Status}");
        }
        Uploads.Clear();
    }

    async Task CheckUploadAsync(Wire wire, string location, PendingUpload upload, List<string> lost)
    {
        var found = await wire.SendAsync(HttpMethod.Get, location);
        var received = found.Status == HttpStatusCode.NoContent ? long.Parse(found.Range!["0-".Length..], System.Globalization.CultureInfo.InvariantCulture) + 1 : -1;
        if (received == 1 && upload.Received == 0)
            received = 0; // 0-0 is what an empty upload says, and no chunk here has one byte
        if (received < 0 && upload.MayBeOver)
            Uploads.Remove(location);
        else if (received != upload.Received && received != upload.InFlight)
            lost.Add($"{location} was acknowledged up to {upload.Received} (or {upload.InFlight}) and is at {received}");
        else
            (upload.Received, upload.InFlight, upload.MayBeOver) = (received, received, false);
    }

    static async Task<bool> IsWholeAsync(Wire wire, string path, string digest)
    {
        try
        {
            var answer = await wire.SendAsync(HttpMethod.Get, path);
            return answer.Status == HttpStatusCode.OK && Registry.Digest(answer.Body, digest.Split(':')[0]) == digest;
        }
        catch (Exception e) when (Wire.IsGone(e))
        {
            return false; // it broke off
        }
    }

    HashSet<string> Values(string path)
    {
        if (!paths.TryGetValue(path, out var values))
            paths[path] = values = [Absent];
        return values;
    }
}

/// <summary>An upload that a client is going to continue.</summary>
internal sealed class PendingUpload(TestContent content)
{
    public TestContent Content => content;

    /// <summary>Bytes that were acknowledged.</summary>
    public long Received { get; set; }

    /// <summary>Where a request without an answer would have brought it.</summary>
    public long InFlight { get; set; }

    /// <summary>A request that ends the upload has had no answer.</summary>
    public bool MayBeOver { get; set; }
}
