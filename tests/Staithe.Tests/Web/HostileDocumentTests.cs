using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>
/// Every member of a manifest, an index and a config holds, one after the other, what nobody expects there: half characters, NUL, numbers out of range,
/// dates that no calendar has. A push takes it or refuses it; after that every face answers, and the next repository is indexed.
/// </summary>
public sealed class HostileDocumentTests
{
    static readonly string[] Hostile =
    [
        "\"cut \\ud83d\"", "\"\\udc00\"", "\"a\\u0000b\"", "\"\\u001b[31m\\u202e\\ufffe\"", "\"<script>alert(1)</script>\"", "\"../../etc/passwd\"", "\"%s%n\\\\ ' \\\" ;--\"", "\"\"", "LONG", "null", "true",
        "-1", "1e400", "0.5", "9223372036854775807", "99999999999999999999", "[]", "{}", "[null,7,\"\\ud83d\"]", "{\"\\ud83d\":\"\\ud83d\",\"a\\u0000\":\"\\u0000\"}", "{\"0/tcp\":{},\"70000-80000/udp\":{},\"1-65535\":{}}",
        "\"0001-01-01T00:00:00Z\"", "\"2099-01-01T00:00:00Z\"", "\"9999-12-31T23:59:59-23:59\"", "\"2016-12-31T23:59:60Z\"", "\"1969-12-31T23:59:59+14:00\"",
    ];

    const string Config = """
        {"created":"2024-01-01T00:00:00Z","author":"a","architecture":"amd64","os":"linux","variant":"v1","os.version":"1","os.features":["a"],
         "config":{"User":"a","ExposedPorts":{"80/tcp":{}},"Env":["A=b"],"Entrypoint":["/a"],"Cmd":["b"],"Volumes":{"/v":{}},"WorkingDir":"/w","Labels":{"org.opencontainers.image.title":"t","a":"b"},"StopSignal":"SIGTERM","ArgsEscaped":true,
                   "Healthcheck":{"Test":["CMD","a"],"Interval":1,"Timeout":1,"StartPeriod":1,"Retries":1}},
         "rootfs":{"type":"layers","diff_ids":["sha256:0000000000000000000000000000000000000000000000000000000000000000"]},
         "history":[{"created":"2024-01-01T00:00:00Z","created_by":"RUN a","author":"a","comment":"c","empty_layer":false}]}
        """;

    const string StatementType = "application/vnd.in-toto+json";

    // What lies in layers and is read: the type of the config, of the layer, and the document.
    static readonly Dictionary<string, (string Config, string Layer, string Document)> Documents = new()
    {
        ["provenance 0.2"] = (ImageConfigType, StatementType, """
            {"_type":"s","predicateType":"p","subject":[{"name":"n","digest":{"sha256":"d"} }],"predicate":{"metadata":{"https://mobyproject.org/buildkit@v1#metadata":{"source":{"infos":[{"filename":"Dockerfile","data":"RlJPTSBh"}]} } } } }
            """),
        ["provenance 1"] = (ImageConfigType, StatementType, """{"predicate":{"runDetails":{"metadata":{"buildkit_metadata":{"source":{"infos":[{"data":"RlJPTSBh"}]} } } } } }"""),
        ["signature"] = (ImageConfigType, "application/vnd.dev.cosign.simplesigning.v1+json", """{"critical":{"identity":{"docker-reference":"a"},"image":{"docker-manifest-digest":"sha256:a"} },"optional":{"creator":"c"} }"""),
        ["envelope"] = (ImageConfigType, "application/vnd.dsse.envelope.v1+json", """{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{"sig":"a"}]}"""),
        ["SBOM"] = (ImageConfigType, "application/vnd.cyclonedx+json", """{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"name":"a"}],"metadata":{"tools":{"components":[{"name":"a","version":"1"}]} } }"""),
        ["chart"] = ("application/vnd.cncf.helm.config.v1+json", "", """{"name":"n","version":"1","appVersion":"2","type":"t","home":"h","sources":["s"],"keywords":["k"],"maintainers":[{"name":"m"}],"dependencies":[{"name":"d","version":"1"}]}"""),
    };

    const string ImageConfigType = "application/vnd.oci.image.config.v1+json";

