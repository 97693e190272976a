using System.Net;
using Staithe.Database;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Durability;

/// <summary>What has no future goes, in its time; what has one stays. Time passes by moving the times in the rows.</summary>
public sealed class SweepTests
{
    static readonly Sql ExpireUploads = new("update uploads set expires_at = 0");
    static readonly Sql TrashIsDue = new("update trash set delete_after = 0");
    static readonly Sql CountUploads = new("select count(*) from uploads");
    static readonly Sql CountTrash = new("select count(*) from trash");
    static readonly Sql CountWaiting = new("select count(*) from trash where delete_after > {now} + 3500000");

    [Theory, OnBothEngines]
    public async Task An_expired_upload_goes_with_its_file(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        var location = await registry.StartUploadAsync("sweep/a");
        await AppendAsync(registry, location, new byte[5000]);
        await registry.StartUploadAsync("sweep/a"); // without a file
        await registry.App.SweepAsync(Cancel);
        Assert.Equal(2, await CountAsync(registry, CountUploads));
        Assert.Single(Files(registry));

        await PassAsync(registry, ExpireUploads);
        await registry.App.SweepAsync(Cancel);
        await PassAsync(registry, TrashIsDue);
        await registry.App.SweepAsync(Cancel);
        Assert.Empty(Files(registry));
        Assert.Equal(0, await CountAsync(registry, CountUploads) + await CountAsync(registry, CountTrash));
        using var gone = await registry.GetAsync(location);
        await gone.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UPLOAD_UNKNOWN");
    }

    [Theory, OnBothEngines]
    public async Task A_cancelled_upload_and_one_of_another_digest_leave_nothing(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        var cancelled = await registry.StartUploadAsync("sweep/b");
        await AppendAsync(registry, cancelled, new byte[5000]);
        using (var response = await registry.DeleteAsync(cancelled))
            await response.ExpectAsync(HttpStatusCode.NoContent);
        var wrong = await registry.StartUploadAsync("sweep/b");
        using (var response = await registry.SendAsync(HttpMethod.Put, $"{wrong}?digest={Registry.Digest([1])}", [2]))
            await response.ExpectErrorAsync(HttpStatusCode.BadRequest, "DIGEST_INVALID");
        await registry.App.SweepAsync(Cancel);
        Assert.Empty(Files(registry));
        Assert.Equal(0, await CountAsync(registry, CountTrash));
    }

    [Theory, OnBothEngines]
    public async Task Deleted_bytes_wait_their_time_and_a_blob_that_comes_back_lies_elsewhere(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        var digest = await registry.PushBlobAsync("sweep/c", [1, 2, 3]);
        using (var response = await registry.DeleteAsync($"/v2/sweep/c/blobs/{digest}"))
            await response.ExpectAsync(HttpStatusCode.Accepted);
        await registry.App.SweepAsync(Cancel);
        Assert.Single(Files(registry));
        Assert.Equal(1, await CountAsync(registry, CountWaiting)); // for the hour that is the default

        await registry.PushBlobAsync("sweep/c", [1, 2, 3]);
        Assert.Equal(2, Files(registry).Length);
        await PassAsync(registry, TrashIsDue);
        await registry.App.SweepAsync(Cancel);
        Assert.Single(Files(registry));
        using var there = await registry.GetAsync($"/v2/sweep/c/blobs/{digest}");
        Assert.Equal([1, 2, 3], await there.Content.ReadAsByteArrayAsync(Cancel));
    }

    // The sweep runs whenever it can while an upload comes in slowly that is, by its row, long expired.
    [Theory, OnBothEngines]
    public async Task An_upload_that_is_being_written_is_never_taken(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        var content = TestContent.Create(new Random(3), 40_000);
        var location = await registry.StartUploadAsync("sweep/d");
        var body = new StepContent(content.Bytes, pieces: 10);
        using var request = new HttpRequestMessage(HttpMethod.Put, $"{location}?digest={content.Digest}") { Content = body };
        var push = registry.Http.SendAsync(request, Cancel);
        for (var piece = 0; piece < 10; piece++)
        {
            await Task.WhenAny(body.SendPieceAsync(), push);
            await UntilAsync(() => push.IsCompleted || Files(registry).Length == 1);
            await PassAsync(registry, ExpireUploads);
            await registry.App.SweepAsync(Cancel);
            await PassAsync(registry, TrashIsDue);
            await registry.App.SweepAsync(Cancel);
        }
        using (var response = await push)
            await response.ExpectAsync(HttpStatusCode.Created);
        using var there = await registry.GetAsync($"/v2/sweep/d/blobs/{content.Digest}");
        Assert.Equal(content.Bytes, await there.Content.ReadAsByteArrayAsync(Cancel));
    }

    [Fact]
    public async Task More_than_one_batch_goes_in_one_round()
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => config with { OpenUploadsPerAccount = 2000, OpenUploadsPerSpace = 2000 });
        await Task.WhenAll(Enumerable.Range(0, 1100).Select(_ => registry.StartUploadAsync("sweep/e")));
        await PassAsync(registry, ExpireUploads);
        await registry.App.SweepAsync(Cancel);
        await PassAsync(registry, TrashIsDue);
        await registry.App.SweepAsync(Cancel);
        Assert.Equal(0, await CountAsync(registry, CountUploads) + await CountAsync(registry, CountTrash));
    }

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    static async Task AppendAsync(Registry registry, string location, byte[] bytes)
    {
        using var response = await registry.SendAsync(HttpMethod.Patch, location, bytes);
        await response.ExpectAsync(HttpStatusCode.Accepted);
    }

    static string[] Files(Registry registry) => Directory.GetFiles(Path.Combine(registry.Config.Data, "blobs"), "*", SearchOption.AllDirectories);

    static async Task PassAsync(Registry registry, Sql sql) => await registry.App.Database.WriteAsync(session => session.ExecuteAsync(sql), Cancel);

    static Task<long?> CountAsync(Registry registry, Sql sql) => registry.App.Database.ReadAsync(session => session.FindNumberAsync(sql), Cancel);

    static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(1, Cancel);
    }

    /// <summary>A body that comes in pieces, each when the test says so.</summary>
    sealed class StepContent(byte[] bytes, int pieces) : HttpContent
    {
        readonly SemaphoreSlim wanted = new(0);
        readonly SemaphoreSlim sent = new(0);

        public async Task SendPieceAsync()
        {
            wanted.Release();
            await sent.WaitAsync(Cancel);
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            foreach (var piece in bytes.Chunk(bytes.Length / pieces))
            {
                await wanted.WaitAsync(Cancel);
                await stream.WriteAsync(piece);
                await stream.FlushAsync();
                sent.Release();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = bytes.Length;
            return true;
        }
    }
}
