using System.Net;
using Staithe.Database;
using Staithe.Fsck;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Durability;

/// <summary>Many at once at the same thing: everybody gets an answer that is true, and the rows agree with the bytes afterwards.</summary>
public sealed class ConcurrencyTests
{
    const int Clients = 16;

    static readonly Sql CountBlobs = new("select count(*) from blobs");
    static readonly Sql CountTrash = new("select count(*) from trash");

    [Theory, OnBothEngines]
    public async Task Many_push_the_same_blob_and_all_succeed(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        var content = TestContent.Create(new Random(1), 200_000);
        var bodies = new GatheringContent[Clients];
        for (var client = 0; client < Clients; client++)
            bodies[client] = new GatheringContent(content.Bytes);
        var pushes = bodies.Select((body, client) => PushAsync(registry, $"same/r{client % 4}", content.Digest, body)).ToList();
        await Task.WhenAll(bodies.Zip(pushes, (body, push) => Task.WhenAny(body.AtTheEnd, push))); // all are in the middle of it now
        foreach (var body in bodies)
            body.Finish();
        await Task.WhenAll(pushes);

        Assert.Equal(1, await CountAsync(registry, CountBlobs));
        Assert.InRange(await CountAsync(registry, CountTrash) ?? 0, 0, Clients - 1); // the server's own sweep may be under way
        await registry.App.SweepAsync(Cancel);
        Assert.Equal(0, await CountAsync(registry, CountTrash));
        Assert.Single(Directory.GetFiles(Path.Combine(registry.Config.Data, "blobs"), "*", SearchOption.AllDirectories));
        for (var repository = 0; repository < 4; repository++)
        {
            using var there = await registry.GetAsync($"/v2/same/r{repository}/blobs/{content.Digest}");
            Assert.Equal(content.Bytes, await there.Content.ReadAsByteArrayAsync(Cancel));
        }
        await ExpectCleanAsync(registry);
    }

