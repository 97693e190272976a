using System.Net;
using System.Text;
using Staithe.Config;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Distribution;

/// <summary>What a manifest names can be pulled from its repository as what the manifest says it is.</summary>
public sealed class PullableAsItSaysTests(Registries registries)
{
    const string Foreign = "application/vnd.example.thing.v1+json";

    [Theory, OnBothEngines]
    public async Task A_child_of_a_manifests_type_is_a_manifest(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        var image = RegistryClient.ImageManifest(await registry.PushBlobAsync(name, "{}"u8.ToArray()), 2, []);
        var digest = await registry.PushBlobAsync(name, image); // its bytes are there, as a blob
        foreach (var type in (string[])[RegistryClient.OciManifest, RegistryClient.OciIndex, "application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.distribution.manifest.list.v2+json"])
        {
            foreach (var parent in (string[])[RegistryClient.OciIndex, "application/vnd.docker.distribution.manifest.list.v2+json", Foreign])
            {
                using var response = await PutAsync(registry, name, Index(parent, (type, digest, image.Length)), parent);
                var error = (await response.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_BLOB_UNKNOWN")).GetProperty("errors")[0];
                Assert.Equal(digest, error.GetProperty("detail").GetProperty("digest").GetString());
            }
        }
        using (var pushed = await registry.PutManifestAsync(name, digest, image))
            await pushed.ExpectAsync(HttpStatusCode.Created);
        using var taken = await PutAsync(registry, name, Index(RegistryClient.OciIndex, (RegistryClient.OciManifest, digest, image.Length)), RegistryClient.OciIndex);
        await taken.ExpectAsync(HttpStatusCode.Created);
    }

    [Theory, OnBothEngines]
    public async Task A_child_has_the_type_and_size_that_the_index_gives(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        var image = await registry.PushImageAsync(name);
        var nested = RegistryClient.Index([(image.Digest, image.Manifest.Length)]);
        using (var pushed = await PutAsync(registry, name, nested, RegistryClient.OciIndex))
            await pushed.ExpectAsync(HttpStatusCode.Created);
        foreach (var (type, digest, size) in new[]
        {
            (RegistryClient.OciIndex, image.Digest, image.Manifest.Length),
            ("application/vnd.docker.distribution.manifest.v2+json", image.Digest, image.Manifest.Length),
            (Foreign, image.Digest, image.Manifest.Length),
            (RegistryClient.OciManifest, image.Digest, image.Manifest.Length + 1),
            (RegistryClient.OciManifest, Registry.Digest(nested), nested.Length),
            ("application/vnd.oci.image.Manifest.v1+json", image.Digest, image.Manifest.Length),
        })
        {
            using var response = await PutAsync(registry, name, Index(RegistryClient.OciIndex, (type, digest, size)), RegistryClient.OciIndex);
            await response.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID");
            // Also beside a right one.
            var beside = Index(RegistryClient.OciIndex, (RegistryClient.OciManifest, image.Digest, image.Manifest.Length), (type, digest, size));
            using var second = await PutAsync(registry, name, beside, RegistryClient.OciIndex);
            await second.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID");
        }
        using var both = await PutAsync(registry, name, Index(RegistryClient.OciIndex, (RegistryClient.OciManifest, image.Digest, image.Manifest.Length), (RegistryClient.OciIndex, Registry.Digest(nested), nested.Length)), RegistryClient.OciIndex);
        await both.ExpectAsync(HttpStatusCode.Created);
    }

    // Build caches list their layers in an index.
    [Theory, OnBothEngines]
    public async Task A_child_of_another_type_may_be_a_blob(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        var layer = await registry.PushBlobAsync(name, "layer"u8.ToArray());
        var cache = Index(RegistryClient.OciIndex, ("application/vnd.oci.image.layer.v1.tar+gzip", layer, 5));
        using (var pushed = await PutAsync(registry, name, cache, RegistryClient.OciIndex))
            await pushed.ExpectAsync(HttpStatusCode.Created);
        using (var held = await registry.DeleteAsync($"/v2/{name}/blobs/{layer}"))
            await held.ExpectErrorAsync(HttpStatusCode.MethodNotAllowed, "UNSUPPORTED");

        // The bytes of a manifest that are a blob too are a blob under a type that is no manifest's.
        var image = await registry.PushImageAsync(name);
        await registry.PushBlobAsync(name, image.Manifest);
        using var packed = await PutAsync(registry, name, Index(RegistryClient.OciIndex, ("application/vnd.example.packed", image.Digest, image.Manifest.Length)), RegistryClient.OciIndex);
        await packed.ExpectAsync(HttpStatusCode.Created);
    }

    [Theory, OnBothEngines]
    public async Task Config_and_layers_are_blobs(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        var image = await registry.PushImageAsync(name);
        using (var onlyManifest = await registry.PutManifestAsync(name, "1", RegistryClient.ImageManifest(image.Digest, image.Manifest.Length, [])))
            await onlyManifest.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_BLOB_UNKNOWN");
        using (var onlyManifest = await registry.PutManifestAsync(name, "1", RegistryClient.ImageManifest(image.Config, (await LengthAsync(registry, name, image.Config)), [(image.Digest, image.Manifest.Length)])))
            await onlyManifest.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_BLOB_UNKNOWN");

        // Clients ask for what has a manifest's type as a manifest, and would not find it.
        await registry.PushBlobAsync(name, image.Manifest);
        var typed = Encoding.UTF8.GetString(RegistryClient.ImageManifest(image.Digest, image.Manifest.Length, []));
        typed = typed.Replace("application/vnd.oci.image.config.v1+json", RegistryClient.OciManifest, StringComparison.Ordinal);
        using var refused = await registry.PutManifestAsync(name, "1", Encoding.UTF8.GetBytes(typed));
        await refused.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID");
    }

    [Theory, OnBothEngines]
    public async Task Where_an_index_may_have_gaps_a_blob_does_not_fill_one(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine, config => config with { Sparse = SparsePolicy.Index });
        var image = RegistryClient.ImageManifest(await registry.PushBlobAsync("a", "{}"u8.ToArray()), 2, []);
        var digest = await registry.PushBlobAsync("a", image);
        using (var index = await PutAsync(registry, "a", Index(RegistryClient.OciIndex, (RegistryClient.OciManifest, digest, image.Length)), RegistryClient.OciIndex))
            await index.ExpectAsync(HttpStatusCode.Created);
        using (var blob = await registry.DeleteAsync($"/v2/a/blobs/{digest}"))
            await blob.ExpectAsync(HttpStatusCode.Accepted); // nobody needs it as a blob
        using (var arrived = await registry.PutManifestAsync("a", digest, image))
            await arrived.ExpectAsync(HttpStatusCode.Created);
        using var held = await registry.DeleteAsync($"/v2/a/manifests/{digest}");
        await held.ExpectErrorAsync(HttpStatusCode.MethodNotAllowed, "UNSUPPORTED");
    }

