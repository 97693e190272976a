using System.Net;
using System.Text;
using System.Text.Json;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Distribution;

/// <summary>
/// Text that clients send and an index of the database keeps has a bound where it is parsed, so that both databases answer alike: an entry of
/// PostgreSQL's takes 2.7 kB, and no text of it a NUL.
/// </summary>
public sealed class BoundedTextTests(Registries registries)
{
    static readonly string Longest = $"application/{Noise(127)}";

    [Theory, OnBothEngines]
    public async Task A_media_type_has_a_bound_wherever_a_manifest_has_one(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        var blob = await registry.PushBlobAsync(name, "{}"u8.ToArray());
        string Descriptor(string type) => $$"""{"mediaType":"{{type}}","digest":"{{blob}}","size":2}""";
        string Image(string config, string more) => $$"""{"schemaVersion":2,"config":{{Descriptor(config)}},"layers":[]{{more}},"subject":{{Descriptor(RegistryClient.OciManifest)}} }""";
        const string Empty = "application/vnd.oci.empty.v1+json";
        foreach (var type in (string[])[$"application/{Noise(3000)}", $"{Noise(3000)}/x", $"application/{Noise(128)}", $"{Noise(128)}/x", $"application/x;{Noise(3000)}", Noise(3000)])
        {
            foreach (var (manifest, contentType) in new[]
            {
                (Image(Empty, $$""","artifactType":"{{type}}" """), RegistryClient.OciManifest),
                (Image(type, ""), RegistryClient.OciManifest),
                (Image(Empty, "").Replace("[]", $"[{Descriptor(type)}]", StringComparison.Ordinal), RegistryClient.OciManifest),
                ($$"""{"schemaVersion":2,"manifests":[{{Descriptor(type)}}]}""", RegistryClient.OciIndex),
                ($$"""{"schemaVersion":2,"manifests":[],"subject":{{Descriptor(type)}} }""", RegistryClient.OciIndex),
                ($$"""{"schemaVersion":2,"manifests":[],"artifactType":"{{type}}","subject":{{Descriptor(RegistryClient.OciManifest)}} }""", RegistryClient.OciIndex),
                ($$"""{"artifactType":"{{type}}","subject":{{Descriptor(RegistryClient.OciManifest)}} }""", "application/vnd.example+json"),
                ($$"""{"mediaType":"{{type}}","subject":{{Descriptor(RegistryClient.OciManifest)}} }""", "application/octet-stream"),
            })
            {
                using var response = await registry.PutManifestAsync(name, "1", Encoding.UTF8.GetBytes(manifest), contentType);
                await response.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID");
            }
        }
    }

    [Theory, OnBothEngines]
    public async Task The_longest_media_types_are_taken_and_found(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        var subject = Registry.Digest(Encoding.UTF8.GetBytes(name));
        foreach (var type in (string[])[Longest, $"{Longest};version=0.3", $"{Noise(127)}/{Noise(127)}"])
        {
            var manifest = RegistryClient.Index([], $$""","artifactType":"{{type}}","subject":{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{subject}}","size":2}""");
            using (var pushed = await registry.PutManifestAsync(name, Registry.Digest(manifest), manifest, RegistryClient.OciIndex))
                await pushed.ExpectAsync(HttpStatusCode.Created);
            using var listed = await registry.GetAsync($"/v2/{name}/referrers/{subject}?artifactType={Uri.EscapeDataString(type)}");
            Assert.Equal(Registry.Digest(manifest), Assert.Single((await listed.JsonAsync()).GetProperty("manifests").EnumerateArray()).GetProperty("digest").GetString());
        }
    }

    [Theory, OnBothEngines]
    public async Task A_digest_has_a_bound_too(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        var manifest = RegistryClient.Index([], $$""","subject":{"mediaType":"{{RegistryClient.OciManifest}}","digest":"blake3:{{Noise(3000)}}","size":2}""");
        using (var pushed = await registry.PutManifestAsync(name, "1", manifest, RegistryClient.OciIndex))
            await pushed.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID");
        using var asked = await registry.GetAsync($"/v2/{name}/referrers/blake3:{Noise(3000)}");
        await asked.ExpectErrorAsync(HttpStatusCode.BadRequest, "DIGEST_INVALID");
    }

    // No query is a fault of the server, whatever is in it.
    [Theory, OnBothEngines]
    public async Task A_query_may_hold_anything(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        await registry.PushImageAsync(name, "1");
        foreach (var value in (string[])["%00", "a%00b", "name:a%00b", "%ff", Noise(3000), "%ED%A0%80"])
        {
            foreach (var path in (string[])
            [
                $"/search?q={value}", $"/v1/search?q={value}", $"/api/v1/search?q={value}", $"/feeds/search.json?q={value}", $"/r/{name}?view=history&tag={value}", $"/r/{name}:1?view=packages&q={value}&after={value}",
                $"/spaces/{name.Split('/')[0]}?after={value}", $"/v2/_catalog?last={value}", $"/v2/{name}/tags/list?last={value}", $"/v2/{name}/referrers/{Registry.Digest([])}?artifactType={value}", $"/v2/{name}/tags/list?no-such={value}",
            ])
            {
                using var response = await registry.GetAsync(path);
                Assert.True((int)response.StatusCode < 500 || response.StatusCode == HttpStatusCode.ServiceUnavailable, $"{path}: {(int)response.StatusCode}");
            }
        }
    }

    // Letters that do not compress: PostgreSQL packs what does before it looks at the length.
    static string Noise(int length)
    {
        const string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        return new string(new Random(length).GetItems<char>(letters, length));
    }
}
