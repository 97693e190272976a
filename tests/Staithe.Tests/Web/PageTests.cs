using System.Net;
using System.Text;
using System.Text.Json;
using Staithe.Accounts;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>What people find and see, and that nobody finds or sees what they may not pull.</summary>
public sealed class PageTests(ClosedRegistries registries)
{
    const string Config = """
        {"os":"linux","architecture":"arm64","config":{"ExposedPorts":{"5432/tcp":{}},"Env":["DATABASE_NAME=x"],"User":"1001","Entrypoint":["/usr/bin/sailor"],"Labels":{
         "org.opencontainers.image.title":"Sailing <b>boats</b>","org.opencontainers.image.licenses":"MIT","run":"podman run --privileged IMAGE"} },
         "history":[{"created_by":"/bin/sh -c #(nop) COPY file:0000000000000000000000000000000000000000000000000000000000000000 in /usr "},{"created_by":"/bin/sh -c #(nop)  EXPOSE 5432/tcp","empty_layer":true}],
         "rootfs":{"type":"layers","diff_ids":[]} }
        """;

    [Theory, OnBothEngines]
    public async Task What_is_private_is_found_by_its_owner_alone(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (owner, other) = (await closed.AddUserAsync(), await closed.AddUserAsync());
        var word = $"word{Guid.NewGuid():N}";
        await PushAsync(closed.As(owner), $"{owner.Name}/{word}-hidden");
        await PushAsync(closed.As(owner), $"{owner.Name}/{word}-shown");
        await closed.SetVisibilityAsync($"{owner.Name}/{word}-shown", Visibility.Public);
        await closed.Registry.App.DrainAsync(TestContext.Current.CancellationToken);

        var queries = (string[])[word, $"{word[..^4]} port:5432", $"{word} arch:arm64 user:nonroot", $"{word} label:org.opencontainers.image.licenses=MIT", $"{word} env:DATABASE_* -tag:2", $"{word} license:mit entrypoint:sailor", $"space:{owner.Name} tag:1"];
        foreach (var query in queries)
        {
            Assert.Equal(2, await CountAsync(closed.As(owner), query));
            Assert.Equal(1, await CountAsync(closed.As(other), query));
            Assert.Equal(1, await CountAsync(closed.Registry, query));
        }
        foreach (var nothing in (string[])[$"{word} port:5433", $"{word} tag:2", $"{word} -port:5432", "nosuchwordanywhere", $"{word} digest:sha256:{new string('0', 64)}"])
            Assert.Equal(0, await CountAsync(closed.As(owner), nothing));
        // one letter is wrong, and the hidden one is no hint to others
        var typo = string.Concat("x", word.AsSpan(1));
        Assert.Equal([$"{owner.Name}/{word}-hidden", $"{owner.Name}/{word}-shown"], await MeantAsync(closed.As(owner), typo));
        Assert.Equal([$"{owner.Name}/{word}-shown"], await MeantAsync(closed.As(other), typo));

        // podman never says who it is here, and must be sent on to the catalogue; docker must not
        using (var nobody = await closed.Registry.GetAsync($"/v1/search?q={word}-hidden"))
            await nobody.ExpectAsync(HttpStatusCode.NotFound);
        using (var docker = new HttpRequestMessage(HttpMethod.Get, $"/v1/search?q=nosuchwordanywhere"))
        {
            docker.Headers.Add("X-Docker-Token", "true");
            using var answer = await closed.Registry.Http.SendAsync(docker, TestContext.Current.CancellationToken);
            Assert.Equal(0, (await answer.JsonAsync()).GetProperty("num_results").GetInt32());
        }
        using var shown = await closed.Registry.GetAsync($"/v1/search?q={word}");
        Assert.Equal($"{owner.Name}/{word}-shown", Assert.Single((await shown.JsonAsync()).GetProperty("results").EnumerateArray()).GetProperty("name").GetString());
    }

