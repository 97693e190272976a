using System.Net;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Conformance;

/// <summary>end-4 to end-6, end-13 and end-14: blobs in, in every way the specification has.</summary>
public sealed class BlobPushTests(Registries registries)
{
    static readonly byte[] Content = "the bytes of a blob"u8.ToArray();

    [Theory, OnBothEngines]
    public async Task An_upload_begins_with_a_place(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        foreach (var path in new[] { $"/v2/{name}/blobs/uploads/", $"/v2/{name}/blobs/uploads" })
        {
            using var response = await registry.SendAsync(HttpMethod.Post, path, []);
            await response.ExpectAsync(HttpStatusCode.Accepted);
            var id = response.Header("Docker-Upload-UUID")!;
            Assert.True(Guid.TryParseExact(id, "D", out _));
            response.ExpectHeaders(("Content-Length", "0"), ("Docker-Upload-UUID", id), ("Location", $"/v2/{name}/blobs/uploads/{id}"), ("OCI-Chunk-Min-Length", "65536"), ("Range", "0-0"));
        }
    }

    [Theory, OnBothEngines]
    public async Task Post_then_put(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        foreach (var algorithm in new[] { "sha256", "sha512" })
        {
            var digest = Registry.Digest(Content, algorithm);
            using var response = await PutAsync(registry, await registry.StartUploadAsync(name), digest, Content);
            await response.ExpectAsync(HttpStatusCode.Created);
            response.ExpectHeaders(("Content-Length", "0"), ("Docker-Content-Digest", digest), ("Location", $"/v2/{name}/blobs/{digest}"));
            await ExpectBlobAsync(registry, response.Location(), Content);
        }
    }

    [Theory, OnBothEngines]
    public async Task One_post_is_enough(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        foreach (var content in new[] { Content, [] })
        {
            var digest = Registry.Digest(content, "sha512");
            using var response = await registry.SendAsync(HttpMethod.Post, $"/v2/{name}/blobs/uploads/?digest={digest}", content, "application/octet-stream");
            await response.ExpectAsync(HttpStatusCode.Created);
            response.ExpectHeaders(("Content-Length", "0"), ("Docker-Content-Digest", digest), ("Location", $"/v2/{name}/blobs/{digest}"));
            await ExpectBlobAsync(registry, response.Location(), content);
        }
    }

    [Theory, OnBothEngines]
    public async Task Chunks_say_where_they_belong(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var location = await registry.StartUploadAsync(name);
        var id = location[(location.LastIndexOf('/') + 1)..];
        using (var first = await PatchAsync(registry, location, Content[..5], ("Content-Range", "0-4")))
        {
            await first.ExpectAsync(HttpStatusCode.Accepted);
            first.ExpectHeaders(("Content-Length", "0"), ("Docker-Upload-UUID", id), ("Location", location), ("Range", "0-4"));
        }
        using (var asked = await registry.GetAsync(location))
        {
            await asked.ExpectAsync(HttpStatusCode.NoContent);
            asked.ExpectHeaders(("Docker-Upload-UUID", id), ("Location", location), ("Range", "0-4"));
        }
        using (var second = await PatchAsync(registry, location, Content[5..9], ("Content-Range", "bytes 5-8/*")))
            Assert.Equal("0-8", second.Header("Range"));
        using var last = await PutAsync(registry, location, Registry.Digest(Content), Content[9..], ("Content-Range", "9-18"));
        await last.ExpectAsync(HttpStatusCode.Created);
        await ExpectBlobAsync(registry, last.Location(), Content);
    }

    [Theory, OnBothEngines]
    public async Task Chunks_need_not_say_where_they_belong(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var location = await registry.StartUploadAsync(name);
        foreach (var part in new[] { Content[..1], Content[1..10], Content[10..] })
        {
            using var response = await PatchAsync(registry, location, part);
            await response.ExpectAsync(HttpStatusCode.Accepted);
        }
        using var closed = await PutAsync(registry, location, Registry.Digest(Content), []);
        await closed.ExpectAsync(HttpStatusCode.Created);
        await ExpectBlobAsync(registry, closed.Location(), Content);
    }

    [Theory, OnBothEngines]
    public async Task A_body_may_be_streamed_without_a_length(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var content = Seed.Random().Bytes(200_000);
        var location = await registry.StartUploadAsync(name);
        using (var patched = await StreamAsync(registry, HttpMethod.Patch, location, content[..150_000]))
        {
            await patched.ExpectAsync(HttpStatusCode.Accepted);
            Assert.Equal("0-149999", patched.Header("Range"));
        }
        using (var put = await StreamAsync(registry, HttpMethod.Put, $"{location}?digest={Registry.Digest(content)}", content[150_000..]))
            await put.ExpectAsync(HttpStatusCode.Created);
        await ExpectBlobAsync(registry, $"/v2/{name}/blobs/{Registry.Digest(content)}", content);
        using var post = await StreamAsync(registry, HttpMethod.Post, $"/v2/{name}/blobs/uploads/?digest={Registry.Digest(content, "sha512")}", content);
        await post.ExpectAsync(HttpStatusCode.Created);
    }

