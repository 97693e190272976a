using System.Net;
using System.Text;
using System.Text.Json;
using Staithe.Accounts;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Search;

/// <summary>Searches for what is inside of images, and that nobody finds in this way what they may not pull.</summary>
public sealed class InsideImagesTests(ClosedRegistries registries)
{
    [Theory, OnBothEngines]
    public async Task Images_are_found_by_their_packages_and_files(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (owner, other) = (await closed.AddUserAsync(), await closed.AddUserAsync());
        var word = $"p{Guid.NewGuid():N}"; // a package of this test alone
        var (hidden, shown) = ($"{owner.Name}/hidden", $"{owner.Name}/shown");
        var old = await closed.As(owner).PushLayersAsync(hidden, "1", Dpkg((word, "3.0.11-1~deb12u2", "")).File($"etc/{word}/main.conf", "x").End());
        var untagged = await closed.As(owner).PushLayersAsync(hidden, null, Dpkg((word, "3.0.15-1", "")).End());
        await closed.As(owner).PushLayersAsync(shown, "new", Dpkg(($"lib{word}", "9", $"{word} (3.1.0-1)")).File($"etc/{word}/extra.conf", "y").File($"opt/{word} b", "").End());
        await closed.SetVisibilityAsync(shown, Visibility.Public);
        await closed.Registry.LookAsync();

        var readers = new[] { closed.As(owner), closed.As(other), closed.Registry };
        foreach (var (query, both) in ((string, int[])[])
        [
            ($"package:{word}", [2, 1, 1]), // one of them by the package that it was built from
            ($"package:{word.ToUpperInvariant()}", [2, 1, 1]),
            ($"package:{word}*", [1, 0, 0]),
            ($"package:lib{word[..12]}*", [1, 1, 1]),
            ($"package:{word}<3.0.20", [1, 0, 0]),
            ($"package:{word}<3.0.11-1", [1, 0, 0]), // a tilde is before nothing
            ($"package:{word}<3.0.11-1~deb12u1", [0, 0, 0]),
            ($"package:{word}>=3.1", [1, 1, 1]),
            ($"package:{word}=3.0.15-1", [1, 0, 0]),
            ($"package:{word}=3.0.1*", [1, 0, 0]),
            ($"package:{word}>3.1.0-1", [0, 0, 0]),
            ($"package:lib{word}=9", [1, 1, 1]),
            ($"package:{word} space:{owner.Name} -package:{word}<3.1", [1, 1, 1]),
            ($"package:{word} -package:no{word}", [2, 1, 1]),
            ($"file:/etc/{word}/main.conf", [1, 0, 0]),
            ($"file:etc/{word}/main.conf", [1, 0, 0]),
            ($"file:/etc/{word}/*", [2, 1, 1]),
            ($"\"file:/opt/{word} b\"", [1, 1, 1]),
            ($"file:/etc/{word}", [0, 0, 0]), // a directory is no file
            ($"package:{word} -file:/etc/{word}/main.conf", [1, 1, 1]),
            ($"file:/etc/{word}/* updated:1d", [2, 1, 1]),
            ($"file:/etc/{word}/* -updated:1d", [0, 0, 0]),
            ($"file:/etc/{word}/* is:official", [0, 0, 0]),
            ($"hidden package:{word}", [1, 0, 0]),
            ($"digest:{old}", [1, 0, 0]),
            ($"digest:{old[7..19]}", [1, 0, 0]),
            ($"space:{owner.Name} -digest:{old}", [1, 1, 1]),
        ])
        {
            foreach (var (reader, count) in readers.Zip(both))
                Assert.True(count == (await SearchAsync(reader, query)).GetProperty("total").GetInt32(), $"{query} should have found {count}");
        }

        // Which image it is: by its tag, or by its digest where it has none; the newest first.
        Assert.Equal(
            [($"{hidden}@{untagged}", $"{word} 3.0.15-1"), ($"{hidden}:1", $"{word} 3.0.11-1~deb12u2")],
            await MatchesAsync(closed.As(owner), $"package:{word}<3.0.20"));
        Assert.Equal([($"{shown}:new", $"lib{word} 9 (from {word} 3.1.0-1)")], await MatchesAsync(closed.Registry, $"package:{word}"));
        Assert.Equal([($"{shown}:new", $"/etc/{word}/extra.conf")], await MatchesAsync(closed.Registry, $"file:/etc/{word}/*"));
        Assert.Equal([($"{hidden}:1", $"manifest {old}")], await MatchesAsync(closed.As(owner), $"digest:{old}"));

        using var browser = new Browser(closed.Registry.Url);
        await browser.SignInAsync(owner.Name, owner.Password);
        var page = await browser.ReadAsync($"/search?q={Uri.EscapeDataString($"package:{word}<3.0.20")}");
        Assert.Contains($"href=\"/r/{hidden}@{untagged}\"", page, StringComparison.Ordinal);
        Assert.Contains($"<code>{word} 3.0.15-1</code>", page, StringComparison.Ordinal);

        // podman shows the description alone, so what was found goes first in it
        using var podman = await closed.Registry.GetAsync($"/v1/search?q={Uri.EscapeDataString($"file:/etc/{word}/*")}");
        Assert.Equal($"/etc/{word}/extra.conf in new", Assert.Single((await podman.JsonAsync()).GetProperty("results").EnumerateArray()).GetProperty("description").GetString());

        // A manifest that is gone takes what was in it along.
        using (var deleted = await closed.As(owner).SendAsync(HttpMethod.Delete, $"/v2/{hidden}/manifests/{old}", []))
            await deleted.ExpectAsync(HttpStatusCode.Accepted);
        Assert.Equal(0, (await SearchAsync(closed.As(owner), $"package:{word}<3.0.15")).GetProperty("total").GetInt32());
        Assert.Equal(0, (await SearchAsync(closed.As(owner), $"file:/etc/{word}/main.conf")).GetProperty("total").GetInt32());
    }

    [Theory, OnBothEngines]
    public async Task Official_is_what_is_in_a_space_that_the_settings_name(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine, config => config with { OfficialSpaces = ["team"] });
        await registry.PushImageAsync("team/nginx", "1");
        await registry.PushImageAsync("alice/nginx", "1");
        await registry.App.DrainAsync(TestContext.Current.CancellationToken);
        var all = await SearchAsync(registry, "nginx");
        Assert.Equal([("team/nginx", true), ("alice/nginx", false)], all.GetProperty("items").EnumerateArray().Select(hit => (hit.GetProperty("name").GetString()!, hit.GetProperty("official").GetBoolean())));
        Assert.Contains(all.GetProperty("facets").EnumerateArray(), facet => facet.GetRawText() == """{"field":"is","value":"official","count":1}""");
        Assert.Contains(all.GetProperty("facets").EnumerateArray(), facet => facet.GetRawText() == """{"field":"updated","value":"1d","count":2}""");
        Assert.Equal(1, (await SearchAsync(registry, "nginx is:official")).GetProperty("total").GetInt32());
        Assert.Equal(1, (await SearchAsync(registry, "-is:official updated:1w")).GetProperty("total").GetInt32());
        using var answer = await registry.GetAsync("/v1/search?q=nginx");
        Assert.Equal([("team/nginx", true), ("alice/nginx", false)], (await answer.JsonAsync()).GetProperty("results").EnumerateArray().Select(hit => (hit.GetProperty("name").GetString()!, hit.GetProperty("is_official").GetBoolean())));
    }

    /// <summary>The database of dpkg with packages; of each the name, the version and what it was built from.</summary>
    static TarBytes Dpkg(params (string Name, string Version, string Source)[] packages) => new TarBytes()
        .File("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n")
        .File("var/lib/dpkg/status", string.Join('\n', packages.Select(package =>
            $"Package: {package.Name}\nStatus: install ok installed\nArchitecture: amd64\n{(package.Source.Length > 0 ? $"Source: {package.Source}\n" : "")}Version: {package.Version}\n")));

    static async Task<List<(string?, string?)>> MatchesAsync(Registry registry, string query) => [.. (await SearchAsync(registry, query)).GetProperty("items").EnumerateArray()
        .SelectMany(hit => hit.GetProperty("matches").EnumerateArray()).Select(match => (match.GetProperty("image").GetString(), match.GetProperty("what").GetString()))];

    static async Task<JsonElement> SearchAsync(Registry registry, string query)
    {
        using var answer = await registry.GetAsync($"/api/v1/search?q={Uri.EscapeDataString(query)}");
        await answer.ExpectAsync(HttpStatusCode.OK);
        return await answer.JsonAsync();
    }
}
