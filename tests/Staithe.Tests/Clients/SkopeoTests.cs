using System.Net;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

[Trait("Kind", "client"), Collection(ClientCollections.Others)]
public sealed class SkopeoTests(Registries registries, ClientWorld world) : IClassFixture<ClientWorld>
{
    const string Skopeo = ClientWorld.Skopeo;

    [Theory, OnBothEngines]
    public async Task A_copy_to_another_repository_mounts_what_the_registry_has(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine); // of its own: the log is read to its end
        world.Trust(registry.Authority);
        var (from, to) = (Registry.NewRepository("from"), Registry.NewRepository("to"));
        var digest = await PushAsync(registry, from, "1", "mounted", layers: 3);
        await world.RunAsync($"{Skopeo} copy docker://{registry.Authority}/{from}:1 docker://{registry.Authority}/{to}:1");

        Assert.Equal(digest, await DigestAsync(registry, to, "1"));
        await registry.StopAsync();
        var requests = registry.Log.Split('\n').Where(line => line.Contains($"\"repository\":\"{to}\"", StringComparison.Ordinal)).ToList();
        // the layers; skopeo sends a config itself
        Assert.Equal(3, requests.Count(line => line.Contains("\"method\":\"POST\",\"route\":\"uploads\"", StringComparison.Ordinal) && line.Contains("\"status\":201", StringComparison.Ordinal)));
        Assert.Single(requests, line => line.Contains("\"method\":\"PATCH\"", StringComparison.Ordinal));
    }

    [Theory, OnBothEngines]
    public async Task An_image_goes_to_directories_and_back_unchanged(Engine engine)
    {
        var registry = await world.ConnectAsync(registries, engine);
        var name = Registry.NewRepository("layouts");
        var image = $"docker://{registry.Authority}/{name}";
        var digest = await PushAsync(registry, name, "1", "to and fro");
        var directory = $"d-{Guid.NewGuid():N}";
        await world.RunAsync($"""
            {Skopeo} copy {image}:1 dir:{directory}
            {Skopeo} copy dir:{directory} {image}:from-dir
            {Skopeo} copy {image}:1 oci:{directory}-oci:1
            {Skopeo} copy --preserve-digests oci:{directory}-oci:1 {image}:from-oci
            {Skopeo} copy {image}@{digest} {image}:from-digest
            """);
        foreach (var tag in (string[])["from-dir", "from-oci", "from-digest"])
            Assert.Equal(digest, await DigestAsync(registry, name, tag));
    }

    [Fact]
    public async Task Copy_all_takes_every_platform_and_keeps_the_digests()
    {
        var registry = await world.ConnectAsync(registries);
        var (from, to) = (Registry.NewRepository("all"), Registry.NewRepository("all"));
        var digests = new List<(string Digest, long Size)>();
        for (var i = 0; i < 3; i++)
        {
            var image = await registry.PushImageAsync(from);
            digests.Add((image.Digest, image.Manifest.Length));
        }
        var index = RegistryClient.Index(digests);
        using (var pushed = await registry.PutManifestAsync(from, "1", index, RegistryClient.OciIndex))
            await pushed.ExpectAsync(HttpStatusCode.Created);

        await world.RunAsync($"{Skopeo} copy --all --preserve-digests docker://{registry.Authority}/{from}:1 docker://{registry.Authority}/{to}:1");
        Assert.Equal(Registry.Digest(index), await DigestAsync(registry, to, "1"));
        foreach (var (digest, _) in digests)
        {
            using var response = await registry.HeadAsync($"/v2/{to}/manifests/{digest}");
            await response.ExpectAsync(HttpStatusCode.OK);
        }

        await world.RunAsync($"""
            {Skopeo} copy --all --preserve-digests docker://{registry.Authority}/{from}:1 oci:all-oci:1
            {Skopeo} copy --all --preserve-digests oci:all-oci:1 docker://{registry.Authority}/{to}:2
            """);
        Assert.Equal(Registry.Digest(index), await DigestAsync(registry, to, "2"));
    }

    [Theory, OnBothEngines]
    public async Task The_same_image_may_be_pushed_by_many_at_once(Engine engine)
    {
        var registry = await world.ConnectAsync(registries, engine);
        var name = Registry.NewRepository("crowd");
        var layout = new OciLayout(world[$"layout-{Guid.NewGuid():N}"]);
        for (var i = 0; i < 8; i++)
            layout.AddLayer($"file{i}", $"{i} of {layout.Directory}");
        var digest = layout.Write("1");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => world.RunAsync($"{Skopeo} copy oci:{layout.Directory}:1 docker://{registry.Authority}/{name}{i / 2}:1")));

        foreach (var repository in (string[])[$"{name}0", $"{name}1"])
        {
            Assert.Equal(digest, await DigestAsync(registry, repository, "1"));
            await world.RunAsync($"{Skopeo} copy docker://{registry.Authority}/{repository}:1 dir:{Guid.NewGuid():N}");
        }
    }

    [Fact]
    public async Task Sync_carries_a_repository_out_and_in()
    {
        var registry = await world.ConnectAsync(registries);
        var name = Registry.NewRepository("sync");
        var (first, second) = (await PushAsync(registry, name, "1", "one"), await PushAsync(registry, name, "2", "two"));
        var mirror = Registry.NewRepository("mirror");
        await world.RunAsync($"""
            {Skopeo} sync --src docker --dest dir {registry.Authority}/{name} synced
            {Skopeo} sync --src dir --dest docker synced {registry.Authority}/{mirror}
            """);
        var last = name.Split('/')[^1];
        Assert.Equal(first, await DigestAsync(registry, $"{mirror}/{last}", "1"));
        Assert.Equal(second, await DigestAsync(registry, $"{mirror}/{last}", "2"));
    }

    [Fact]
    public async Task Inspect_and_list_tags_tell_what_is_there()
    {
        var registry = await world.ConnectAsync(registries);
        var name = Registry.NewRepository("inspect");
        var digest = await PushAsync(registry, name, "b", "inspected");
        await world.RunAsync($"{Skopeo} copy docker://{registry.Authority}/{name}:b docker://{registry.Authority}/{name}:a");
        Assert.Equal("a b", await world.RunAsync($"{Skopeo} list-tags docker://{registry.Authority}/{name} | jq -r '.Tags | join(\" \")'"));
        Assert.Equal(
            $"{digest} {registry.Authority}/{name} amd64 a b",
            await world.RunAsync($"{Skopeo} inspect docker://{registry.Authority}/{name}:b | jq -r '\"\\(.Digest) \\(.Name) \\(.Architecture) \\(.RepoTags | join(\" \"))\"'"));
        Assert.Equal("inspected", await world.RunAsync($"{Skopeo} inspect --config docker://{registry.Authority}/{name}:b | jq -r .config.Labels.says"));
    }

    [Fact]
    public async Task Delete_takes_the_image_and_its_tags_and_nothing_else()
    {
        var registry = await world.ConnectAsync(registries);
        var name = Registry.NewRepository("delete");
        await PushAsync(registry, name, "gone", "to be deleted");
        await PushAsync(registry, name, "kept", "to be kept");
        await world.RunAsync($"{Skopeo} delete docker://{registry.Authority}/{name}:gone");

        Assert.Equal("kept", await world.RunAsync($"{Skopeo} list-tags docker://{registry.Authority}/{name} | jq -r '.Tags[]'"));
        var gone = await world.TryRunAsync($"{Skopeo} inspect docker://{registry.Authority}/{name}:gone");
        Assert.Contains("manifest unknown", gone.Error, StringComparison.Ordinal);
        await world.RunAsync($"{Skopeo} copy docker://{registry.Authority}/{name}:kept dir:kept");
    }

    [Fact]
    public async Task Deleting_what_an_index_needs_is_refused_in_words()
    {
        var registry = await world.ConnectAsync(registries);
        var name = Registry.NewRepository("delete");
        var child = await registry.PushImageAsync(name, "child");
        using (var pushed = await registry.PutManifestAsync(name, "1", RegistryClient.Index([(child.Digest, child.Manifest.Length)]), RegistryClient.OciIndex))
            await pushed.ExpectAsync(HttpStatusCode.Created);

        var refused = await world.TryRunAsync($"{Skopeo} delete docker://{registry.Authority}/{name}:child");
        Assert.Contains($"{child.Digest} is part of the index", refused.Error, StringComparison.Ordinal);
        await world.RunAsync($"{Skopeo} delete docker://{registry.Authority}/{name}:1 && {Skopeo} delete docker://{registry.Authority}/{name}:child");
        Assert.Equal("", await world.RunAsync($"{Skopeo} list-tags docker://{registry.Authority}/{name} | jq -r '.Tags[]'"));
    }

    [Fact]
    public async Task An_artifact_with_a_subject_is_copied_as_it_is()
    {
        var registry = await world.ConnectAsync(registries);
        var (from, to) = (Registry.NewRepository("artifact"), Registry.NewRepository("artifact"));
        var image = await registry.PushImageAsync(from, "1");
        var empty = await registry.PushBlobAsync(from, "{}"u8.ToArray());
        var chart = await registry.PushBlobAsync(from, "a chart"u8.ToArray());
        var artifact = System.Text.Encoding.UTF8.GetBytes($$$"""
            {"schemaVersion":2,"mediaType":"{{{RegistryClient.OciManifest}}}","artifactType":"application/vnd.example.chart.v1",
            "config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{{{empty}}}","size":2},
            "layers":[{"mediaType":"application/vnd.example.chart.content","digest":"{{{chart}}}","size":7,"annotations":{"org.opencontainers.image.title":"chart.yaml"} }],
            "subject":{"mediaType":"{{{RegistryClient.OciManifest}}}","digest":"{{{image.Digest}}}","size":{{{image.Manifest.Length}}} } }
            """);
        using (var pushed = await registry.PutManifestAsync(from, "chart", artifact))
            await pushed.ExpectAsync(HttpStatusCode.Created);

        await world.RunAsync($"{Skopeo} copy --preserve-digests docker://{registry.Authority}/{from}:chart dir:chart");
        await world.RunAsync($"{Skopeo} copy --preserve-digests dir:chart docker://{registry.Authority}/{to}:chart");
        Assert.Equal(Registry.Digest(artifact), await DigestAsync(registry, to, "chart"));
        using var copied = await registry.GetAsync($"/v2/{to}/manifests/chart");
        Assert.Equal(artifact, await copied.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        // the subject is not there, and still the artifact refers to it
        using var referrers = await registry.GetAsync($"/v2/{to}/referrers/{image.Digest}");
        Assert.Contains("application/vnd.example.chart.v1", await referrers.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    /// <summary>Pushes an image that has a label; its digest.</summary>
    async Task<string> PushAsync(Registry registry, string name, string tag, string text, int layers = 1)
    {
        var layout = new OciLayout(world[$"layout-{Guid.NewGuid():N}"]);
        for (var i = 0; i < layers; i++)
            layout.AddLayer($"file{i}", text);
        var digest = layout.Write(tag, text);
        await world.RunAsync($"{Skopeo} copy oci:{layout.Directory}:{tag} docker://{registry.Authority}/{name}:{tag}");
        return digest;
    }

    static async Task<string?> DigestAsync(Registry registry, string name, string tag)
    {
        using var response = await registry.HeadAsync($"/v2/{name}/manifests/{tag}");
        await response.ExpectAsync(HttpStatusCode.OK);
        return response.Header("Docker-Content-Digest");
    }
}