    [Theory, OnBothEngines]
    public async Task A_chunk_out_of_order_is_told_where_to_go_on(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var location = await registry.StartUploadAsync(name);
        using (var early = await PatchAsync(registry, location, Content[5..9], ("Content-Range", "5-8")))
            await early.ExpectErrorAsync(HttpStatusCode.RequestedRangeNotSatisfiable, "RANGE_INVALID");
        using (var first = await PatchAsync(registry, location, Content[..5], ("Content-Range", "0-4")))
            await first.ExpectAsync(HttpStatusCode.Accepted);
        foreach (var range in new[] { "0-4", "3-7", "7-9", "6-18" })
        {
            using var wrong = await PatchAsync(registry, location, new byte[5], ("Content-Range", range));
            await wrong.ExpectErrorAsync(HttpStatusCode.RequestedRangeNotSatisfiable, "RANGE_INVALID");
            Assert.Equal("0-4", wrong.Header("Range"));
        }
        using (var last = await PutAsync(registry, location, Registry.Digest(Content), Content[9..], ("Content-Range", "9-18")))
            await last.ExpectErrorAsync(HttpStatusCode.RequestedRangeNotSatisfiable, "RANGE_INVALID");
        using var done = await PutAsync(registry, location, Registry.Digest(Content), Content[5..], ("Content-Range", "5-18"));
        await done.ExpectAsync(HttpStatusCode.Created);
    }

    [Theory, OnBothEngines]
    public async Task The_closing_digest_may_be_of_another_algorithm_than_announced(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        foreach (var (announced, closed) in new[] { ("?digest-algorithm=sha512", "sha512"), ("?digest-algorithm=sha512", "sha256"), ("?digest-algorithm=sha256", "sha512"), ("", "sha512") })
        {
            var content = Guid.NewGuid().ToByteArray();
            var location = await registry.StartUploadAsync(name, announced);
            using (var patched = await PatchAsync(registry, location, content[..7]))
                await patched.ExpectAsync(HttpStatusCode.Accepted);
            using var response = await PutAsync(registry, location, Registry.Digest(content, closed), content[7..]);
            await response.ExpectAsync(HttpStatusCode.Created);
            await ExpectBlobAsync(registry, response.Location(), content);
        }
    }

    [Theory, OnBothEngines]
    public async Task An_upload_that_is_given_up_is_gone(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var location = await registry.StartUploadAsync(name);
        using (var patched = await PatchAsync(registry, location, Content))
            await patched.ExpectAsync(HttpStatusCode.Accepted);
        using (var cancelled = await registry.DeleteAsync(location))
        {
            await cancelled.ExpectAsync(HttpStatusCode.NoContent);
            cancelled.ExpectHeaders();
        }
        await ExpectNoUploadAsync(registry, location);
    }

    [Theory, OnBothEngines]
    public async Task An_upload_that_is_finished_is_gone(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var location = await registry.StartUploadAsync(name);
        using (var put = await PutAsync(registry, location, Registry.Digest(Content), Content))
            await put.ExpectAsync(HttpStatusCode.Created);
        await ExpectNoUploadAsync(registry, location);
    }

    [Theory, OnBothEngines]
    public async Task A_blob_may_be_pushed_again(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var digest = await registry.PushBlobAsync(name, Content);
        Assert.Equal(digest, await registry.PushBlobAsync(name, Content));
        await ExpectBlobAsync(registry, $"/v2/{name}/blobs/{digest}", Content);
    }

    static async Task ExpectNoUploadAsync(Registry registry, string location)
    {
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Patch, HttpMethod.Put, HttpMethod.Delete })
        {
            using var response = await registry.SendAsync(method, method == HttpMethod.Put ? $"{location}?digest={Registry.Digest(Content)}" : location, method == HttpMethod.Get ? null : Content);
            await response.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UPLOAD_UNKNOWN");
        }
    }

    static async Task ExpectBlobAsync(Registry registry, string path, byte[] content)
    {
        using var response = await registry.GetAsync(path);
        await response.ExpectAsync(HttpStatusCode.OK);
        Assert.Equal(content, await response.BytesAsync());
    }

    static Task<HttpResponseMessage> PatchAsync(Registry registry, string location, byte[] content, params (string Name, string Value)[] headers) =>
        registry.SendAsync(HttpMethod.Patch, location, content, "application/octet-stream", headers);

    static Task<HttpResponseMessage> PutAsync(Registry registry, string location, string digest, byte[] content, params (string Name, string Value)[] headers) =>
        registry.SendAsync(HttpMethod.Put, $"{location}?digest={digest}", content, "application/octet-stream", headers);

    static async Task<HttpResponseMessage> StreamAsync(Registry registry, HttpMethod method, string path, byte[] content)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new StreamContent(new MemoryStream(content)) };
        request.Headers.TransferEncodingChunked = true;
        return await registry.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    async Task<(Registry Registry, string Name)> NewAsync(Engine engine) => (await registries.GetAsync(engine), Registry.NewRepository());
}
