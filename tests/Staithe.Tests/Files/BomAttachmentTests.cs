using System.Net;
using System.Text;
using System.Text.Json;
using Staithe.Accounts;
using Staithe.Fsck;
using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Files;

/// <summary>Lists of packages that the registry attaches to images.</summary>
public sealed class BomAttachmentTests(Registries registries, ClosedRegistries closed)
{
    const string CycloneDx = "application/vnd.cyclonedx+json";

    [Theory, OnBothEngines]
    public async Task It_is_found_by_the_referrers_of_the_image_and_says_what_the_API_says(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var name = Registry.NewRepository("bom");
        var image = await PushAsync(registry, name, "1");
        var before = await ReferrersAsync(registry, name, image);
        Assert.Empty(before); // nothing comes by itself

        var attached = await AttachAsync(registry, $"{name}:1");
        Assert.Equal((image, CycloneDx, 3), (attached.GetProperty("subject").GetString(), attached.GetProperty("artifactType").GetString(), attached.GetProperty("packages").GetInt32()));
        var referrer = Assert.Single(await ReferrersAsync(registry, name, image, $"?artifactType={Uri.EscapeDataString(CycloneDx)}"));
        Assert.Equal((attached.GetProperty("digest").GetString(), CycloneDx), (referrer.GetProperty("digest").GetString(), referrer.GetProperty("artifactType").GetString()));

        using var manifest = await registry.GetAsync($"/v2/{name}/manifests/{attached.GetProperty("digest")}");
        await manifest.ExpectAsync(HttpStatusCode.OK);
        var layer = Assert.Single((await manifest.JsonAsync()).GetProperty("layers").EnumerateArray());
        Assert.Equal((CycloneDx, attached.GetProperty("sbom").GetString(), "sbom.cdx.json"), (layer.GetProperty("mediaType").GetString(), layer.GetProperty("digest").GetString(), layer.GetProperty("annotations").GetProperty("org.opencontainers.image.title").GetString()));
        using var blob = await registry.GetAsync($"/v2/{name}/blobs/{layer.GetProperty("digest")}");
        var content = await blob.BytesAsync();
        Assert.Equal((layer.GetProperty("digest").GetString(), layer.GetProperty("size").GetInt64()), (Registry.Digest(content), content.LongLength));
        var bom = JsonDocument.Parse(content).RootElement;
        Assert.Equal(["pkg:deb/debian/a@1?distro=debian-12", "pkg:deb/debian/b@2?distro=debian-12", "pkg:generic/debian@12?os=1"], bom.GetProperty("components").EnumerateArray().Select(component => component.GetProperty("purl").GetString()));
        using var told = await registry.GetAsync($"/api/v1/sbom?image={name}:1");
        Assert.True(JsonElement.DeepEquals(await told.JsonAsync(), bom));

        // Asked again, by digest too, it is the same.
        foreach (var again in (string[])[$"{name}:1", $"{name}@{image}"])
            Assert.True(JsonElement.DeepEquals(attached, await AttachAsync(registry, again)));
        Assert.Single(await ReferrersAsync(registry, name, image));
    }

    [Theory, OnBothEngines]
    public async Task It_goes_with_its_image_unless_it_is_in_use(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        var (gone, signed, tagged) = (await PushAsync(registry, "bom/gone", "1"), await PushAsync(registry, "bom/signed", "1"), await PushAsync(registry, "bom/tagged", "1"));
        var boms = new Dictionary<string, string>();
        foreach (var name in (string[])["bom/gone", "bom/signed", "bom/tagged"])
            boms[name] = (await AttachAsync(registry, $"{name}:1")).GetProperty("digest").GetString()!;
        var signature = await SignAsync(registry, "bom/signed", boms["bom/signed"]);
        using (var manifest = await registry.GetAsync($"/v2/bom/tagged/manifests/{boms["bom/tagged"]}"))
        using (var named = await registry.PutManifestAsync("bom/tagged", "sbom", await manifest.BytesAsync()))
            await named.ExpectAsync(HttpStatusCode.Created);

        foreach (var (name, image) in ((string, string)[])[("bom/gone", gone), ("bom/signed", signed), ("bom/tagged", tagged)])
        {
            using (var warm = await registry.GetAsync($"/v2/{name}/manifests/{boms[name]}"))
                await warm.ExpectAsync(HttpStatusCode.OK);
            using var deleted = await registry.DeleteAsync($"/v2/{name}/manifests/{image}");
            await deleted.ExpectAsync(HttpStatusCode.Accepted);
            using var left = await registry.GetAsync($"/v2/{name}/manifests/{boms[name]}");
            Assert.Equal(name == "bom/gone" ? HttpStatusCode.NotFound : HttpStatusCode.OK, left.StatusCode);
            string[] expected = name == "bom/gone" ? [] : [boms[name]];
            Assert.Equal(expected, (await ReferrersAsync(registry, name, image)).Select(one => one.GetProperty("digest").GetString()));
        }
        Assert.Equal([signature], (await ReferrersAsync(registry, "bom/signed", boms["bom/signed"])).Select(one => one.GetProperty("digest").GetString()));

        // A tag that goes takes nothing along; a list that goes by itself leaves the image, and can be had again.
        var image2 = await PushAsync(registry, "bom/again", "1");
        var bom = (await AttachAsync(registry, "bom/again:1")).GetProperty("digest").GetString();
        using (var untagged = await registry.DeleteAsync("/v2/bom/again/manifests/1"))
            await untagged.ExpectAsync(HttpStatusCode.Accepted);
        Assert.Single(await ReferrersAsync(registry, "bom/again", image2));
        using (var removed = await registry.DeleteAsync($"/v2/bom/again/manifests/{bom}"))
            await removed.ExpectAsync(HttpStatusCode.Accepted);
        Assert.Empty(await ReferrersAsync(registry, "bom/again", image2));
        Assert.Equal(bom, (await AttachAsync(registry, $"bom/again@{image2}")).GetProperty("digest").GetString());

        using var output = new StringWriter();
        Assert.True(await FsckRun.RunAsync(registry.Config, rehash: true, output, TestContext.Current.CancellationToken) == 0, output.ToString());
    }

