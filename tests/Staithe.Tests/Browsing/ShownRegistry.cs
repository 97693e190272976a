using System.Globalization;
using System.Net;
using System.Text;
using Staithe.Accounts;
using Staithe.Tests.Api;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;
using Staithe.Tests.Sharing;

namespace Staithe.Tests.Browsing;

/// <summary>A registry with something on every page: one with accounts, and one that waits for its first.</summary>
public sealed class ShownRegistry : IAsyncLifetime
{
    /// <summary>Who is signed in on the pages that need it: an admin with a space, an organization and images.</summary>
    public const string Admin = "root";

    ApiServer server = null!;
    Registry fresh = null!;

    internal Uri Url => server.Registry.Url;

    internal Uri FreshUrl => fresh.Url;

    /// <summary>What the addresses of pages have to be filled in with.</summary>
    public Dictionary<string, string> Names { get; } = [];

    public async ValueTask InitializeAsync()
    {
        server = await ApiServer.StartAsync(Engine.Sqlite, config => config with { OfficialSpaces = ["team"] }, Admin, "alice");
        fresh = await Registry.StartAsync(Engine.Sqlite, config => config with { Open = false });
        Names["setup"] = fresh.App.SetupPath;
        var (root, registry) = (server.As(Admin), server.Registry.As(ClosedRegistry.Basic(Admin, ApiServer.Password(Admin))));
        await root.PostAsync("/organizations", new { name = "team" });
        await PushImagesAsync(registry);
        await PushArtifactsAsync(registry);
        await PushLongNamesAsync(registry);
        foreach (var name in (string[])["team/web", "team/chart", "team/base", Names["long"]])
            await root.PatchAsync($"/repository?name={name}", new { visibility = "public" });
        using (var browser = new Browser(Url))
        {
            await browser.SignInAsync(Admin, ApiServer.Password(Admin));
            using var described = await browser.PostAsync("/settings/team/web", ("do", "texts"), ("description", "A small web server with a page of its own."), ("readme", Readme));
            await described.ExpectAsync(HttpStatusCode.SeeOther);
            using var starred = await browser.PostAsync("/r/team/web", ("do", "star"));
            await starred.ExpectAsync(HttpStatusCode.SeeOther);
        }
        for (var i = 0; i < 12; i++)
            (await registry.GetAsync("/v2/team/web/manifests/1.1")).Dispose();
        await server.Registry.App.Pulls.FlushAsync(CancellationToken.None);
        await server.Registry.App.DrainAsync(CancellationToken.None);
        await GiveAsync(root);
        Names["share"] = $"/s/{(await Shared.MakeAsync(root, "team/web", "1.1", pulls: 5)).Secret}";
        Names["invite"] = new Uri((await root.PostAsync("/spaces/team/invitations", new { target = "team/web", rights = "read" })).GetProperty("url").GetString()!).AbsolutePath;
        // the listings of layers are made when somebody looks
        foreach (var path in (string[])["/f/team/base:12/", "/f/team/web:1.1/", "/f/team/web:1.0/"])
        {
            using var listed = await registry.GetAsync(path);
            await listed.ExpectAsync(HttpStatusCode.OK);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await fresh.DisposeAsync();
    }

    // Somebody in a team by several words, rights of every kind, rules, robots and tokens.
    async Task GiveAsync(ApiClient root)
    {
        await root.PostAsync("/spaces/team/teams", new { name = "crew" });
        await root.PutAsync("/spaces/team/teams/crew/members/alice");
        await server.Registry.App.Database.WriteAsync(
            async session => await TeamTable.AddMemberAsync(session, (await TeamTable.FindAsync(session, "team/crew"))!.Id, (await UserTable.FindAsync(session, "alice"))!.Id, "ldap"));
        await root.PostAsync("/spaces/team/robots", new { name = "ci", target = "team/base/", rights = "write", expiresInDays = 30 });
        await root.PostAsync("/spaces/team/grants", new { target = "team/", rights = "read", team = "crew" });
        Names["grant"] = (await root.PostAsync("/spaces/team/grants", new { target = "team/base/", rights = "pull,push,manage", user = "alice", tags = "dev-*,!dev-old", expiresInDays = 30 })).GetProperty("id").ToString();
        await root.PostAsync("/spaces/team/grants", new { target = "team/base/with-a-rather-long-name-of-its-own", rights = "write", team = "crew" });
        await root.PostAsync("/spaces/team/grants", new { target = "team/web", rights = "write", user = "alice" });
        await root.PostAsync("/spaces/team/default-grants", new { target = "team/", rights = "admin" });
        await root.PostAsync("/spaces/team/default-grants", new { target = "team/base/", rights = "read,delete", team = "crew", madeByRobot = "ci", tags = "*,!v*" });
        await root.PostAsync("/spaces/team/invitations", new { target = "team/base/", rights = "write", user = "alice" });
        await root.PostAsync("/me/tokens", new { name = "laptop", rights = "read", target = "team/base/", expiresInDays = 90 });
        await root.PostAsync("/me/tokens", new { name = "a build that has a name which goes on for a while", rights = "write" });
    }

    async Task PushImagesAsync(Registry registry)
    {
        for (var version = 0; version < 2; version++)
        {
            var config = $$"""
                {"os":"linux","architecture":"amd64","created":"2026-0{{version + 1}}-10T10:00:00Z","config":{"ExposedPorts":{"80{{version}}0/tcp":{},"9090/tcp":{} },"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","GREETING=hello from a place with a long name"],
                 "User":"1001","Volumes":{"/data":{} },"Entrypoint":["/usr/bin/server","--listen","0.0.0.0:8080"],"Labels":{"org.opencontainers.image.title":"A small web server","org.opencontainers.image.licenses":"MIT","org.opencontainers.image.source":"https://example.org/team/web","run":"podman run --privileged -v /:/host IMAGE"} },
                 "history":[{"created_by":"/bin/sh -c #(nop) ADD file:{{new string('0', 64)}} in / "},{"created_by":"/bin/sh -c #(nop)  EXPOSE 8080/tcp","empty_layer":true},{"created_by":"/bin/sh -c apt-get update && apt-get install -y --no-install-recommends ca-certificates curl && rm -rf /var/lib/apt/lists/*"}],"rootfs":{"type":"layers","diff_ids":[DIFFS]} }
                """;
            var status = new StringBuilder();
            for (var i = 0; i < 120; i++)
                status.Append(CultureInfo.InvariantCulture, $"Package: lib{(i < 100 || version > 0 ? "" : "old")}{i:000}\nStatus: install ok installed\nArchitecture: amd64\nSource: source-{i % 7}\nVersion: {1 + (i % 3 == 0 ? version : 0)}.{i}-1~deb12u{i % 4}\n\n");
            var system = new TarBytes().Directory("etc").File("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n").Directory("usr").Directory("usr/bin").Link("bin", "usr/bin").Directory("data");
            for (var i = 0; i < 60; i++)
                system.File(string.Create(CultureInfo.InvariantCulture, $"usr/bin/program-{i:00}"), new string('x', 100 * i));
            var own = new TarBytes().File("var/lib/dpkg/status", status.ToString()).File("usr/bin/server", $"version {version}", 0x1ED).File("usr/bin/.wh.program-07", "").File($"srv/pages/a-file-whose-name-goes-on-and-on-until-no-narrow-window-has-room-for-it-{version}.html", "<h1>hello</h1>");
            byte[] below = system.End(), above = own.End();
            string Config(params byte[][] layers) => config.Replace("DIFFS", string.Join(',', layers.Select(layer => $"\"{Registry.Digest(layer)}\"")), StringComparison.Ordinal);
            await registry.PushLayersAsync("team/base", "12", Config(below), [LayerBytes.Gzip(below)]);
            var digest = await registry.PushLayersAsync("team/web", $"1.{version}", Config(below, above), [LayerBytes.Gzip(below), LayerBytes.Gzip(above)]);
            await registry.PushLayersAsync("team/web", "latest", Config(below, above), [LayerBytes.Gzip(below), LayerBytes.Gzip(above)]);
            Names["digest"] = digest;
        }
        for (var i = 0; i < 8; i++)
            await registry.PushLayersAsync($"{Admin}/tool-{i}", "1", """{"os":"linux","architecture":"arm64","config":{"Labels":{"org.opencontainers.image.title":"A tool"}}}""", [new TarBytes().File("tool", "x").End()]);
        var size = (await (await registry.GetAsync($"/v2/team/web/manifests/{Names["digest"]}")).BytesAsync()).Length;
        await PushAsync(registry, "team/web", null, ("application/vnd.oci.empty.v1+json", "{}"), [("application/vnd.cyclonedx+json", """{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{}]}""")],
            $$""","artifactType":"application/vnd.cyclonedx+json","subject":{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{Names["digest"]}}","size":{{size}} },"annotations":{"org.opencontainers.image.created":"2026-01-02T03:04:05Z"} """);
    }

    // The longest names that there are, an image of many settings, and an index of all kinds of entries.
    async Task PushLongNamesAsync(Registry registry)
    {
        var (name, tag) = ($"team/{new string('w', 250)}", new string('W', 128));
        (Names["long"], Names["longtag"]) = (name, tag);
        var settings = string.Join(',', Enumerable.Range(0, 150).Select(i => $"\"SETTING_{i:000}_{new string('S', 60)}={new string('v', 100)}\""));
        var layer = new TarBytes().File(new string('f', 90), "x").End();
        string Config(string architecture) => $$$"""
            {"os":"linux","architecture":"{{{architecture}}}","config":{"ExposedPorts":{"8080/tcp":{},"53/udp":{} },"Env":[{{{settings}}}],"Volumes":{"/{{{new string('d', 200)}}}":{} },"Entrypoint":["/{{{new string('e', 300)}}}"]},
             "history":[{"created_by":"RUN {{{new string('r', 400)}}}"}],"rootfs":{"type":"layers","diff_ids":["{{{Registry.Digest(layer)}}}"]} }
            """;
        await registry.PushLayersAsync(name, tag, Config("amd64"), [layer]);
        var children = new List<string>();
        foreach (var (architecture, platform) in ((string, string)[])[("amd64", ""), ("arm64", ""","variant":"v8" """), ("arm", ""","variant":"v7","os.version":"10.0.20348.2113" """)])
        {
            var digest = await registry.PushLayersAsync("team/base", $"{architecture}-only", Config(architecture), [layer]);
            var size = (await (await registry.GetAsync($"/v2/team/base/manifests/{digest}")).BytesAsync()).Length;
            children.Add($$$"""{"mediaType":"{{{RegistryClient.OciManifest}}}","digest":"{{{digest}}}","size":{{{size}}},"platform":{"os":"linux","architecture":"{{{architecture}}}"{{{platform}}}} }""");
            if (architecture == "amd64")
                children.Add($$$"""{"mediaType":"{{{RegistryClient.OciManifest}}}","digest":"{{{digest}}}","size":{{{size}}},"platform":{"os":"unknown","architecture":"unknown"} }""");
        }
        var index = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{RegistryClient.OciIndex}}","manifests":[{{string.Join(',', children)}}]}""");
        using var pushed = await registry.PutManifestAsync("team/base", "several", index, RegistryClient.OciIndex);
        await pushed.ExpectAsync(HttpStatusCode.Created);
        // What somebody did whose name and browser are long.
        for (var i = 0; i < 3; i++)
            (await server.Registry.As(ClosedRegistry.Basic($"{new string('n', 60)}{i}", "wrong")).SendAsync(HttpMethod.Post, $"/v2/{name}/blobs/uploads/", [])).Dispose();
    }

    static async Task PushArtifactsAsync(Registry registry) => await PushAsync(
        registry,
        "team/chart",
        "1.2.0",
        ("application/vnd.cncf.helm.config.v1+json", """{"apiVersion":"v2","name":"web","version":"1.2.0","appVersion":"1.1","description":"Runs the small web server","home":"https://example.org/","maintainers":[{"name":"Alice"}]}"""),
        [("application/vnd.cncf.helm.chart.content.v1.tar+gzip", "no chart")],
        "");

    static async Task PushAsync(Registry registry, string name, string? tag, (string MediaType, string Content) config, (string MediaType, string Content)[] layers, string extra)
    {
        var parts = new List<string>();
        foreach (var (mediaType, content) in ((string, string)[])[config, .. layers])
        {
            var bytes = Encoding.UTF8.GetBytes(content);
            parts.Add($$"""{"mediaType":"{{mediaType}}","digest":"{{await registry.PushBlobAsync(name, bytes)}}","size":{{bytes.Length}} }""");
        }
        var manifest = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{RegistryClient.OciManifest}}","config":{{parts[0]}},"layers":[{{string.Join(',', parts.Skip(1))}}]{{extra}} }""");
        using var pushed = await registry.PutManifestAsync(name, tag ?? Registry.Digest(manifest), manifest);
        await pushed.ExpectAsync(HttpStatusCode.Created);
    }

    const string Readme = """
        # A small web server

        It serves what is in `/data`, and *nothing else*. See [its source](https://example.org/team/web).

        | variable | meaning |
        |---|---|
        | `GREETING` | what it says |

        ```sh
        podman run --rm -p 8080:8080 -v pages:/data IMAGE --a-long-option=that-does-not-fit-into-a-narrow-window
        ```

        1. one
        2. two

        ## Get it

        > Look at [how to run it](#how-to-run-it) first, or at [its neighbour](../r/team/base).

        [![build](https://example.org/build.svg)](https://example.org/ci) ![A drawing of a landing stage](https://example.org/stage.png)

        - [x] serves files
        - [ ] makes coffee
          - nested, with ~~a strike~~ and `code`

        | left | right | a column that is so wide that no narrow window has room for it and for the others beside it |
        |:-----|------:|:---------------------------------------------------------------------------------------------:|
        | 1    | 2     | 3 |

        ### How to run it

        ###### The smallest
        """;
}
