using System.Net;
using System.Text;
using Staithe.Config;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>An index may list images that the registry does not hold: these hide nothing else.</summary>
public sealed class AbsentChildTests
{
    [Theory, OnBothEngines]
    public async Task What_is_here_is_shown_and_what_is_not_is_marked(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine, config => config with { Sparse = SparsePolicy.Index });
        var arm = await registry.PushLayersAsync("s/arm", null, """{"architecture":"arm64","os":"linux","config":{"ExposedPorts":{"80/tcp":{} } } }""", [new TarBytes().File("etc/here", "b").End()]);
        using (var child = await registry.GetAsync($"/v2/s/arm/manifests/{arm}"))
        {
            var size = (await child.BytesAsync()).Length;
            await PushIndexAsync(registry, "1", Entry(new string('a', 64), 7, "amd64"), Entry(arm[7..], size, "arm64"));
            await PushIndexAsync(registry, "none", Entry(new string('a', 64), 7, "amd64"), Entry(new string('b', 64), 7, "arm64"));
        }
        var inner = await PushIndexAsync(registry, "inner", Entry(new string('c', 64), 7, "s390x"), Entry(arm[7..], (await SizeAsync(registry, arm)), "arm64"));
        await PushIndexAsync(registry, "nested", Entry(new string('d', 64), 7, "amd64"), $$"""{"mediaType":"{{RegistryClient.OciIndex}}","digest":"{{inner}}","size":{{await SizeAsync(registry, inner)}} }""");
        await registry.LookAsync();
        using var browser = new Browser(registry.Url);
        foreach (var tag in (string[])["1", "nested"])
        {
            foreach (var path in (string[])[$"/r/s/arm:{tag}", $"/r/s/arm:{tag}?view=raw", $"/r/s/arm:{tag}?view=run", $"/r/s/arm:{tag}?view=packages", $"/f/s/arm:{tag}/etc/here", $"/run/s/arm:{tag}/kube.yaml", $"/run/s/arm:{tag}/run.sh", $"/api/v1/sbom?image=s/arm:{tag}", $"/api/v1/diff?from=s/arm:{tag}&to=s/arm:{tag}", $"/r/s/arm:{tag}?platform=linux/arm64"])
            {
                using var answer = await registry.GetAsync(path);
                await answer.ExpectAsync(HttpStatusCode.OK);
            }
        }
        Assert.Contains("linux/amd64 (not here)", await browser.ReadAsync("/r/s/arm:1"), StringComparison.Ordinal);
        Assert.Contains("podman pull", await browser.ReadAsync("/r/s/arm"), StringComparison.Ordinal);
        using (var absent = await registry.GetAsync("/r/s/arm:1?platform=linux/amd64", ("Accept", "text/html")))
        {
            await absent.ExpectAsync(HttpStatusCode.NotFound);
            Assert.Contains("linux/arm64", await absent.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
        // Nothing of it is here: the page says so, and the others why they have nothing.
        Assert.Contains("of which this registry holds no image", await browser.ReadAsync("/r/s/arm:none"), StringComparison.Ordinal);
        using (var files = await registry.GetAsync("/f/s/arm:none/"))
        {
            Assert.True((int)files.StatusCode is 404 or 422);
            Assert.Contains("holds no image", await files.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
        using (var run = await registry.GetAsync("/run/s/arm:none/run.sh"))
        {
            await run.ExpectAsync(HttpStatusCode.NotFound);
            Assert.Contains("does not hold any image", await run.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
        using var search = await registry.GetAsync("/api/v1/search?q=arch:arm64%20port:80");
        Assert.Equal(1, (await search.JsonAsync()).GetProperty("total").GetInt32());
    }

    static string Entry(string hash, int size, string architecture) =>
        $$"""{"mediaType":"{{RegistryClient.OciManifest}}","digest":"sha256:{{hash}}","size":{{size}},"platform":{"os":"linux","architecture":"{{architecture}}"} }""";

    static async Task<string> PushIndexAsync(Registry registry, string tag, params string[] entries)
    {
        var index = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{RegistryClient.OciIndex}}","manifests":[{{string.Join(',', entries)}}]}""");
        using var pushed = await registry.PutManifestAsync("s/arm", tag, index, RegistryClient.OciIndex);
        await pushed.ExpectAsync(HttpStatusCode.Created);
        return Registry.Digest(index);
    }

    static async Task<int> SizeAsync(Registry registry, string digest)
    {
        using var manifest = await registry.GetAsync($"/v2/s/arm/manifests/{digest}");
        return (await manifest.BytesAsync()).Length;
    }
}
