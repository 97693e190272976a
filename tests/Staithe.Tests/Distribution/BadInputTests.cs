using System.Net;
using System.Text;
using Staithe.Fsck;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Distribution;

/// <summary>What clients must not send: each is refused with its status, its code and a sentence, and leaves nothing behind.</summary>
public sealed class BadInputTests
{
    const string Hex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const string Some = "sha256:" + Hex;
    const string Octets = "application/octet-stream";
    const string Image = RegistryClient.OciManifest;
    const string Index = RegistryClient.OciIndex;

    static readonly string Long = new('a', 300);

    // {blob} is a blob of the repository good, {upload} an upload there that has received 5 bytes, {image} a manifest of it.
    static readonly Row[] Rows =
    [
        // names
        new("GET", "/v2/Good/tags/list", 400, "NAME_INVALID"),
        new("GET", "/v2/good_/manifests/1", 400, "NAME_INVALID"),
        new("GET", "/v2/go..od/manifests/1", 400, "NAME_INVALID"),
        new("GET", "/v2//good/manifests/1", 400, "NAME_INVALID"),
        new("GET", "/v2/good//x/manifests/1", 400, "NAME_INVALID"),
        new("GET", $"/v2/{Long}/tags/list", 400, "NAME_INVALID"),
        new("PUT", "/v2/-good/manifests/1", 400, "NAME_INVALID", "{}", Index),
        new("POST", "/v2/Good/blobs/uploads/", 400, "NAME_INVALID"),
        new("POST", $"/v2/good%20x/blobs/uploads/?digest={Some}", 400, "NAME_INVALID"),
        new("DELETE", "/v2/good./manifests/1", 400, "NAME_INVALID"),

        // tags
        new("GET", "/v2/good/manifests/.x", 404, "MANIFEST_UNKNOWN"),
        new("GET", $"/v2/good/manifests/{Long}", 404, "MANIFEST_UNKNOWN"),
        new("PUT", "/v2/good/manifests/.x", 400, "MANIFEST_INVALID", "{}", Index),
        new("PUT", $"/v2/good/manifests/{Long}", 400, "MANIFEST_INVALID", "{}", Index),
        new("PUT", "/v2/good/manifests/a%20b", 400, "MANIFEST_INVALID", "{}", Index),
        new("PUT", "/v2/good/manifests/1?tag=-x", 400, "MANIFEST_INVALID", "{}", Index),
        new("DELETE", "/v2/good/manifests/.x", 404, "MANIFEST_UNKNOWN"),

        // digests
        new("GET", "/v2/good/blobs/sha256:abc", 400, "DIGEST_INVALID"),
        new("GET", $"/v2/good/blobs/{Some.ToUpperInvariant()}", 400, "DIGEST_INVALID"),
        new("GET", $"/v2/good/blobs/sha256:{Hex.ToUpperInvariant()}", 400, "DIGEST_INVALID"),
        new("GET", "/v2/good/blobs/md5:0123456789abcdef0123456789abcdef", 400, "DIGEST_INVALID"),
        new("GET", "/v2/good/blobs/latest", 400, "DIGEST_INVALID"),
        new("GET", $"/v2/good/manifests/sha512:{Hex}", 400, "DIGEST_INVALID"),
        new("GET", "/v2/good/referrers/latest", 400, "DIGEST_INVALID"),
        new("DELETE", "/v2/good/blobs/sha256:abc", 400, "DIGEST_INVALID"),
        new("PUT", "/v2/good/manifests/blake3:abc", 400, "DIGEST_INVALID", "{}", Index),
        new("POST", "/v2/good/blobs/uploads/?digest=sha256:abc", 400, "DIGEST_INVALID", "x", Octets),
        new("POST", "/v2/good/blobs/uploads/?digest=", 400, "DIGEST_INVALID", "x", Octets),
        new("POST", "/v2/good/blobs/uploads/?digest-algorithm=md5", 400, "DIGEST_INVALID"),
        new("POST", "/v2/good/blobs/uploads/?digest-algorithm=", 400, "DIGEST_INVALID"),
        new("PUT", "{upload}?digest=md5:abc", 400, "DIGEST_INVALID", ""),

        // tricks with the path
        new("GET", "/v2/../v2/good/tags/list", 400, "NAME_INVALID"),
        new("GET", "/v2/good/../good/tags/list", 400, "NAME_INVALID"),
        new("GET", "/v2/good/%2e%2e/tags/list", 400, "NAME_INVALID"),
        new("GET", "/v2/good%2fx/tags/list", 400, "NAME_INVALID"),
        new("GET", "/v2/good%2Fx/manifests/1", 400, "NAME_INVALID"),
        new("GET", "/v2/good%00/tags/list", 400, ""), // by the HTTP server, before the registry
        new("GET", "/v2/good%0d%0aX-Evil:%201/tags/list", 400, "NAME_INVALID"),
        new("GET", "/v2/good/blobs/..%2f..%2fetc%2fpasswd", 400, "DIGEST_INVALID"),
        new("GET", "/v2/good/blobs/uploads/..%2f..%2fstaithe.db", 404, "BLOB_UPLOAD_UNKNOWN"),
        new("GET", "/v2/good/manifests/1/", 404, "UNSUPPORTED"),
        new("GET", "/v2/good", 404, "UNSUPPORTED"),
        new("GET", "/v2/_catalog/x", 404, "UNSUPPORTED"),
        new("GET", "/v2/%zz", 404, "UNSUPPORTED"),

        // content that is another
        new("POST", $"/v2/good/blobs/uploads/?digest={Some}", 400, "DIGEST_INVALID", "other content", Octets),
        new("PUT", $"/v2/good/manifests/{Some}", 400, "DIGEST_INVALID", """{"schemaVersion":2,"manifests":[]}""", Index),

        // chunks that do not fit
        new("PATCH", "{upload}", 416, "RANGE_INVALID", "xxxxx", Octets, [("Content-Range", "6-10")]),
        new("PATCH", "{upload}", 416, "RANGE_INVALID", "xxxxx", Octets, [("Content-Range", "4-8")]),
        new("PATCH", "{upload}", 416, "RANGE_INVALID", "xxxxx", Octets, [("Content-Range", "0-4")]),
        new("PATCH", "{upload}", 400, "BLOB_UPLOAD_INVALID", "xxxxx", Octets, [("Content-Range", "5")]),
        new("PATCH", "{upload}", 400, "BLOB_UPLOAD_INVALID", "xxxxx", Octets, [("Content-Range", "9-5")]),
        new("PATCH", "{upload}", 400, "BLOB_UPLOAD_INVALID", "xxxxx", Octets, [("Content-Range", "five-nine")]),
        new("PATCH", "{upload}", 400, "BLOB_UPLOAD_INVALID", "xxxxx", Octets, [("Content-Range", "5-99999999999999999999")]),
        new("PATCH", "{upload}", 400, "SIZE_INVALID", "xxxxx", Octets, [("Content-Range", "5-10")]),
        new("PATCH", "{upload}", 400, "SIZE_INVALID", "xxxxx", Octets, [("Content-Range", "5-8")]),
        new("PUT", $"{{upload}}?digest={Some}", 416, "RANGE_INVALID", "xxxxx", Octets, [("Content-Range", "6-10")]),
        new("PUT", $"{{upload}}?digest={Some}", 400, "SIZE_INVALID", "xxxxx", Octets, [("Content-Range", "5-10")]),
        new("POST", $"/v2/good/blobs/uploads/?digest={Some}", 400, "SIZE_INVALID", "xxxxx", Octets, [("Content-Range", "0-5")]),
        new("POST", $"/v2/good/blobs/uploads/?digest={Some}", 416, "RANGE_INVALID", "xxxxx", Octets, [("Content-Range", "1-5")]),

        // uploads that are not there, or somebody else's
        new("GET", "/v2/good/blobs/uploads/7d5f9f0e-2b1c-4c55-9c0a-0123456789ab", 404, "BLOB_UPLOAD_UNKNOWN"),
        new("PATCH", "/v2/good/blobs/uploads/7d5f9f0e-2b1c-4c55-9c0a-0123456789ab", 404, "BLOB_UPLOAD_UNKNOWN", "x", Octets),
        new("PUT", $"/v2/good/blobs/uploads/7d5f9f0e-2b1c-4c55-9c0a-0123456789ab?digest={Some}", 404, "BLOB_UPLOAD_UNKNOWN", "x", Octets),
        new("DELETE", "/v2/good/blobs/uploads/x", 404, "BLOB_UPLOAD_UNKNOWN"),
        new("GET", "{upload of other}", 404, "BLOB_UPLOAD_UNKNOWN"),
        new("PATCH", "{upload of other}", 404, "BLOB_UPLOAD_UNKNOWN", "x", Octets),
        new("PUT", $"{{upload of other}}?digest={Some}", 404, "BLOB_UPLOAD_UNKNOWN", "x", Octets),
        new("DELETE", "{upload of other}", 404, "BLOB_UPLOAD_UNKNOWN"),
        new("PUT", "{upload}", 400, "DIGEST_INVALID", "x", Octets),

        // manifests
        new("PUT", "/v2/good/manifests/1", 400, "MANIFEST_INVALID", "", Image),
        new("PUT", "/v2/good/manifests/1", 400, "MANIFEST_INVALID", "not JSON", Image),
        new("PUT", "/v2/good/manifests/1", 400, "MANIFEST_INVALID", "[]", Image),
        new("PUT", "/v2/good/manifests/1", 400, "MANIFEST_INVALID", "{}", Image),
        new("PUT", "/v2/good/manifests/1", 400, "MANIFEST_INVALID", """{"schemaVersion":2,"manifests":[]}""", Image),
        new("PUT", "/v2/good/manifests/1", 400, "MANIFEST_INVALID", """{"schemaVersion":2,"manifests":[]}""", "image/svg+xml"),
        new("PUT", "/v2/good/manifests/1", 400, "MANIFEST_INVALID", $$"""{"schemaVersion":2,"mediaType":"{{Index}}","manifests":[]}""", Image),
        new("PUT", "/v2/good/manifests/1", 400, "MANIFEST_INVALID", """{"schemaVersion":2,"mediaType":"text/html\r\nX-Evil: 1","manifests":[]}"""),
        new("PUT", "/v2/good/manifests/1", 400, "MANIFEST_INVALID", """{"schemaVersion":2,"manifests":[],"manifests":[]}""", Index),
        new("PUT", "/v2/good/manifests/1", 400, "MANIFEST_INVALID", """{"schemaVersion":2,"manifests":[],"artifactType":"\u0000"}""", Index),
        new("PUT", "/v2/good/manifests/1", 400, "MANIFEST_INVALID", $$"""{"schemaVersion":2,"manifests":[],"x":{{new string('[', 100_000)}}{{new string(']', 100_000)}} }""", Index),
        new("PUT", "/v2/good/manifests/1", 400, "MANIFEST_INVALID", new string('[', 4_000_000), Index),
        new("PUT", "/v2/good/manifests/1", 413, "MANIFEST_INVALID", new string(' ', 5_000_000), Index),
        new("PUT", "/v2/good/manifests/1", 404, "MANIFEST_BLOB_UNKNOWN", $$"""{"schemaVersion":2,"config":{"mediaType":"a/b","digest":"{{Some}}","size":1},"layers":[]}""", Image),
        new("PUT", "/v2/good/manifests/1", 404, "MANIFEST_BLOB_UNKNOWN", $$"""{"schemaVersion":2,"config":{"mediaType":"a/b","digest":"blake3:abc","size":1},"layers":[]}""", Image),
        new("PUT", "/v2/good/manifests/1", 404, "MANIFEST_BLOB_UNKNOWN", $$"""{"schemaVersion":2,"manifests":[{"mediaType":"{{Image}}","digest":"{{Some}}","size":1}]}""", Index),
        new("PUT", "/v2/new/manifests/1", 404, "MANIFEST_BLOB_UNKNOWN", $$"""{"schemaVersion":2,"manifests":[{"mediaType":"{{Image}}","digest":"{image}","size":1}]}""", Index),
        new("PUT", "/v2/good/manifests/1", 400, "MANIFEST_INVALID", $$"""{"schemaVersion":2,"config":{"mediaType":"a/b","digest":"{blob}","size":1},"layers":[]}""", Image),
        new("PUT", "/v2/new/manifests/1", 412, "DENIED", """{"schemaVersion":2,"manifests":[]}""", Index, [("If-Match", "*")]),
        new("PUT", $"/v2/new/manifests/1?{string.Join('&', Enumerable.Range(0, 101).Select(i => $"tag=t{i}"))}", 414, "MANIFEST_INVALID", """{"schemaVersion":2,"manifests":[]}""", Index),

        // lists
        new("GET", "/v2/good/tags/list?n=-1", 400, "UNSUPPORTED"),
        new("GET", "/v2/good/tags/list?n=abc", 400, "UNSUPPORTED"),
        new("GET", "/v2/good/tags/list?n=", 400, "UNSUPPORTED"),
        new("GET", "/v2/good/tags/list?n=1.5", 400, "UNSUPPORTED"),
        new("GET", "/v2/good/tags/list?n=%2B5", 400, "UNSUPPORTED"),
        new("GET", "/v2/good/tags/list?last=%00", 400, "UNSUPPORTED"),
        new("GET", "/v2/_catalog?n=-1", 400, "UNSUPPORTED"),
        new("GET", "/v2/_catalog?last=a%00b", 400, "UNSUPPORTED"),
        new("GET", $"/v2/good/referrers/{Some}?n=-1", 400, "UNSUPPORTED"),
        new("GET", $"/v2/good/referrers/{Some}?last=x", 400, "UNSUPPORTED"),
        new("GET", $"/v2/good/referrers/{Some}?artifactType=%00", 400, "UNSUPPORTED"),
        new("GET", "/v2/no/tags/list", 404, "NAME_UNKNOWN"),

        // methods
        new("POST", "/v2/", 405, "UNSUPPORTED", Allow: "GET, HEAD"),
        new("DELETE", "/v2/_catalog", 405, "UNSUPPORTED", Allow: "GET, HEAD"),
        new("PUT", "/v2/good/tags/list", 405, "UNSUPPORTED", "", Allow: "GET, HEAD"),
        new("POST", "/v2/good/manifests/1", 405, "UNSUPPORTED", Allow: "GET, HEAD, PUT, DELETE"),
        new("PATCH", $"/v2/good/blobs/{Some}", 405, "UNSUPPORTED", "", Allow: "GET, HEAD, DELETE"),
        new("GET", "/v2/good/blobs/uploads/", 405, "UNSUPPORTED", Allow: "POST"),
        new("POST", "{upload}", 405, "UNSUPPORTED", Allow: "GET, HEAD, PATCH, PUT, DELETE"),
        new("DELETE", $"/v2/good/referrers/{Some}", 405, "UNSUPPORTED", Allow: "GET, HEAD"),
        new("OPTIONS", "/v2/good/manifests/1", 405, "UNSUPPORTED", Allow: "GET, HEAD, PUT, DELETE"),
        new("TRACE", "/v2/", 405, "UNSUPPORTED", Allow: "GET, HEAD"),
        new("get", "/v2/", 405, "UNSUPPORTED", Allow: "GET, HEAD"),
        new("BREW", "/v2/", 405, "UNSUPPORTED", Allow: "GET, HEAD"),
    ];

