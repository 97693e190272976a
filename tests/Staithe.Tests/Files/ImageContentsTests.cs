using System.Net;
using Staithe.Database;
using Staithe.Fsck;
using Staithe.Jobs;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Files;

/// <summary>The rows and files behind: what is queued, made, lost, made again and taken away.</summary>
public sealed class ImageContentsTests(Registries registries)
{
    static readonly Sql States = new("select count(*) from image_contents where state = 'done'");
    static readonly Sql Names = new("select n.name from layer_names l join file_names n on n.id = l.name_id order by n.name");
    static readonly Sql LayerCount = new("select count(*) from layers");
    static readonly Sql PackageLinks = new("select count(*) from image_packages");
    static readonly Sql HalfDone = new("update layers set state = 'building'");

    [Theory, OnBothEngines]
    public async Task A_push_is_looked_into_and_a_delete_takes_it_away(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        var layer = new TarBytes().Directory("etc").File("etc/a", "1").Link("etc/b", "a").Add("pipe", '6').File("var/lib/dpkg/status", "Package: p\nStatus: install ok installed\nVersion: 1\n").End();
        var digest = await registry.PushLayersAsync("look/one", "1", layer);
        await registry.PushLayersAsync("look/two", "1", layer); // the same blob: looked into once
        await UntilDoneAsync(registry, 2);
        Assert.Equal(["etc/a", "etc/b", "var/lib/dpkg/status"], await registry.App.Database.ReadAsync(session => session.ListAsync(Names, row => row.GetString(0)), Cancel));
        Assert.Equal((1, 2, 1), (await CountAsync(registry, LayerCount), await CountAsync(registry, PackageLinks), Listings(registry).Length));
        await ExpectCleanAsync(registry);

        foreach (var name in (string[])["look/one", "look/two"])
        {
            using var manifest = await registry.DeleteAsync($"/v2/{name}/manifests/{digest}");
            await manifest.ExpectAsync(HttpStatusCode.Accepted);
            using var blob = await registry.DeleteAsync($"/v2/{name}/blobs/{Registry.Digest(layer)}");
            await blob.ExpectAsync(HttpStatusCode.Accepted);
        }
        Assert.Equal((0, 0), (await CountAsync(registry, LayerCount), await CountAsync(registry, PackageLinks)));
        Assert.Single(Listings(registry));
        await registry.App.DoNowAsync(WorkKind.Layers, Cancel);
        Assert.Empty(Listings(registry));
        await ExpectCleanAsync(registry);
    }

