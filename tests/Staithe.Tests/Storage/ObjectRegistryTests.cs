using System.Net;
using System.Text;
using Staithe.Database;
using Staithe.Fsck;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Storage;

/// <summary>A whole registry whose blobs are in an object store: nobody above the storage takes them for files.</summary>
public sealed class ObjectRegistryTests
{
    static readonly Sql TrashIsDue = new("update trash set delete_after = 0");

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory, OnBothEngines]
    public async Task Blobs_come_in_and_go_out(Engine engine)
    {
        var bucket = new ObjectBucket(new Faults());
        await using var storage = new ObjectBlobStorage(bucket);
        await using var registry = await Registry.StartAsync(engine, storage: storage);
        var random = Seed.Random();

        // In chunks that are smaller and larger than a part, and then a row that has to be read again: another algorithm.
        var content = random.Bytes(13_000_000);
        foreach (var algorithm in new[] { "sha256", "sha512" })
        {
            var location = await registry.StartUploadAsync("objects/a");
            foreach (var (from, to) in new[] { (0, 100_000), (100_000, 200_000), (200_000, 7_000_000), (7_000_000, 7_000_001) })
            {
                using var patched = await registry.SendAsync(HttpMethod.Patch, location, content[from..to]);
                await patched.ExpectAsync(HttpStatusCode.Accepted);
                Assert.Equal($"0-{to - 1}", patched.Header("Range"));
            }
            Assert.Equal((0, ""), await FsckAsync(registry, storage));
            var digest = Registry.Digest(content, algorithm);
            using (var finished = await registry.SendAsync(HttpMethod.Put, $"{location}?digest={digest}", content[7_000_001..]))
                await finished.ExpectAsync(HttpStatusCode.Created);
            using var pulled = await registry.GetAsync($"/v2/objects/a/blobs/{digest}");
            var bytes = await pulled.Content.ReadAsByteArrayAsync(Cancel);
            Assert.True(content.AsSpan().SequenceEqual(bytes));
            using var head = await registry.HeadAsync($"/v2/objects/a/blobs/{digest}");
            Assert.Equal(content.Length, head.Content.Headers.ContentLength);
            using var part = await registry.GetAsync($"/v2/objects/a/blobs/{digest}", ("Range", "bytes=6999999-7000009"));
            Assert.Equal(content[6_999_999..7_000_010], await part.Content.ReadAsByteArrayAsync(Cancel));
            using var parts = await registry.GetAsync($"/v2/objects/a/blobs/{digest}", ("Range", "bytes=0-3,9000000-9000003"));
            Assert.Equal(HttpStatusCode.PartialContent, parts.StatusCode);
        }

        // Small ones, again and again, so that what could be kept open would be.
        var small = await registry.PushBlobAsync("objects/a", [1, 2, 3]);
        for (var i = 0; i < 3; i++)
        {
            using var pulled = await registry.GetAsync($"/v2/objects/a/blobs/{small}");
            Assert.Equal([1, 2, 3], await pulled.Content.ReadAsByteArrayAsync(Cancel));
        }

        // The inside of images.
        await registry.PushLayersAsync(
            "objects/b",
            "1",
            LayerBytes.Gzip(new TarBytes().File("etc/gzip", "one").End()),
            new TarBytes().File("etc/tar", "two").End());
        await registry.LookAsync();
        foreach (var (file, text) in new[] { ("gzip", "one"), ("tar", "two") })
        {
            using var read = await registry.GetAsync($"/f/objects/b:1/etc/{file}");
            Assert.Equal(text, Encoding.UTF8.GetString(await read.BytesAsync()));
        }
        Assert.Equal((0, ""), await FsckAsync(registry, storage));
    }

    [Theory, OnBothEngines]
    public async Task What_is_given_up_leaves_nothing(Engine engine)
    {
        var bucket = new ObjectBucket(new Faults());
        await using var storage = new ObjectBlobStorage(bucket);
        await using var registry = await Registry.StartAsync(engine, storage: storage);
        var content = Seed.Random().Bytes(7_000_000);
        var blob = await registry.PushBlobAsync("objects/c", content);
        foreach (var to in new[] { 1000, 6_000_000 })
        {
            var location = await registry.StartUploadAsync("objects/c");
            using (var patched = await registry.SendAsync(HttpMethod.Patch, location, content[..to]))
                await patched.ExpectAsync(HttpStatusCode.Accepted);
            using (var cancelled = await registry.DeleteAsync(location))
                await cancelled.ExpectAsync(HttpStatusCode.NoContent);
        }
        await registry.PushBlobAsync("objects/d", content); // the second of its digest: one of the two goes
        Assert.NotEqual(1, bucket.Count());
        using (var deleted = await registry.DeleteAsync($"/v2/objects/c/blobs/{blob}"))
            await deleted.ExpectAsync(HttpStatusCode.Accepted);
        await SweepAsync(registry);
        Assert.Equal(1, bucket.Count());
        using (var deleted = await registry.DeleteAsync($"/v2/objects/d/blobs/{blob}"))
            await deleted.ExpectAsync(HttpStatusCode.Accepted);
        await SweepAsync(registry);
        Assert.Equal(0, bucket.Count());
    }

    [Fact]
    public async Task Who_can_fetch_the_bytes_elsewhere_is_sent_there()
    {
        await using var storage = new ObjectBlobStorage(new ObjectBucket(new Faults()))
        {
            PublicUrl = new Uri("https://bytes.example/bucket/"),
        };
        await using var registry = await Registry.StartAsync(Engine.Sqlite, storage: storage);
        var digest = await registry.PushBlobAsync("objects/e", [1, 2, 3]);
        using var pulled = await registry.GetAsync($"/v2/objects/e/blobs/{digest}", ("Range", "bytes=1-1"));
        await pulled.ExpectAsync(HttpStatusCode.TemporaryRedirect);
        Assert.StartsWith("https://bytes.example/bucket/", pulled.Location(), StringComparison.Ordinal);
        using var head = await registry.HeadAsync($"/v2/objects/e/blobs/{digest}"); // such a URL is for GET alone
        Assert.Equal((HttpStatusCode.OK, 3L), (head.StatusCode, head.Content.Headers.ContentLength));
    }

    static async Task SweepAsync(Registry registry)
    {
        await registry.App.Database.WriteAsync(session => session.ExecuteAsync(TrashIsDue), Cancel);
        await registry.App.SweepAsync(Cancel);
    }

    static async Task<(int ExitCode, string Problems)> FsckAsync(Registry registry, ObjectBlobStorage storage)
    {
        var output = new StringWriter();
        var exitCode = await new FsckRun(registry.App.Database, storage, rehash: true, output).RunAsync(Cancel);
        return (exitCode, exitCode == 0 ? "" : output.ToString());
    }
}
