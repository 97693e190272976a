using System.Net;
using System.Text.Json;
using Staithe.Database;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Files;

/// <summary>What a config claims of its layers is held against the unpacked layers before anything is made of it.</summary>
public sealed class ClaimedLayersTests(Registries registries)
{
    static readonly Sql Older = new("update layers set reader = 0, diff_id = null where blob_id in (select id from blobs where digest = $1)");

    [Theory, OnBothEngines]
    public async Task Unrelated_layers_are_not_built_on_what_their_config_names(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var (good, app, liar) = (Registry.NewRepository("good"), Registry.NewRepository("app"), Registry.NewRepository("liar"));
        byte[][] below = [Layer("system"), Layer("runtime")];
        byte[] top = Layer("app");
        await registry.PushLayersAsync(good, "1", Config(below), below);
        await registry.PushLayersAsync(app, "1", Config([.. below, top]), [.. below, top]);
        await registry.PushLayersAsync(liar, "1", Config([.. below, top]), [Layer("a"), Layer("b"), Layer("c")]);
        // Its first layers are true, and the last one is not.
        await registry.PushLayersAsync(liar, "last", Config([.. below, top]), [.. below, Layer("d")]);
        await registry.PushLayersAsync(liar, "fewer", Config(below), [.. below, top]);
        await registry.PushLayersAsync(liar, "more", Config([.. below, top, top]), [.. below, top]);
        await registry.PushLayersAsync(liar, "turned", Config(below[1], below[0], top), [.. below, top]);
        await registry.PushLayersAsync(liar, "text", Config([.. below, top]).Replace("[\"", "[\"nothing\",\"", StringComparison.Ordinal), [.. below, top]);
        await registry.PushLayersAsync(liar, "packed", Config(LayerBytes.Gzip(below[0])), [LayerBytes.Gzip(below[0])]); // the digest of the blob, not of what is in it
        await registry.LookAsync();

        Assert.Equal([app], await FindAsync(registry, $"base:{good}:1"));
        using var browser = new Browser(registry.Url);
        Assert.Contains($"/r/{good}:1", await browser.ReadAsync($"/r/{app}:1"), StringComparison.Ordinal);
        Assert.DoesNotContain("names other layers", await browser.ReadAsync($"/r/{app}:1"), StringComparison.Ordinal);
        foreach (var tag in (string[])["1", "last", "fewer", "more", "turned", "text", "packed"])
        {
            var page = await browser.ReadAsync($"/r/{liar}:{tag}");
            Assert.DoesNotContain($"/r/{good}:1", page, StringComparison.Ordinal);
            Assert.Contains("its config names other layers than it has", page, StringComparison.Ordinal);
            var note = Assert.Single(await NotesAsync(registry, $"{liar}:{tag}"));
            Assert.Equal(("claim", "config"), (note.GetProperty("kind").GetString(), note.GetProperty("what").GetString()));
        }
    }

    // However it is packed, it is the digest of the whole archive, with what stands behind its end.
    [Fact]
    public async Task The_same_files_packed_in_any_way_are_the_layer_that_is_named()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var (good, packed) = (Registry.NewRepository("good"), Registry.NewRepository("packed"));
        byte[] layer = [.. Layer("system"), .. new byte[20_000]], top = Layer("top");
        await registry.PushLayersAsync(good, "1", Config(layer), [layer]);
        var ways = new Dictionary<string, byte[]>
        {
            ["gzip"] = LayerBytes.Gzip(layer),
            ["members"] = [.. layer.Chunk(7001).SelectMany(part => LayerBytes.Gzip(part))],
            ["zstd"] = LayerBytes.Zstd(layer),
            ["frames"] = LayerBytes.Zstd([.. layer.Chunk(7001)]),
        };
        foreach (var (tag, blob) in ways)
            await registry.PushLayersAsync(packed, tag, Config(layer, top), [blob, top]);
        await registry.PushLayersAsync(packed, "twice", Config(layer, layer, top), [layer, layer, top]);
        await registry.LookAsync();
        using var browser = new Browser(registry.Url);
        foreach (var tag in ways.Keys.Append("twice"))
        {
            Assert.Empty(await NotesAsync(registry, $"{packed}:{tag}"));
            Assert.Contains($"/r/{good}:1", await browser.ReadAsync($"/r/{packed}:{tag}"), StringComparison.Ordinal);
        }
    }

    // What older code has read is read again before anything is claimed.
    [Theory, OnBothEngines]
    public async Task A_layer_that_was_not_checked_yet_is_checked_with_the_next_look(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var name = Registry.NewRepository("older");
        byte[] layer = Layer("system"), top = Layer("top");
        await registry.PushLayersAsync(name, "base", Config(layer), [layer]);
        var digest = await registry.PushLayersAsync(name, "1", Config(layer, top), [layer, top]);
        await registry.LookAsync();
        var cancel = TestContext.Current.CancellationToken;
        await registry.App.Database.WriteAsync(session => session.ExecuteAsync(Older, Registry.Digest(layer)), cancel);
        await registry.ForgetLooksAsync(digest);
        await registry.LookAsync();
        Assert.Empty(await NotesAsync(registry, $"{name}:1"));
        using var browser = new Browser(registry.Url);
        Assert.Contains($"/r/{name}:base", await browser.ReadAsync($"/r/{name}:1"), StringComparison.Ordinal);
    }

    static byte[] Layer(string what) => new TarBytes().File("what", $"{what} {Guid.NewGuid()}").End();

    static string Config(params byte[][] layers) =>
        $$"""{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[{{string.Join(',', layers.Select(layer => $"\"{Registry.Digest(layer)}\""))}}]} }""";

    static async Task<List<JsonElement>> NotesAsync(Registry registry, string image)
    {
        using var answer = await registry.GetAsync($"/api/v1/packages?image={image}");
        await answer.ExpectAsync(HttpStatusCode.OK);
        return [.. (await answer.JsonAsync()).GetProperty("notes").EnumerateArray()];
    }

    static async Task<List<string>> FindAsync(Registry registry, string query)
    {
        using var answer = await registry.GetAsync($"/api/v1/search?q={Uri.EscapeDataString(query)}");
        return [.. (await answer.JsonAsync()).GetProperty("items").EnumerateArray().Select(hit => hit.GetProperty("name").GetString()!)];
    }
}
