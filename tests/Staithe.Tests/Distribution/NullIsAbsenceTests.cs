using System.Net;
using System.Text;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Distribution;

/// <summary>Programs in Go write a list without entries as null: it is the same as an empty one, and null is absence for what may be left out.</summary>
public sealed class NullIsAbsenceTests(Registries registries)
{
    [Theory, OnBothEngines]
    public async Task Null_is_taken_for_every_list_and_everything_optional(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        var content = """{"architecture":"amd64","os":"linux","config":null,"rootfs":{"type":"layers","diff_ids":null},"history":null}"""u8.ToArray();
        var blob = await registry.PushBlobAsync(name, content);
        var config = $$"""{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{blob}}","size":{{content.Length}},"annotations":null,"platform":null,"urls":null,"data":null,"artifactType":null}""";
        foreach (var (manifest, contentType, type) in new[]
        {
            ($$"""{"schemaVersion":2,"config":{{config}},"layers":null}""", RegistryClient.OciManifest, RegistryClient.OciManifest),
            ($$"""{"schemaVersion":2,"mediaType":null,"config":{{config}},"layers":null,"manifests":null,"annotations":null,"subject":null,"artifactType":null}""", null, RegistryClient.OciManifest),
            ("""{"schemaVersion":2,"manifests":null}""", RegistryClient.OciIndex, RegistryClient.OciIndex),
            ("""{"schemaVersion":2,"manifests":[],"annotations":{"a":null,"b":"c"}}""", RegistryClient.OciIndex, RegistryClient.OciIndex),
            ("""{"schemaVersion":2,"manifests":null,"config":null,"layers":null,"annotations":null,"subject":null,"artifactType":null}""", null, RegistryClient.OciIndex),
            ("""{"schemaVersion":2,"manifests":null}""", "application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.docker.distribution.manifest.list.v2+json"),
            ("""{"layers":null,"blobs":null,"manifests":null,"config":null,"subject":null}""", "application/vnd.example+json", "application/vnd.example+json"),
        })
        {
            var repository = Registry.NewRepository();
            using (var mounted = await registry.SendAsync(HttpMethod.Post, $"/v2/{repository}/blobs/uploads/?mount={blob}&from={name}", []))
                await mounted.ExpectAsync(HttpStatusCode.Created);
            using (var pushed = await registry.SendAsync(HttpMethod.Put, $"/v2/{repository}/manifests/1", Encoding.UTF8.GetBytes(manifest), contentType))
                await pushed.ExpectAsync(HttpStatusCode.Created);
            using (var pulled = await registry.GetAsync($"/v2/{repository}/manifests/1"))
                Assert.Equal(type, pulled.Header("Content-Type"));
            foreach (var path in (string[])[$"/r/{repository}", $"/r/{repository}:1", $"/r/{repository}:1?view=raw", $"/run/{repository}:1/recipe.json", $"/f/{repository}:1/"])
            {
                using var page = await registry.GetAsync(path);
                Assert.True((int)page.StatusCode < 500 || page.StatusCode == HttpStatusCode.ServiceUnavailable, $"{path}: {(int)page.StatusCode}");
            }
        }
    }

    [Theory, OnBothEngines]
    public async Task What_is_required_cannot_be_null(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        foreach (var (manifest, type) in new[]
        {
            ("""{"schemaVersion":null,"manifests":[]}""", RegistryClient.OciIndex),
            ("""{"schemaVersion":2,"config":null,"layers":[]}""", RegistryClient.OciManifest),
            ("""{"schemaVersion":2,"manifests":[null]}""", RegistryClient.OciIndex),
            ("""{"schemaVersion":2,"manifests":[{"mediaType":"a/b","digest":null,"size":1}]}""", RegistryClient.OciIndex),
        })
        {
            using var response = await registry.PutManifestAsync(name, "1", Encoding.UTF8.GetBytes(manifest), type);
            await response.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID");
        }
    }
}
