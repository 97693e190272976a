using System.Globalization;
using System.Net;
using System.Text;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Conformance;

/// <summary>end-2: blobs out, whole and in parts.</summary>
public sealed class BlobPullTests(Registries registries)
{
    static readonly byte[] Ten = "0123456789"u8.ToArray();

    [Theory, OnBothEngines]
    public async Task A_blob_comes_as_it_went_under_both_algorithms(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var name = Registry.NewRepository();
        foreach (var content in new[] { [], "x"u8.ToArray(), Seed.Random().Bytes(300_000) })
        {
            foreach (var algorithm in new[] { "sha256", "sha512" })
            {
                var digest = await registry.PushBlobAsync(name, content, algorithm);
                (string, string)[] headers =
                [
                    ("Accept-Ranges", "bytes"), ("Cache-Control", "max-age=31536000, immutable"), ("Content-Length", content.Length.ToString(CultureInfo.InvariantCulture)),
                    ("Content-Type", "application/octet-stream"), ("Docker-Content-Digest", digest), ("ETag", $"\"{digest}\""),
                ];
                using var get = await registry.GetAsync($"/v2/{name}/blobs/{digest}");
                await get.ExpectAsync(HttpStatusCode.OK);
                get.ExpectHeaders(headers);
                Assert.Equal(content, await get.BytesAsync());
                using var head = await registry.HeadAsync($"/v2/{name}/blobs/{digest.Replace(":", "%3A", StringComparison.Ordinal)}");
                await head.ExpectAsync(HttpStatusCode.OK);
                head.ExpectHeaders(headers);
            }
        }
    }

    [Theory, OnBothEngines]
    public async Task What_another_repository_has_is_not_found(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var (name, other) = (Registry.NewRepository(), Registry.NewRepository());
        var digest = await registry.PushBlobAsync(name, Guid.NewGuid().ToByteArray());
        await registry.PushBlobAsync(other, Ten);
        foreach (var path in new[] { $"/v2/{other}/blobs/{digest}", $"/v2/no/{name}/blobs/{digest}" })
        {
            using var get = await registry.GetAsync(path);
            await get.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UNKNOWN");
            using var head = await registry.HeadAsync(path);
            await head.ExpectAsync(HttpStatusCode.NotFound);
            Assert.Empty(await head.BytesAsync());
        }
    }

    [Theory, OnBothEngines]
    public async Task One_range_is_answered_with_that_part(Engine engine)
    {
        var (registry, path, digest) = await PushTenAsync(engine);
        foreach (var (range, part, told) in new[] { ("bytes=2-4", "234", "2-4"), ("bytes=7-", "789", "7-9"), ("bytes=-2", "89", "8-9"), ("bytes=0-99", "0123456789", "0-9"), ("bytes=5-5,50-60", "5", "5-5") })
        {
            using var response = await registry.GetAsync(path, ("Range", range));
            await response.ExpectAsync(HttpStatusCode.PartialContent);
            response.ExpectHeaders(
                ("Accept-Ranges", "bytes"), ("Cache-Control", "max-age=31536000, immutable"), ("Content-Length", part.Length.ToString(CultureInfo.InvariantCulture)),
                ("Content-Range", $"bytes {told}/10"), ("Content-Type", "application/octet-stream"), ("Docker-Content-Digest", digest), ("ETag", $"\"{digest}\""));
            Assert.Equal(part, Encoding.ASCII.GetString(await response.BytesAsync()));
        }
    }

    [Theory, OnBothEngines]
    public async Task Several_ranges_come_as_parts_of_one_body(Engine engine)
    {
        var (registry, path, _) = await PushTenAsync(engine);
        using var response = await registry.GetAsync(path, ("Range", "bytes=8-9, 0-1,4-4"));
        await response.ExpectAsync(HttpStatusCode.PartialContent);
        var type = response.Content.Headers.ContentType!;
        Assert.Equal("multipart/byteranges", type.MediaType);
        Assert.Null(response.Header("Content-Range"));
        var body = Encoding.ASCII.GetString(await response.BytesAsync());
        Assert.Equal(response.Content.Headers.ContentLength, body.Length);
        var parts = body.Split($"\r\n--{type.Parameters.Single(parameter => parameter.Name == "boundary").Value}");
        Assert.Equal(
            ["", Part("8-9", "89"), Part("0-1", "01"), Part("4-4", "4"), "--\r\n"],
            parts);

        static string Part(string range, string content) => $"\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {range}/10\r\n\r\n{content}";
    }

