using System.Net;
using System.Text;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>What an image says of itself costs a page no more than somebody reads of it.</summary>
public sealed class LongTextTests(Registries registries)
{
    [Fact]
    public async Task A_config_of_megabytes_makes_a_page_of_kilobytes()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("long");
        var text = new string('&', 300_000);
        var many = string.Join(',', Enumerable.Range(0, 3000).Select(i => $"\"V{i}={new string('"', 50).Replace("\"", "\\\"", StringComparison.Ordinal)}\""));
        var labels = string.Join(',', ((string[])["title", "description", "licenses", "documentation"]).Select(key => $"\"org.opencontainers.image.{key}\":\"{text}\""));
        await registry.PushLayersAsync(
            name, "latest", $$"""{"os":"linux","architecture":"amd64","config":{"Env":[{{many}}],"WorkingDir":"{{text}}","User":"{{text}}","Cmd":["{{text}}"],"Labels":{ {{labels}} } } }""", [new TarBytes().File("x", "x").End()]);
        using var browser = new Browser(registry.Url);
        foreach (var path in (string[])[$"/r/{name}", $"/r/{name}:latest"])
        {
            using var page = await browser.GetAsync(path);
            await page.ExpectAsync(HttpStatusCode.OK);
            Assert.InRange(Encoding.UTF8.GetByteCount(await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)), 1, 500_000);
        }
    }
}
