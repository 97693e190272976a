using Staithe.Database;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>What an image is built on is said once and in one way, and what it has from there is not its own.</summary>
public sealed class InheritedFromBaseTests(Registries registries)
{
    static readonly Sql Later = new("update manifests set created_at = created_at + 1000 where digest = $1");

    [Theory, OnBothEngines]
    public async Task The_base_is_one_statement_and_its_labels_are_its_own(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var (below, app, plain) = (Registry.NewRepository("debian"), Registry.NewRepository("app"), Registry.NewRepository("plain"));
        byte[] system = Layer(), top = Layer(), more = Layer();
        const string OfBase = "\"org.opencontainers.image.title\":\"Debian of somebody\",\"org.opencontainers.image.version\":\"12.7\",\"org.opencontainers.image.description\":\"A system\"";
        const string History = """{"created_by":"/bin/sh -c #(nop) ADD file:0000000000000000000000000000000000000000000000000000000000000000 in / "},{"created_by":"/bin/sh -c #(nop)  CMD [\"bash\"]","empty_layer":true}""";
        await registry.PushLayersAsync(below, "12", Config(OfBase, History, system), [system]);
        await registry.PushLayersAsync(app, "1", Config($"{OfBase},\"org.opencontainers.image.vendor\":\"Ann\"", $$"""{{History}},{"created_by":"RUN make-app"}""", system, top), [system, top]);
        await registry.PushLayersAsync(plain, "1", Config("\"org.opencontainers.image.title\":\"Own title\",\"org.opencontainers.image.base.name\":\"docker.io/library/other:1\"", $$"""{{History}},{"created_by":"RUN other"}""", system, more), [system, more]);
        await registry.LookAsync();

        using var browser = new Browser(registry.Url);
        var build = await browser.ReadAsync($"/r/{app}:1?view=build");
        Assert.Contains($"FROM {registry.Authority}/{below}:12", build, StringComparison.Ordinal);
        Assert.Contains("RUN make-app", build, StringComparison.Ordinal);
        Assert.DoesNotContain("does not say", build, StringComparison.Ordinal);
        Assert.DoesNotContain("CMD", build, StringComparison.Ordinal); // that is in the build file of the base
        var page = await browser.ReadAsync($"/r/{app}:1");
        Assert.Contains("12.7", page, StringComparison.Ordinal);
        Assert.Contains("of the image that it is built on", page, StringComparison.Ordinal);
        Assert.Contains("ADD", page, StringComparison.Ordinal); // what made the lowest layer is known all the same
        using (var json = await browser.GetAsync($"/r/{app}:1", "application/json"))
        {
            var facts = (await json.JsonAsync()).GetProperty("facts");
            Assert.Equal(("", ""), (facts.GetProperty("title").GetString(), facts.GetProperty("description").GetString()));
            Assert.Equal(["description", "title", "version"], facts.GetProperty("inherited").EnumerateArray().Select(name => name.GetString()));
        }
        Assert.DoesNotContain("Debian of somebody", await browser.ReadAsync($"/r/{app}"), StringComparison.Ordinal);
        // Nor is it in what runs the image, however that is written.
        foreach (var file in (string[])["app.container", "run.sh", "kube.yaml", "compose.yaml", "recipe.json"])
        {
            using var recipe = await registry.GetAsync($"/run/{app}:1/{file}");
            Assert.DoesNotContain("Debian of somebody", await recipe.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
            using var ofBase = await registry.GetAsync($"/run/{below}:12/{file}");
            Assert.Equal(file is "app.container" or "recipe.json", (await ofBase.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Contains("Debian of somebody", StringComparison.Ordinal));
        }
        Assert.DoesNotContain("Debian of somebody", await browser.ReadAsync($"/r/{app}:1?view=run"), StringComparison.Ordinal);
        // One statement: the layers go before what a label says.
        build = await browser.ReadAsync($"/r/{plain}:1?view=build");
        Assert.Contains($"FROM {registry.Authority}/{below}:12", build, StringComparison.Ordinal);
        Assert.DoesNotContain("library/other", build, StringComparison.Ordinal);
        Assert.DoesNotContain("Says that it is built on", await browser.ReadAsync($"/r/{plain}:1"), StringComparison.Ordinal);

        Assert.Equal(("", ""), await FindAsync(app));
        Assert.Equal(("Own title", ""), await FindAsync(plain));
        Assert.Equal(("Debian of somebody", "A system"), await FindAsync(below));

        async Task<(string, string)> FindAsync(string name)
        {
            using var answer = await registry.GetAsync($"/api/v1/search?q={name.Split('/')[^1]}");
            var hit = Assert.Single((await answer.JsonAsync()).GetProperty("items").EnumerateArray(), item => item.GetProperty("name").GetString() == name);
            return (hit.GetProperty("title").GetString()!, hit.GetProperty("description").GetString()!);
        }
    }

    // A newer version of an image, or a base that was pushed afterwards to take its title away, is none.
    [Fact]
    public async Task What_was_pushed_later_or_is_an_older_version_takes_no_title_away()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var (app, thief) = (Registry.NewRepository("app"), Registry.NewRepository("thief"));
        byte[] one = Layer(), two = Layer(), three = Layer();
        const string Title = "\"org.opencontainers.image.title\":\"The app\"";
        await registry.PushLayersAsync(app, "1", Config(Title, "", one, two), [one, two]);
        await registry.PushLayersAsync(app, "2", Config(Title, "", one, two, three), [one, two, three]);
        var late = await registry.PushLayersAsync(thief, "1", Config(Title, "", one), [one]);
        await registry.App.Database.WriteAsync(session => session.ExecuteAsync(Later, late), TestContext.Current.CancellationToken);
        await registry.LookAsync();
        using var answer = await registry.GetAsync($"/api/v1/search?q={app.Split('/')[^1]}");
        var hit = Assert.Single((await answer.JsonAsync()).GetProperty("items").EnumerateArray(), item => item.GetProperty("name").GetString() == app);
        Assert.Equal("The app", hit.GetProperty("title").GetString());
    }

    // A label that nobody has checked is said to be that.
    [Fact]
    public async Task A_base_that_only_a_label_names_is_marked()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("labelled");
        var layer = Layer();
        await registry.PushLayersAsync(name, "1", Config("\"org.opencontainers.image.base.name\":\"docker.io/library/debian:12\"", """{"created_by":"RUN a"}""", layer), [layer]);
        await registry.LookAsync();
        using var browser = new Browser(registry.Url);
        var build = await browser.ReadAsync($"/r/{name}:1?view=build");
        Assert.Contains("FROM docker.io/library/debian:12", build, StringComparison.Ordinal);
        Assert.Contains("nobody has checked it here", build, StringComparison.Ordinal);
        Assert.Contains("Says that it is built on", await browser.ReadAsync($"/r/{name}:1"), StringComparison.Ordinal);
    }

    static byte[] Layer() => new TarBytes().File("what", $"{Guid.NewGuid()}").End();

    static string Config(string labels, string history, params byte[][] layers) =>
        $$"""{"architecture":"amd64","os":"linux","config":{"Labels":{ {{labels}} } },"history":[{{history}}],"rootfs":{"type":"layers","diff_ids":[{{string.Join(',', layers.Select(layer => $"\"{Registry.Digest(layer)}\""))}}]} }""";
}
