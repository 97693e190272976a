using System.Net;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Conformance;

/// <summary>end-9 and end-10: what goes, and what stays because something needs it.</summary>
public sealed class DeleteTests(Registries registries)
{
    [Theory, OnBothEngines]
    public async Task Deleting_a_tag_takes_one_name(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var image = await registry.PushImageAsync(name, "v1");
        using (var second = await registry.PutManifestAsync(name, "v2", image.Manifest))
            await second.ExpectAsync(HttpStatusCode.Created);
        foreach (var reference in new[] { "v1", "v2", image.Digest })
            await ExpectAsync(registry, $"/v2/{name}/manifests/{reference}", HttpStatusCode.OK);
        await DeleteAsync(registry, $"/v2/{name}/manifests/v1");
        await ExpectAsync(registry, $"/v2/{name}/manifests/v1", HttpStatusCode.NotFound);
        await ExpectAsync(registry, $"/v2/{name}/manifests/v2", HttpStatusCode.OK);
        await ExpectAsync(registry, $"/v2/{name}/manifests/{image.Digest}", HttpStatusCode.OK);
        using var again = await registry.DeleteAsync($"/v2/{name}/manifests/v1");
        await again.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_UNKNOWN");
    }

    [Theory, OnBothEngines]
    public async Task Deleting_a_manifest_takes_its_tags(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var (image, other) = (await registry.PushImageAsync(name, "v1"), await registry.PushImageAsync(name, "other"));
        using (var second = await registry.PutManifestAsync(name, "v2", image.Manifest))
            await second.ExpectAsync(HttpStatusCode.Created);
        foreach (var reference in new[] { "v1", "v2", image.Digest })
            await ExpectAsync(registry, $"/v2/{name}/manifests/{reference}", HttpStatusCode.OK);
        await DeleteAsync(registry, $"/v2/{name}/manifests/{image.Digest}");
        foreach (var reference in new[] { "v1", "v2", image.Digest })
            await ExpectAsync(registry, $"/v2/{name}/manifests/{reference}", HttpStatusCode.NotFound);
        await ExpectAsync(registry, $"/v2/{name}/manifests/{other.Digest}", HttpStatusCode.OK);
        using var tags = await registry.GetAsync($"/v2/{name}/tags/list");
        Assert.Equal("""["other"]""", (await tags.JsonAsync()).GetProperty("tags").GetRawText());
        await ExpectAsync(registry, $"/v2/{name}/blobs/{image.Layer}", HttpStatusCode.OK);
    }

    [Theory, OnBothEngines]
    public async Task A_manifest_may_come_back_after_it_was_deleted(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var image = await registry.PushImageAsync(name, "v1");
        await DeleteAsync(registry, $"/v2/{name}/manifests/{image.Digest}");
        using (var pushed = await registry.PutManifestAsync(name, "v1", image.Manifest))
            await pushed.ExpectAsync(HttpStatusCode.Created);
        using var response = await registry.GetAsync($"/v2/{name}/manifests/{image.Digest}");
        Assert.Equal(image.Manifest, await response.BytesAsync());
    }

    [Theory, OnBothEngines]
    public async Task The_child_of_an_index_stays_until_the_last_index_is_gone(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var image = await registry.PushImageAsync(name, "child");
        var indexes = new[] { 1, 2 }.Select(i => RegistryClient.Index([(image.Digest, image.Manifest.Length)], $$""","i":{{i}}""")).ToList();
        foreach (var index in indexes)
        {
            using var pushed = await registry.PutManifestAsync(name, Registry.Digest(index), index, RegistryClient.OciIndex);
            await pushed.ExpectAsync(HttpStatusCode.Created);
        }
        foreach (var index in indexes)
        {
            using (var refused = await registry.DeleteAsync($"/v2/{name}/manifests/{image.Digest}"))
            {
                var error = (await refused.ExpectErrorAsync(HttpStatusCode.MethodNotAllowed, "UNSUPPORTED")).GetProperty("errors")[0];
                Assert.Contains(Registry.Digest(index), error.GetProperty("detail").GetProperty("indexes").EnumerateArray().Select(digest => digest.GetString()));
            }
            await ExpectAsync(registry, $"/v2/{name}/manifests/child", HttpStatusCode.OK);
            await DeleteAsync(registry, $"/v2/{name}/manifests/{Registry.Digest(index)}");
            await ExpectAsync(registry, $"/v2/{name}/manifests/{Registry.Digest(index)}", HttpStatusCode.NotFound);
        }
        await DeleteAsync(registry, $"/v2/{name}/manifests/{image.Digest}");
        await ExpectAsync(registry, $"/v2/{name}/manifests/{image.Digest}", HttpStatusCode.NotFound);
    }