    [Theory, OnBothEngines]
    public async Task The_pages_of_an_image_show_it_and_what_it_says_stays_text(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (owner, other) = (await closed.AddUserAsync(), await closed.AddUserAsync());
        var name = $"{owner.Name}/boat";
        var digest = await PushAsync(closed.As(owner), name);
        await closed.Registry.App.DrainAsync(TestContext.Current.CancellationToken);

        using var browser = new Browser(closed.Registry.Url);
        using (var stranger = await browser.GetAsync($"/r/{name}"))
        {
            await stranger.ExpectAsync(HttpStatusCode.SeeOther);
            Assert.StartsWith("/login?next=", stranger.Headers.Location!.OriginalString, StringComparison.Ordinal);
        }
        await browser.SignInAsync(owner.Name, owner.Password);
        foreach (var (path, words) in ((string, string[])[])
        [
            ("/", [name]),
            ("/search?q=boat", [name]),
            ($"/r/{name}", ["Sailing &lt;b&gt;boats&lt;/b&gt;", "5432/tcp", "podman pull"]),
            ($"/r/{name}?view=tags", [digest]),
            ($"/r/{name}?view=history", [digest, owner.Name]),
            ($"/settings/{name}", ["Who may pull"]),
            ($"/r/{name}:1", [digest, "/usr/bin/sailor", "not root"]),
            ($"/r/{name}@{digest}", [digest]),
            ($"/r/{name}:1?view=run", ["5432:5432", "--privileged", "Look twice"]),
            ($"/r/{name}:1?view=run&port=15432:5432&name=mine", ["15432:5432", "mine"]),
            ($"/r/{name}:1?view=build", ["reconstructed", "EXPOSE 5432/tcp", "COPY"]),
            ($"/r/{name}:1?view=raw", ["schemaVersion"]),
            ($"/r/{name}:1?view=attached", ["Nothing is attached"]),
        ])
        {
            var page = await browser.ReadAsync(path);
            Assert.All(words, word => Assert.Contains(word, page, StringComparison.Ordinal));
            Assert.DoesNotContain("<b>boats", page, StringComparison.Ordinal);
            Assert.True(page.Length < 60_000, path);
            using var json = await browser.GetAsync(path, "application/json");
            using var document = JsonDocument.Parse(await json.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
        // a browser's session reads recipes too
        using (var recipe = await browser.GetAsync($"/run/{name}:1/kube.yaml"))
            await recipe.ExpectAsync(HttpStatusCode.OK);

        using var another = new Browser(closed.Registry.Url);
        await another.SignInAsync(other.Name, other.Password);
        foreach (var path in (string[])[$"/r/{name}", $"/r/{name}:1", $"/r/{name}@{digest}", $"/r/{name}:1?view=run", $"/run/{name}:1/kube.yaml", $"/f/{name}:1/"])
        {
            using var hidden = await another.GetAsync(path);
            await hidden.ExpectAsync(HttpStatusCode.NotFound);
        }
        using (var refused = await another.PostAsync($"/settings/{name}", ("do", "visibility"), ("visibility", "public")))
            await refused.ExpectAsync(HttpStatusCode.NotFound);

        using (var described = await browser.PostAsync($"/settings/{name}", ("do", "texts"), ("description", "for <i>sailors</i>"), ("readme", "# Ahoy\n<script>alert(1)</script>\n[x](javascript:alert(1)) [y](https://example.org/) ![z](https://example.org/z.png)")))
            await described.ExpectAsync(HttpStatusCode.SeeOther);
        var text = await browser.ReadAsync($"/r/{name}");
        Assert.Contains("for &lt;i&gt;sailors&lt;/i&gt;", text, StringComparison.Ordinal);
        Assert.Contains("Ahoy</h3>", text, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert", text, StringComparison.Ordinal);
        Assert.DoesNotContain("javascript:", text, StringComparison.Ordinal);
        Assert.DoesNotContain("example.org/z.png\" alt", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pulls_are_counted_without_a_write_of_their_own()
    {
        var closed = await registries.GetAsync(Engine.Sqlite);
        var owner = await closed.AddUserAsync();
        var name = $"{owner.Name}/counted";
        await PushAsync(closed.As(owner), name);
        for (var i = 0; i < 7; i++)
            (await closed.As(owner).GetAsync($"/v2/{name}/manifests/1")).Dispose();
        await closed.Registry.App.Pulls.FlushAsync(TestContext.Current.CancellationToken);
        using var browser = new Browser(closed.Registry.Url);
        await browser.SignInAsync(owner.Name, owner.Password);
        Assert.Contains("7 pulls", await browser.ReadAsync($"/r/{name}"), StringComparison.Ordinal);
    }

    static async Task<string> PushAsync(Registry registry, string name)
    {
        var config = Encoding.UTF8.GetBytes(Config);
        var layer = Encoding.UTF8.GetBytes("no archive");
        var (configDigest, layerDigest) = (await registry.PushBlobAsync(name, config), await registry.PushBlobAsync(name, layer));
        var manifest = Encoding.UTF8.GetBytes($$"""
            {"schemaVersion":2,"mediaType":"{{RegistryClient.OciManifest}}","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{configDigest}}","size":{{config.Length}} },
             "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{{layerDigest}}","size":{{layer.Length}} }]}
            """);
        using var pushed = await registry.PutManifestAsync(name, "1", manifest, RegistryClient.OciManifest);
        await pushed.ExpectAsync(HttpStatusCode.Created);
        return pushed.Header("Docker-Content-Digest")!;
    }

    static async Task<int> CountAsync(Registry registry, string query) => (await SearchAsync(registry, query)).GetProperty("total").GetInt32();

    static async Task<List<string?>> MeantAsync(Registry registry, string query) =>
        [.. (await SearchAsync(registry, query)).GetProperty("meant").EnumerateArray().Select(name => name.GetString())];

    static async Task<JsonElement> SearchAsync(Registry registry, string query)
    {
        using var answer = await registry.GetAsync($"/api/v1/search?q={Uri.EscapeDataString(query)}");
        await answer.ExpectAsync(HttpStatusCode.OK);
        return await answer.JsonAsync();
    }
}
