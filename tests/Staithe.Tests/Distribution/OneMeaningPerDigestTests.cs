using System.Net;
using System.Text;
using Staithe.Accounts;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Distribution;

/// <summary>In a repository a digest has one media type, that of its first push, and no document is read in two ways.</summary>
public sealed class OneMeaningPerDigestTests(Registries registries, ClosedRegistries closedRegistries)
{
    const string Foreign = "application/vnd.foo+json";

    [Theory, OnBothEngines]
    public async Task The_first_media_type_of_a_digest_stays(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        var (manifest, digest) = await PushUntypedAsync(registry, name, "v5");
        foreach (var reference in (string[])[digest, "other", $"{digest}?tag=third"])
        {
            using var response = await registry.PutManifestAsync(name, reference, manifest, Foreign);
            var message = (await response.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID")).GetProperty("errors")[0].GetProperty("message").GetString()!;
            Assert.Contains(RegistryClient.OciManifest, message, StringComparison.Ordinal);
            Assert.Contains(Foreign, message, StringComparison.Ordinal);
        }
        foreach (var reference in (string[])["v5", digest, "v5"])
            await ExpectTypeAsync(registry, name, reference, RegistryClient.OciManifest);
        foreach (var absent in (string[])["other", "third"])
        {
            using var response = await registry.GetAsync($"/v2/{name}/manifests/{absent}");
            await response.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_UNKNOWN");
        }
        // The same type, however it is written, and none at all say the same.
        foreach (var type in (string?[])[RegistryClient.OciManifest, RegistryClient.OciManifest.ToUpperInvariant(), RegistryClient.OciManifest + "; charset=utf-8", "application/json", null])
        {
            using var response = await registry.SendAsync(HttpMethod.Put, $"/v2/{name}/manifests/again", manifest, type);
            await response.ExpectAsync(HttpStatusCode.Created);
        }
        await ExpectTypeAsync(registry, name, "again", RegistryClient.OciManifest);
    }

    [Theory, OnBothEngines]
    public async Task A_foreign_type_stays_too(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        var manifest = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"manifests":[],"annotations":{"a":"{{Guid.NewGuid()}}"} }""");
        using (var first = await registry.PutManifestAsync(name, "1", manifest, Foreign))
            await first.ExpectAsync(HttpStatusCode.Created);
        foreach (var type in (string?[])[RegistryClient.OciIndex, null, "application/vnd.bar+json"])
        {
            using var second = await registry.SendAsync(HttpMethod.Put, $"/v2/{name}/manifests/1", manifest, type);
            await second.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID");
        }
        await ExpectTypeAsync(registry, name, "1", Foreign);
    }

    [Theory, OnBothEngines]
    public async Task Who_may_set_other_tags_only_changes_nothing_under_this_one(Engine engine)
    {
        var closed = await closedRegistries.GetAsync(engine);
        var (alice, dave) = (await closed.AddTokenAsync(await closed.AddUserAsync()), await closed.AddTokenAsync(await closed.AddUserAsync()));
        var name = $"{alice.Name}/app";
        var (manifest, digest) = await PushUntypedAsync(closed.As(alice), name, "v5");
        await closed.GrantAsync(alice.SpaceId, name, new Grantee(UserId: dave.Id), Rights.Write, "*,!v*");
        foreach (var reference in (string[])[digest, "mine"])
        {
            using var response = await closed.As(dave).PutManifestAsync(name, reference, manifest, Foreign);
            await response.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID");
        }
        await ExpectTypeAsync(closed.As(alice), name, "v5", RegistryClient.OciManifest);
    }

    [Theory, OnBothEngines]
    public async Task Of_two_pushes_at_once_one_decides(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        await registry.PushBlobAsync(name, "{}"u8.ToArray());
        for (var round = 0; round < 10; round++)
        {
            var manifest = Untyped(round);
            string[] types = [RegistryClient.OciManifest, Foreign];
            var answers = await Task.WhenAll(types.Select(async (type, i) =>
            {
                using var response = await registry.PutManifestAsync(name, $"t{round}-{i}", manifest, type);
                return response.StatusCode;
            }));
            Assert.Equal([HttpStatusCode.Created, HttpStatusCode.BadRequest], answers.Order());
            await ExpectTypeAsync(registry, name, Registry.Digest(manifest), types[Array.IndexOf(answers, HttpStatusCode.Created)]);
        }
    }

    // What others have under the same digest is theirs: a push tells nothing of it, and they cannot keep anybody out.
    [Theory, OnBothEngines]
    public async Task Another_repository_and_a_fresh_start_decide_anew(Engine engine)
    {
        var (registry, name, other) = (await registries.GetAsync(engine), Registry.NewRepository(), Registry.NewRepository());
        var (manifest, digest) = await PushUntypedAsync(registry, name, "1");
        using (var elsewhere = await registry.PutManifestAsync(other, "1", manifest, Foreign))
            await elsewhere.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_BLOB_UNKNOWN");
        await registry.PushBlobAsync(other, "{}"u8.ToArray());
        using (var elsewhere = await registry.PutManifestAsync(other, "1", manifest, Foreign))
            await elsewhere.ExpectAsync(HttpStatusCode.Created);
        await ExpectTypeAsync(registry, name, "1", RegistryClient.OciManifest);
        using (var deleted = await registry.DeleteAsync($"/v2/{name}/manifests/{digest}"))
            await deleted.ExpectAsync(HttpStatusCode.Accepted);
        using (var again = await registry.PutManifestAsync(name, "1", manifest, Foreign))
            await again.ExpectAsync(HttpStatusCode.Created);
        await ExpectTypeAsync(registry, name, "1", Foreign);
        await ExpectTypeAsync(registry, name, digest, Foreign);
    }

    [Theory, OnBothEngines]
    public async Task A_blob_of_the_same_bytes_is_another_thing(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        var (manifest, digest) = await PushUntypedAsync(registry, name, "1");
        await registry.PushBlobAsync(name, manifest);
        await ExpectTypeAsync(registry, name, digest, RegistryClient.OciManifest);
        using var blob = await registry.GetAsync($"/v2/{name}/blobs/{digest}");
        Assert.Equal("application/octet-stream", blob.Header("Content-Type"));
    }

    [Theory, OnBothEngines]
    public async Task What_is_two_kinds_at_once_is_refused(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        var blob = await registry.PushBlobAsync(name, "{}"u8.ToArray());
        var image = await registry.PushImageAsync(name);
        var config = $$"""{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{blob}}","size":2}""";
        var child = $$"""{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{image.Digest}}","size":{{image.Manifest.Length}} }""";
        var both = $$"""{"schemaVersion":2,"config":{{config}},"layers":[],"manifests":[{{child}}]}""";
        foreach (var type in (string?[])[RegistryClient.OciManifest, RegistryClient.OciIndex, Foreign, "application/json", null])
        {
            using var response = await registry.SendAsync(HttpMethod.Put, $"/v2/{name}/manifests/both", Encoding.UTF8.GetBytes(both), type);
            await response.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID");
        }
    }

    static byte[] Untyped(object salt)
    {
        var digest = Registry.Digest("{}"u8);
        return Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{{digest}}","size":2},"layers":[],"annotations":{"a":"{{salt}}"} }""");
    }

    // Only the header says what such a document is.
    static async Task<(byte[] Manifest, string Digest)> PushUntypedAsync(Registry registry, string name, string tag)
    {
        await registry.PushBlobAsync(name, "{}"u8.ToArray());
        var manifest = Untyped(Guid.NewGuid());
        using var response = await registry.PutManifestAsync(name, tag, manifest);
        await response.ExpectAsync(HttpStatusCode.Created);
        return (manifest, Registry.Digest(manifest));
    }

    static async Task ExpectTypeAsync(Registry registry, string name, string reference, string type)
    {
        foreach (var method in (HttpMethod[])[HttpMethod.Head, HttpMethod.Get])
        {
            using var response = await registry.SendAsync(method, $"/v2/{name}/manifests/{reference}");
            await response.ExpectAsync(HttpStatusCode.OK);
            Assert.Equal(type, response.Header("Content-Type"));
        }
    }
}