    [Theory, OnBothEngines]
    public async Task The_tag_of_a_child_can_be_deleted(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var image = await registry.PushImageAsync(name, "child");
        using (var pushed = await registry.PutManifestAsync(name, "index", RegistryClient.Index([(image.Digest, image.Manifest.Length)]), RegistryClient.OciIndex))
            await pushed.ExpectAsync(HttpStatusCode.Created);
        await DeleteAsync(registry, $"/v2/{name}/manifests/child");
        await ExpectAsync(registry, $"/v2/{name}/manifests/{image.Digest}", HttpStatusCode.OK);
    }

    [Theory, OnBothEngines]
    public async Task A_blob_in_use_stays_until_its_manifest_is_gone(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var image = await registry.PushImageAsync(name, "v1");
        foreach (var digest in new[] { image.Config, image.Layer })
        {
            using var refused = await registry.DeleteAsync($"/v2/{name}/blobs/{digest}");
            var error = (await refused.ExpectErrorAsync(HttpStatusCode.MethodNotAllowed, "UNSUPPORTED")).GetProperty("errors")[0];
            Assert.Equal(image.Digest, Assert.Single(error.GetProperty("detail").GetProperty("manifests").EnumerateArray()).GetString());
            await ExpectAsync(registry, $"/v2/{name}/blobs/{digest}", HttpStatusCode.OK);
        }
        await DeleteAsync(registry, $"/v2/{name}/manifests/{image.Digest}");
        await DeleteAsync(registry, $"/v2/{name}/blobs/{image.Layer}");
        await ExpectAsync(registry, $"/v2/{name}/blobs/{image.Layer}", HttpStatusCode.NotFound);
        using var pushed = await registry.PutManifestAsync(name, "v1", image.Manifest);
        await pushed.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_BLOB_UNKNOWN");
    }

    [Theory, OnBothEngines]
    public async Task A_blob_deleted_in_one_repository_stays_in_another_and_may_come_back(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var (other, content) = (Registry.NewRepository(), Guid.NewGuid().ToByteArray());
        var digest = await registry.PushBlobAsync(name, content);
        await registry.PushBlobAsync(other, content);
        foreach (var repository in new[] { name, other })
            await ExpectAsync(registry, $"/v2/{repository}/blobs/{digest}", HttpStatusCode.OK);
        await DeleteAsync(registry, $"/v2/{name}/blobs/{digest}");
        await ExpectAsync(registry, $"/v2/{name}/blobs/{digest}", HttpStatusCode.NotFound);
        await ExpectAsync(registry, $"/v2/{other}/blobs/{digest}", HttpStatusCode.OK);
        await DeleteAsync(registry, $"/v2/{other}/blobs/{digest}");
        await ExpectAsync(registry, $"/v2/{other}/blobs/{digest}", HttpStatusCode.NotFound);
        using (var again = await registry.DeleteAsync($"/v2/{other}/blobs/{digest}"))
            await again.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UNKNOWN");
        await registry.PushBlobAsync(name, content);
        using var back = await registry.GetAsync($"/v2/{name}/blobs/{digest}");
        Assert.Equal(content, await back.BytesAsync());
    }

    [Theory, OnBothEngines]
    public async Task What_is_not_there_cannot_be_deleted(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var digest = Registry.Digest("nothing"u8);
        await registry.PushImageAsync(name, "v1");
        foreach (var repository in new[] { name, $"no/{name}" })
        {
            foreach (var (path, code) in new[] { ($"manifests/{digest}", "MANIFEST_UNKNOWN"), ("manifests/nothing", "MANIFEST_UNKNOWN"), ($"blobs/{digest}", "BLOB_UNKNOWN") })
            {
                using var response = await registry.DeleteAsync($"/v2/{repository}/{path}");
                await response.ExpectErrorAsync(HttpStatusCode.NotFound, code);
            }
        }
    }

    static async Task DeleteAsync(Registry registry, string path)
    {
        using var response = await registry.DeleteAsync(path);
        await response.ExpectAsync(HttpStatusCode.Accepted);
        response.ExpectHeaders(("Content-Length", "0"));
    }

    static async Task ExpectAsync(Registry registry, string path, HttpStatusCode status)
    {
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head })
        {
            using var response = await registry.SendAsync(method, path);
            await response.ExpectAsync(status);
        }
    }

    async Task<(Registry Registry, string Name)> NewAsync(Engine engine) => (await registries.GetAsync(engine), Registry.NewRepository());
}
