using System.Globalization;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>Times that cannot be true are not shown: the time of the push stands in their place.</summary>
public sealed class ForeignTimePageTests(Registries registries)
{
    [Theory]
    [InlineData("0001-01-01T00:00:00Z")]
    [InlineData("1970-01-01T00:00:00Z")]
    [InlineData("1980-01-01T00:00:01Z")]
    [InlineData("2099-01-01T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59Z")]
    public async Task An_image_that_cannot_have_been_built_then_shows_when_it_was_pushed(string created)
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("times");
        var config = $$"""{"architecture":"amd64","os":"linux","created":"{{created}}","config":{"Labels":{"org.opencontainers.image.created":"{{created}}"} },"history":[{"created":"{{created}}","created_by":"RUN x"}]}""";
        await registry.PushLayersAsync(name, "1", config, [new TarBytes().File("old", "x").End()]);
        using var browser = new Browser(registry.Url);
        foreach (var path in (string[])[$"/r/{name}", $"/r/{name}:1", $"/r/{name}:1?view=build"])
        {
            var page = await browser.ReadAsync(path);
            Assert.DoesNotContain("<dt>Built</dt>", page, StringComparison.Ordinal);
            Assert.DoesNotContain("years ago", page, StringComparison.Ordinal);
            if (!path.EndsWith("build", StringComparison.Ordinal))
                Assert.Contains("<dt>Pushed</dt>", page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_time_that_can_be_true_is_shown_in_the_time_of_the_world()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("times");
        await registry.PushLayersAsync(name, "1", """{"architecture":"amd64","os":"linux","created":"2020-02-29T23:30:00-02:00"}""", [new TarBytes().File("a", "x").End()]);
        using var browser = new Browser(registry.Url);
        Assert.Contains("<dt>Built</dt><dd><time datetime=\"2020-03-01T01:30:00", (await browser.ReadAsync($"/r/{name}:1")).Replace("\n", "", StringComparison.Ordinal).Replace("    ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.True(DateTimeOffset.UtcNow.Year.ToString(CultureInfo.InvariantCulture).Length == 4);
    }
}
