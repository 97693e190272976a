using System.Net;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;
using Staithe.Versions;

namespace Staithe.Tests.Search;

/// <summary>A package is found by whatever way its package system lets one write its name, and by no other.</summary>
public sealed class PackageNameTests(Registries registries)
{
    [Theory]
    [InlineData("pypi", "typing_extensions", "Typing.Extensions")]
    [InlineData("pypi", "zope.interface", "zope--_interface")]
    [InlineData("cargo", "serde_json", "Serde-Json")]
    [InlineData("npm", "@Babel/Core", "@babel/core")]
    [InlineData("nuget", "Newtonsoft.Json", "newtonsoft.json")]
    [InlineData("deb", "libc6", "LibC6")]
    [InlineData("rpm", "NetworkManager", "networkmanager")]
    public void Two_ways_to_write_a_name_have_one_key(string ecosystem, string one, string other) => Assert.Equal(PackageName.Key(ecosystem, one), PackageName.Key(ecosystem, other));

    [Theory]
    [InlineData("gem", "RedCloth", "redcloth")]
    [InlineData("golang", "github.com/Azure/x", "github.com/azure/x")]
    [InlineData("npm", "a_b", "a-b")]
    [InlineData("nuget", "a.b", "a-b")]
    [InlineData("deb", "a_b", "a-b")]
    [InlineData("cargo", "a__b", "a-b")]
    [InlineData("cargo", "a.b", "a-b")]
    public void Two_names_have_two(string ecosystem, string one, string other) => Assert.NotEqual(PackageName.Key(ecosystem, one), PackageName.Key(ecosystem, other));

    [Theory, OnBothEngines]
    public async Task Index_and_query_agree(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var word = $"n{Guid.NewGuid():N}"[..20];
        var name = Registry.NewRepository(word);
        await registry.PushLayersAsync(name, "1", new TarBytes()
            .File($"usr/lib/python3/dist-packages/{word}.dist-info/METADATA", $"Metadata-Version: 2.1\nName: {word}_Ext.Ra\nVersion: 4.8.0\n\ntext")
            .File("app/node_modules/x/package.json", $$"""{"name":"{{word}}_js","version":"1.0.0"}""").End());
        await registry.LookAsync();
        foreach (var (query, count) in ((string, int)[])
        [
            ($"package:{word}-ext-ra", 1), ($"package:{word.ToUpperInvariant()}.Ext_Ra", 1), ($"package:{word}__ext..ra<4.9", 1), ($"package:{word}_ext-ra>4.9", 0), ($"package:{word}.ex*", 1),
            ($"package:{word}_js", 1), ($"package:{word}-js", 0), ($"space:{word} -package:{word}-ext-ra", 0),
        ])
        {
            await Eventually.IsAsync(count, async () =>
            {
                using var answer = await registry.GetAsync($"/api/v1/search?q={Uri.EscapeDataString(query)}");
                await answer.ExpectAsync(HttpStatusCode.OK);
                return (await answer.JsonAsync()).GetProperty("total").GetInt32();
            });
        }
        using var feed = await registry.GetAsync($"/feeds/search.json?q={Uri.EscapeDataString($"package:{word}.ext.ra<4.9")}");
        Assert.NotEmpty((await feed.JsonAsync()).GetProperty("items").EnumerateArray());
        using var browser = new Browser(registry.Url);
        Assert.Contains("4.8.0", await browser.ReadAsync($"/r/{name}:1?view=packages&q={word}-ext-ra"), StringComparison.Ordinal);
    }
}