    [Theory, OnBothEngines]
    public async Task Nothing_fails_whatever_a_document_says(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        var random = Seed.Random();
        var layer = new TarBytes().File("etc/a", "b").End();
        var names = new List<(string Name, string Why)>();
        var number = 0;
        foreach (var target in (string[])["config", "manifest", "index", .. Documents.Keys])
        {
            var whole = Documents.TryGetValue(target, out var kept) ? kept.Document : target == "config" ? Config : Document(target, "sha256:x", 1, "sha256:y", 1);
            foreach (var path in Paths(JsonNode.Parse(whole)!).ToList())
            {
                // The least likely to be foreseen, and another one.
                foreach (var value in ((string[])["\"cut \\ud83d\"", random.Pick(Hostile)]).Take(kept.Document is null ? 2 : 1))
                {
                    var name = $"hostile/r{number++}";
                    var why = $"{target} {path} {value}";
                    if (kept.Document is null ? await TryPushAsync(registry, name, layer, target, path, value, why) : await PushKeptAsync(registry, name, kept.Config, kept.Layer, Replace(whole, path, value)))
                        names.Add((name, why));
                }
            }
        }
        Assert.True(names.Count > 50, $"only {names.Count} documents were taken");
        await registry.PushImageAsync("zz/innocent", "1"); // the last in the queue
        await registry.LookAsync();
        await Eventually.IsAsync(1L, () => registry.App.Database.ReadAsync(async session => await session.FindNumberAsync(new Staithe.Database.Sql("select count(*) from repositories r join search_documents d on d.repo_id = r.id where r.name = 'zz/innocent'")) ?? 0));
        Assert.Empty(await Poison.FailedAsync(registry));
        var failed = new List<string>();
        foreach (var (name, why) in names)
        {
            foreach (var face in (string[])["/r/NAME", "/r/NAME:1", "/r/NAME:1?view=raw", "/r/NAME:1?view=attached", "/r/NAME:1?view=build", "/r/NAME:1?view=run", "/run/NAME:1/kube.yaml", "/f/NAME:1/", "/diff?from=NAME:1&to=NAME:1", "/feeds/r/NAME.atom", "/api/v1/packages?image=NAME:1"])
                await AskAsync(face.Replace("NAME", name, StringComparison.Ordinal), why);
        }
        foreach (var face in (string[])["/search?q=hostile", "/api/v1/search?q=hostile&limit=200", "/api/v1/search?q=cut", "/v1/search?q=hostile", "/search?q=space:hostile", "/spaces/hostile", "/feeds/search.atom?q=hostile", "/"])
            await AskAsync(face, "all of them");
        Assert.True(failed.Count == 0, $"{string.Join("\n\n", failed.Take(10))}\n{string.Join("\n", registry.Log.Split('\n').Where(line => line.Contains("\"exception\"", StringComparison.Ordinal)).Take(3))}");

        async Task AskAsync(string path, string why)
        {
            using var answer = await registry.GetAsync(path, ("Accept", path.StartsWith("/r/", StringComparison.Ordinal) ? "text/html" : "*/*"));
            if (answer.StatusCode == HttpStatusCode.InternalServerError)
                failed.Add($"{path} of {why}");
        }
    }

    static async Task<bool> TryPushAsync(Registry registry, string name, byte[] layer, string target, string path, string value, string why)
    {
        var (config, layerDigest) = (Encoding.UTF8.GetBytes(target == "config" ? Replace(Config, path, value) : Config), await registry.PushBlobAsync(name, layer));
        var configDigest = await registry.PushBlobAsync(name, config);
        var document = Document("manifest", configDigest, config.Length, layerDigest, layer.Length);
        var manifest = Encoding.UTF8.GetBytes(target == "manifest" ? Replace(document, path, value) : document);
        if (target == "index")
        {
            using var child = await registry.PutManifestAsync(name, Registry.Digest(manifest), manifest);
            await child.ExpectAsync(HttpStatusCode.Created);
            manifest = Encoding.UTF8.GetBytes(Replace(Document("index", Registry.Digest(manifest), manifest.Length, "", 0), path, value));
        }
        using var pushed = await registry.PutManifestAsync(name, "1", manifest, target == "index" ? RegistryClient.OciIndex : RegistryClient.OciManifest);
        Assert.True(pushed.StatusCode is HttpStatusCode.Created or HttpStatusCode.BadRequest or HttpStatusCode.NotFound, $"{why}: {(int)pushed.StatusCode} {await pushed.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
        return pushed.StatusCode == HttpStatusCode.Created;
    }

    // The document in a layer, or as the config where it is that of a chart; under a tag, and beside an image as builders keep it.
    static async Task<bool> PushKeptAsync(Registry registry, string name, string configType, string layerType, string document)
    {
        var isConfig = layerType.Length == 0;
        byte[] kept = Encoding.UTF8.GetBytes(document), other = "{}"u8.ToArray(), image = Encoding.UTF8.GetBytes(Document("manifest", await registry.PushBlobAsync(name, Encoding.UTF8.GetBytes(Config)), Config.Length, await registry.PushBlobAsync(name, "layer"u8.ToArray()), 5));
        var (config, layer) = isConfig ? (kept, other) : (other, kept);
        var manifest = Encoding.UTF8.GetBytes($$"""
            {"schemaVersion":2,"mediaType":"{{RegistryClient.OciManifest}}","config":{"mediaType":"{{configType}}","digest":"{{await registry.PushBlobAsync(name, config)}}","size":{{config.Length}} },
             "layers":[{"mediaType":"{{(isConfig ? "application/vnd.cncf.helm.chart.content.v1.tar+gzip" : layerType)}}","digest":"{{await registry.PushBlobAsync(name, layer)}}","size":{{layer.Length}} }]}
            """);
        var index = Encoding.UTF8.GetBytes($$"""
            {"schemaVersion":2,"mediaType":"{{RegistryClient.OciIndex}}","manifests":[{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{Registry.Digest(image)}}","size":{{image.Length}} },
             {"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{Registry.Digest(manifest)}}","size":{{manifest.Length}},"platform":{"os":"unknown","architecture":"unknown"},"annotations":{"vnd.docker.reference.type":"attestation-manifest"} }]}
            """);
        foreach (var (tag, content, type) in ((string, byte[], string)[])[("image", image, RegistryClient.OciManifest), ("artifact", manifest, RegistryClient.OciManifest), ("1", index, RegistryClient.OciIndex)])
        {
            using var pushed = await registry.PutManifestAsync(name, tag, content, type);
            await pushed.ExpectAsync(HttpStatusCode.Created);
        }
        using var page = await registry.GetAsync($"/r/{name}:artifact", ("Accept", "text/html"));
        Assert.True(page.StatusCode == HttpStatusCode.OK, $"{document}: {page.StatusCode}");
        return true;
    }

    static string Document(string target, string config, int configSize, string layer, int layerSize) => target == "index"
        ? $$"""{"schemaVersion":2,"mediaType":"{{RegistryClient.OciIndex}}","artifactType":"application/x","manifests":[{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{config}}","size":{{configSize}},"platform":{"os":"linux","architecture":"amd64","variant":"v1","os.version":"1"},"annotations":{"a":"b"},"artifactType":"application/y"}],"annotations":{"org.opencontainers.image.description":"d"} }"""
        : $$"""{"schemaVersion":2,"mediaType":"{{RegistryClient.OciManifest}}","artifactType":"application/x","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{config}}","size":{{configSize}},"annotations":{"a":"b"} },"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{{layer}}","size":{{layerSize}},"urls":["https://a.example"],"annotations":{"a":"b"} }],"annotations":{"org.opencontainers.image.description":"d","org.opencontainers.image.created":"2024-01-01T00:00:00Z","org.opencontainers.image.licenses":"MIT"} }""";

    // Each member and each element of a list, as the keys that lead to it.
    static IEnumerable<string> Paths(JsonNode node, string path = "")
    {
        IEnumerable<(string Key, JsonNode? Value)> members = node switch
        {
            JsonObject some => some.Select(member => (member.Key, member.Value)),
            JsonArray some => some.Select((value, index) => (index.ToString(System.Globalization.CultureInfo.InvariantCulture), value)),
            _ => [],
        };
        foreach (var (key, value) in members.ToList())
        {
            yield return $"{path}\n{key}";
            foreach (var below in value is null ? [] : Paths(value, $"{path}\n{key}"))
                yield return below;
        }
    }

    // The value is written as text, since half a character cannot be in a node.
    static string Replace(string json, string path, string value)
    {
        const string Mark = "0f1e2d3c4b5a";
        var root = JsonNode.Parse(json)!;
        var keys = path.TrimStart('\n').Split('\n');
        var node = root;
        foreach (var key in keys[..^1])
            node = node is JsonArray list ? list[int.Parse(key, System.Globalization.CultureInfo.InvariantCulture)]! : node[key]!;
        if (node is JsonArray array)
            array[int.Parse(keys[^1], System.Globalization.CultureInfo.InvariantCulture)] = Mark;
        else
            node[keys[^1]] = Mark;
        return root.ToJsonString().Replace($"\"{Mark}\"", value == "LONG" ? $"\"{new string('x', 200_000)}\"" : value, StringComparison.Ordinal);
    }
}