    // podman and skopeo ask for each of these children as a manifest, and would not find it.
    [Theory, OnBothEngines]
    public async Task A_manifests_type_is_one_however_it_is_written(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        var digest = await registry.PushBlobAsync(name, "{}"u8.ToArray());
        foreach (var type in (string[])
        [
            $"{RegistryClient.OciManifest};charset=utf-8", $"{RegistryClient.OciManifest} ; a=b", $" {RegistryClient.OciManifest}", $"{RegistryClient.OciIndex} ",
            "application/vnd.docker.distribution.manifest.v1+json", "application/vnd.docker.distribution.manifest.v1+prettyjws", "application/vnd.docker.distribution.Manifest.v1+json; x=y",
        ])
        {
            foreach (var (parent, member) in new[]
            {
                (RegistryClient.OciIndex, "manifests"), (Foreign, "manifests"), (Foreign, "layers"), (Foreign, "blobs"), (RegistryClient.OciManifest, "layers"),
            })
            {
                var config = $$"""{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{{digest}}","size":2}""";
                var rest = parent == RegistryClient.OciManifest ? $",\"config\":{config}" : "";
                var document = $$"""{"schemaVersion":2,"mediaType":"{{parent}}"{{rest}},"{{member}}":[{"mediaType":"{{type}}","digest":"{{digest}}","size":2}]}""";
                using var response = await PutAsync(registry, name, Encoding.UTF8.GetBytes(document), parent);
                await response.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID");
            }
        }
        foreach (var member in (string[])["config", "layers", "blobs"])
        {
            var blob = $$"""{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{digest}}","size":2}""";
            var document = $$"""{"schemaVersion":2,"mediaType":"{{Foreign}}","{{member}}":{{(member == "config" ? blob : $"[{blob}]")}} }""";
            using var response = await PutAsync(registry, name, Encoding.UTF8.GetBytes(document), Foreign);
            await response.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID");
        }
    }

