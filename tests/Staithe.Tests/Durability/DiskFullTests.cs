using System.Net;
using System.Text.Json;
using Staithe.Database;
using Staithe.Fsck;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Durability;

/// <summary>A full disk refuses pushes and nothing else; what was acknowledged stays, and with room everything works again.</summary>
[Trait("Kind", "slow")]
public sealed class DiskFullTests
{
    static readonly Sql CountUploads = new("select count(*) from uploads");

    [Theory, OnBothEngines]
    public async Task The_disk_is_full_while_bytes_come_in(Engine engine)
    {
        using var directory = new TempDirectory();
        using var disk = SmallDisk.Mount(directory["data"], megabytes: 24);
        await using var registry = await Registry.StartAsync(engine, config => config with { Data = directory["data"] });
        var image = await registry.PushImageAsync("full/a", "1");
        var content = TestContent.Create(new Random(1), 6_000_000);
        var location = await registry.StartUploadAsync("full/a");
        using (var appended = await registry.SendAsync(HttpMethod.Patch, location, content.Bytes[..1_000_000]))
            await appended.ExpectAsync(HttpStatusCode.Accepted);
        disk.Fill(leave: 3_000_000);
        var free = disk.Free();

        using (var response = await registry.SendAsync(HttpMethod.Patch, location, content.Bytes[1_000_000..]))
            await ExpectFullAsync(response);
        using (var response = await registry.SendAsync(HttpMethod.Post, $"/v2/full/b/blobs/uploads/?digest={content.Digest}", content.Bytes))
            await ExpectFullAsync(response);
        Assert.InRange(disk.Free(), free - 1_000_000, long.MaxValue); // but for the rows: what was half received has given its space back

        await ExpectPullAsync(registry, "full/a", image);
        using (var there = await registry.GetAsync(location))
            Assert.Equal("0-999999", there.Header("Range"));

        disk.MakeRoom();
        using (var finished = await registry.SendAsync(HttpMethod.Put, $"{location}?digest={content.Digest}", content.Bytes[1_000_000..]))
            await finished.ExpectAsync(HttpStatusCode.Created);
        await registry.PushImageAsync("full/a", "2");
        await ExpectCleanAsync(registry);
    }

    // The bytes lie on a disk of their own, with room; the rows do not.
    [Fact]
    public async Task The_disk_is_full_when_rows_are_committed()
    {
        using var directory = new TempDirectory();
        using var rows = SmallDisk.Mount(directory["data"], megabytes: 16);
        using var bytes = SmallDisk.Mount(directory["data/blobs"], megabytes: 64);
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => config with { Data = directory["data"] });
        var image = await registry.PushImageAsync("full/c", "1");
        var open = await registry.StartUploadAsync("full/c");
        var acknowledged = new List<string>();
        rows.Fill(leave: 0);

        // Rows fit into what the log of the database has already, until they do not.
        var padding = new string('x', 300_000);
        var full = 0;
        for (var push = 0; push < 100 && full < 3; push++)
        {
            var manifest = RegistryClient.ImageManifest(image.Config, (await SizeAsync(registry, image.Config))!.Value, [], $$""","annotations":{"padding":"{{padding}}{{push}}"}""");
            using var response = await registry.PutManifestAsync("full/c", $"t{push}", manifest);
            if (response.StatusCode == HttpStatusCode.Created)
                acknowledged.Add($"t{push}");
            else
            {
                await ExpectFullAsync(response);
                full++;
            }
        }
        Assert.Equal(3, full);

        var used = bytes.Free();
        var refused = 0;
        for (var push = 0; push < 400 && refused < 3; push++)
        {
            var content = TestContent.Create(new Random(push), 100_000);
            using var response = await registry.SendAsync(HttpMethod.Post, $"/v2/full/c/blobs/uploads/?digest={content.Digest}", content.Bytes);
            if (response.StatusCode == HttpStatusCode.Created)
            {
                acknowledged.Add(content.Digest);
                used -= 102_400; // in whole pages
                continue;
            }
            await ExpectFullAsync(response);
            refused++;
        }
        Assert.Equal(3, refused);
        Assert.InRange(bytes.Free(), used, long.MaxValue); // the refused ones hold nothing
        using (var appended = await registry.SendAsync(HttpMethod.Patch, open, new byte[100_000]))
            await ExpectFullAsync(appended);
        Assert.InRange(bytes.Free(), used, long.MaxValue);
        await ExpectPullAsync(registry, "full/c", image);

        rows.MakeRoom();
        using (var appended = await registry.SendAsync(HttpMethod.Patch, open, new byte[1000], null, ("Content-Range", "0-999")))
            await appended.ExpectAsync(HttpStatusCode.Accepted);
        await registry.PushImageAsync("full/c", "2");
        foreach (var reference in acknowledged)
        {
            using var there = await registry.HeadAsync($"/v2/full/c/{(reference[0] == 't' ? "manifests" : "blobs")}/{reference}");
            await there.ExpectAsync(HttpStatusCode.OK);
        }
        await ExpectCleanAsync(registry);
        Assert.InRange((await registry.App.Database.ReadAsync(session => session.FindNumberAsync(CountUploads), Cancel))!.Value, 1, 4);
    }

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    static async Task<long?> SizeAsync(Registry registry, string digest)
    {
        using var response = await registry.HeadAsync($"/v2/full/c/blobs/{digest}");
        return response.Content.Headers.ContentLength;
    }

    static async Task ExpectFullAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(response.StatusCode == HttpStatusCode.InsufficientStorage, $"{response.StatusCode}: {body}");
        using var document = JsonDocument.Parse(body);
        Assert.Contains("disk is full", document.RootElement.GetProperty("errors")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    static async Task ExpectPullAsync(Registry registry, string name, (string Digest, byte[] Manifest, string Config, string Layer) image)
    {
        using var manifest = await registry.GetAsync($"/v2/{name}/manifests/1");
        Assert.Equal(image.Manifest, await manifest.Content.ReadAsByteArrayAsync(Cancel));
        using var blob = await registry.GetAsync($"/v2/{name}/blobs/{image.Layer}");
        Assert.Equal(image.Layer, Registry.Digest(await blob.Content.ReadAsByteArrayAsync(Cancel)));
    }

    static async Task ExpectCleanAsync(Registry registry)
    {
        var output = new StringWriter();
        Assert.True(await FsckRun.RunAsync(registry.Config, rehash: true, output, Cancel) == 0, output.ToString());
    }
}
