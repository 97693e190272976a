using System.Net;
using System.Text;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>Build files that come with an image: beside it in its provenance, or attached to it; what is attached speaks first.</summary>
public sealed class BuildFilePageTests(Registries open)
{
    [Theory, OnBothEngines]
    public async Task The_build_file_that_came_along_is_shown_and_found(Engine engine)
    {
        var registry = await open.GetAsync(engine);
        var name = Registry.NewRepository("built");
        var word = name.Split('/')[^1];
        var (image, size) = await PushAsync(registry, name, "application/vnd.oci.image.config.v1+json", """{"os":"linux","architecture":"amd64","config":{}}""", "application/vnd.oci.image.layer.v1.tar", "a layer", "");
        var (alone, _) = await PushAsync(registry, name, "application/vnd.oci.image.config.v1+json", """{"os":"linux","architecture":"amd64","config":{"User":"7"}}""", "application/vnd.oci.image.layer.v1.tar", "another", "");
        var kept = Convert.ToBase64String("FROM scratch AS kept\nCOPY <b> /\n"u8);
        var (statement, statementSize) = await PushAsync(registry, name, "application/vnd.oci.image.config.v1+json", """{"os":"unknown","architecture":"unknown"}""", "application/vnd.in-toto+json",
            $$"""{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://slsa.dev/provenance/v0.2","predicate":{"metadata":{"https://mobyproject.org/buildkit@v1#metadata":{"source":{"infos":[{"filename":"Dockerfile","data":"{{kept}}"}]} } } } }""", "");
        var index = Encoding.UTF8.GetBytes($$"""
            {"schemaVersion":2,"mediaType":"{{RegistryClient.OciIndex}}","manifests":[
              {"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{image}}","size":{{size}},"platform":{"os":"linux","architecture":"amd64"} },
              {"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{statement}}","size":{{statementSize}},"platform":{"os":"unknown","architecture":"unknown"},"annotations":{"vnd.docker.reference.type":"attestation-manifest"} }]}
            """);
        using var browser = new Browser(registry.Url);
        using (var plain = await registry.PutManifestAsync(name, "1", Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{RegistryClient.OciIndex}}","manifests":[]}"""), RegistryClient.OciIndex))
            await plain.ExpectAsync(HttpStatusCode.Created);
        Assert.DoesNotContain($"href=\"/r/{name}\"", await FindAsync(), StringComparison.Ordinal);
        using (var pushed = await registry.PutManifestAsync(name, "1", index, RegistryClient.OciIndex))
            await pushed.ExpectAsync(HttpStatusCode.Created);
        var page = await browser.ReadAsync($"/r/{name}:1?view=build");
        Assert.Contains("FROM scratch AS kept", page, StringComparison.Ordinal);
        Assert.Contains("COPY &lt;b&gt; /", page, StringComparison.Ordinal);
        Assert.Contains("provenance that the builder wrote", page, StringComparison.Ordinal);
        Assert.Contains("reconstructed", await browser.ReadAsync($"/r/{name}@{alone}?view=build"), StringComparison.Ordinal); // the other one has none
        Assert.Contains($"href=\"/r/{name}\"", await FindAsync(), StringComparison.Ordinal);

        await PushAsync(registry, name, "application/vnd.oci.empty.v1+json", "{}", "text/x-containerfile", "FROM scratch AS attached\n",
            $$""","artifactType":"application/vnd.staithe.containerfile.v1","subject":{"mediaType":"{{RegistryClient.OciIndex}}","digest":"{{Registry.Digest(index)}}","size":{{index.Length}} }""");
        page = await browser.ReadAsync($"/r/{name}:1?view=build");
        Assert.Contains("FROM scratch AS attached", page, StringComparison.Ordinal);
        Assert.DoesNotContain("AS kept", page, StringComparison.Ordinal);

        async Task<string> FindAsync()
        {
            await registry.App.DrainAsync(TestContext.Current.CancellationToken);
            return await browser.ReadAsync($"/search?q={word}+has%3Abuildfile");
        }
    }

    /// <summary>The page, the search and the inspection agree on an attestation, in whatever order its statements stand and whether they say of what kind they are.</summary>
    [Theory, OnBothEngines]
    public async Task A_build_file_is_found_in_whichever_statement_it_stands(Engine engine)
    {
        var registry = await open.GetAsync(engine);
        var provenance = $$"""{"predicate":{"runDetails":{"metadata":{"buildkit_metadata":{"source":{"infos":[{"filename":"Dockerfile","data":"{{Convert.ToBase64String("FROM scratch AS kept\n"u8)}}"}]} } } } } }""";
        var bom = """{"predicateType":"https://spdx.dev/Document","predicate":{"spdxVersion":"SPDX-2.3"} }""";
        using var browser = new Browser(registry.Url);
        foreach (var (statements, isKind, hasBuildFile) in ((string[], bool, bool)[])[([bom, provenance], true, true), ([provenance, bom], true, true), ([bom, provenance], false, true), ([bom], true, false)])
        {
            var name = Registry.NewRepository("statements");
            var (image, size) = await PushAsync(registry, name, "application/vnd.oci.image.config.v1+json", """{"os":"linux","architecture":"amd64","config":{}}""", "application/vnd.oci.image.layer.v1.tar", "a layer", "");
            var layers = new List<string>();
            foreach (var statement in statements.Select(Encoding.UTF8.GetBytes))
            {
                var kind = isKind ? $$""","annotations":{"in-toto.io/predicate-type":"{{(statement.AsSpan().IndexOf("spdx"u8) > 0 ? "https://spdx.dev/Document" : "https://slsa.dev/provenance/v1")}}"}""" : "";
                layers.Add($$"""{"mediaType":"application/vnd.in-toto+json","digest":"{{await registry.PushBlobAsync(name, statement)}}","size":{{statement.Length}}{{kind}} }""");
            }
            var config = """{"os":"unknown","architecture":"unknown"}"""u8.ToArray();
            var attestation = Encoding.UTF8.GetBytes($$"""
                {"schemaVersion":2,"mediaType":"{{RegistryClient.OciManifest}}","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{await registry.PushBlobAsync(name, config)}}","size":{{config.Length}} },"layers":[{{string.Join(',', layers)}}]}
                """);
            using (var pushed = await registry.PutManifestAsync(name, Registry.Digest(attestation), attestation))
                await pushed.ExpectAsync(HttpStatusCode.Created);
            var index = Encoding.UTF8.GetBytes($$"""
                {"schemaVersion":2,"mediaType":"{{RegistryClient.OciIndex}}","manifests":[
                  {"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{image}}","size":{{size}},"platform":{"os":"linux","architecture":"amd64"} },
                  {"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{Registry.Digest(attestation)}}","size":{{attestation.Length}},"platform":{"os":"unknown","architecture":"unknown"},"annotations":{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"{{image}}"} }]}
                """);
            using (var pushed = await registry.PutManifestAsync(name, "1", index, RegistryClient.OciIndex))
                await pushed.ExpectAsync(HttpStatusCode.Created);
            await registry.App.DrainAsync(TestContext.Current.CancellationToken);

            Assert.Equal(hasBuildFile, (await browser.ReadAsync($"/r/{name}:1?view=build")).Contains("FROM scratch AS kept", StringComparison.Ordinal));
            Assert.Equal(hasBuildFile, await IsFoundAsync($"name:{name.Split('/')[^1]} has:buildfile", name));
            Assert.Equal(isKind, await IsFoundAsync($"name:{name.Split('/')[^1]} has:sbom", name));
            Assert.True(await IsFoundAsync($"name:{name.Split('/')[^1]} has:attestation", name));
        }

        async Task<bool> IsFoundAsync(string query, string name) => (await browser.ReadAsync($"/search?q={Uri.EscapeDataString(query)}")).Contains($"href=\"/r/{name}\"", StringComparison.Ordinal);
    }

    static async Task<(string Digest, int Size)> PushAsync(Registry registry, string name, string configType, string config, string layerType, string layer, string extra)
    {
        byte[] configBytes = Encoding.UTF8.GetBytes(config), layerBytes = Encoding.UTF8.GetBytes(layer);
        var manifest = Encoding.UTF8.GetBytes($$"""
            {"schemaVersion":2,"mediaType":"{{RegistryClient.OciManifest}}","config":{"mediaType":"{{configType}}","digest":"{{await registry.PushBlobAsync(name, configBytes)}}","size":{{configBytes.Length}} },
             "layers":[{"mediaType":"{{layerType}}","digest":"{{await registry.PushBlobAsync(name, layerBytes)}}","size":{{layerBytes.Length}} }]{{extra}} }
            """);
        var digest = Registry.Digest(manifest);
        using var pushed = await registry.PutManifestAsync(name, digest, manifest);
        await pushed.ExpectAsync(HttpStatusCode.Created);
        return (digest, manifest.Length);
    }
}
