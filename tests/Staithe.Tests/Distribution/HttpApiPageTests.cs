using System.Net;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Distribution;

/// <summary>Sentences of docs/http-api.md that no other test holds. What the page says of TLS and HTTP/2 is in <see cref="Transport.TlsTests"/>.</summary>
public sealed class HttpApiPageTests(Registries registries, ClosedRegistries closedRegistries)
{
    [Theory, OnBothEngines]
    public async Task A_parameter_that_is_not_named_is_ignored_and_a_nul_is_refused(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        var image = await registry.PushImageAsync(name, "1");
        foreach (var path in (string[])["manifests/1", $"blobs/{image.Layer}", "tags/list", $"referrers/{image.Digest}"])
        {
            using (var ignored = await registry.GetAsync($"/v2/{name}/{path}?ns=example.org&no-such=%ff&&="))
                await ignored.ExpectAsync(HttpStatusCode.OK);
            using var refused = await registry.GetAsync($"/v2/{name}/{path}?last=%00");
            Assert.True(refused.StatusCode is HttpStatusCode.BadRequest || path is not "tags/list");
        }
    }

    [Theory, OnBothEngines]
    public async Task Every_answer_names_the_api_and_a_manifest_comes_whole(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        var image = await registry.PushImageAsync(name, "1");
        foreach (var path in (string[])["/v2/", "/v2/no/such/tags/list", "/v2/no/such/endpoint", "/v2/UPPER/tags/list", $"/v2/{name}/manifests/1"])
        {
            using var response = await registry.GetAsync(path);
            Assert.Equal("registry/2.0", response.Header("Docker-Distribution-Api-Version"));
            using var head = await registry.HeadAsync(path);
            Assert.Equal((response.StatusCode, response.Header("Content-Length")), (head.StatusCode, head.Header("Content-Length")));
        }
        using var whole = await registry.GetAsync($"/v2/{name}/manifests/1", ("Accept", "application/none"), ("Range", "bytes=0-0"));
        await whole.ExpectAsync(HttpStatusCode.OK);
        Assert.Equal(image.Manifest, await whole.BytesAsync());
    }

    [Theory, OnBothEngines]
    public async Task A_mount_without_a_source_is_an_upload_where_there_are_accounts(Engine engine)
    {
        var closed = await closedRegistries.GetAsync(engine);
        var user = await closed.AddTokenAsync(await closed.AddUserAsync());
        var digest = await closed.As(user).PushBlobAsync($"{user.Name}/a", Guid.NewGuid().ToByteArray());
        using var response = await closed.As(user).SendAsync(HttpMethod.Post, $"/v2/{user.Name}/b/blobs/uploads/?mount={digest}", []);
        await response.ExpectAsync(HttpStatusCode.Accepted);
    }
}