    [Theory, OnBothEngines]
    public async Task A_range_outside_is_not_satisfiable(Engine engine)
    {
        var (registry, path, _) = await PushTenAsync(engine);
        foreach (var range in new[] { "bytes=10-", "bytes=10-20,30-", "bytes=-0", "bytes=99999999999999999999-" })
        {
            using var response = await registry.GetAsync(path, ("Range", range));
            await response.ExpectErrorAsync(HttpStatusCode.RequestedRangeNotSatisfiable, "RANGE_INVALID");
            Assert.Equal("bytes */10", response.Header("Content-Range"));
        }
    }

    [Theory, OnBothEngines]
    public async Task A_range_that_is_none_is_answered_with_everything(Engine engine)
    {
        var (registry, path, _) = await PushTenAsync(engine);
        foreach (var range in new[] { "bytes=a-b", "lines=0-1", "bytes=0-5,3-8", "bytes=" + string.Join(',', Enumerable.Range(0, 1025).Select(i => $"{i * 2}-{i * 2}")) })
        {
            using var response = await registry.GetAsync(path, ("Range", range));
            await response.ExpectAsync(HttpStatusCode.OK);
            Assert.Equal(Ten, await response.BytesAsync());
        }
    }

    [Theory, OnBothEngines]
    public async Task Head_knows_no_ranges(Engine engine)
    {
        var (registry, path, _) = await PushTenAsync(engine);
        using var response = await registry.SendAsync(HttpMethod.Head, path, null, null, ("Range", "bytes=2-4"));
        await response.ExpectAsync(HttpStatusCode.OK);
        Assert.Equal("10", response.Header("Content-Length"));
    }

    [Theory, OnBothEngines]
    public async Task A_range_with_a_condition_holds_for_the_same_content_only(Engine engine)
    {
        var (registry, path, digest) = await PushTenAsync(engine);
        foreach (var (condition, status) in new[] { ($"\"{digest}\"", HttpStatusCode.PartialContent), ("\"other\"", HttpStatusCode.OK), ($"W/\"{digest}\"", HttpStatusCode.OK), ("Wed, 21 Oct 2015 07:28:00 GMT", HttpStatusCode.OK) })
        {
            using var response = await registry.GetAsync(path, ("Range", "bytes=2-4"), ("If-Range", condition));
            await response.ExpectAsync(status);
        }
    }

    [Theory, OnBothEngines]
    public async Task A_client_that_has_it_need_not_take_it_again(Engine engine)
    {
        var (registry, path, digest) = await PushTenAsync(engine);
        foreach (var condition in new[] { $"\"{digest}\"", $"W/\"{digest}\"", $"\"other\", \"{digest}\"", "*" })
        {
            using var response = await registry.GetAsync(path, ("If-None-Match", condition));
            await response.ExpectAsync(HttpStatusCode.NotModified);
            Assert.Equal($"\"{digest}\"", response.Header("ETag"));
            Assert.Empty(await response.BytesAsync());
        }
        using var changed = await registry.GetAsync(path, ("If-None-Match", "\"other\""));
        await changed.ExpectAsync(HttpStatusCode.OK);
        using var same = await registry.GetAsync(path, ("If-Match", $"\"{digest}\""));
        await same.ExpectAsync(HttpStatusCode.OK);
        using var different = await registry.GetAsync(path, ("If-Match", "\"other\""));
        await different.ExpectErrorAsync(HttpStatusCode.PreconditionFailed, "DENIED");
    }

    async Task<(Registry Registry, string Path, string Digest)> PushTenAsync(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var name = Registry.NewRepository();
        var digest = await registry.PushBlobAsync(name, Ten);
        return (registry, $"/v2/{name}/blobs/{digest}", digest);
    }
}
