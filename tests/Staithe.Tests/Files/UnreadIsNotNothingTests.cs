using System.Net;
using System.Text;
using System.Text.Json;
using Staithe.Content;
using Staithe.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Files;

/// <summary>What was not read is never shown as nothing: the page, the API and the bill of materials say that it was not read, and why.</summary>
public sealed class UnreadIsNotNothingTests(Registries registries)
{
    const string Dpkg = "Package: p\nStatus: install ok installed\nVersion: 1\n";

    /// <summary>A path, what is in it, and what is said of it.</summary>
    public static TheoryData<string, string, string> Unread { get; } = new()
    {
        { "var/lib/rpm/Packages", "\0\0\0\0", "Berkeley DB" },
        { "usr/lib/sysimage/rpm/Packages.db", "RpmP", "NDB" },
        { "var/lib/rpm/Packages.db", "RpmP", "NDB" },
        { "var/lib/rpm/rpmdb.sqlite-wal", "7\x007f", "changes of rpm's database" },
        { "var/lib/rpm/rpmdb.sqlite", "no database", "no SQLite file" },
        { "usr/lib/sysimage/rpm/rpmdb.sqlite", "SQLite format 3", "no SQLite file" },
        { "var/lib/dpkg/status", "\u0001\u0002 nothing", "not what its name says" },
        { "var/lib/dpkg/status", "Package: broken\nStatus: install ok installed\n", "no name or version" },
        { "var/lib/dpkg/status.d/base", "nothing", "not what its name says" },
        { "var/lib/dpkg/updates/0000", "Package: q\n", "changes of dpkg's database" },
        { "lib/apk/db/installed", "nothing", "not what its name says" },
        { "var/lib/pacman/local/a-1/desc", "%NAME%", "pacman" },
        { "nix/store/x-1/bin/x", "", "Nix" },
        { "var/lib/opkg/status", "Package: a", "opkg" },
        { "app/app.jar", "PK", "archives of Java" },
        { "usr/lib/python3/x.egg", "PK", "an egg that is one file" },
        { "app/.yarn/cache/a-npm-1.zip", "PK", "archives of Yarn" },
        { "root/.yarn/berry/cache/a-npm-1.zip", "PK", "archives of Yarn" },
        { "app/APP.JAR", "PK", "archives of Java" },
        { "var/jenkins_home/plugins/git.jpi", "PK", "archives of Java" },
        { "var/jenkins_home/plugins/git.hpi", "PK", "archives of Java" },
        { "opt/wheels/a-1-py3-none-any.whl", "PK", "wheel" },
        { "var/lib/chisel/manifest.wall", "x", "chisel" },
        { "var/db/pkg/local.sqlite", "x", "FreeBSD" },
        { "usr/share/rpm/rpmdb.sqlite", "no database", "no SQLite file" },
        { "usr/share/rpm/Packages", "x", "Berkeley DB" },
        { "app/node_modules/a/package.json", "{\"name\":\"a\",\"version\":1}", "no name or version" },
        { "vendor/composer/installed.json", "[{\"name\":\"\\ud800\",\"version\":\"1\"}]", "no name or version" },
        { "app/a.deps.json", "{\"libraries\":{\"\\ud800/1\":{\"type\":\"package\"}}}", "no name or version" },
        { "root/.cargo/.crates2.json", "{\"installs\":{\"\\ud800 1 (x)\":{\"bins\":[]}}}", "no name or version" },
        { "app/node_modules/a/package.json", "{", "not what its name says" },
        { "app/node_modules/a/package.json", "{\"name\":\"\\ud800\",\"version\":\"1\"}", "no name or version" },
        { "x/y.dist-info/METADATA", "Summary: none\n", "not what its name says" },
    };

