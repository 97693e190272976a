using System.Net;
using System.Text;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Conformance;

/// <summary>end-7: manifests in.</summary>
public sealed class ManifestPushTests(Registries registries)
{
    const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
    const string DockerList = "application/vnd.docker.distribution.manifest.list.v2+json";

    [Theory, OnBothEngines]
    public async Task A_manifest_is_pushed_by_tag_and_by_digest_of_both_algorithms(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var manifest = RegistryClient.Index([], $$""","annotations":{"name":"{{name}}"}""");
        var (sha256, sha512) = (Registry.Digest(manifest), Registry.Digest(manifest, "sha512"));
        foreach (var (reference, digest) in new[] { ("v1", sha256), (sha256, sha256), (sha512, sha512) })
        {
            using var response = await registry.PutManifestAsync(name, reference, manifest, RegistryClient.OciIndex);
            await response.ExpectAsync(HttpStatusCode.Created);
            response.ExpectHeaders(("Content-Length", "0"), ("Docker-Content-Digest", digest), ("Location", $"/v2/{name}/manifests/{reference}"));
            await ExpectManifestAsync(registry, response.Location(), manifest, RegistryClient.OciIndex);
        }
    }

    [Theory, OnBothEngines]
    public async Task Digests_of_both_algorithms_mix_in_one_manifest(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var (config, layer) = ("{}"u8.ToArray(), Guid.NewGuid().ToByteArray());
        var manifest = RegistryClient.ImageManifest(
            await registry.PushBlobAsync(name, config, "sha512"),
            config.Length,
            [(await registry.PushBlobAsync(name, layer), layer.Length), (await registry.PushBlobAsync(name, layer, "sha512"), layer.Length), (await registry.PushBlobAsync(name, [], "sha512"), 0)]);
        await ExpectPushAsync(registry, name, manifest, RegistryClient.OciManifest);
    }

    [Theory, OnBothEngines]
    public async Task Layers_may_be_none_empty_or_the_same(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var (config, empty) = ("{}"u8.ToArray(), Array.Empty<byte>());
        var (configDigest, emptyDigest) = (await registry.PushBlobAsync(name, config), await registry.PushBlobAsync(name, empty));
        foreach (var layers in new (string, long)[][] { [], [(emptyDigest, 0)], [(emptyDigest, 0), (emptyDigest, 0), (configDigest, 2)] })
            await ExpectPushAsync(registry, name, RegistryClient.ImageManifest(configDigest, config.Length, layers), RegistryClient.OciManifest);
    }