    [Theory, OnBothEngines]
    public async Task Many_push_the_same_manifest_and_move_the_same_tag(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        const string Name = "tags/a";
        var images = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => registry.PushImageAsync(Name)));
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            for (var round = 0; round < 10; round++)
            {
                using var response = await registry.PutManifestAsync(Name, "moving", images[(client + round) % images.Length].Manifest);
                await response.ExpectAsync(HttpStatusCode.Created);
                using var now = await registry.HeadAsync($"/v2/{Name}/manifests/moving");
                Assert.Contains(now.Header("Docker-Content-Digest"), images.Select(image => image.Digest));
            }
        })));
        await ExpectCleanAsync(registry);
    }

    [Theory, OnBothEngines]
    public async Task Of_two_chunks_for_the_same_place_one_is_taken(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        for (var round = 0; round < 20; round++)
        {
            var content = TestContent.Create(new Random(round), 60_000);
            var location = await registry.StartUploadAsync("chunks/a");
            var statuses = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
            {
                using var response = await registry.SendAsync(HttpMethod.Patch, location, content.Bytes[..30_000], null, ("Content-Range", "0-29999"));
                return response.StatusCode;
            })));
            Assert.Equal(HttpStatusCode.Accepted, Assert.Single(statuses, status => status != HttpStatusCode.RequestedRangeNotSatisfiable));
            using var finished = await registry.SendAsync(HttpMethod.Put, $"{location}?digest={content.Digest}", content.Bytes[30_000..], null, ("Content-Range", "30000-59999"));
            await finished.ExpectAsync(HttpStatusCode.Created);
        }
        await ExpectCleanAsync(registry);
    }

    [Theory, OnBothEngines]
    public async Task An_upload_is_finished_once(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        for (var round = 0; round < 20; round++)
        {
            var content = TestContent.Create(new Random(round), 10_000);
            var location = await registry.StartUploadAsync("finish/a");
            var statuses = await Task.WhenAll(Enumerable.Range(0, 4).Select(client => Task.Run(async () =>
            {
                using var response = client == 0
                    ? await registry.DeleteAsync(location)
                    : await registry.SendAsync(HttpMethod.Put, $"{location}?digest={content.Digest}", content.Bytes);
                return response.StatusCode;
            })));
            Assert.Single(statuses, status => status is HttpStatusCode.Created or HttpStatusCode.NoContent);
            using var there = await registry.HeadAsync($"/v2/finish/a/blobs/{content.Digest}");
            await there.ExpectAsync(statuses.Contains(HttpStatusCode.Created) ? HttpStatusCode.OK : HttpStatusCode.NotFound);
        }
        await ExpectCleanAsync(registry);
    }

    // A mount that says 201 has the blob, with its bytes, whatever the source does at that moment.
    [Theory, OnBothEngines]
    public async Task Mounts_race_deletes(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(lane => Task.Run(async () =>
        {
            for (var round = 0; round < 25; round++)
            {
                var content = TestContent.Create(new Random((lane * 1000) + round), 100);
                var digest = await registry.PushBlobAsync($"source/r{lane}", content.Bytes);
                var deleting = registry.DeleteAsync($"/v2/source/r{lane}/blobs/{digest}");
                var mounting = registry.SendAsync(HttpMethod.Post, $"/v2/target/r{lane}/blobs/uploads/?mount={digest}&from=source/r{lane}", []);
                using var deleted = await deleting;
                await deleted.ExpectAsync(HttpStatusCode.Accepted);
                using var mounted = await mounting;
                Assert.Contains(mounted.StatusCode, new[] { HttpStatusCode.Created, HttpStatusCode.Accepted });
                using var there = await registry.GetAsync($"/v2/target/r{lane}/blobs/{digest}");
                await there.ExpectAsync(mounted.StatusCode == HttpStatusCode.Created ? HttpStatusCode.OK : HttpStatusCode.NotFound);
            }
        })));
        await ExpectCleanAsync(registry);
    }

    // The manifest is taken and then the blob stays, or the blob goes and then the manifest is refused. Never neither, never both.
    [Theory, OnBothEngines]
    public async Task Manifest_pushes_race_deletes_of_their_blobs(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(lane => Task.Run(async () =>
        {
            for (var round = 0; round < 25; round++)
            {
                var name = $"race/r{lane}";
                var content = TestContent.Create(new Random((lane * 1000) + round), 100);
                var digest = await registry.PushBlobAsync(name, content.Bytes);
                var manifest = RegistryClient.ImageManifest(digest, content.Bytes.Length, []);
                var deleting = registry.DeleteAsync($"/v2/{name}/blobs/{digest}");
                var pushing = registry.PutManifestAsync(name, "t", manifest);
                using var deleted = await deleting;
                using var pushed = await pushing;
                using var there = await registry.GetAsync($"/v2/{name}/blobs/{digest}");
                if (pushed.StatusCode == HttpStatusCode.Created)
                {
                    await deleted.ExpectErrorAsync(HttpStatusCode.MethodNotAllowed, "UNSUPPORTED");
                    await there.ExpectAsync(HttpStatusCode.OK);
                }
                else
                {
                    await pushed.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_BLOB_UNKNOWN");
                    await deleted.ExpectAsync(HttpStatusCode.Accepted);
                    await there.ExpectAsync(HttpStatusCode.NotFound);
                }
            }
        })));
        await ExpectCleanAsync(registry);
    }

    // With sparse manifests: what arrives while the manifest that lacks it is pushed must end up referred to, not absent.
    [Theory, OnBothEngines]
    public async Task Sparse_manifests_race_what_they_lack(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine, config => config with { Sparse = Staithe.Config.SparsePolicy.All });
        await Task.WhenAll(Enumerable.Range(0, 4).Select(lane => Task.Run(async () =>
        {
            for (var round = 0; round < 25; round++)
            {
                var name = $"sparse/r{lane}";
                var content = TestContent.Create(new Random((lane * 1000) + round), 100);
                var manifest = RegistryClient.ImageManifest(content.Digest, content.Bytes.Length, []);
                var pushing = registry.PutManifestAsync(name, $"t{round}", manifest);
                await registry.PushBlobAsync(name, content.Bytes);
                using var pushed = await pushing;
                await pushed.ExpectAsync(HttpStatusCode.Created);
                using var deleted = await registry.DeleteAsync($"/v2/{name}/blobs/{content.Digest}");
                await deleted.ExpectErrorAsync(HttpStatusCode.MethodNotAllowed, "UNSUPPORTED");
            }
        })));
        await ExpectCleanAsync(registry);
    }

    // Everything at once on few names, so that all statements meet each other: no answer is a failure of the server.
    [Theory, OnBothEngines]
    [Trait("Kind", "slow")]
    public async Task A_brawl_leaves_everything_in_order(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        var seed = Random.Shared.Next();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(client => Task.Run(async () =>
        {
            var random = new Random(seed + client);
            for (var step = 0; step < 150; step++)
            {
                var name = $"brawl/r{random.Next(2)}";
                var blob = TestContent.Pool[random.Next(8)];
                var manifest = RegistryClient.ImageManifest(blob.Digest, blob.Bytes.Length, []);
                var tag = $"t{random.Next(2)}";
                using var response = random.Next(7) switch
                {
                    0 or 1 => await registry.SendAsync(HttpMethod.Post, $"/v2/{name}/blobs/uploads/?digest={blob.Digest}", blob.Bytes),
                    2 or 3 => await registry.PutManifestAsync(name, tag, manifest),
                    4 => await registry.DeleteAsync($"/v2/{name}/manifests/{(random.Next(2) == 0 ? tag : Registry.Digest(manifest))}"),
                    5 => await registry.DeleteAsync($"/v2/{name}/blobs/{blob.Digest}"),
                    _ => await registry.SendAsync(HttpMethod.Post, $"/v2/{name}/blobs/uploads/?mount={blob.Digest}&from=brawl/r{random.Next(2)}", []),
                };
                if ((int)response.StatusCode >= 500)
                    Assert.Fail($"seed {seed}: {response.RequestMessage} answered {response.StatusCode}");
                if (step % 20 == 0)
                    await registry.App.SweepAsync(Cancel);
            }
        })));
        await ExpectCleanAsync(registry);
    }

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    static async Task PushAsync(Registry registry, string repository, string digest, HttpContent body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v2/{repository}/blobs/uploads/?digest={digest}") { Content = body };
        using var response = await registry.Http.SendAsync(request, Cancel);
        await response.ExpectAsync(HttpStatusCode.Created);
    }

    static Task<long?> CountAsync(Registry registry, Sql sql) => registry.App.Database.ReadAsync(session => session.FindNumberAsync(sql), Cancel);

    static async Task ExpectCleanAsync(Registry registry)
    {
        var output = new StringWriter();
        Assert.True(await FsckRun.RunAsync(registry.Config, rehash: true, output, Cancel) == 0, output.ToString());
    }

    /// <summary>A body of which the last byte comes when the test says so.</summary>
    sealed class GatheringContent(byte[] bytes) : HttpContent
    {
        readonly TaskCompletionSource atTheEnd = new(TaskCreationOptions.RunContinuationsAsynchronously);
        readonly TaskCompletionSource finish = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task AtTheEnd => atTheEnd.Task;

        public void Finish() => finish.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(bytes.AsMemory(0, bytes.Length - 1));
            await stream.FlushAsync();
            atTheEnd.SetResult();
            await finish.Task;
            await stream.WriteAsync(bytes.AsMemory(bytes.Length - 1));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = bytes.Length;
            return true;
        }
    }
}