    [Fact]
    public async Task What_is_derived_may_be_deleted_at_any_time()
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite);
        await registry.PushLayersAsync("look/lost", "1", new TarBytes().File("a", "1").End(), new TarBytes().File("b", "2").End());
        await UntilDoneAsync(registry, 1);
        Assert.Equal(2, Listings(registry).Length);
        Directory.Delete(System.IO.Path.Combine(registry.Config.Data, "derived"), recursive: true);
        using var file = await registry.GetAsync("/f/look/lost:1/b");
        await file.ExpectAsync(HttpStatusCode.OK);
        File.WriteAllBytes(Listings(registry)[0], [1, 2, 3]);
        using var again = await registry.GetAsync("/f/look/lost:1/b");
        await again.ExpectAsync(HttpStatusCode.OK);
        await ExpectCleanAsync(registry);
    }

    // As a crash leaves it: taken and not finished, names half written.
    [Theory, OnBothEngines]
    public async Task What_was_begun_is_done_again(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        await registry.PushLayersAsync("look/crash", "1", new TarBytes().File("a", "1").File("b", "1").End());
        await UntilDoneAsync(registry, 1);
        await registry.App.Database.WriteAsync(session => session.ExecuteAsync(HalfDone), Cancel);
        await registry.ForgetLooksAsync();
        await ExpectCleanAsync(registry);
        await UntilDoneAsync(registry, 1);
        Assert.Equal(["a", "b"], await registry.App.Database.ReadAsync(session => session.ListAsync(Names, row => row.GetString(0)), Cancel));
    }

    [Fact]
    public async Task Packages_come_as_a_list_and_as_CycloneDX()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("packages");
        var status = string.Concat(Enumerable.Range(0, 250).Select(i => $"Package: p{i:000}\nStatus: install ok installed\nVersion: 1.{i}\nArchitecture: all\nSource: s (9)\n\n"));
        var digest = await registry.PushLayersAsync(name, "1", new TarBytes().File("etc/os-release", "ID=debian\nVERSION_ID=12\n").File("var/lib/dpkg/status", status).End());
        var found = new List<string>();
        for (string? next = ""; next is not null;)
        {
            using var page = await registry.GetAsync($"/api/v1/packages?image={name}:1&limit=100&after={Uri.EscapeDataString(next)}");
            await page.ExpectAsync(HttpStatusCode.OK);
            var answer = await page.JsonAsync();
            found.AddRange(answer.GetProperty("items").EnumerateArray().Select(item => $"{item.GetProperty("name")} {item.GetProperty("version")} {item.GetProperty("source")}"));
            next = answer.GetProperty("next").GetString();
        }
        Assert.Equal(Enumerable.Range(0, 250).Select(i => $"p{i:000} 1.{i} s 9").Append("debian 12 "), found);

        using var bom = await registry.GetAsync($"/api/v1/sbom?image={name}@{digest}");
        await bom.ExpectAsync(HttpStatusCode.OK);
        Assert.Equal("application/vnd.cyclonedx+json", bom.Header("Content-Type"));
        var document = await bom.JsonAsync();
        Assert.Equal(("CycloneDX", "1.6"), (document.GetProperty("bomFormat").GetString(), document.GetProperty("specVersion").GetString()));
        Assert.Matches("^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$", document.GetProperty("serialNumber").GetString()!);
        var components = document.GetProperty("components").EnumerateArray().ToList();
        Assert.Equal(251, components.Count);
        Assert.Equal(251, components.Select(component => component.GetProperty("bom-ref").GetString()).Distinct().Count());
        using var wrong = await registry.GetAsync("/api/v1/packages?image=nothing");
        await wrong.ExpectAsync(HttpStatusCode.BadRequest);
        using var none = await registry.GetAsync("/api/v1/packages");
        await none.ExpectAsync(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_difference_tells_what_came_went_and_changed()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("diff");
        var shared = new TarBytes().Directory("usr").File("usr/same", "1").File("etc/conf", "a").File("etc/gone", "1").File("etc/mode", "1").Link("etc/link", "conf")
            .File("var/lib/dpkg/status", "Package: up\nStatus: install ok installed\nVersion: 1.9\n\nPackage: down\nStatus: install ok installed\nVersion: 2.0\n\nPackage: bye\nStatus: install ok installed\nVersion: 1\n").End();
        var above = new TarBytes().File("etc/conf", "b").File("etc/.wh.gone", "").File("etc/mode", "1", mode: 0x1ED).Link("etc/link", "mode").File("new/dir/file", "123")
            .File("var/lib/dpkg/status", "Package: up\nStatus: install ok installed\nVersion: 1.10\n\nPackage: down\nStatus: install ok installed\nVersion: 2.0~rc1\n\nPackage: hello\nStatus: install ok installed\nVersion: 1\n").End();
        await registry.PushLayersAsync(name, "1", """{"architecture":"amd64","os":"linux","config":{"Env":["A=1","B=2"],"ExposedPorts":{"80/tcp":{}},"User":"root","Entrypoint":["/a"]}}""", [shared]);
        await registry.PushLayersAsync(name, "2", """{"architecture":"amd64","os":"linux","config":{"Env":["A=1","B=3","C=4"],"ExposedPorts":{"8080/tcp":{}},"User":"1001","Entrypoint":["/b","x y"]}}""", [shared, above]);
        using var response = await registry.GetAsync($"/api/v1/diff?from={name}:1&to={name}:2");
        await response.ExpectAsync(HttpStatusCode.OK);
        var diff = await response.JsonAsync();
        Assert.Equal(
            ["changed /etc/conf content", "removed /etc/gone ", "changed /etc/link link", "changed /etc/mode mode", "added /new ", "added /new/dir ", "added /new/dir/file ", "changed /var/lib/dpkg/status content"],
            diff.GetProperty("files").EnumerateArray().Select(file => $"{file.GetProperty("change")} {file.GetProperty("path")} {string.Join(',', file.GetProperty("what").EnumerateArray())}"));
        Assert.Equal((3, 1, 4, false), (diff.GetProperty("filesAdded").GetInt32(), diff.GetProperty("filesRemoved").GetInt32(), diff.GetProperty("filesChanged").GetInt32(), diff.GetProperty("truncated").GetBoolean()));
        Assert.Equal(
            ["bye removed 1>", "down downgraded 2.0>2.0~rc1", "hello added >1", "up upgraded 1.9>1.10"],
            diff.GetProperty("packages").EnumerateArray().Select(package => $"{package.GetProperty("name")} {package.GetProperty("change")} {package.GetProperty("before")}>{package.GetProperty("after")}"));
        Assert.Equal(
            ["config entrypoint [\"/a\"]>[\"/b\",\"x y\"]", "config user root>1001", "environment B 2>3", "environment C >4", "port 80/tcp exposed>", "port 8080/tcp >exposed"],
            diff.GetProperty("settings").EnumerateArray().Select(change => $"{change.GetProperty("kind")} {change.GetProperty("name")} {change.GetProperty("before")}>{change.GetProperty("after")}"));
        Assert.Equal([(true, true), (false, true)], diff.GetProperty("layers").EnumerateArray().Select(layer => (layer.GetProperty("inBefore").GetBoolean(), layer.GetProperty("inAfter").GetBoolean())));
        Assert.Equal(above.Length, diff.GetProperty("sizeAfter").GetInt64() - diff.GetProperty("sizeBefore").GetInt64());

        using var same = await registry.GetAsync($"/api/v1/diff?from={name}:2&to={name}:2");
        Assert.Empty((await same.JsonAsync()).GetProperty("files").EnumerateArray());
    }

    static string[] Listings(Registry registry) => Directory.GetFiles(System.IO.Path.Combine(registry.Config.Data, "derived"), "*", SearchOption.AllDirectories);

    static async Task<long> CountAsync(Registry registry, Sql sql) => await registry.App.Database.ReadAsync(session => session.FindNumberAsync(sql), Cancel) ?? 0;

    static async Task UntilDoneAsync(Registry registry, long count)
    {
        await registry.LookAsync();
        Assert.Equal(count, await CountAsync(registry, States));
    }

    static async Task ExpectCleanAsync(Registry registry)
    {
        using var output = new StringWriter();
        Assert.True(await FsckRun.RunAsync(registry.Config, rehash: true, output, Cancel) == 0, output.ToString());
    }

    static CancellationToken Cancel => TestContext.Current.CancellationToken;
}