    [Theory, OnBothEngines]
    public async Task What_makes_no_sense_is_refused_and_leaves_nothing(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        var image = await registry.PushImageAsync("good", "kept");
        var upload = await registry.StartUploadAsync("good");
        using (var chunk = await registry.SendAsync(HttpMethod.Patch, upload, "first"u8.ToArray()))
            await chunk.ExpectAsync(HttpStatusCode.Accepted);
        var before = await RowCounts.OfAsync(registry);

        string Fill(string text) => text
            .Replace("{upload of other}", upload.Replace("/good/", "/other/", StringComparison.Ordinal), StringComparison.Ordinal)
            .Replace("{upload}", upload, StringComparison.Ordinal)
            .Replace("{image}", image.Digest, StringComparison.Ordinal)
            .Replace("{blob}", image.Config, StringComparison.Ordinal);

        foreach (var row in Rows)
        {
            var answer = await SendAsync(registry, row, Fill);
            Assert.True((row.Status, row.Code) == (answer.Status, answer.Code), $"{row.Method} {row.Path[..Math.Min(row.Path.Length, 200)]} {row.Headers.FirstOrDefault().Value} {row.Body?[..Math.Min(row.Body.Length, 200)]}: expected {row.Status} {row.Code}, got {answer}");
            Assert.Equal(row.Allow, answer.Allow);
            Assert.NotEmpty(answer.Message);
            Assert.DoesNotContain(answer.Message, char.IsControl);
            Assert.True(before == await RowCounts.OfAsync(registry), $"{row.Method} {row.Path}: {await RowCounts.OfAsync(registry)}, before {before}");
        }

        // The upload they tried to spoil goes on where it was.
        using (var asked = await registry.GetAsync(upload))
            Assert.Equal("0-4", asked.Header("Range"));
        using (var closed = await registry.SendAsync(HttpMethod.Put, $"{upload}?digest={Registry.Digest("first second"u8)}", " second"u8.ToArray()))
            await closed.ExpectAsync(HttpStatusCode.Created);
        await ExpectCleanAsync(registry);
    }

