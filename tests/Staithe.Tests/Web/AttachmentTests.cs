using System.Net;
using System.Text;
using System.Text.Json;
using Staithe.Oci;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>What is attached to an image is no release, on any face; and it is named as people name it.</summary>
public sealed class AttachmentTests(Registries registries)
{
    const string Hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData($"sha256-{Hash}.sig", true)]
    [InlineData($"sha256-{Hash}.att", true)]
    [InlineData($"sha256-{Hash}.sbom", true)]
    [InlineData($"sha256-{Hash}", true)]
    [InlineData($"sha512-{Hash}", true)] // cut, as the distribution-spec has it
    [InlineData($"sha256-{Hash}0", false)]
    [InlineData($"sha256-{Hash}.", false)]
    [InlineData("sha256-x.sig", false)]
    [InlineData("1.sig", false)]
    public void A_tag_that_is_a_digest_is_an_attachment(string tag, bool isAttachment) => Assert.Equal(isAttachment, AttachmentTag.TryParse(tag) is not null);

    [Theory]
    [InlineData("application/spdx+json", "SBOM (SPDX)", "sbom")]
    [InlineData("application/vnd.cyclonedx+json", "SBOM (CycloneDX)", "sbom")]
    [InlineData("application/vnd.dev.cosign.artifact.sig.v1+json", "Signature (cosign)", "signature")]
    [InlineData("application/vnd.dev.cosign.attestation.v1+json", "Attestation (cosign)", "attestation")]
    [InlineData("https://cosign.sigstore.dev/attestation/vuln/v1", "Vulnerability report (cosign)", "attestation")]
    [InlineData("application/vnd.goharbor.harbor.sbom.v1", "SBOM (Harbor)", "sbom")]
    [InlineData("application/vnd.cncf.notary.signature", "Signature (Notation)", "signature")]
    [InlineData("https://slsa.dev/provenance/v0.2", "Provenance (SLSA)", "attestation")]
    [InlineData("application/vnd.cncf.helm.config.v1+json", "Helm chart", null)]
    [InlineData("application/vnd.wasm.config.v0+json", "WebAssembly module", null)]
    public void Kinds_have_names(string type, string title, string? has) => Assert.Equal(new ArtifactKind(title, has), ArtifactKind.Of(type));

    [Theory]
    [InlineData("mit OR apache-2.0", "MIT OR Apache-2.0")]
    [InlineData("(GPL-2.0-ONLY with classpath-exception-2.0)", "(GPL-2.0-only with classpath-exception-2.0)")]
    [InlineData("Proprietary", "Proprietary")]
    public void Licences_are_spelled_as_the_list_spells_them(string written, string spelled) => Assert.Equal(spelled, SpdxLicense.SpellWhole(written));

    [Theory, OnBothEngines]
    public async Task Attachments_stand_behind_the_image_on_every_face(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var name = Registry.NewRepository("attached");
        var config = """{"architecture":"amd64","os":"linux","config":{"Labels":{"org.opencontainers.image.licenses":"apache-2.0"}}}""";
        var image = await registry.PushLayersAsync(name, "1", config, [new TarBytes().File("a", "b").End()]);
        var tag = $"sha256-{image[7..]}";
        foreach (var suffix in (string[])["", ".sig", ".att", ".sbom"])
            await PushAsync(registry, name, tag + suffix, """{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json","digest":"DIGEST","size":SIZE}""", $"signed {suffix}", "");
        var subject = $$""","artifactType":"application/spdx+json","subject":{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{image}}","size":3}""";
        await PushAsync(registry, name, "bom", """{"mediaType":"application/spdx+json","digest":"DIGEST","size":SIZE}""", "{\"spdxVersion\":\"SPDX-2.3\"}", subject);
        await registry.LookAsync();

        using var browser = new Browser(registry.Url);
        var page = await browser.ReadAsync($"/r/{name}");
        Assert.Contains($"podman pull --tls-verify=false {registry.Authority}/{name}:1<", page, StringComparison.Ordinal);
        Assert.Contains("Tags (1)", page, StringComparison.Ordinal);
        Assert.Contains("<dd>Apache-2.0</dd>", page.Replace("\n", "", StringComparison.Ordinal).Replace("  ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain(tag, page, StringComparison.Ordinal);
        Assert.DoesNotContain(tag, await browser.ReadAsync($"/r/{name}?view=history"), StringComparison.Ordinal);
        Assert.Contains($">{tag}.sig<", await browser.ReadAsync($"/r/{name}?view=tags&attachments=1"), StringComparison.Ordinal);
        using (var feed = await registry.GetAsync($"/feeds/r/{name}.json"))
            Assert.Equal($"{name}:1 was pushed", Assert.Single((await feed.JsonAsync()).GetProperty("items").EnumerateArray()).GetProperty("title").GetString());
        using (var list = await registry.GetAsync($"/v2/{name}/tags/list"))
            Assert.Equal(6, (await list.JsonAsync()).GetProperty("tags").GetArrayLength()); // the protocol tells all
        await Eventually.HoldsAsync(async () =>
        {
            using var search = await registry.GetAsync($"/api/v1/search?q={Uri.EscapeDataString($"space:attached has:sbom license:APACHE-2.0 tag:1")}&limit=1000");
            var hit = (await search.JsonAsync()).GetProperty("items").EnumerateArray().Where(one => one.GetProperty("name").GetString() == name).ToList();
            return hit is [var only] && only.GetProperty("size").GetInt64() > 1000;
        });
        using (var search = await registry.GetAsync($"/api/v1/search?q=space:attached"))
            Assert.Contains((await search.JsonAsync()).GetProperty("facets").EnumerateArray(), facet => facet.GetProperty("value").GetString() == "Apache-2.0");

        var attached = await browser.ReadAsync($"/r/{name}:1?view=attached");
        foreach (var title in (string[])["SBOM (SPDX)", "Signature (cosign)", "Attestation (cosign)", "SBOM (cosign)", "List of referrers"])
            Assert.Contains(title, attached, StringComparison.Ordinal);
        Assert.Contains("Attached (5)", attached, StringComparison.Ordinal);
        Assert.Contains("Attached (5)", await browser.ReadAsync($"/f/{name}:1/"), StringComparison.Ordinal);
        var download = attached.Split("href=\"").Select(part => part.Split('"')[0]).First(link => link.Contains("view=download", StringComparison.Ordinal)).Replace("&amp;", "&", StringComparison.Ordinal);
        using var file = await registry.GetAsync(download);
        await file.ExpectAsync(HttpStatusCode.OK);
        Assert.StartsWith("attachment", file.Header("Content-Disposition"), StringComparison.Ordinal);
        Assert.Equal("application/octet-stream", file.Content.Headers.ContentType?.ToString());
    }

    [Theory, OnBothEngines]
    public async Task What_the_builder_attests_is_attached_and_no_image(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var name = Registry.NewRepository("built");
        var image = await registry.PushLayersAsync(name, null, new TarBytes().File("a", "b").End());
        var size = await SizeAsync(registry, name, image);
        var layers = """{"mediaType":"application/vnd.in-toto+json","digest":"DIGEST","size":SIZE,"annotations":{"in-toto.io/predicate-type":"https://slsa.dev/provenance/v0.2"} }""";
        var attestation = await PushAsync(registry, name, null, layers, "{}", "");
        var index = Encoding.UTF8.GetBytes($$"""
            {"schemaVersion":2,"mediaType":"{{RegistryClient.OciIndex}}","manifests":[{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{image}}","size":{{size}},"platform":{"os":"linux","architecture":"amd64"} },
             {"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{attestation}}","size":{{await SizeAsync(registry, name, attestation)}},"platform":{"os":"unknown","architecture":"unknown"},"annotations":{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"{{image}}"} }]}
            """);
        using (var pushed = await registry.PutManifestAsync(name, "1", index, RegistryClient.OciIndex))
            await pushed.ExpectAsync(HttpStatusCode.Created);
        using var browser = new Browser(registry.Url);
        var page = await browser.ReadAsync($"/r/{name}:1?view=attached");
        Assert.Contains("Attached (1)", page, StringComparison.Ordinal);
        Assert.Contains("Provenance (SLSA)", page, StringComparison.Ordinal);
        Assert.DoesNotContain("unknown/unknown", page, StringComparison.Ordinal);
        await registry.LookAsync();
        using var search = await registry.GetAsync($"/api/v1/search?q={Uri.EscapeDataString("space:built has:attestation")}&limit=1000");
        Assert.Contains((await search.JsonAsync()).GetProperty("items").EnumerateArray(), hit => hit.GetProperty("name").GetString() == name);
    }

    static async Task<int> SizeAsync(Registry registry, string name, string digest)
    {
        using var manifest = await registry.GetAsync($"/v2/{name}/manifests/{digest}");
        return (await manifest.BytesAsync()).Length;
    }

    static async Task<string> PushAsync(Registry registry, string name, string? tag, string layer, string content, string extra)
    {
        var config = Encoding.UTF8.GetBytes("""{"architecture":"","os":"","config":{} }""");
        var bytes = Encoding.UTF8.GetBytes(content);
        var (configDigest, digest) = (await registry.PushBlobAsync(name, config), await registry.PushBlobAsync(name, bytes));
        var layerJson = layer.Replace("DIGEST", digest, StringComparison.Ordinal).Replace("SIZE", bytes.Length.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
        var manifest = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{RegistryClient.OciManifest}}","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{configDigest}}","size":{{config.Length}}},"layers":[{{layerJson}}]{{extra}} }""");
        JsonDocument.Parse(manifest).Dispose();
        using var pushed = await registry.PutManifestAsync(name, tag ?? Registry.Digest(manifest), manifest);
        await pushed.ExpectAsync(HttpStatusCode.Created);
        return Registry.Digest(manifest);
    }
}
