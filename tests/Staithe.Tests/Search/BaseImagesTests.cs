using System.IO.Compression;
using System.Net;
using Staithe.Accounts;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Search;

/// <summary>Which images are built on which, as their layers tell, and that nobody learns in this way of an image that they may not pull.</summary>
public sealed class BaseImagesTests(ClosedRegistries registries)
{
    [Theory, OnBothEngines]
    public async Task An_image_is_found_by_the_one_that_it_is_built_on(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (owner, other) = (await closed.AddUserAsync(), await closed.AddUserAsync());
        var (mine, theirs) = (closed.As(owner), closed.As(other));
        byte[] system = Layer($"system {Guid.NewGuid()}"), runtime = Layer($"runtime {Guid.NewGuid()}"), app = Layer("app"), tool = Layer("tool");
        var (below, multi, built, deep, public_) = ($"{owner.Name}/base", $"{owner.Name}/multi", $"{owner.Name}/built", $"{owner.Name}/deep", $"{other.Name}/public");
        var digest = await PushAsync(mine, below, "Old", system);
        await PushAsync(mine, below, "new", system, runtime);
        await PushIndexAsync(mine, multi, "1", await PushAsync(mine, multi, null, system, runtime));
        await PushAsync(mine, built, "1", system, app);
        await PushAsync(mine, deep, "1", system, runtime, app);
        await PushAsync(mine, $"{owner.Name}/reversed", "1", app, system);
        // The same files packed in another way are still the same.
        await mine.PushLayersAsync($"{owner.Name}/silent", "1", [system, app]); // its config says nothing of its layers
        await theirs.PushLayersAsync(public_, "1", Config(system, tool), [Packed(system), tool]);
        var owned = $"{other.Name}/system";
        await PushAsync(theirs, owned, "1", system);
        await closed.SetVisibilityAsync(public_, Visibility.Public);
        await closed.Registry.LookAsync();

        foreach (var (query, found) in ((string, string[])[])
        [
            ($"base:{below}:Old", [built, deep, multi, public_, below]), // the new one is built on the old one
            ($"base:{below}:new", [deep]),
            ($"base:{below}:other", []),
            ($"base:{below}@{digest}", [built, deep, multi, public_, below]),
            ($"base:{digest}", [built, deep, multi, public_, below]),
            ($"base:{below}", [built, deep, multi, public_, below]),
            ($"base:{multi}:1", [deep]), // an index stands for its images
            ($"base:{below}:Old -base:{below}:new space:{owner.Name}", [built, multi, below]),
            ($"base:{built}:1", []),
        ])
            Assert.Equal(found.Order(), (await NamesAsync(mine, query)).Order());
        Assert.Equal([], await NamesAsync(theirs, $"base:{below}:Old")); // they do not learn that it is there,
        Assert.Equal([public_], await NamesAsync(theirs, $"base:{digest}")); // (it is the same as their own)
        Assert.Equal([public_], await NamesAsync(theirs, $"base:{owned}:1")); // but find what is built on their own
        Assert.Equal([], await NamesAsync(closed.Registry, $"base:{digest}"));

        using var answer = await mine.GetAsync($"/api/v1/search?q={Uri.EscapeDataString($"base:{below}:new")}");
        var match = Assert.Single(Assert.Single((await answer.JsonAsync()).GetProperty("items").EnumerateArray()).GetProperty("matches").EnumerateArray());
        Assert.Equal(($"{deep}:1", $"1 layer on top of {below}:new"), (match.GetProperty("image").GetString(), match.GetProperty("what").GetString()));

        // Its page says so too: the one with the most of its layers, by the index that has it where no tag does.
        using var browser = new Browser(closed.Registry.Url);
        Assert.DoesNotContain(owner.Name, await browser.ReadAsync($"/r/{public_}:1"), StringComparison.Ordinal);
        await browser.SignInAsync(owner.Name, owner.Password);
        Assert.Equal([$"{below}:Old"], await BasesAsync(browser, $"{public_}:1"));
        Assert.Equal([$"{below}:new", $"{multi}:1"], await BasesAsync(browser, $"{deep}:1"));
        Assert.Equal([], await BasesAsync(browser, $"{below}:Old"));
    }

    static async Task<List<string>> BasesAsync(Browser browser, string image)
    {
        var page = await browser.ReadAsync($"/r/{image}");
        var start = page.IndexOf("<h2>Built on</h2>", StringComparison.Ordinal);
        return start < 0 ? [] : [.. page[start..page.IndexOf("<p", start, StringComparison.Ordinal)].Split("href=\"/r/").Skip(1).Select(link => link[..link.IndexOf('"', StringComparison.Ordinal)])];
    }

    static Task<string> PushAsync(Registry registry, string repository, string? tag, params byte[][] layers) => registry.PushLayersAsync(repository, tag, Config(layers), layers);

    static async Task PushIndexAsync(Registry registry, string repository, string tag, string image)
    {
        var size = (await (await registry.GetAsync($"/v2/{repository}/manifests/{image}")).BytesAsync()).Length;
        using var answer = await registry.PutManifestAsync(repository, tag, RegistryClient.Index([(image, size)]), RegistryClient.OciIndex);
        await answer.ExpectAsync(HttpStatusCode.Created);
    }

    static string Config(params byte[][] layers) =>
        $$"""{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[{{string.Join(',', layers.Select(layer => $"\"{Registry.Digest(layer)}\""))}}]} }""";

    static byte[] Layer(string content) => new TarBytes().File("what", content).End();

    static byte[] Packed(byte[] layer)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
            gzip.Write(layer);
        return packed.ToArray();
    }

    static async Task<List<string>> NamesAsync(Registry registry, string query)
    {
        using var answer = await registry.GetAsync($"/api/v1/search?q={Uri.EscapeDataString(query)}");
        await answer.ExpectAsync(HttpStatusCode.OK);
        return [.. (await answer.JsonAsync()).GetProperty("items").EnumerateArray().Select(hit => hit.GetProperty("name").GetString()!)];
    }
}
