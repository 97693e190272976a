using System.Net;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Distribution;

/// <summary>An upload goes on from any answer: its location can be used as clients write it, and a refusal says where to go on.</summary>
public sealed class ContinuedUploadTests(Registries registries)
{
    static readonly byte[] Content = "hello, world"u8.ToArray();
    static readonly string Digest = Registry.Digest(Content);

    // Scripts append the digest without looking whether the location has a query.
    [Theory, OnBothEngines]
    public async Task The_digest_is_taken_behind_either_character(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        foreach (var ending in new[] { $"?digest={Digest}", $"&digest={Digest}", $"&digest={Uri.EscapeDataString(Digest)}", $"&n=1&digest={Digest}", $"&digest={Digest}?x=1", $"?n=1&digest={Digest}" })
        {
            var name = Registry.NewRepository();
            var location = await registry.StartUploadAsync(name);
            using var closed = await registry.SendAsync(HttpMethod.Put, location + ending, Content, "application/octet-stream");
            await closed.ExpectAsync(HttpStatusCode.Created);
            Assert.Equal(($"/v2/{name}/blobs/{Digest}", Digest), (closed.Location(), closed.Header("Docker-Content-Digest")));
        }
    }

    [Theory, OnBothEngines]
    public async Task Whatever_is_behind_an_ampersand_every_method_finds_the_upload(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var location = await registry.StartUploadAsync(Registry.NewRepository());
        using var patched = await registry.SendAsync(HttpMethod.Patch, $"{location}&n=1", Content[..5]);
        await patched.ExpectAsync(HttpStatusCode.Accepted);
        Assert.Equal((location, "0-4"), (patched.Location(), patched.Header("Range")));
        using var asked = await registry.GetAsync($"{location}&digest={Digest}");
        await asked.ExpectAsync(HttpStatusCode.NoContent);
        Assert.Equal((location, "0-4"), (asked.Location(), asked.Header("Range")));
        using var wrong = await registry.SendAsync(HttpMethod.Put, $"{location}&digest=sha256:no", Content[5..]);
        await wrong.ExpectErrorAsync(HttpStatusCode.BadRequest, "DIGEST_INVALID");
        using var elsewhere = await registry.SendAsync(HttpMethod.Put, $"{location[..^1]}&digest={Digest}", Content[5..]);
        await elsewhere.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UPLOAD_UNKNOWN");
        using var cancelled = await registry.SendAsync(HttpMethod.Delete, $"{location}&n=1", []);
        await cancelled.ExpectAsync(HttpStatusCode.NoContent);
    }

    [Theory, OnBothEngines]
    public async Task A_refusal_says_where_the_upload_goes_on(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var name = Registry.NewRepository();
        var location = await registry.StartUploadAsync(name);
        var id = location[(location.LastIndexOf('/') + 1)..];
        using (var first = await registry.SendAsync(HttpMethod.Patch, location, Content[..5]))
            await first.ExpectAsync(HttpStatusCode.Accepted);
        foreach (var (method, query, range, status, code) in new[]
        {
            (HttpMethod.Patch, "", "7-11", HttpStatusCode.RequestedRangeNotSatisfiable, "RANGE_INVALID"),
            (HttpMethod.Patch, "", "0-4", HttpStatusCode.RequestedRangeNotSatisfiable, "RANGE_INVALID"),
            (HttpMethod.Put, $"?digest={Digest}", "7-11", HttpStatusCode.RequestedRangeNotSatisfiable, "RANGE_INVALID"),
            (HttpMethod.Patch, "", "5-50", HttpStatusCode.BadRequest, "SIZE_INVALID"),
            (HttpMethod.Patch, "", "x", HttpStatusCode.BadRequest, "BLOB_UPLOAD_INVALID"),
            (HttpMethod.Put, "", "5-9", HttpStatusCode.BadRequest, "DIGEST_INVALID"),
            (HttpMethod.Put, "?digest=sha256:no", "5-9", HttpStatusCode.BadRequest, "DIGEST_INVALID"),
        })
        {
            using var refused = await registry.SendAsync(method, location + query, Content[5..10], "application/octet-stream", ("Content-Range", range));
            await refused.ExpectErrorAsync(status, code);
            Assert.Equal((location, "0-4", id), (refused.Headers.Location?.OriginalString, refused.Header("Range"), refused.Header("Docker-Upload-UUID")));
        }
        using (var rest = await registry.SendAsync(HttpMethod.Patch, location, Content[5..], "application/octet-stream", ("Content-Range", "5-11")))
            await rest.ExpectAsync(HttpStatusCode.Accepted);

        // What is over does not go on.
        using (var other = await registry.SendAsync(HttpMethod.Put, $"{location}?digest={Registry.Digest("other"u8)}", []))
        {
            await other.ExpectErrorAsync(HttpStatusCode.BadRequest, "DIGEST_INVALID");
            Assert.Null(other.Headers.Location);
        }
        using var gone = await registry.SendAsync(HttpMethod.Patch, location, Content);
        await gone.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UPLOAD_UNKNOWN");
        Assert.Null(gone.Headers.Location);
    }

    [Theory, OnBothEngines]
    public async Task While_another_request_sends_the_refused_one_learns_where_the_upload_is(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var location = await registry.StartUploadAsync(Registry.NewRepository());
        await using var connection = RawConnection.Open(registry);
        await connection.SendAsync($"PATCH {location} HTTP/1.1\nHost: a\nExpect: 100-continue\nTransfer-Encoding: chunked\n\n");
        Assert.Equal(100, (await connection.ReadAsync())!.Status); // it has its turn
        using var refused = await registry.SendAsync(HttpMethod.Patch, location, Content);
        await refused.ExpectErrorAsync(HttpStatusCode.RequestedRangeNotSatisfiable, "RANGE_INVALID");
        Assert.Equal((location, "0-0"), (refused.Headers.Location?.OriginalString, refused.Header("Range")));
    }
}
