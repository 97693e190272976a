using System.Net;
using System.Text;
using System.Text.Json;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Conformance;

/// <summary>end-12: what refers to a manifest.</summary>
public sealed class ReferrersTests(Registries registries)
{
    const string Sbom = "application/vnd.example.sbom.v1";
    const string Signature = "application/vnd.example.signature.v1";
    const string ConfigType = "application/vnd.oci.image.config.v1+json";

    [Theory, OnBothEngines]
    public async Task A_push_with_a_subject_is_acknowledged_and_listed_whether_the_subject_is_there_or_not(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var (there, absent) = ((await registry.PushImageAsync(name)).Digest, Registry.Digest(Encoding.UTF8.GetBytes(name), "sha512"));
        foreach (var subject in new[] { there, absent })
        {
            var referrer = await PushAsync(registry, name, Image(await ConfigAsync(registry, name), subject, $""","artifactType":"{Sbom}" """));
            using var response = await registry.GetAsync($"/v2/{name}/referrers/{subject}");
            await response.ExpectAsync(HttpStatusCode.OK);
            response.ExpectHeaders(("Content-Type", RegistryClient.OciIndex), ("Content-Length", response.Header("Content-Length")!));
            Assert.Equal($$"""{"schemaVersion":2,"mediaType":"{{RegistryClient.OciIndex}}","manifests":[{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{referrer.Digest}}","size":{{referrer.Size}},"artifactType":"{{Sbom}}"}]}""", Encoding.UTF8.GetString(await response.BytesAsync()));
            using var head = await registry.HeadAsync($"/v2/{name}/referrers/{subject}");
            Assert.Equal(response.Header("Content-Length"), head.Header("Content-Length"));
        }
    }

    [Theory, OnBothEngines]
    public async Task The_artifact_type_is_the_manifests_own_or_that_of_an_images_config(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var (subject, config) = (Registry.Digest(Encoding.UTF8.GetBytes(name)), await ConfigAsync(registry, name));
        var expected = new List<(string, string?)>();
        foreach (var (manifest, type) in new[]
        {
            (Image(config, subject, $""","artifactType":"{Sbom}" """), Sbom),
            (Image(config, subject, ""","artifactType":"" """), ConfigType),
            (Image(config, subject, ""), ConfigType),
            (Index(subject, $""","artifactType":"{Signature}" """), Signature),
            (Index(subject, ""","artifactType":"" """), null),
            (Index(subject, ""), null),
        })
            expected.Add(((await PushAsync(registry, name, manifest)).Digest, type));
        var (_, found) = await ReadAllAsync(registry, $"/v2/{name}/referrers/{subject}");
        Assert.Equal(expected, found.Select(entry => (entry.GetProperty("digest").GetString()!, entry.TryGetProperty("artifactType", out var type) ? type.GetString() : null)));
    }