    [Theory, OnBothEngines]
    public async Task Every_missing_blob_is_named(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        var layers = Enumerable.Range(0, 150).Select(i => (Registry.Digest(BitConverter.GetBytes(i)), 4L)).ToList();
        using var response = await registry.PutManifestAsync("a", "1", RegistryClient.ImageManifest(layers[0].Item1, 4, layers));
        var errors = (await response.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_BLOB_UNKNOWN")).GetProperty("errors").EnumerateArray().ToList();
        Assert.Equal(layers.Take(100).Select(layer => layer.Item1), errors.Select(error => error.GetProperty("detail").GetProperty("digest").GetString()));
        Assert.All(errors, error => Assert.Equal("MANIFEST_BLOB_UNKNOWN", error.GetProperty("code").GetString()));
        Assert.Equal(new RowCounts(0, 0, 0, 0, 0, 0), await RowCounts.OfAsync(registry));
    }

    [Theory, OnBothEngines]
    public async Task An_upload_that_turns_out_to_be_another_content_is_over(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        foreach (var inPatch in new[] { true, false })
        {
            var location = await registry.StartUploadAsync("a");
            if (inPatch)
            {
                using var patched = await registry.SendAsync(HttpMethod.Patch, location, "content"u8.ToArray());
                await patched.ExpectAsync(HttpStatusCode.Accepted);
            }
            using (var put = await registry.SendAsync(HttpMethod.Put, $"{location}?digest={Some}", inPatch ? [] : "content"u8.ToArray()))
                await put.ExpectErrorAsync(HttpStatusCode.BadRequest, "DIGEST_INVALID");
            using var gone = await registry.GetAsync(location);
            await gone.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UPLOAD_UNKNOWN");
        }
        Assert.Equal(new RowCounts(0, 0, 0, 0, 0, 0), await RowCounts.OfAsync(registry));
        await ExpectCleanAsync(registry);
    }

    static async Task<Answer> SendAsync(Registry registry, Row row, Func<string, string> fill)
    {
        // By hand, since a client library would tidy the path up.
        await using var connection = RawConnection.Open(registry);
        var body = Encoding.UTF8.GetBytes(fill(row.Body ?? ""));
        var headers = string.Concat(row.Headers.Select(header => $"{header.Name}: {header.Value}\n"));
        var type = row.ContentType is null ? "" : $"Content-Type: {row.ContentType}\n";
        await connection.SendAsync($"{row.Method} {fill(row.Path)} HTTP/1.1\nHost: {registry.Authority}\nContent-Length: {body.Length}\n{type}{headers}\n");
        if (row.Status != 413)
            await connection.SendAsync(body);
        var response = await connection.ReadAsync() ?? throw new IOException($"no answer to {row.Method} {row.Path}");
        if (response.Body.Length == 0)
            return new Answer(response.Status, "", "none", null);
        var error = System.Text.Json.JsonDocument.Parse(response.Body).RootElement.GetProperty("errors")[0];
        var allow = response.Headers.SingleOrDefault(header => header.StartsWith("Allow: ", StringComparison.Ordinal))?["Allow: ".Length..];
        Assert.Contains("Content-Type: application/json", response.Headers);
        Assert.DoesNotContain(response.Headers, header => header.StartsWith("X-Evil", StringComparison.OrdinalIgnoreCase));
        return new Answer(response.Status, error.GetProperty("code").GetString()!, error.GetProperty("message").GetString()!, allow);
    }

    static async Task ExpectCleanAsync(Registry registry)
    {
        var output = new StringWriter();
        Assert.True(await FsckRun.RunAsync(registry.Config, rehash: true, output, TestContext.Current.CancellationToken) == 0, output.ToString());
    }

    sealed record Row(string Method, string Path, int Status, string Code, string? Body = null, string? ContentType = null, (string Name, string Value)[]? MoreHeaders = null, string? Allow = null)
    {
        public (string Name, string Value)[] Headers => MoreHeaders ?? [];
    }

    sealed record Answer(int Status, string Code, string Message, string? Allow);
}