    [Theory, OnBothEngines]
    public async Task What_fills_a_gap_is_what_the_index_said(Engine engine)
    {
        foreach (var sparse in (SparsePolicy[])[SparsePolicy.Index, SparsePolicy.All])
        {
            await using var registry = await Registry.StartAsync(engine, config => config with { Sparse = sparse });
            var blob = await registry.PushBlobAsync("a", "{}"u8.ToArray());
            var plain = RegistryClient.ImageManifest(blob, 2, []);
            var image = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(plain).Replace($"\"mediaType\":\"{RegistryClient.OciManifest}\",", "", StringComparison.Ordinal));
            var digest = Registry.Digest(image);
            var index = Index(RegistryClient.OciIndex, (RegistryClient.OciManifest, digest, image.Length));
            using (var pushed = await PutAsync(registry, "a", index, RegistryClient.OciIndex))
                await pushed.ExpectAsync(HttpStatusCode.Created);
            foreach (var type in (string[])[Foreign, "application/vnd.docker.distribution.manifest.v2+json"])
            {
                using var other = await registry.PutManifestAsync("a", digest, image, type);
                var message = (await other.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID")).GetProperty("errors")[0].GetProperty("message").GetString()!;
                Assert.Contains(Registry.Digest(index), message, StringComparison.Ordinal);
            }
            using (var right = await registry.PutManifestAsync("a", digest, image, RegistryClient.OciManifest))
                await right.ExpectAsync(HttpStatusCode.Created);

            // An index that gives a wrong size has to go before the content can come.
            var nested = Index(RegistryClient.OciIndex);
            var lying = Index(RegistryClient.OciIndex, (RegistryClient.OciIndex, Registry.Digest(nested), nested.Length + 5));
            using (var pushed = await PutAsync(registry, "a", lying, RegistryClient.OciIndex))
                await pushed.ExpectAsync(HttpStatusCode.Created);
            using (var arrived = await PutAsync(registry, "a", nested, RegistryClient.OciIndex))
                await arrived.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID");
            using (var gone = await registry.DeleteAsync($"/v2/a/manifests/{Registry.Digest(lying)}"))
                await gone.ExpectAsync(HttpStatusCode.Accepted);
            using var taken = await PutAsync(registry, "a", nested, RegistryClient.OciIndex);
            await taken.ExpectAsync(HttpStatusCode.Created);
        }
    }

    static async Task<long> LengthAsync(Registry registry, string name, string digest)
    {
        using var head = await registry.HeadAsync($"/v2/{name}/blobs/{digest}");
        return head.Content.Headers.ContentLength!.Value;
    }

    static Task<HttpResponseMessage> PutAsync(Registry registry, string name, byte[] manifest, string type) => registry.PutManifestAsync(name, Registry.Digest(manifest), manifest, type);

    static byte[] Index(string type, params (string Type, string Digest, int Size)[] children)
    {
        var list = string.Join(',', children.Select(child => $$"""{"mediaType":"{{child.Type}}","digest":"{{child.Digest}}","size":{{child.Size}} }"""));
        return Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{type}}","manifests":[{{list}}]}""");
    }
}
