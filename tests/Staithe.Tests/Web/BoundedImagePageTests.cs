using System.Diagnostics;
using System.Net;
using System.Text;
using Staithe.Config;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>A page of an image costs what it shows: its size is bounded, however much a manifest, an index or a config names.</summary>
public sealed class BoundedImagePageTests
{
    const int MaxPageBytes = 600_000;

    [Theory, OnBothEngines]
    public async Task Very_many_layers_instructions_and_platforms_make_no_large_page(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine, config => config with { Sparse = SparsePolicy.Index });
        var history = string.Join(',', Enumerable.Range(0, 32_000).Select(number => $$"""{"created_by":"RUN step {{number}}"}"""));
        var config = await registry.PushBlobAsync("a", Encoding.UTF8.GetBytes($$"""{"architecture":"amd64","os":"linux","history":[{{history}}]}"""));
        var size = Encoding.UTF8.GetByteCount($$"""{"architecture":"amd64","os":"linux","history":[{{history}}]}""");
        var (one, other) = (await registry.PushBlobAsync("a", "layer"u8.ToArray()), await registry.PushBlobAsync("a", "other"u8.ToArray()));
        // one layer very often, and two of them in turn
        await PushAsync("layers", RegistryClient.OciManifest, Image(number => one));
        await PushAsync("turns", RegistryClient.OciManifest, Image(number => number < 16_000 ? one : other));
        var children = Enumerable.Range(0, 18_000).Select(number =>
            $$"""{"mediaType":"{{RegistryClient.OciManifest}}","digest":"sha256:{{number:x64}}","size":2,"platform":{"os":"linux","architecture":"a{{number}}"} }""");
        var shown = await PushAsync("shown", RegistryClient.OciManifest, RegistryClient.ImageManifest(config, size, []));
        var last = $$"""{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{Registry.Digest(shown)}}","size":{{shown.Length}},"platform":{"os":"linux","architecture":"amd64"} }""";
        await PushAsync("platforms", RegistryClient.OciIndex, Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"manifests":[{{string.Join(',', children)}},{{last}}]}"""));

        using var browser = new Browser(registry.Url);
        foreach (var tag in (string[])["layers", "turns", "shown", "platforms"])
        {
            foreach (var view in (string[])["", "?view=run", "?view=build", "?view=files", "?view=packages", "?view=attached", "?view=raw"])
            {
                var started = Stopwatch.GetTimestamp();
                using var response = await browser.GetAsync($"/r/a:{tag}{view}");
                var length = (await response.BytesAsync()).Length;
                Assert.True(length < (view == "?view=raw" ? 2 : 1) * MaxPageBytes, $"{tag}{view}: {length} bytes");
                Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.UnprocessableEntity, $"{tag}{view}: {response.StatusCode}"); // no layer is one
                TestContext.Current.TestOutputHelper?.WriteLine($"{tag}{view}: {length} bytes in {Stopwatch.GetElapsedTime(started).TotalMilliseconds:0} ms");
            }
        }
        Assert.Contains("The first 500 of 32,000 layers.", await browser.ReadAsync("/r/a:turns"), StringComparison.Ordinal);
        Assert.Contains("linux/amd64", await browser.ReadAsync("/r/a:platforms"), StringComparison.Ordinal);

        byte[] Image(Func<int, string> layer)
        {
            var layers = Enumerable.Range(0, 32_000).Select(number => $$"""{"mediaType":"a","digest":"{{layer(number)}}","size":5}""");
            return Encoding.UTF8.GetBytes(
                $$"""{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{config}}","size":{{size}} },"layers":[{{string.Join(',', layers)}}]}""");
        }

        async Task<byte[]> PushAsync(string tag, string type, byte[] manifest)
        {
            using var pushed = await registry.PutManifestAsync("a", tag, manifest, type);
            await pushed.ExpectAsync(HttpStatusCode.Created);
            return manifest;
        }
    }
}