    [Theory, OnBothEngines]
    public async Task Annotations_come_along(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var subject = Registry.Digest(Encoding.UTF8.GetBytes(name));
        const string annotations = """{"org.example.é":"\u0000 \" \u00e9 é 😀","empty":""}""";
        await PushAsync(registry, name, Index(subject, $""","annotations":{annotations}"""));
        await PushAsync(registry, name, Index(subject, ""","annotations":{}"""));
        var (_, found) = await ReadAllAsync(registry, $"/v2/{name}/referrers/{subject}");
        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(annotations).RootElement, found[0].GetProperty("annotations")));
        Assert.False(found[1].TryGetProperty("annotations", out _));
    }

    [Theory, OnBothEngines]
    public async Task A_filter_is_applied_and_said_to_be(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var subject = Registry.Digest(Encoding.UTF8.GetBytes(name));
        var sbom = await PushAsync(registry, name, Index(subject, $""","artifactType":"{Sbom}" """));
        var signature = await PushAsync(registry, name, Index(subject, $""","artifactType":"{Signature}" """));
        foreach (var (type, digests) in new[] { (Sbom, new[] { sbom.Digest }), (Signature, [signature.Digest]), ("application/none", []), (Uri.EscapeDataString(Sbom), [sbom.Digest]), ("%ff", []) })
        {
            using var response = await registry.GetAsync($"/v2/{name}/referrers/{subject}?artifactType={type}");
            await response.ExpectAsync(HttpStatusCode.OK);
            Assert.Equal("artifactType", response.Header("OCI-Filters-Applied"));
            Assert.Equal(digests, Digests((await response.JsonAsync()).GetProperty("manifests").EnumerateArray()));
        }
        using var unfiltered = await registry.GetAsync($"/v2/{name}/referrers/{subject}?artifactType=");
        Assert.Null(unfiltered.Header("OCI-Filters-Applied"));
        Assert.Equal(2, (await unfiltered.JsonAsync()).GetProperty("manifests").GetArrayLength());
    }

    [Theory, OnBothEngines]
    public async Task Pages_follow_their_links_to_the_end_with_their_filter(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var subject = Registry.Digest(Encoding.UTF8.GetBytes(name));
        var all = new List<string>();
        for (var i = 0; i < 7; i++)
            all.Add((await PushAsync(registry, name, Index(subject, $$""","artifactType":"{{(i % 2 == 0 ? Sbom : Signature)}}","i":{{i}}"""))).Digest);
        var path = $"/v2/{name}/referrers/{subject}";
        foreach (var (query, pages, expected) in new[] { ("", 1, all), ("?n=3", 3, all), ("?n=7", 1, all), ("?n=1", 7, all), ($"?n=2&artifactType={Sbom}", 2, all.Where((_, i) => i % 2 == 0).ToList()) })
        {
            var (count, found) = await ReadAllAsync(registry, path + query);
            Assert.Equal(expected, Digests(found));
            Assert.Equal(pages, count);
        }
        using var none = await registry.GetAsync($"{path}?n=0");
        Assert.Null(none.Header("Link"));
        Assert.Equal(0, (await none.JsonAsync()).GetProperty("manifests").GetArrayLength());
    }

    [Theory, OnBothEngines]
    public async Task A_list_too_large_for_one_answer_goes_on_in_the_next(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var subject = Registry.Digest(Encoding.UTF8.GetBytes(name));
        var all = new List<string>();
        for (var i = 0; i < 3; i++)
            all.Add((await PushAsync(registry, name, Index(subject, $$""","annotations":{"large":"{{new string((char)('a' + i), 2_000_000)}}"}"""))).Digest);
        var (pages, found) = await ReadAllAsync(registry, $"/v2/{name}/referrers/{subject}");
        Assert.Equal(all, Digests(found));
        Assert.Equal(2, pages);
    }

    [Theory, OnBothEngines]
    public async Task Nothing_is_ever_not_found(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        await ConfigAsync(registry, name);
        foreach (var path in new[] { $"/v2/no/{name}/referrers/{Registry.Digest("x"u8)}", $"/v2/{name}/referrers/{Registry.Digest("x"u8)}", $"/v2/{name}/referrers/blake3:abc" })
        {
            using var response = await registry.GetAsync(path);
            await response.ExpectAsync(HttpStatusCode.OK);
            Assert.Equal($$"""{"schemaVersion":2,"mediaType":"{{RegistryClient.OciIndex}}","manifests":[]}""", (await response.JsonAsync()).GetRawText());
        }
        using var invalid = await registry.GetAsync($"/v2/{name}/referrers/sha256:short");
        await invalid.ExpectErrorAsync(HttpStatusCode.BadRequest, "DIGEST_INVALID");
    }

    [Theory, OnBothEngines]
    public async Task A_referrer_is_listed_in_its_own_repository_and_until_it_is_deleted(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var subject = await registry.PushImageAsync(name, "v1");
        var other = Registry.NewRepository();
        var referrer = await PushAsync(registry, name, Index(subject.Digest, ""));
        await PushAsync(registry, other, Index(subject.Digest, ""","other":1"""));
        Assert.Equal([referrer.Digest], Digests((await ReadAllAsync(registry, $"/v2/{name}/referrers/{subject.Digest}")).Entries));

        // The subject may go; the referrer stays, and stays listed.
        using (var deleted = await registry.DeleteAsync($"/v2/{name}/manifests/{subject.Digest}"))
            await deleted.ExpectAsync(HttpStatusCode.Accepted);
        Assert.Equal([referrer.Digest], Digests((await ReadAllAsync(registry, $"/v2/{name}/referrers/{subject.Digest}")).Entries));
        using (var deleted = await registry.DeleteAsync($"/v2/{name}/manifests/{referrer.Digest}"))
            await deleted.ExpectAsync(HttpStatusCode.Accepted);
        Assert.Empty((await ReadAllAsync(registry, $"/v2/{name}/referrers/{subject.Digest}")).Entries);
    }

    // A client of the referrers tag schema keeps an index under the subject's digest; its entries are referrers like all others.
    [Theory, OnBothEngines]
    public async Task Referrers_pushed_with_a_fallback_tag_are_listed(Engine engine)
    {
        var (registry, name) = await NewAsync(engine);
        var subject = await registry.PushImageAsync(name, "v1");
        var first = await PushAsync(registry, name, Index(subject.Digest, $""","artifactType":"{Sbom}" """));
        var second = await PushAsync(registry, name, Index(subject.Digest, $""","artifactType":"{Signature}" """));
        var fallback = RegistryClient.Index([(first.Digest, first.Size), (second.Digest, second.Size)], childType: RegistryClient.OciIndex);
        using (var response = await registry.PutManifestAsync(name, subject.Digest.Replace(':', '-'), fallback, RegistryClient.OciIndex))
            await response.ExpectAsync(HttpStatusCode.Created);
        Assert.Equal([first.Digest, second.Digest], Digests((await ReadAllAsync(registry, $"/v2/{name}/referrers/{subject.Digest}")).Entries));
        using var tag = await registry.GetAsync($"/v2/{name}/manifests/{subject.Digest.Replace(':', '-')}");
        Assert.Equal(fallback, await tag.BytesAsync());
    }

    static byte[] Image(string config, string subject, string extraMembers) => RegistryClient.ImageManifest(config, 2, [], $"{Subject(subject)}{extraMembers}");

    static byte[] Index(string subject, string extraMembers) => RegistryClient.Index([], $"{Subject(subject)}{extraMembers}");

    static string Subject(string digest) => $$""","subject":{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{digest}}","size":7}""";

    static Task<string> ConfigAsync(Registry registry, string name) => registry.PushBlobAsync(name, "{}"u8.ToArray());

    static async Task<(string Digest, int Size)> PushAsync(Registry registry, string name, byte[] manifest)
    {
        var type = JsonDocument.Parse(manifest).RootElement.GetProperty("mediaType").GetString()!;
        var digest = Registry.Digest(manifest);
        using var response = await registry.PutManifestAsync(name, digest, manifest, type);
        await response.ExpectAsync(HttpStatusCode.Created);
        var subject = JsonDocument.Parse(manifest).RootElement.GetProperty("subject").GetProperty("digest").GetString()!;
        response.ExpectHeaders(("Content-Length", "0"), ("Docker-Content-Digest", digest), ("Location", $"/v2/{name}/manifests/{digest}"), ("OCI-Subject", subject));
        return (digest, manifest.Length);
    }

    static IEnumerable<string?> Digests(IEnumerable<JsonElement> entries) => entries.Select(entry => entry.GetProperty("digest").GetString());

    static async Task<(int Pages, List<JsonElement> Entries)> ReadAllAsync(Registry registry, string first)
    {
        var (pages, entries) = (0, new List<JsonElement>());
        for (var path = first; path is not null; pages++)
        {
            using var response = await registry.GetAsync(path);
            await response.ExpectAsync(HttpStatusCode.OK);
            entries.AddRange((await response.JsonAsync()).GetProperty("manifests").EnumerateArray());
            path = response.NextPage();
        }
        return (pages, entries);
    }

    async Task<(Registry Registry, string Name)> NewAsync(Engine engine) => (await registries.GetAsync(engine), Registry.NewRepository());
}