    [Theory, OnBothEngines]
    public async Task Whoever_may_push_may_ask_for_it_and_nobody_else(Engine engine)
    {
        var registry = await closed.GetAsync(engine);
        var (owner, reader, stranger) = (await registry.AddUserAsync(), await registry.AddUserAsync(), await registry.AddUserAsync());
        var name = $"{owner.Name}/app";
        var image = await PushAsync(registry.As(owner), name, "1");
        await registry.GrantAsync(owner.SpaceId, $"{owner.Name}/", new Grantee(UserId: reader.Id), Rights.Read);
        foreach (var (who, expected) in ((Registry, HttpStatusCode)[])[(registry.Registry.As(null), HttpStatusCode.Unauthorized), (registry.As(stranger), HttpStatusCode.NotFound), (registry.As(reader), HttpStatusCode.Forbidden)])
        {
            using var refused = await who.SendAsync(HttpMethod.Post, $"/api/v1/sbom?image={name}:1", []);
            await refused.ExpectAsync(expected);
        }
        Assert.Empty(await ReferrersAsync(registry.As(owner), name, image));
        await AttachAsync(registry.As(owner), $"{name}:1");
        Assert.Single(await ReferrersAsync(registry.As(reader), name, image)); // who may pull finds it
    }

    [Fact]
    public async Task The_page_of_an_image_has_a_button_for_who_may_push()
    {
        var registry = await closed.GetAsync(Engine.Sqlite);
        var (owner, reader, stranger) = (await registry.AddUserAsync(), await registry.AddUserAsync(), await registry.AddUserAsync());
        var name = $"{owner.Name}/app";
        var image = await PushAsync(registry.As(owner), name, "1");
        await registry.GrantAsync(owner.SpaceId, $"{owner.Name}/", new Grantee(UserId: reader.Id), Rights.Read);
        var page = $"/r/{name}:1?view=attached";
        foreach (var (who, status) in ((Account, HttpStatusCode)[])[(reader, HttpStatusCode.Forbidden), (stranger, HttpStatusCode.NotFound), (owner, HttpStatusCode.SeeOther)])
        {
            using var browser = new Browser(registry.Registry.Url);
            await browser.SignInAsync(who.Name, who.Password);
            using (var shown = await browser.GetAsync(page))
                Assert.Equal(who == owner, (await shown.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Contains($"value=\"{name}@{image}\"", StringComparison.Ordinal));
            using var sent = await browser.PostAsync("/attach-sbom", ("image", $"{name}@{image}"), ("next", page));
            await sent.ExpectAsync(status);
            Assert.Equal(who == owner ? page : null, sent.Headers.Location?.OriginalString);
        }
        var attached = Assert.Single(await ReferrersAsync(registry.As(owner), name, image));
        using var reading = new Browser(registry.Registry.Url);
        await reading.SignInAsync(reader.Name, reader.Password);
        Assert.Contains($"/r/{name}@{attached.GetProperty("digest")}", await reading.ReadAsync(page), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_image_has_none()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("bom");
        var image = await PushAsync(registry, name, "1");
        var signature = await SignAsync(registry, name, image);
        using var refused = await registry.SendAsync(HttpMethod.Post, $"/api/v1/sbom?image={name}@{signature}", []);
        await refused.ExpectAsync(HttpStatusCode.UnprocessableEntity);
    }

    static Task<string> PushAsync(Registry registry, string name, string tag) => registry.PushLayersAsync(
        name,
        tag,
        new TarBytes().File("etc/os-release", "ID=debian\nVERSION_ID=12\n").File("var/lib/dpkg/status", "Package: a\nStatus: install ok installed\nVersion: 1\n\nPackage: b\nStatus: install ok installed\nVersion: 2\n").End());

    static async Task<JsonElement> AttachAsync(Registry registry, string image)
    {
        using var response = await registry.SendAsync(HttpMethod.Post, $"/api/v1/sbom?image={image}", []);
        await response.ExpectAsync(HttpStatusCode.Created);
        return await response.JsonAsync();
    }

    static async Task<List<JsonElement>> ReferrersAsync(Registry registry, string name, string subject, string query = "")
    {
        using var response = await registry.GetAsync($"/v2/{name}/referrers/{subject}{query}");
        await response.ExpectAsync(HttpStatusCode.OK);
        return [.. (await response.JsonAsync()).GetProperty("manifests").EnumerateArray()];
    }

    static async Task<string> SignAsync(Registry registry, string name, string subject)
    {
        using var found = await registry.GetAsync($"/v2/{name}/manifests/{subject}");
        var (size, type) = ((await found.BytesAsync()).Length, found.Header("Content-Type"));
        var empty = await registry.PushBlobAsync(name, "{}"u8.ToArray());
        var manifest = Encoding.UTF8.GetBytes($$$"""
            {"schemaVersion":2,"mediaType":"{{{MediaTypes.OciManifest}}}","artifactType":"application/vnd.example.signature","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{{{empty}}}","size":2},
            "layers":[{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{{{empty}}}","size":2}],"subject":{"mediaType":"{{{type}}}","digest":"{{{subject}}}","size":{{{size}}}}}
            """);
        using var pushed = await registry.PutManifestAsync(name, Registry.Digest(manifest), manifest);
        await pushed.ExpectAsync(HttpStatusCode.Created);
        return Registry.Digest(manifest);
    }
}
