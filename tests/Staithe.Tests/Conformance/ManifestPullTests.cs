using System.Globalization;
using System.Net;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Conformance;

/// <summary>end-3: manifests out.</summary>
public sealed class ManifestPullTests(Registries registries)
{
    [Theory, OnBothEngines]
    public async Task A_manifest_comes_by_tag_and_by_digest(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var name = Registry.NewRepository();
        var (digest, manifest, _, _) = await registry.PushImageAsync(name, "v1");
        foreach (var (reference, caching) in new[] { ("v1", "no-cache"), (digest, "max-age=31536000, immutable"), (digest.Replace(":", "%3a", StringComparison.Ordinal), "max-age=31536000, immutable") })
        {
            (string, string)[] headers =
            [
                ("Cache-Control", caching), ("Content-Length", manifest.Length.ToString(CultureInfo.InvariantCulture)),
                ("Content-Type", RegistryClient.OciManifest), ("Docker-Content-Digest", digest), ("ETag", $"\"{digest}\""),
            ];
            using var get = await registry.GetAsync($"/v2/{name}/manifests/{reference}", ("Accept", "application/vnd.oci.image.index.v1+json"), ("Range", "bytes=0-1"));
            await get.ExpectAsync(HttpStatusCode.OK);
            get.ExpectHeaders(headers);
            Assert.Equal(manifest, await get.BytesAsync());
            using var head = await registry.HeadAsync($"/v2/{name}/manifests/{reference}");
            await head.ExpectAsync(HttpStatusCode.OK);
            head.ExpectHeaders(headers);
            Assert.Empty(await head.BytesAsync());
        }
    }

    [Theory, OnBothEngines]
    public async Task What_is_not_there_is_not_found(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var (name, other) = (Registry.NewRepository(), Registry.NewRepository());
        var image = await registry.PushImageAsync(name, "v1");
        await registry.PushBlobAsync(other, "x"u8.ToArray());
        foreach (var (path, code) in new[]
        {
            ($"/v2/{name}/manifests/v2", "MANIFEST_UNKNOWN"), ($"/v2/{name}/manifests/V1", "MANIFEST_UNKNOWN"), ($"/v2/{name}/manifests/{Registry.Digest("no"u8)}", "MANIFEST_UNKNOWN"),
            ($"/v2/{name}/manifests/{Registry.Digest(image.Manifest, "sha512")}", "MANIFEST_UNKNOWN"), ($"/v2/{name}/manifests/{image.Config}", "MANIFEST_UNKNOWN"),
            ($"/v2/{other}/manifests/v1", "MANIFEST_UNKNOWN"), ($"/v2/{other}/manifests/{image.Digest}", "MANIFEST_UNKNOWN"), ($"/v2/no/{name}/manifests/v1", "NAME_UNKNOWN"),
        })
        {
            using var get = await registry.GetAsync(path);
            await get.ExpectErrorAsync(HttpStatusCode.NotFound, code);
            using var head = await registry.HeadAsync(path);
            await head.ExpectAsync(HttpStatusCode.NotFound);
            Assert.Empty(await head.BytesAsync());
        }
    }

    /// <summary>Of a tag that is not there, and to somebody who reads the answer: no client looks for attachments by mistake.</summary>
    [Theory, OnBothEngines]
    public async Task A_tag_that_is_not_there_is_told_from_those_that_are(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var (name, other) = (Registry.NewRepository(), Registry.NewRepository());
        var image = await registry.PushImageAsync(name, "1");
        await registry.PushBlobAsync(other, "x"u8.ToArray());
        Assert.Equal($"{name} has no manifest zz (tags: 1)", await MessageAsync($"/v2/{name}/manifests/zz"));
        Assert.Equal($"{other} has no manifest zz (it has no tags)", await MessageAsync($"/v2/{other}/manifests/zz"));
        var digest = Registry.Digest("no"u8);
        Assert.Equal($"{name} has no manifest {digest}", await MessageAsync($"/v2/{name}/manifests/{digest}"));
        var attachment = $"sha256-{image.Digest[7..]}.sig";
        Assert.Equal($"{name} has no manifest {attachment}", await MessageAsync($"/v2/{name}/manifests/{attachment}"));
        for (var i = 2; i <= 20; i++)
            await registry.PutManifestAsync(name, $"{i}", image.Manifest);
        var bounded = await MessageAsync($"/v2/{name}/manifests/zz");
        Assert.EndsWith(", …)", bounded, StringComparison.Ordinal);
        Assert.Equal(11, bounded.Split(", ").Length);

        async Task<string> MessageAsync(string path)
        {
            using var answer = await registry.GetAsync(path);
            await answer.ExpectAsync(HttpStatusCode.NotFound);
            return (await answer.JsonAsync()).GetProperty("errors")[0].GetProperty("message").GetString()!;
        }
    }

    [Theory, OnBothEngines]
    public async Task A_client_that_has_it_need_not_take_it_again(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var name = Registry.NewRepository();
        var (digest, manifest, _, _) = await registry.PushImageAsync(name, "v1");
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head })
        {
            foreach (var reference in new[] { "v1", digest })
            {
                using var same = await registry.SendAsync(method, $"/v2/{name}/manifests/{reference}", null, null, ("If-None-Match", $"\"{digest}\""));
                await same.ExpectAsync(HttpStatusCode.NotModified);
                Assert.Equal((digest, $"\"{digest}\""), (same.Header("Docker-Content-Digest"), same.Header("ETag")));
                using var other = await registry.SendAsync(method, $"/v2/{name}/manifests/{reference}", null, null, ("If-Match", "\"sha256:other\""));
                await other.ExpectAsync(HttpStatusCode.PreconditionFailed);
            }
        }
        await registry.PushImageAsync(name, "v1");
        using var moved = await registry.GetAsync($"/v2/{name}/manifests/v1", ("If-None-Match", $"\"{digest}\""));
        await moved.ExpectAsync(HttpStatusCode.OK);
        Assert.NotEqual(manifest, await moved.BytesAsync());
    }
}