    [Theory, OnBothEngines]
    public async Task Docker_images_and_manifest_lists_are_taken(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var config = await registry.PushBlobAsync(name, "{}"u8.ToArray());
        var image = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{DockerManifest}}","config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":2,"digest":"{{config}}"},"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":2,"digest":"{{config}}"}]}""");
        await ExpectPushAsync(registry, name, image, DockerManifest);
        var list = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{DockerList}}","manifests":[{"mediaType":"{{DockerManifest}}","size":{{image.Length}},"digest":"{{Registry.Digest(image)}}","platform":{"architecture":"amd64","os":"linux"} }]}""");
        await ExpectPushAsync(registry, name, list, DockerList);
    }

    [Theory, OnBothEngines]
    public async Task Schema_1_is_refused(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var manifest = """{"schemaVersion":1,"name":"a","tag":"b","fsLayers":[],"history":[],"signatures":[]}"""u8.ToArray();
        foreach (var type in new[] { "application/vnd.docker.distribution.manifest.v1+prettyjws", "application/vnd.docker.distribution.manifest.v1+json", "application/json", RegistryClient.OciManifest })
        {
            using var response = await registry.PutManifestAsync(name, "v1", manifest, type);
            await response.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID");
        }
    }

    [Theory, OnBothEngines]
    public async Task Indexes_may_hold_indexes(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var image = await registry.PushImageAsync(name);
        var manifest = RegistryClient.Index([(image.Digest, image.Manifest.Length)]);
        for (var depth = 0; depth < 4; depth++)
        {
            await ExpectPushAsync(registry, name, manifest, RegistryClient.OciIndex);
            manifest = RegistryClient.Index([(Registry.Digest(manifest), manifest.Length)], $$""","annotations":{"depth":"{{depth}}"}""", RegistryClient.OciIndex);
        }
    }

    [Theory, OnBothEngines]
    public async Task What_it_does_not_know_it_keeps_byte_for_byte(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var blob = await registry.PushBlobAsync(name, "{}"u8.ToArray());
        foreach (var (json, type) in new[]
        {
            ("  {\n\t\"schemaVersion\" : 2 ,\"manifests\":[ ], \"x-unknown\":{\"a\":[1,2.50,null,\"\\u00e9\u00e9\\/\"]}}\r\n\r\n", RegistryClient.OciIndex),
            ($$"""{"schemaVersion":2,"mediaType":"{{RegistryClient.OciManifest}}","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{{blob}}","size":2,"x":1,"urls":["http://example.org"]},"layers":[],"reserved":true}""", RegistryClient.OciManifest),
            ("""{"mediaType":"application/vnd.example.unknown.v7+json","anything":["goes"]}""", "application/vnd.example.unknown.v7+json"),
            ($$"""{"blobs":[{"mediaType":"application/x","digest":"{{blob}}","size":2}],"mediaType":"application/vnd.oci.artifact.manifest.v1+json"}""", "application/vnd.oci.artifact.manifest.v1+json"),
            ("""{"no":"media type at all"}""", "application/vnd.example+json"),
        })
            await ExpectPushAsync(registry, name, Encoding.UTF8.GetBytes(json), type);
    }

    [Theory, OnBothEngines]
    public async Task Parameters_of_the_content_type_are_dropped(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var index = RegistryClient.Index([]);
        using (var response = await registry.PutManifestAsync(name, "v1", index, RegistryClient.OciIndex + "; charset=utf-8"))
            await response.ExpectAsync(HttpStatusCode.Created);
        await ExpectManifestAsync(registry, $"/v2/{name}/manifests/v1", index, RegistryClient.OciIndex);
    }

    [Theory, OnBothEngines]
    public async Task Without_a_content_type_the_manifest_says_what_it_is(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var index = RegistryClient.Index([]);
        using (var response = await registry.SendAsync(HttpMethod.Put, $"/v2/{name}/manifests/v1", index))
            await response.ExpectAsync(HttpStatusCode.Created);
        await ExpectManifestAsync(registry, $"/v2/{name}/manifests/v1", index, RegistryClient.OciIndex);
    }

    [Theory, OnBothEngines]
    public async Task Embedded_data_must_be_what_it_is_said_to_be(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var digest = await registry.PushBlobAsync(name, "{}"u8.ToArray());
        foreach (var (data, status) in new[] { ("e30=", HttpStatusCode.Created), ("W10=", HttpStatusCode.BadRequest), ("e30", HttpStatusCode.BadRequest), ("", HttpStatusCode.BadRequest) })
        {
            var manifest = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{{digest}}","size":2,"data":"{{data}}"},"layers":[]}""");
            using var response = await registry.PutManifestAsync(name, "v1", manifest);
            await response.ExpectAsync(status);
        }
    }

    [Theory, OnBothEngines]
    public async Task What_is_named_must_be_there_and_as_large_as_said(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var (config, layer) = (Guid.NewGuid().ToByteArray(), Guid.NewGuid().ToByteArray());
        var (configDigest, layerDigest) = (Registry.Digest(config), Registry.Digest(layer));
        using (var response = await registry.PutManifestAsync(name, "v1", RegistryClient.ImageManifest(configDigest, 16, [(layerDigest, 16)])))
        {
            var errors = (await response.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_BLOB_UNKNOWN")).GetProperty("errors");
            Assert.Equal([configDigest, layerDigest], errors.EnumerateArray().Select(error => error.GetProperty("detail").GetProperty("digest").GetString()));
        }
        await registry.PushBlobAsync(name, config);
        await registry.PushBlobAsync(Registry.NewRepository(), layer);
        using (var response = await registry.PutManifestAsync(name, "v1", RegistryClient.ImageManifest(configDigest, 16, [(layerDigest, 16)])))
        {
            var errors = (await response.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_BLOB_UNKNOWN")).GetProperty("errors");
            Assert.Equal(layerDigest, Assert.Single(errors.EnumerateArray()).GetProperty("detail").GetProperty("digest").GetString());
        }
        await registry.PushBlobAsync(name, layer);
        using (var response = await registry.PutManifestAsync(name, "v1", RegistryClient.ImageManifest(configDigest, 16, [(layerDigest, 17)])))
            await response.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID");
        await ExpectPushAsync(registry, name, RegistryClient.ImageManifest(configDigest, 16, [(layerDigest, 16)]), RegistryClient.OciManifest);
    }

    [Theory, OnBothEngines]
    public async Task The_children_of_an_index_must_be_there(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var image = await registry.PushImageAsync(Registry.NewRepository());
        using var response = await registry.PutManifestAsync(name, "v1", RegistryClient.Index([(image.Digest, image.Manifest.Length)]), RegistryClient.OciIndex);
        var error = (await response.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_BLOB_UNKNOWN")).GetProperty("errors")[0];
        Assert.Equal(image.Digest, error.GetProperty("detail").GetProperty("digest").GetString());
    }

    [Theory, OnBothEngines]
    public async Task Layers_that_may_not_be_distributed_may_be_absent(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var config = await registry.PushBlobAsync(name, "{}"u8.ToArray());
        foreach (var type in new[] { "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" })
        {
            var layer = Guid.NewGuid().ToByteArray();
            var manifest = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{config}}","size":2},"layers":[{"mediaType":"{{type}}","digest":"{{Registry.Digest(layer)}}","size":16,"urls":["https://example.org/layer"]}]}""");
            await ExpectPushAsync(registry, name, manifest, RegistryClient.OciManifest);

            // Once it is there after all, the image holds it like any other layer.
            var path = $"/v2/{name}/blobs/{await registry.PushBlobAsync(name, layer)}";
            using var held = await registry.DeleteAsync(path);
            await held.ExpectErrorAsync(HttpStatusCode.MethodNotAllowed, "UNSUPPORTED");
            await ExpectPushAsync(registry, name, manifest, RegistryClient.OciManifest);
        }
    }

    [Theory, OnBothEngines]
    public async Task One_push_may_set_many_tags(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var index = RegistryClient.Index([]);
        var digest = Registry.Digest(index);
        string[] tags = [.. Enumerable.Range(0, 100).Select(i => $"{i}-{new string('x', 120)}")];
        using (var response = await registry.PutManifestAsync(name, $"{digest}?{string.Join('&', tags.Select(tag => $"tag={tag}"))}", index, RegistryClient.OciIndex))
        {
            await response.ExpectAsync(HttpStatusCode.Created);
            response.ExpectHeaders(("Content-Length", "0"), ("Docker-Content-Digest", digest), ("Location", $"/v2/{name}/manifests/{digest}"), ("OCI-Tag", string.Join(", ", tags)));
        }
        foreach (var tag in new[] { tags[0], tags[99] })
            await ExpectManifestAsync(registry, $"/v2/{name}/manifests/{tag}", index, RegistryClient.OciIndex);
        using (var twice = await registry.PutManifestAsync(name, $"{digest}?tag=a&tag=b&tag=a", index, RegistryClient.OciIndex))
            Assert.Equal("a, b", twice.Header("OCI-Tag"));
        using (var byTag = await registry.PutManifestAsync(name, "c?tag=d", index, RegistryClient.OciIndex))
            Assert.Equal("c, d", byTag.Header("OCI-Tag"));
    }

    [Theory, OnBothEngines]
    public async Task More_than_a_hundred_tags_are_too_many_and_none_is_set(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var index = RegistryClient.Index([]);
        foreach (var (query, status) in new[] { (string.Join('&', Enumerable.Range(0, 101).Select(i => $"tag=t{i}")), HttpStatusCode.RequestUriTooLong), ("tag=good&tag=.bad", HttpStatusCode.BadRequest), ("tag=good&tag=", HttpStatusCode.BadRequest) })
        {
            using var response = await registry.PutManifestAsync(name, $"{Registry.Digest(index)}?{query}", index, RegistryClient.OciIndex);
            await response.ExpectErrorAsync(status, "MANIFEST_INVALID");
        }
        using var list = await registry.GetAsync($"/v2/{name}/tags/list");
        await list.ExpectAsync(HttpStatusCode.NotFound);
    }

    [Theory, OnBothEngines]
    public async Task A_tag_moves_only_from_where_the_client_saw_it(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var (first, second, third) = (RegistryClient.Index([], ""","a":1"""), RegistryClient.Index([], ""","a":2"""), RegistryClient.Index([], ""","a":3"""));
        await PushAsync(first, HttpStatusCode.PreconditionFailed, ("If-Match", "*"));
        await PushAsync(first, HttpStatusCode.PreconditionFailed, ("If-Match", Quoted(first)));
        await PushAsync(first, HttpStatusCode.Created, ("If-None-Match", "*"));
        await PushAsync(second, HttpStatusCode.PreconditionFailed, ("If-None-Match", "*"));
        await PushAsync(second, HttpStatusCode.PreconditionFailed, ("If-None-Match", Quoted(first)));
        await PushAsync(second, HttpStatusCode.PreconditionFailed, ("If-Match", Quoted(third)));
        await ExpectManifestAsync(registry, $"/v2/{name}/manifests/v1", first, RegistryClient.OciIndex);
        await PushAsync(second, HttpStatusCode.Created, ("If-Match", $"{Quoted(third)}, {Quoted(first)}"));
        await PushAsync(third, HttpStatusCode.PreconditionFailed, ("If-Match", Quoted(first)));
        await PushAsync(third, HttpStatusCode.Created, ("If-Match", "*"), ("If-None-Match", Quoted(first)));
        await ExpectManifestAsync(registry, $"/v2/{name}/manifests/v1", third, RegistryClient.OciIndex);

        async Task PushAsync(byte[] manifest, HttpStatusCode status, params (string, string)[] conditions)
        {
            using var response = await registry.PutManifestAsync(name, "v1", manifest, RegistryClient.OciIndex, conditions);
            if (status == HttpStatusCode.Created)
                await response.ExpectAsync(status);
            else
                await response.ExpectErrorAsync(status, "DENIED");
        }
    }

    [Theory, OnBothEngines]
    public async Task Of_clients_that_compare_and_set_a_tag_at_the_same_time_one_wins(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var seen = RegistryClient.Index([]);
        using (var begin = await registry.PutManifestAsync(name, "v1", seen, RegistryClient.OciIndex))
            await begin.ExpectAsync(HttpStatusCode.Created);
        var pushes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => registry.PutManifestAsync(name, "v1", RegistryClient.Index([], $$""","i":{{i}}"""), RegistryClient.OciIndex, ("If-Match", Quoted(seen)))));
        Assert.Equal(1, pushes.Count(response => response.StatusCode == HttpStatusCode.Created));
        Assert.Equal(7, pushes.Count(response => response.StatusCode == HttpStatusCode.PreconditionFailed));
        foreach (var response in pushes)
            response.Dispose();
    }

    [Theory, OnBothEngines]
    public async Task A_manifest_may_have_four_megabytes_and_no_more(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var shell = RegistryClient.Index([], ""","x":"" """.TrimEnd()).Length;
        var largest = RegistryClient.Index([], $$""","x":"{{new string('x', (4 * 1024 * 1024) - shell)}}" """.TrimEnd());
        Assert.Equal(4 * 1024 * 1024, largest.Length);
        await ExpectPushAsync(registry, name, largest, RegistryClient.OciIndex);
        using var larger = await registry.PutManifestAsync(name, "v2", [.. largest, (byte)' '], RegistryClient.OciIndex);
        await larger.ExpectErrorAsync(HttpStatusCode.RequestEntityTooLarge, "MANIFEST_INVALID");
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/v2/{name}/manifests/v2") { Content = new StreamContent(new MemoryStream([.. largest, (byte)' '])) };
        request.Headers.TransferEncodingChunked = true;
        using var streamed = await registry.Http.SendAsync(request, TestContext.Current.CancellationToken);
        await streamed.ExpectErrorAsync(HttpStatusCode.RequestEntityTooLarge, "MANIFEST_INVALID");
    }

    static string Quoted(byte[] manifest) => $"\"{Registry.Digest(manifest)}\"";

    static async Task ExpectPushAsync(Registry registry, string name, byte[] manifest, string type)
    {
        using var response = await registry.PutManifestAsync(name, "v1", manifest, type);
        await response.ExpectAsync(HttpStatusCode.Created);
        Assert.Equal(Registry.Digest(manifest), response.Header("Docker-Content-Digest"));
        await ExpectManifestAsync(registry, response.Location(), manifest, type);
    }

    static async Task ExpectManifestAsync(Registry registry, string path, byte[] manifest, string type)
    {
        using var response = await registry.GetAsync(path);
        await response.ExpectAsync(HttpStatusCode.OK);
        Assert.Equal(type, response.Header("Content-Type"));
        Assert.Equal(manifest, await response.BytesAsync());
    }

    async Task<(Registry Registry, string Name)> NewAsync(Engine engine) => (await registries.GetAsync(engine), Registry.NewRepository());
}