    [Theory, MemberData(nameof(Unread))]
    public void A_file_that_is_not_read_is_told(string path, string content, string why)
    {
        var notes = Notes(new TarBytes().File("etc/os-release", "ID=x\n").File(path, content).End());
        var note = Assert.Single(notes);
        Assert.Equal((ImageNote.Unread, $"/{path}"), (note.Kind, path.Contains('/', StringComparison.Ordinal) && note.What.Length < path.Length ? $"/{path}" : note.What));
        Assert.Contains(why, note.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Links_holes_and_sizes_are_told_and_what_is_empty_is_not()
    {
        Assert.Contains(Notes(new TarBytes().Link("var/lib/dpkg/status", "nowhere").End()), note => note.Why.Contains("link to nowhere", StringComparison.Ordinal));
        Assert.Contains(Notes(new TarBytes().Directory("lib/apk/db/installed").End()), note => note.Why.Contains("no file", StringComparison.Ordinal));
        var sparse = new TarBytes().Pax(("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "var/lib/dpkg/status"), ("GNU.sparse.realsize", "4096")).Add("x", content: new byte[512]).End();
        Assert.Contains(Notes(sparse), note => note.Why.Contains("holes", StringComparison.Ordinal));
        Assert.Contains(Notes(new TarBytes().Add("a/node_modules/b/package.json", content: new byte[17 * 1024 * 1024]).End()), note => note.Why.Contains("more than 16 MiB", StringComparison.Ordinal));
        // Two of a kind are one note.
        Assert.Equal("2 files, such as /a.jar", Assert.Single(Notes(new TarBytes().File("a.jar", "1").File("b/b.jar", "2").End())).What);
        Assert.Empty(Notes(new TarBytes().File("var/lib/dpkg/status", "").File("var/lib/rpm/Packages", "").Directory("var/lib/dpkg/updates").File("lib/apk/db/installed", "\n").File("a/node_modules/b/package.json", "{}").End()));
    }

    [Theory, OnBothEngines]
    public async Task Page_API_and_bill_of_materials_say_it(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var (name, whole) = (Registry.NewRepository("unread"), Registry.NewRepository("whole"));
        await registry.PushLayersAsync(name, "1", new TarBytes().File("etc/os-release", "ID=centos\nVERSION_ID=7\n").File("var/lib/rpm/Packages", "\u0001").End());
        await registry.PushLayersAsync(whole, "1", new TarBytes().File("var/lib/dpkg/status", Dpkg).End());
        await registry.LookAsync();
        var answer = await JsonAsync(registry, $"/api/v1/packages?image={name}:1");
        Assert.False(answer.GetProperty("complete").GetBoolean());
        var note = Assert.Single(answer.GetProperty("notes").EnumerateArray());
        Assert.Equal("/var/lib/rpm/Packages", note.GetProperty("what").GetString());
        foreach (var path in (string[])[$"/api/v1/sbom?image={name}:1", $"/r/{name}:1?view=sbom"])
        {
            var bom = await JsonAsync(registry, path);
            Assert.Equal("incomplete", bom.GetProperty("compositions")[0].GetProperty("aggregate").GetString());
            Assert.Equal(bom.GetProperty("metadata").GetProperty("component").GetProperty("bom-ref").GetString(), bom.GetProperty("compositions")[0].GetProperty("assemblies")[0].GetString());
            Assert.Contains("/var/lib/rpm/Packages: it is a Berkeley DB", bom.GetProperty("metadata").GetProperty("properties")[0].GetProperty("value").GetString(), StringComparison.Ordinal);
        }
        var complete = await JsonAsync(registry, $"/api/v1/packages?image={whole}:1");
        Assert.True(complete.GetProperty("complete").GetBoolean());
        Assert.Equal("unknown", (await JsonAsync(registry, $"/api/v1/sbom?image={whole}:1")).GetProperty("compositions")[0].GetProperty("aggregate").GetString()); // what is compiled in is not known
        var diff = await JsonAsync(registry, $"/api/v1/diff?from={whole}:1&to={name}:1");
        Assert.Equal("after", Assert.Single(diff.GetProperty("notes").EnumerateArray()).GetProperty("image").GetString());
        using var browser = new Browser(registry.Url);
        foreach (var path in (string[])[$"/r/{name}:1", $"/r/{name}:1?view=packages", $"/r/{name}:1?view=files", $"/diff?from={whole}:1&to={name}:1"])
            Assert.Contains("it is a Berkeley DB database of rpm", await browser.ReadAsync(path), StringComparison.Ordinal);
        Assert.DoesNotContain("Not all of this image could be read", await browser.ReadAsync($"/r/{whole}:1"), StringComparison.Ordinal);
    }

    // A search for what does not have a package finds it all the same, and says that nobody knows.
    [Theory, OnBothEngines]
    public async Task A_search_does_not_claim_that_it_is_not_there(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var (name, whole) = (Registry.NewRepository("unread"), Registry.NewRepository("whole"));
        await registry.PushLayersAsync(name, "1", new TarBytes().File("var/lib/rpm/Packages", "\u0001").End());
        await registry.PushLayersAsync(whole, "1", new TarBytes().File("var/lib/dpkg/status", Dpkg).End());
        await registry.LookAsync();
        foreach (var (repository, unread) in ((string, bool)[])[(name, true), (whole, false)])
        {
            var hit = Assert.Single((await JsonAsync(registry, $"/api/v1/search?q={Uri.EscapeDataString($"{repository.Split('/')[^1]} -package:nothing-of-this")}")).GetProperty("items").EnumerateArray(), item => item.GetProperty("name").GetString() == repository);
            Assert.Equal(unread, hit.GetProperty("unread").GetBoolean());
        }
        using var browser = new Browser(registry.Url);
        Assert.Contains("not all read", await browser.ReadAsync($"/search?q={Uri.EscapeDataString($"{name.Split('/')[^1]} -package:nothing-of-this")}"), StringComparison.Ordinal);
        Assert.DoesNotContain("not all read", await browser.ReadAsync($"/search?q={Uri.EscapeDataString($"{name.Split('/')[^1]} package:nothing-of-this")}"), StringComparison.Ordinal);
    }

    // The layers that can be read are; of the others it is said why they are not.
    [Fact]
    public async Task A_layer_that_cannot_be_read_costs_that_layer()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("layers");
        byte[] noise = new Random(7).Bytes(5000), system = new TarBytes().File("var/lib/dpkg/status", Dpkg).End();
        var manifest = Encoding.UTF8.GetBytes($$"""
            {"schemaVersion":2,"mediaType":"{{RegistryClient.OciManifest}}","config":{{await DescribeAsync("application/vnd.oci.image.config.v1+json", """{"architecture":"amd64","os":"linux"}"""u8.ToArray())}},"layers":[
              {{await DescribeAsync("application/vnd.oci.image.layer.v1.tar", system)}},
              {{await DescribeAsync("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", noise)}},
              {{await DescribeAsync("application/vnd.oci.image.layer.v1.tar", [0xFD, .. "7zXZ"u8, .. new byte[600]])}}]}
            """);
        using (var pushed = await registry.PutManifestAsync(name, "1", manifest))
            await pushed.ExpectAsync(HttpStatusCode.Created);
        await registry.LookAsync();
        var answer = await JsonAsync(registry, $"/api/v1/packages?image={name}:1");
        Assert.Equal("p", Assert.Single(answer.GetProperty("items").EnumerateArray()).GetProperty("name").GetString());
        Assert.Equal(
            ["layer 2 of 3: it is encrypted, as its media type says; it is no archive of files", "layer 3 of 3: it is compressed with xz, which is not read here"],
            answer.GetProperty("notes").EnumerateArray().Select(note => $"{note.GetProperty("what")}: {note.GetProperty("why")}"));
        Assert.Equal("incomplete", (await JsonAsync(registry, $"/api/v1/sbom?image={name}:1")).GetProperty("compositions")[0].GetProperty("aggregate").GetString());
        using (var file = await registry.GetAsync($"/f/{name}:1/var/lib/dpkg/status"))
            Assert.Equal(Dpkg, Encoding.UTF8.GetString(await file.BytesAsync()));

        // Where nothing can be read, that is the answer.
        await registry.PushLayersAsync(name, "none", noise);
        using var refused = await registry.GetAsync($"/api/v1/packages?image={name}:none");
        await refused.ExpectAsync(HttpStatusCode.UnprocessableEntity);
        using var browser = new Browser(registry.Url);
        Assert.Contains("it is no archive of files", await browser.ReadAsync($"/r/{name}:none"), StringComparison.Ordinal);

        async Task<string> DescribeAsync(string type, byte[] blob) => $$"""{"mediaType":"{{type}}","digest":"{{await registry.PushBlobAsync(name, blob)}}","size":{{blob.Length}}}""";
    }

    static IReadOnlyList<ImageNote> Notes(params byte[][] layers)
    {
        using var bench = new LayerBench();
        using var image = bench.Image(layers);
        var scan = new PackageScan(image, bench.Storage);
        scan.Run(TestContext.Current.CancellationToken);
        return scan.Notes;
    }

    static async Task<JsonElement> JsonAsync(Registry registry, string path)
    {
        using var answer = await registry.GetAsync(path);
        await answer.ExpectAsync(HttpStatusCode.OK);
        return await answer.JsonAsync();
    }
}
