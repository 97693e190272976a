using System.Net;
using System.Text;
using Staithe.Commands;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>Where something is not found, whoever may see what is there is told of it, and nobody else.</summary>
public sealed class NotFoundTests(ClosedRegistries registries)
{
    [Theory, OnBothEngines]
    public async Task An_image_without_a_file_lists_its_recipes(Engine engine)
    {
        var (closed, owner, name, digest) = await PushedAsync(engine);
        foreach (var path in (string[])[$"/run/{name}:1", $"/run/{name}:1/", $"/run/{name}@{digest}", $"/run/{name}%3A1"])
        {
            using var list = await closed.As(owner).GetAsync(path);
            await list.ExpectAsync(HttpStatusCode.OK);
            Assert.Equal("text/plain; charset=utf-8", list.Content.Headers.ContentType?.ToString());
            var files = Encoding.UTF8.GetString(await list.BytesAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(7, files.Length);
            foreach (var file in files)
            {
                using var recipe = await closed.As(owner).GetAsync(file);
                await recipe.ExpectAsync(HttpStatusCode.OK);
            }
        }
        using var browser = new Browser(closed.Registry.Url);
        await browser.SignInAsync(owner.Name, owner.Password);
        using (var page = await browser.GetAsync($"/run/{name}:1"))
        {
            await page.ExpectAsync(HttpStatusCode.SeeOther);
            Assert.Contains("podman kube play", await browser.ReadAsync(page.Headers.Location!.OriginalString), StringComparison.Ordinal);
        }
        foreach (var path in (string[])[$"/run/{name}:1", $"/run/{name}:nope"])
        {
            using var hidden = await closed.As(await closed.AddUserAsync()).GetAsync(path);
            await hidden.ExpectAsync(HttpStatusCode.NotFound);
            Assert.DoesNotContain("1.0", Encoding.UTF8.GetString(await hidden.BytesAsync()), StringComparison.Ordinal);
        }
        using var misspelt = await closed.As(owner).GetAsync($"/run/{name}:1/kube.yml");
        Assert.Contains("ask for run.sh, compose.yaml, kube.yaml", Encoding.UTF8.GetString(await misspelt.BytesAsync()), StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task A_tag_that_is_not_there_tells_of_those_that_are(Engine engine)
    {
        var (closed, owner, name, _) = await PushedAsync(engine);
        foreach (var path in (string[])[$"/run/{name}", $"/run/{name}/kube.yaml", $"/run/{name}:nope/run.sh", $"/f/{name}:nope/"])
        {
            using var missing = await closed.As(owner).GetAsync(path);
            await missing.ExpectAsync(HttpStatusCode.NotFound);
            var said = Encoding.UTF8.GetString(await missing.BytesAsync());
            Assert.True(said.Contains("(tags: 1.0, 1)", StringComparison.Ordinal) || said.Contains("(tags: 1, 1.0)", StringComparison.Ordinal), $"{path}: {said}");
        }
        using var browser = new Browser(closed.Registry.Url);
        await browser.SignInAsync(owner.Name, owner.Password);
        using (var page = await browser.GetAsync($"/r/{name}:nope"))
        {
            await page.ExpectAsync(HttpStatusCode.NotFound);
            Assert.Matches(@"\(tags: 1(\.0)?, 1(\.0)?\)", await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }

        // the command asks as any client does
        using var directory = new TempDirectory();
        var auth = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{owner.Name}:{owner.Password}"));
        await File.WriteAllTextAsync(directory["auth.json"], $$"""{"auths":{"{{closed.Registry.Authority}}":{"auth":"{{auth}}"} } }""", TestContext.Current.CancellationToken);
        var (output, error) = (new StringWriter(), new StringWriter());
        var environment = new Dictionary<string, string> { ["REGISTRY_AUTH_FILE"] = directory["auth.json"] };
        Assert.Equal(1, await StaitheCommand.RunAsync(["run", $"{closed.Registry.Authority}/{name}"], new Terminal(environment, output, error, TextReader.Null), TestContext.Current.CancellationToken));
        Assert.Contains($"there is no image {name}:latest (tags: 1, 1.0)", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_some_of_many_tags_are_told()
    {
        var (closed, owner, name, _) = await PushedAsync(Engine.Sqlite);
        for (var i = 0; i < 12; i++)
            await closed.As(owner).PushImageAsync(name, $"v{i}");
        using var missing = await closed.As(owner).GetAsync($"/run/{name}/run.sh");
        var said = Encoding.UTF8.GetString(await missing.BytesAsync());
        Assert.Equal(10, said.Split("(tags: ")[1].Split(", …)")[0].Split(", ").Length);
    }

    [Fact]
    public async Task A_file_that_is_not_there_tells_what_its_directory_has()
    {
        var (closed, owner, name, _) = await PushedAsync(Engine.Sqlite);
        foreach (var (path, says) in ((string, string)[])[("etc/os-relese", "/etc has hosts, os-release"), ("etc/none/deeper", "/etc has hosts, os-release"), ("nowhere", "/ has etc, x"), ("x/", "/ has etc, x")])
        {
            using var missing = await closed.As(owner).GetAsync($"/f/{name}:1/{path}");
            await missing.ExpectAsync(HttpStatusCode.NotFound);
            Assert.Contains(says, Encoding.UTF8.GetString(await missing.BytesAsync()), StringComparison.Ordinal);
        }
        using var platform = await closed.As(owner).GetAsync($"/run/{name}:1/run.sh?platform=linux/arm64");
        Assert.Contains("it is for linux/amd64", Encoding.UTF8.GetString(await platform.BytesAsync()), StringComparison.Ordinal);
    }

    async Task<(ClosedRegistry Closed, Account Owner, string Name, string Digest)> PushedAsync(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var owner = await closed.AddUserAsync();
        var name = $"{owner.Name}/found";
        var layer = new TarBytes().Directory("etc").File("etc/os-release", "ID=debian\n").File("etc/hosts", "").File("x", "x").End();
        var digest = await closed.As(owner).PushLayersAsync(name, "1", """{"os":"linux","architecture":"amd64","config":{"Cmd":["/x"]} }""", [layer]);
        await closed.As(owner).PushLayersAsync(name, "1.0", """{"os":"linux","architecture":"amd64","config":{"Cmd":["/y"]} }""", [layer]);
        return (closed, owner, name, digest);
    }
}
