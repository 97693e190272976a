using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Staithe.Tests.Api;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>Files, packages and differences of images as pages. What is in an image stays text, and is for those who may pull it.</summary>
public sealed class LookInsidePageTests(Registries open)
{
    const string Before = """
        {"os":"linux","architecture":"amd64","config":{"ExposedPorts":{"80/tcp":{}},"Env":["MODE=<b>old</b>","SAME=1"],"User":"root","Entrypoint":["/bin/a"],"Labels":{"x":"1"} } }
        """;

    const string After = """
        {"os":"linux","architecture":"amd64","config":{"ExposedPorts":{"8080/tcp":{}},"Env":["MODE=new","SAME=1"],"User":"1001","Entrypoint":["/bin/b"]} }
        """;

    static readonly byte[] Base = new TarBytes().Directory("etc").File("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n").File("etc/<b>name", "1").File("etc/gone", "1").Link("etc/way", "os-release").File("var/lib/dpkg/status", Package("libssl3", "3.0.1") + Package("zlib1g", "1") + Package("old_one", "1")).End();

    [Theory, OnBothEngines]
    public async Task Files_are_listed_for_browsers_in_the_look_of_the_pages(Engine engine)
    {
        var registry = await open.GetAsync(engine);
        var name = Registry.NewRepository("browsed");
        var digest = await registry.PushLayersAsync(name, "1", Before, [Base, new TarBytes().File("etc/.wh.gone", "").File("etc/b", "22").File("etc/new:x", "").Directory("etc/%41").File("etc/.wh..wh..opq", "").End(), new TarBytes().File("etc/os-release", "ID=other\n").End()]);
        using var browser = new Browser(registry.Url);
        foreach (var path in (string[])[$"/r/{name}:1?view=files", $"/f/{name}:1/", $"/f/{name}@{digest}/"])
        {
            var root = await browser.ReadAsync(path);
            Assert.Contains("/etc/\">etc/</a>", root, StringComparison.Ordinal);
            Assert.Contains("aria-current=\"page\">Files", root, StringComparison.Ordinal);
        }
        using (var page = await browser.GetAsync($"/f/{name}@{digest}/etc/"))
        {
            Assert.Equal("no-store", page.Header("Cache-Control"));
            Assert.Contains("script-src 'self'", page.Header("Content-Security-Policy"), StringComparison.Ordinal);
            Assert.Contains("<title>/etc/ in", await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
        var etc = await browser.ReadAsync($"/f/{name}:1/etc/");
        foreach (var part in (string[])[$"/f/{name}:1/etc/os-release\"", $"/f/{name}:1/etc/new%3Ax\"", $"/f/{name}:1/etc/%2541/\"", ">Layer 3, "])
            Assert.Contains(part, etc, StringComparison.Ordinal);
        Assert.DoesNotContain("gone", etc, StringComparison.Ordinal);
        Assert.DoesNotContain("name</a>", etc, StringComparison.Ordinal); // the second layer has a directory of its own in its place
        var second = await browser.ReadAsync($"/f/{name}:1/etc/?layer=2");
        Assert.Contains("<del>gone</del>", second, StringComparison.Ordinal);
        Assert.Contains($"/f/{name}:1/etc/b?layer=2\"", second, StringComparison.Ordinal);
        var lowest = await browser.ReadAsync($"/f/{name}:1/etc/?layer=1");
        Assert.Contains("&lt;b&gt;name", lowest, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>name", lowest, StringComparison.Ordinal);
        Assert.Contains("→ os-release", lowest, StringComparison.Ordinal);

        // a file is itself, and what goes wrong is a page, which nobody keeps
        Assert.Equal("ID=other\n", await browser.ReadAsync($"/f/{name}:1/etc/os-release"));
        foreach (var (path, status) in ((string, int)[])[($"/f/{name}:1/none", 404), ($"/f/{name}:2/", 404), ("/f/no/such:1/", 404), ($"/f/{name}:1/?layer=9", 404), ($"/f/{name}:1/?layer=x", 400), ($"/f/{name}:1/etc/os-release", 416)])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.TryAddWithoutValidation("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
            if (status == 416)
                request.Headers.TryAddWithoutValidation("Range", "bytes=100-");
            using var answer = await browser.SendAsync(request);
            var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True((int)answer.StatusCode == status, $"{path} answered {answer.StatusCode}");
            Assert.Contains("<h1>", text, StringComparison.Ordinal);
            Assert.Equal(("text/html; charset=utf-8", "no-store", null), (answer.Header("Content-Type"), answer.Header("Cache-Control"), answer.Header("ETag")));
        }
        // programs get what they always got
        using var plain = await registry.GetAsync($"/f/{name}:1/etc/", ("Accept", "*/*"));
        Assert.Contains("style-src 'sha256-", plain.Header("Content-Security-Policy"), StringComparison.Ordinal);
        using var json = await browser.GetAsync($"/r/{name}:1?view=files", "application/json");
        Assert.Equal("etc", (await json.JsonAsync()).GetProperty("files").GetProperty("entries")[0].GetProperty("name").GetString());
    }

    [Theory, OnBothEngines]
    public async Task Packages_are_listed_and_found_by_name(Engine engine)
    {
        var registry = await open.GetAsync(engine);
        var name = Registry.NewRepository("packages");
        var many = string.Concat(Enumerable.Range(0, 450).Select(i => Package(string.Create(CultureInfo.InvariantCulture, $"many-{i:000}"), "1")));
        await registry.PushLayersAsync(name, "1", Before, [Base, new TarBytes().File("var/lib/dpkg/status", Package("libSSL_x", "3.0.1") + Package("libsslyx", "1") + many).End()]);
        using var browser = new Browser(registry.Url);
        var first = await browser.ReadAsync($"/r/{name}:1?view=packages");
        Assert.Contains("453 packages", first, StringComparison.Ordinal);
        Assert.True(first.Length < 200_000);
        var found = new List<string?>();
        for (var path = $"/r/{name}:1?view=packages"; path is not null;)
        {
            var page = (await JsonAsync(path)).GetProperty("packages");
            found.AddRange(page.GetProperty("packages").EnumerateArray().Select(one => one.GetProperty("name").GetString()));
            path = page.GetProperty("next").GetString() is { } next ? $"/r/{name}:1?view=packages&after={Uri.EscapeDataString(next)}" : null;
        }
        Assert.Equal(453, found.Distinct().Count());
        Assert.Equal(453, found.Count);
        foreach (var (text, names) in ((string, string[])[])[("ssl_x", ["libSSL_x"]), ("SSL", ["libSSL_x", "libsslyx"]), ("%", []), ("\\", []), ("many-01", [.. Enumerable.Range(10, 10).Select(i => $"many-0{i}")])])
            Assert.Equal(names, (await JsonAsync($"/r/{name}:1?view=packages&q={Uri.EscapeDataString(text)}")).GetProperty("packages").GetProperty("packages").EnumerateArray().Select(one => one.GetProperty("name").GetString()).Order(StringComparer.Ordinal));
        using var bom = await browser.GetAsync($"/r/{name}:1?view=sbom");
        Assert.Equal(("CycloneDX", 453, "application/vnd.cyclonedx+json"), ((await bom.JsonAsync()).GetProperty("bomFormat").GetString(), (await bom.JsonAsync()).GetProperty("components").GetArrayLength(), bom.Header("Content-Type")));

        async Task<JsonElement> JsonAsync(string path)
        {
            using var answer = await browser.GetAsync(path, "application/json");
            await answer.ExpectAsync(HttpStatusCode.OK);
            return await answer.JsonAsync();
        }
    }

    [Theory, OnBothEngines]
    public async Task A_difference_shows_all_there_is_and_no_more_than_a_page_holds(Engine engine)
    {
        var registry = await open.GetAsync(engine);
        var name = Registry.NewRepository("compared");
        var many = new TarBytes();
        for (var i = 0; i < 6000; i++)
            many.File(string.Create(CultureInfo.InvariantCulture, $"many/{i:0000}"), "1");
        var one = await registry.PushLayersAsync(name, "1", Before, [Base]);
        var two = await registry.PushLayersAsync(name, "1", After, [Base, new TarBytes().File("etc/.wh.gone", "").File("etc/new<b>", "1").File("etc/os-release", "ID=debian\nVERSION_ID=\"13\"\n").File("var/lib/dpkg/status", Package("libssl3", "3.0.20") + Package("zlib1g", "0.9") + Package("new_one", "1")).End()]);
        await registry.PushLayersAsync(name, "many", After, [Base, many.End()]);
        using var browser = new Browser(registry.Url);
        var page = await browser.ReadAsync($"/diff?from={name}@{one}&to={name}:1");
        foreach (var part in (string[])["80/tcp", "8080/tcp", "MODE", "&lt;b&gt;old&lt;/b&gt;", "1001", "Entrypoint", "libssl3", "3.0.20", "2 upgraded, 1 downgraded, 1 new, 1 gone", "2 changed, 1 new, 1 gone", $"/f/{name}@{one}/etc/gone\"", $"/f/{name}@{two}/etc/new%3Cb%3E\"", "1 layer in both, 0 gone, 1 new"])
            Assert.Contains(part, page, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("SAME", page, StringComparison.Ordinal);
        using (var json = await browser.GetAsync($"/diff?from={name}@{one}&to={name}:1", "application/json"))
            Assert.Equal((1, 1, 2), await CountsAsync(json));
        using (var back = await browser.GetAsync($"/diff?to={name}@{one}&from={name}:1", "application/json"))
            Assert.Equal((1, 1, 2), await CountsAsync(back));
        Assert.Contains("The files are the same", await browser.ReadAsync($"/diff?from={name}:1&to={name}:1"), StringComparison.Ordinal);

        var large = await browser.ReadAsync($"/diff?from={name}@{one}&to={name}:many&view=files&page=2");
        Assert.Contains("6,001", large, StringComparison.Ordinal);
        Assert.Contains("Page 2 of 25", large, StringComparison.Ordinal);
        Assert.Contains("the first 5,000 are told", large, StringComparison.Ordinal);
        Assert.True(Gzip(large) < 50_000);

        // from the history of the tag, and from the page of the image
        Assert.Contains($"/diff?from={Uri.EscapeDataString($"{name}@{one}")}&to={Uri.EscapeDataString($"{name}@{two}")}\"", (await browser.ReadAsync($"/r/{name}?view=history&tag=1")).Replace("&amp;", "&", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains($"<option value=\"{name}:many\">", await browser.ReadAsync($"/r/{name}:1"), StringComparison.Ordinal);

        Assert.Contains("<form method=\"get\" action=\"/diff\"", await browser.ReadAsync("/diff"), StringComparison.Ordinal);
        Assert.Contains($"value=\"{name}:1\"", await browser.ReadAsync($"/diff?to={name}:1"), StringComparison.Ordinal);
        foreach (var (query, status) in ((string, int)[])[($"from={name}:1&to=<b>", 400), ($"from={name}:1&to={name}:none", 404), ($"from={name}:1&to=no/such:1", 404)])
        {
            using var wrong = await browser.GetAsync($"/diff?{query}");
            Assert.Equal(status, (int)wrong.StatusCode);
            Assert.DoesNotContain("<b>", await wrong.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        static async Task<(long, long, long)> CountsAsync(HttpResponseMessage answer)
        {
            var json = await answer.JsonAsync();
            return (json.GetProperty("filesAdded").GetInt64(), json.GetProperty("filesRemoved").GetInt64(), json.GetProperty("filesChanged").GetInt64());
        }
    }

    [Theory, OnBothEngines]
    public async Task What_one_may_not_pull_one_cannot_look_into(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob");
        var alice = server.Registry.As(ClosedRegistry.Basic("alice", ApiServer.Password("alice")));
        await alice.PushLayersAsync("alice/app", "1", Base);
        await alice.PushLayersAsync("alice/public", "1", Base);
        await server.As("alice").PatchAsync("/repository?name=alice/public", new { visibility = "public" });
        string[] paths = ["/r/alice/app:1?view=files", "/r/alice/app:1?view=packages", "/r/alice/app:1?view=sbom", "/f/alice/app:1/", "/f/alice/app:1/etc/os-release", "/diff?from=alice/app:1&to=alice/public:1", "/diff?from=alice/public:1&to=alice/app:1"];
        using var browser = new Browser(server.Registry.Url);
        foreach (var path in paths)
        {
            using var asked = await browser.GetAsync(path);
            Assert.Equal((HttpStatusCode.SeeOther, $"/login?next={Uri.EscapeDataString(path)}"), (asked.StatusCode, asked.Headers.Location!.OriginalString));
            Assert.Null(asked.Header("WWW-Authenticate"));
        }
        using (var curl = await server.Registry.GetAsync("/f/alice/app:1/"))
            Assert.Equal(HttpStatusCode.Unauthorized, curl.StatusCode);
        await browser.SignInAsync("bob", ApiServer.Password("bob"));
        foreach (var path in paths)
        {
            using var hidden = await browser.GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, hidden.StatusCode);
        }
        using var own = new Browser(server.Registry.Url);
        await own.SignInAsync("alice", ApiServer.Password("alice"));
        foreach (var path in (string[])["/r/alice/app:1?view=files", "/f/alice/app:1/"])
        {
            Assert.Contains($"curl -fL -u alice {server.Registry.Url}f/alice/app:1/", WebUtility.HtmlDecode(await own.ReadAsync(path)), StringComparison.Ordinal);
            var open = path.Replace("app", "public", StringComparison.Ordinal);
            Assert.Contains($"curl -fL {server.Registry.Url}f/alice/public:1/", WebUtility.HtmlDecode(await own.ReadAsync(open)), StringComparison.Ordinal);
        }
        foreach (var path in paths)
            await own.ReadAsync(path);
    }

    static string Package(string name, string version) => $"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n";

    static int Gzip(string text) => LayerBytes.Gzip(Encoding.UTF8.GetBytes(text), System.IO.Compression.CompressionLevel.Fastest).Length;
}
