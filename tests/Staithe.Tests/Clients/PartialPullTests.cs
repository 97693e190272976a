using System.Globalization;
using System.Text;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

/// <summary>
/// podman pulls of a layer in zstd:chunked only the files that it does not have: one request with many small ranges. A server that answers such a
/// request with the whole blob makes the pull slower than an ordinary one.
/// </summary>
[Trait("Kind", "client"), Collection(ClientCollections.Podman)]
public sealed class PartialPullTests(ClientWorld world) : IClassFixture<ClientWorld>
{
    const int Files = 200, FileBytes = 20_000;

    [Fact]
    public async Task Of_a_changed_layer_only_what_is_new_is_sent()
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite);
        world.Trust(registry.Authority);
        // partial pulls take the overlay driver; one store builds, the other pulls
        foreach (var store in (string[])["builder", "puller"])
        {
            world.Write($"{store}.conf", $$"""
                [storage]
                driver = "overlay"
                graphroot = "{{world[store]}}/graph"
                runroot = "{{world[store]}}/run"
                [storage.options]
                pull_options = {enable_partial_images = "true", use_hard_links = "false", ostree_repos = ""}
                """);
        }
        var random = Seed.Random();
        for (var number = 0; number < Files; number++)
            Change(number);
        var image = $"{registry.Authority}/a/chunked";
        await PushAsync("1");
        await world.RunAsync($"CONTAINERS_STORAGE_CONF=$PWD/puller.conf podman pull -q {image}:1");
        var before = await SentAsync(registry);
        foreach (var number in (int[])[3, 77, 78, 150]) // in several places, so several ranges
            Change(number);
        await PushAsync("2");
        await world.RunAsync($"CONTAINERS_STORAGE_CONF=$PWD/puller.conf podman pull -q {image}:2");
        var sent = await SentAsync(registry) - before;
        Assert.InRange(sent, 4 * FileBytes, Files * FileBytes / 4);

        void Change(int number)
        {
            var bytes = new byte[FileBytes];
            random.NextBytes(bytes);
            Directory.CreateDirectory(world["context/files"]);
            File.WriteAllBytes(world[$"context/files/{number}"], bytes);
        }

        async Task PushAsync(string tag)
        {
            world.Write("Containerfile", "FROM scratch\nCOPY files /files\n");
            await world.RunAsync($"""
                export CONTAINERS_STORAGE_CONF=$PWD/builder.conf
                buildah bud --layers=false --isolation chroot -q -f Containerfile -t {image}:{tag} context
                buildah push --compression-format zstd:chunked {image}:{tag}
                """);
        }
    }

    static async Task<long> SentAsync(Registry registry)
    {
        using var response = await registry.GetAsync("/metrics");
        var line = Encoding.UTF8.GetString(await response.BytesAsync()).Split('\n').First(line => line.StartsWith("staithe_sent_bytes_total{route=\"blob\"}", StringComparison.Ordinal));
        return long.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }
}
