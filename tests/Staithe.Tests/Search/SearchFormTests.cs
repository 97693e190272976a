using System.Net;
using System.Text.Json;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Search;

/// <summary>
/// A filter is put in three ways: what has it leads the way, or is a set that is made once, or each repository is asked. Which of them depends on how
/// much has it, and what is found does not. So with words: those that others begin with are put in another way.
/// </summary>
public sealed class SearchFormTests(ClosedRegistries registries)
{
    [Theory, OnBothEngines]
    public async Task However_a_filter_is_put_it_finds_the_same(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var owner = await closed.AddUserAsync();
        var mine = closed.As(owner);
        var word = $"p{Guid.NewGuid():N}";
        string[] all = [.. ((string[])["below", "built", "other", "promised"]).Select(name => $"{owner.Name}/{name}")];
        var (below, built, other, promised) = (all[0], all[1], all[2], all[3]);
        var system = System(word, "1");
        await mine.PushLayersAsync(below, $"below-{word}", Config(system), [system]);
        await mine.PushLayersAsync(built, $"built-{word}", Config(system, Layer("app")), [system, Layer("app")]);
        await mine.PushLayersAsync(other, $"other-{word}", Layer(word));
        // Here is the layer too, but no image that has it.
        await mine.PushLayersAsync(promised, $"promised-{word}", Layer($"another {word}"));
        await mine.PushBlobAsync(promised, system);
        await closed.Registry.LookAsync();

        foreach (var (filter, found) in ((string, string[])[])
        [
            ($"package:{word}", [below, built]),
            ($"package:{word[..30]}*", [below, built]),
            ($"package:{word}<2", [below, built]),
            ($"package:{word}<1", []),
            ($"file:/etc/{word}/one", [below, built]),
            ($"file:/etc/{word}/*", [below, built]),
            ($"file:/etc/{word}/none", []),
            ($"digest:{Registry.Digest(system)}", [below, built, promised]),
            ($"digest:{Registry.Digest(system)[7..27]}", [below, built, promised]),
            ($"base:{below}:below-{word}", [built]),
        ])
        {
            Assert.Equal((filter, string.Join(' ', found)), (filter, string.Join(' ', (await NamesAsync(mine, filter)).Order(StringComparer.Ordinal))));
            foreach (var name in all)
                Assert.Equal(found.Intersect([name]), await NamesAsync(mine, $"tag:{name.Split('/')[1]}-{word} {filter}"));
            Assert.Equal(all.Except(found), (await NamesAsync(mine, $"space:{owner.Name} -{filter}")).Order());
            Assert.Empty(await NamesAsync(closed.Registry, filter));
        }
    }

    [Theory, OnBothEngines]
    public async Task Of_each_repository_the_newest_three_are_told(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var owner = await closed.AddUserAsync();
        var mine = closed.As(owner);
        var word = $"p{Guid.NewGuid():N}";
        var (below, many, one) = ($"{owner.Name}/below", $"{owner.Name}/many", $"{owner.Name}/one");
        var system = System(word, "1");
        await mine.PushLayersAsync(below, "1", Config(system), [system]);
        await mine.PushLayersAsync(one, "1", Config(system, Layer("0")), [system, Layer("0")]);
        for (var i = 1; i <= 5; i++)
            await mine.PushLayersAsync(many, $"{i}", Config(system, Layer($"{i}")), [system, Layer($"{i}")]);
        await mine.PushLayersAsync(many, "6", Layer(word));
        await closed.Registry.LookAsync();

        foreach (var (query, what) in ((string, string)[])
        [
            ($"package:{word}", $"{word} 1"),
            ($"package:{word[..30]}*", $"{word} 1"),
            ($"file:/etc/{word}/*", $"/etc/{word}/one"), // the first of two, once
            ($"digest:{Registry.Digest(system)}", $"blob {Registry.Digest(system)}"),
            ($"base:{below}:1", $"1 layer on top of {below}:1"),
        ])
        {
            var hits = (await SearchAsync(mine, query)).ToDictionary(
                hit => hit.GetProperty("name").GetString()!,
                hit => hit.GetProperty("matches").EnumerateArray().Select(match => (match.GetProperty("image").GetString(), match.GetProperty("what").GetString())).ToList());
            Assert.Equal([($"{one}:1", what)], hits[one]);
            Assert.Equal([($"{many}:5", what), ($"{many}:4", what), ($"{many}:3", what)], hits[many]);
        }
    }

    [Theory, OnBothEngines]
    public async Task A_word_finds_what_begins_with_it(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var owner = await closed.AddUserAsync();
        var mine = closed.As(owner);
        var word = $"p{Guid.NewGuid():N}";
        var (longer, shorter, foreign) = ($"{owner.Name}/{word}0", $"{owner.Name}/{word}", $"{owner.Name}/foreign");
        await mine.PushLayersAsync(shorter, "1", Layer("1"));
        await closed.Registry.LookAsync();
        Assert.Equal([shorter], await NamesAsync(mine, word)); // no other word begins so
        await mine.PushLayersAsync(longer, "1", Layer("1"));
        await mine.PushLayersAsync(foreign, "1", $$"""{"architecture":"amd64","os":"linux","config":{"Labels":{"org.opencontainers.image.title":"{{word}}äöß 東京{{word}}大 Ⱥ{{word}}"} } }""", [Layer("1")]);
        await closed.Registry.LookAsync();
        foreach (var (query, found) in ((string, string[])[])
        [
            (word, [foreign, shorter, longer]),
            (word.ToUpperInvariant(), [foreign, shorter, longer]),
            ($"{word}0", [longer]),
            ($"{word}ä", [foreign]),
            ($"{word} {owner.Name}", [foreign, shorter, longer]),
            ($"{word}0 {owner.Name[..^1]}", [longer]),
            ($"東京{word}", [foreign]),
            ($"ⱥ{word[..9]}", [foreign]),
            ($"{word}00", []),
            ($"{word} none{word}", []),
        ])
            Assert.Equal((query, string.Join(' ', found.Order(StringComparer.Ordinal))), (query, string.Join(' ', (await NamesAsync(mine, $"{query} type:image")).Order(StringComparer.Ordinal))));
    }

    static byte[] System(string word, string version) => new TarBytes()
        .File("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n")
        .File("var/lib/dpkg/status", $"Package: {word}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n")
        .File($"etc/{word}/one", "x").File($"etc/{word}/two", "y").End();

    static string Config(params byte[][] layers) =>
        $$"""{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[{{string.Join(',', layers.Select(layer => $"\"{Registry.Digest(layer)}\""))}}]} }""";

    static byte[] Layer(string content) => new TarBytes().File("what", content).End();

    static async Task<List<string>> NamesAsync(Registry registry, string query) => [.. (await SearchAsync(registry, query)).Select(hit => hit.GetProperty("name").GetString()!)];

    static async Task<List<JsonElement>> SearchAsync(Registry registry, string query)
    {
        using var answer = await registry.GetAsync($"/api/v1/search?q={Uri.EscapeDataString(query)}");
        await answer.ExpectAsync(HttpStatusCode.OK);
        return [.. (await answer.JsonAsync()).GetProperty("items").EnumerateArray()];
    }
}
