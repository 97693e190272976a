using System.Net;
using System.Text;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Distribution;

/// <summary>A Content-Type that programs send when nobody chose one says nothing of a manifest, and what a browser would render is no manifest's.</summary>
public sealed class GenericTypeTests(Registries registries)
{
    static readonly string[] Generic =
    [
        "application/x-www-form-urlencoded", "application/json", "application/octet-stream", "text/plain", "text/html", "text/json; charset=utf-8", "multipart/form-data; boundary=x",
        "application/x-json", "application/yaml", "application/zip", "application/gzip", "application/x-tar", "application/problem+json", "application/binary", "application/unknown",
        "", "no media type", "*/*", "application/*", ";", "application", "application/json, application/json", "Application/JSON",
    ];

    [Theory, OnBothEngines]
    public async Task The_document_decides_where_the_header_says_nothing(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var blob = Registry.Digest("{}"u8);
        var config = $$"""{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{{blob}}","size":2}""";
        foreach (var (document, type) in new[]
        {
            ($$"""{"schemaVersion":2,"config":{{config}},"layers":[]}""", RegistryClient.OciManifest),
            ("""{"schemaVersion":2,"manifests":[]}""", RegistryClient.OciIndex),
            ($$"""{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{{config}},"layers":[]}""", "application/vnd.docker.distribution.manifest.v2+json"),
            ("""{"mediaType":"application/vnd.example+json"}""", "application/vnd.example+json"),
        })
        {
            var name = Registry.NewRepository();
            await registry.PushBlobAsync(name, "{}"u8.ToArray());
            foreach (var header in Generic)
            {
                using (var pushed = await registry.PutManifestAsync(name, "t", Encoding.UTF8.GetBytes(document), header))
                    await pushed.ExpectAsync(HttpStatusCode.Created);
                using var pulled = await registry.GetAsync($"/v2/{name}/manifests/t");
                Assert.Equal(type, pulled.Header("Content-Type"));
            }
        }
    }

    [Theory, OnBothEngines]
    public async Task Where_neither_says_it_the_refusal_names_the_header(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        foreach (var header in Generic)
        {
            using var response = await registry.PutManifestAsync(name, "t", """{"anything":"else"}"""u8.ToArray(), header);
            var message = (await response.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID")).GetProperty("errors")[0].GetProperty("message").GetString()!;
            Assert.Contains("Content-Type", message, StringComparison.Ordinal);
            Assert.Contains(header, message, StringComparison.Ordinal);
        }
    }

    [Theory, OnBothEngines]
    public async Task What_a_browser_renders_is_no_manifest(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        foreach (var type in (string[])
        [
            "text/html", "Text/HTML", "text/xml", "image/svg+xml", "image/png", "application/xhtml+xml", "application/xml", "application/vnd.foo+xml", "application/javascript", "application/pdf",
            "multipart/x-mixed-replace", "message/rfc822", "application/json", "application/octet-stream", "application/x-www-form-urlencoded", "video/mp4", "font/woff",
        ])
        {
            foreach (var header in (string?[])[type, null, "application/json"])
            {
                var document = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{type}}","x":"<script>alert(1)</script>"}""");
                using var response = await registry.SendAsync(HttpMethod.Put, $"/v2/{name}/manifests/t", document, header);
                await response.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID");
            }
            using var untyped = await registry.PutManifestAsync(name, "t", """{"x":"<script>alert(1)</script>"}"""u8.ToArray(), type);
            await untyped.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID");
        }
        // A header that means something else is not passed over.
        using var contradicted = await registry.PutManifestAsync(name, "t", RegistryClient.Index([]), "image/svg+xml");
        await contradicted.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID");
    }
}
