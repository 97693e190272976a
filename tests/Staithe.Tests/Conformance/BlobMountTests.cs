using System.Net;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Conformance;

/// <summary>end-11: blobs from one repository to another without a byte.</summary>
public sealed class BlobMountTests(Registries registries)
{
    [Theory, OnBothEngines]
    public async Task A_blob_is_mounted_from_the_repository_that_has_it(Engine engine)
    {
        var (registry, source, target, content, digest) = await PushAsync(engine, "sha256");
        using (var response = await registry.SendAsync(HttpMethod.Post, $"/v2/{target}/blobs/uploads/?mount={digest}&from={source}", []))
        {
            await response.ExpectAsync(HttpStatusCode.Created);
            response.ExpectHeaders(("Content-Length", "0"), ("Docker-Content-Digest", digest), ("Location", $"/v2/{target}/blobs/{digest}"));
        }
        using var blob = await registry.GetAsync($"/v2/{target}/blobs/{digest}");
        Assert.Equal(content, await blob.BytesAsync());
    }

    [Theory, OnBothEngines]
    public async Task A_blob_is_mounted_from_wherever_it_is(Engine engine)
    {
        var (registry, _, target, content, digest) = await PushAsync(engine, "sha512");
        using (var response = await registry.SendAsync(HttpMethod.Post, $"/v2/{target}/blobs/uploads/?mount={digest}", []))
            await response.ExpectAsync(HttpStatusCode.Created);
        using var blob = await registry.GetAsync($"/v2/{target}/blobs/{digest}");
        Assert.Equal(content, await blob.BytesAsync());
    }

    [Theory, OnBothEngines]
    public async Task A_mount_into_the_same_repository_is_no_mistake(Engine engine)
    {
        var (registry, source, _, _, digest) = await PushAsync(engine, "sha256");
        using var response = await registry.SendAsync(HttpMethod.Post, $"/v2/{source}/blobs/uploads/?mount={digest}&from={source}", []);
        await response.ExpectAsync(HttpStatusCode.Created);
    }

    [Theory, OnBothEngines]
    public async Task What_cannot_be_mounted_can_be_uploaded(Engine engine)
    {
        var (registry, source, target, _, digest) = await PushAsync(engine, "sha256");
        var content = Guid.NewGuid().ToByteArray();
        var unknown = Registry.Digest(content, "sha512");
        foreach (var query in new[] { $"mount={unknown}&from={source}", $"mount={unknown}", $"mount={digest}&from=no/{source}", $"mount={unknown}&from={target}" })
        {
            using var response = await registry.SendAsync(HttpMethod.Post, $"/v2/{target}/blobs/uploads/?{query}", []);
            await response.ExpectAsync(HttpStatusCode.Accepted);
            var id = response.Header("Docker-Upload-UUID")!;
            response.ExpectHeaders(("Content-Length", "0"), ("Docker-Upload-UUID", id), ("Location", $"/v2/{target}/blobs/uploads/{id}"), ("OCI-Chunk-Min-Length", "65536"), ("Range", "0-0"));
            using var put = await registry.SendAsync(HttpMethod.Put, $"{response.Location()}?digest={Registry.Digest(content)}", content);
            await put.ExpectAsync(HttpStatusCode.Created);
        }
    }

    async Task<(Registry Registry, string Source, string Target, byte[] Content, string Digest)> PushAsync(Engine engine, string algorithm)
    {
        var registry = await registries.GetAsync(engine);
        var (source, content) = (Registry.NewRepository(), Guid.NewGuid().ToByteArray());
        return (registry, source, Registry.NewRepository(), content, await registry.PushBlobAsync(source, content, algorithm));
    }
}
