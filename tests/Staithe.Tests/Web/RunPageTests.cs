using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>The answer precedes its explanation: the command comes first, what is long is folded, and each page of a repository has the same tabs.</summary>
public sealed partial class RunPageTests(Registries registries)
{
    [Fact]
    public async Task The_command_comes_first_and_settings_are_folded()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var name = await PushAsync(registry);
        var page = await ReadAsync(registry, $"/r/{name}:1?view=run");
        var shown = Folded().Replace(page, "");
        var first = WebUtility.HtmlDecode(Code().Match(shown).Groups[1].Value);
        Assert.StartsWith($"podman run -d --tls-verify=false --name {name.Split('/')[1]} -p 8080:8080 ", first, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', first);
        Assert.DoesNotContain("SETTING_", shown, StringComparison.Ordinal);
        Assert.Contains("SETTING_01=value", page, StringComparison.Ordinal);
        Assert.True(shown.IndexOf("podman run", StringComparison.Ordinal) < shown.IndexOf("What to know", StringComparison.Ordinal));
        // Each file is there, folded, with its address.
        foreach (var file in (string[])["run.sh", "compose.yaml", "kube.yaml", "recipe"])
            Assert.Equal(file != "recipe", page.Contains($"/run/{name}:1/{file}", StringComparison.Ordinal));
        // In the script the command stands before the settings too.
        var script = await ReadAsync(registry, $"/run/{name}:1/run.sh");
        Assert.True(script.IndexOf("\npodman run", StringComparison.Ordinal) < script.IndexOf("SETTING_", StringComparison.Ordinal), script);
    }

    [Fact]
    public async Task What_is_left_out_is_counted_and_the_page_of_the_image_has_it_folded()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var name = await PushAsync(registry);
        const string said = "40 of the 150 variables of the image are listed here. To see all: podman image inspect";
        Assert.Contains("40 of the 150 variables of the image, with the image's values", WebUtility.HtmlDecode(await ReadAsync(registry, $"/r/{name}:1?view=run")), StringComparison.Ordinal);
        foreach (var file in (string[])["run.sh", "run.sh?as=docker", "compose.yaml", "kube.yaml", $"{name.Split('/')[1]}.container", "recipe.json"])
            Assert.Contains(said, await ReadAsync(registry, $"/run/{name}:1/{file}"), StringComparison.Ordinal);
        var page = await ReadAsync(registry, $"/r/{name}:1");
        Assert.Contains("<summary>150 variables</summary>", page, StringComparison.Ordinal);
        Assert.Contains("SETTING_149", page, StringComparison.Ordinal);
        Assert.DoesNotContain("SETTING_", Folded().Replace(page, ""), StringComparison.Ordinal);
        Assert.Equal(Tab().Count(page), Tab().Matches(page).Select(tab => tab.Groups[1].Value).Distinct().Count());
    }

    [Fact]
    public async Task Each_page_of_a_repository_has_the_same_tabs()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var name = await PushAsync(registry);
        var tabs = new HashSet<string>();
        foreach (var path in (string[])["", "?view=tags", "?view=history", ":1", ":1?view=run", ":1?view=build", ":1?view=files", ":1?view=packages", ":1?view=attached", ":1?view=raw"])
            tabs.Add(Marks().Replace(Tabs().Match(await ReadAsync(registry, $"/r/{name}{path}")).Value, ""));
        Assert.Contains("view=history", Assert.Single(tabs), StringComparison.Ordinal);
    }

    static async Task<string> PushAsync(Registry registry)
    {
        var name = Registry.NewRepository("runpage");
        var settings = string.Join(',', Enumerable.Range(0, 150).Select(i => $"\"SETTING_{i:00}=value\""));
        var config = Encoding.UTF8.GetBytes($$$"""{"os":"linux","architecture":"amd64","config":{"ExposedPorts":{"8080/tcp":{} },"Env":[{{{settings}}}],"Cmd":["/server"]} }""");
        using var pushed = await registry.PutManifestAsync(name, "1", RegistryClient.ImageManifest(await registry.PushBlobAsync(name, config), config.Length, []));
        await pushed.ExpectAsync(HttpStatusCode.Created);
        return name;
    }

    static async Task<string> ReadAsync(Registry registry, string path)
    {
        using var page = await registry.GetAsync(path, ("Accept", "text/html"));
        await page.ExpectAsync(HttpStatusCode.OK);
        return await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    [GeneratedRegex("<a href=\"/r/[^>]*>([A-Z][^<]*)</a>")]
    private static partial Regex Tab();

    [GeneratedRegex("<details>.*?</details>", RegexOptions.Singleline)]
    private static partial Regex Folded();

    [GeneratedRegex("<pre[^>]*><code>([^<]*)</code>")]
    private static partial Regex Code();

    [GeneratedRegex("<nav class=\"tabs\" aria-label=\"About this repository\">.*?</nav>", RegexOptions.Singleline)]
    private static partial Regex Tabs();

    [GeneratedRegex(" aria-current=\"page\"")]
    private static partial Regex Marks();
}
