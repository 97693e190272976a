using System.Net;
using System.Text;
using System.Text.Json;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>Pages of what is no image: what it is, what it is made of, how it is fetched. What it says of itself is anybody's text.</summary>
public sealed class ArtifactPageTests(Registries registries)
{
    const string Chart = """
        {"apiVersion":"v2","name":"<b>sails</b>","version":"1.2.0+build.5","appVersion":"7.1","description":"Sets <i>sails</i>","type":"application","home":"javascript:alert(1)","sources":["https://example.org/src"],
         "keywords":["boat"],"maintainers":[{"name":"Alice"},{"nothing":1}],"dependencies":[{"name":"mast","version":"3.x"}],"deprecated":true}
        """;

    [Theory, OnBothEngines]
    public async Task Each_kind_says_what_it_is_and_how_it_is_fetched(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var space = $"kinds{Guid.NewGuid():N}";
        var subject = $"sha256:{new string('a', 64)}";
        foreach (var (name, tag, config, layers, extra, words) in ((string, string, Part, Part[], string, string[])[])
        [
            ("sails", "1.2.0_build.5", new("application/vnd.cncf.helm.config.v1+json", Chart), [new("application/vnd.cncf.helm.chart.content.v1.tar+gzip", "chart"), new("application/vnd.cncf.helm.chart.provenance.v1.prov", "signed")], "",
                ["Helm chart", "&lt;b&gt;sails&lt;/b&gt;", "Sets &lt;i&gt;sails&lt;/i&gt;", "7.1", "mast 3.x", "Alice", "yes: its authors say not to use it", "a provenance file came with it", $"helm pull oci://{registry.Authority}/{space}/sails --version 1.2.0+build.5 --plain-http", "helm install sails", "oras pull --plain-http"]),
            ("module", "1", new("application/vnd.wasm.config.v0+json", """{"architecture":"wasm","os":"wasip2","created":"2026-01-02T03:04:05Z","component":{"exports":["wasi:http/incoming-handler@0.2.0"],"imports":["wasi:cli/environment@0.2.0"]},"layerDigests":[]}"""), [new("application/wasm", "\0asm")], "",
                ["WebAssembly component", "wasip2/wasm", "wasi:http/incoming-handler@0.2.0", "wasi:cli/environment@0.2.0", "2026-01-02 03:04 UTC", "wkg oci pull"]),
            ("model", "1", new("application/vnd.cncf.model.config.v1+json", """{"descriptor":{"name":"wave","family":"sea","licenses":["MIT"],"createdAt":"2026-01-02T03:04:05Z"},"config":{"architecture":"transformer","format":"gguf","paramSize":"8b","quantization":"q4"},"modelfs":{"type":"layers","diffIds":[]}}"""), [new("application/vnd.cncf.model.weight.v1.raw", "weights", ""","annotations":{"org.cncf.model.filepath":"wave.gguf"}""")], ""","artifactType":"application/vnd.cncf.model.manifest.v1+json" """,
                [">Model<", "wave", "transformer", "8b", "q4", "wave.gguf", "modctl pull"]),
            ("docker-model", "1", new("application/vnd.docker.ai.model.config.v0.1+json", """{"config":{"format":"gguf","parameters":"361.82 M","architecture":"llama","size":"256.35 MiB"},"descriptor":{"createdAt":"2026-01-02T03:04:05Z"}}"""), [new("application/vnd.docker.ai.gguf.v3", "weights")], "",
                [">Model<", "361.82 M", "llama", "docker model pull"]),
            // cosign keeps signatures under a config that is an image's
            ("signed", "sha256-x.sig", new("application/vnd.oci.image.config.v1+json", """{"architecture":"","os":"","config":{} }"""), [new("application/vnd.dev.cosign.simplesigning.v1+json", $$"""{"critical":{"identity":{"docker-reference":"team/app"},"image":{"docker-manifest-digest":"{{subject}}"},"type":"cosign container image signature"},"optional":{"creator":"alice"} }""")], "",
                ["Signature", "cosign", subject, "team/app", "alice", "Checked here"]),
            ("bundle", "1", Empty, [new("application/vnd.dev.sigstore.bundle.v0.3+json", "{}")], $$""","artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json","subject":{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{subject}}","size":3},"annotations":{"dev.sigstore.bundle.predicateType":"https://sigstore.dev/cosign/sign/v1"} """,
                ["Signature", "Sigstore, as a bundle", subject, "https://sigstore.dev/cosign/sign/v1"]),
            ("notation", "1", Empty, [new("application/jose+json", "x")], ""","artifactType":"application/vnd.cncf.notary.signature" """, ["Signature", "Notation"]),
            ("bom", "1", Empty, [new("application/vnd.cyclonedx+json", """{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{},{}],"metadata":{"tools":{"components":[{"name":"trivy","version":"1"}]} } }""")], ""","artifactType":"application/vnd.cyclonedx+json" """,
                ["Bill of materials", "CycloneDX 1.5", "trivy 1", "<dd>2</dd>"]),
            ("spdx", "1", Empty, [new("application/spdx+json", """{"spdxVersion":"SPDX-2.3","name":"all of it","packages":[{},{},{}],"creationInfo":{"creators":["Tool: syft"]} }""")], ""","artifactType":"application/spdx+json" """,
                ["Bill of materials", "SPDX-2.3", "all of it", "Tool: syft", "<dd>3</dd>"]),
            ("attested", "1", Empty, [new("application/vnd.dsse.envelope.v1+json", $$"""{"payload":"{{Convert.ToBase64String(Encoding.UTF8.GetBytes($$"""{"predicateType":"https://slsa.dev/provenance/v1","subject":[{"name":"team/app","digest":{"sha256":"{{subject[7..]}}"} }]}"""))}}","signatures":[{"sig":"x"}]}""")], ""","artifactType":"application/vnd.in-toto+json" """,
                ["Attestation", "https://slsa.dev/provenance/v1", "team/app", subject, "yes; not checked here"]),
            ("files", "1", Empty, [new("text/plain", "hello", ""","annotations":{"org.opencontainers.image.title":"read me; rm -rf ~.txt"}"""), new("text/plain", "x", ""","annotations":{"org.opencontainers.image.title":"../up"}""")], ""","artifactType":"application/vnd.example.thing","annotations":{"org.opencontainers.image.title":"A thing","org.opencontainers.image.source":"https://example.org/x"} """,
                ["Artifact", "A thing", "application/vnd.example.thing", "href=\"https://example.org/x\"", "&#x27;read me; rm -rf ~.txt&#x27;", "files-2", "/blobs/sha256:"]),
            ("broken", "1", new("application/vnd.cncf.helm.config.v1+json", "{\"name\":"), [new("application/vnd.cncf.helm.chart.content.v1.tar+gzip", "x")], "", ["Helm chart", "helm pull"]),
        ])
        {
            await PushAsync(registry, $"{space}/{name}", tag, config, layers, extra);
            using var browser = new Browser(registry.Url);
            var page = (await browser.ReadAsync($"/r/{space}/{name}:{tag}")).Replace("&#x2B;", "+", StringComparison.Ordinal).Replace("&#39;", "&#x27;", StringComparison.Ordinal);
            Assert.All(words, word => Assert.Contains(word, page, StringComparison.Ordinal));
            Assert.DoesNotContain("<i>sails", page, StringComparison.Ordinal);
            Assert.DoesNotContain("href=\"javascript", page, StringComparison.Ordinal);
            Assert.DoesNotContain("podman", page, StringComparison.Ordinal);
            var repository = await browser.ReadAsync($"/r/{space}/{name}");
            Assert.Contains(name == "bundle" ? "There is no release here" : words[0].Trim('<', '>'), repository, StringComparison.Ordinal); // a manifest with a subject is no release
            using var json = await browser.GetAsync($"/r/{space}/{name}:{tag}", "application/json");
            Assert.Equal(words[0].Trim('<', '>'), (await json.JsonAsync()).GetProperty("artifact").GetProperty("kind").GetString());
            foreach (var view in (string[])["files", "packages", "run", "build", "sbom"]) // it has none of these
                Assert.Contains("aria-current=\"page\">About", await browser.ReadAsync($"/r/{space}/{name}:{tag}?view={view}"), StringComparison.Ordinal);
            using var raw = await browser.GetAsync($"/r/{space}/{name}:{tag}?view=raw");
            await raw.ExpectAsync(HttpStatusCode.OK);
        }
    }

    static readonly Part Empty = new("application/vnd.oci.empty.v1+json", "{}");

    static async Task PushAsync(Registry registry, string name, string tag, Part config, Part[] layers, string extra)
    {
        var parts = new List<string>();
        foreach (var part in (Part[])[config, .. layers])
        {
            var bytes = Encoding.UTF8.GetBytes(part.Content);
            parts.Add($$"""{"mediaType":"{{part.MediaType}}","digest":"{{await registry.PushBlobAsync(name, bytes)}}","size":{{bytes.Length}}{{part.Extra}} }""");
        }
        var manifest = $$"""{"schemaVersion":2,"mediaType":"{{RegistryClient.OciManifest}}","config":{{parts[0]}},"layers":[{{string.Join(',', parts.Skip(1))}}]{{extra}} }""";
        JsonDocument.Parse(manifest).Dispose();
        using var pushed = await registry.PutManifestAsync(name, tag, Encoding.UTF8.GetBytes(manifest));
        await pushed.ExpectAsync(HttpStatusCode.Created);
    }

    sealed record Part(string MediaType, string Content, string Extra = "");
}
