using System.Net;
using Staithe.Database;
using Staithe.Tests.Durability;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Distribution;

/// <summary>An upload costs what was received of it, and how many are open is bounded, however they begin and however many begin at once.</summary>
public sealed class OpenUploadsTests
{
    static readonly Sql CountUploads = new("select count(*) from uploads");
    static readonly Sql ExpireUploads = new("update uploads set expires_at = 0");

    [Theory, OnBothEngines]
    public async Task An_account_has_so_many_and_others_are_not_kept_from_theirs(Engine engine)
    {
        await using var closed = await ClosedRegistry.StartAsync(engine, config => config with { OpenUploadsPerAccount = 5 });
        var (alice, bob) = (await closed.AddUserAsync(), await closed.AddUserAsync());
        var own = closed.As(alice);
        var name = $"{alice.Name}/a";
        var open = new List<string>();
        var refused = 0;
        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => own.SendAsync(HttpMethod.Post, $"/v2/{name}/blobs/uploads/", []))))
        {
            using (answer)
            {
                if (answer.StatusCode == HttpStatusCode.Accepted)
                {
                    open.Add(answer.Headers.Location!.OriginalString);
                    continue;
                }
                refused++;
                Assert.NotNull(answer.Headers.RetryAfter);
                await answer.ExpectErrorAsync(HttpStatusCode.TooManyRequests, "TOOMANYREQUESTS");
            }
        }
        Assert.Equal((5, 15), (open.Count, refused));
        Assert.Equal(5, await CountAsync(closed.Registry));
        using (var said = await own.SendAsync(HttpMethod.Post, $"/v2/{name}/blobs/uploads/", []))
        {
            var text = await said.Content.ReadAsStringAsync(Cancel);
            Assert.All((string[])[alice.Name, "openUploadsPerAccount", "DELETE", "24 hours"], word => Assert.Contains(word, text, StringComparison.Ordinal));
        }

        // A mount that cannot be made begins an upload, and a blob in one request is one too.
        foreach (var query in (string[])[$"?mount={Registry.Digest([1])}&from={alice.Name}/none", $"?digest={Registry.Digest([2])}"])
        {
            using var more = await own.SendAsync(HttpMethod.Post, $"/v2/{name}/blobs/uploads/{query}", [2]);
            await more.ExpectErrorAsync(HttpStatusCode.TooManyRequests, "TOOMANYREQUESTS");
        }
        await closed.As(bob).StartUploadAsync($"{bob.Name}/b");

        // One that is finished, cancelled or expired makes room.
        using (var done = await own.SendAsync(HttpMethod.Put, $"{open[0]}?digest={Registry.Digest([3])}", [3]))
            await done.ExpectAsync(HttpStatusCode.Created);
        open[0] = await own.StartUploadAsync(name);
        using (var cancelled = await own.DeleteAsync(open[1]))
            await cancelled.ExpectAsync(HttpStatusCode.NoContent);
        await own.StartUploadAsync(name);
        await closed.Db.WriteAsync(session => session.ExecuteAsync(ExpireUploads), Cancel);
        await own.StartUploadAsync(name);
    }

    [Theory, OnBothEngines]
    public async Task A_space_and_the_registry_have_so_many(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine, config => config with { OpenUploadsPerSpace = 3, OpenUploads = 5 });
        for (var i = 0; i < 3; i++)
            await registry.As(null, $"127.0.0.{i + 2}").StartUploadAsync($"space/r{i}");
        using (var full = await registry.SendAsync(HttpMethod.Post, "/v2/space/other/blobs/uploads/", []))
            Assert.Contains("the space space has 3", await full.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        await registry.StartUploadAsync("spaces/a"); // of another name that begins with it
        await registry.StartUploadAsync("third/a");
        using var all = await registry.SendAsync(HttpMethod.Post, "/v2/fourth/a/blobs/uploads/", []);
        Assert.Contains("openUploads)", await all.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        await all.ExpectErrorAsync(HttpStatusCode.TooManyRequests, "TOOMANYREQUESTS");
    }

    [Fact]
    public async Task Without_an_account_the_address_counts()
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => config with { OpenUploadsPerAccount = 2 });
        var stranger = registry.As(null, "127.0.0.9");
        await stranger.StartUploadAsync("a/b");
        await stranger.StartUploadAsync("a/c");
        using (var third = await stranger.SendAsync(HttpMethod.Post, "/v2/c/d/blobs/uploads/", []))
            Assert.Contains("127.0.0.9", await third.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        await registry.StartUploadAsync("a/b");
    }

    // Far from the limit they begin side by side, near to it one after the other; both at once here.
    [Theory, OnBothEngines]
    public async Task Near_to_a_limit_there_is_never_one_too_many(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine, config => config with { OpenUploadsPerAccount = 160, OpenUploadsPerSpace = 1000 });
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => registry.SendAsync(HttpMethod.Post, $"/v2/near/r{i % 7}/blobs/uploads/", [])));
        Assert.Equal(160, answers.Count(answer => answer.StatusCode == HttpStatusCode.Accepted));
        Assert.Equal(160, await CountAsync(registry));
        Assert.All(answers, answer => answer.Dispose());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2_000_000)]
    public async Task Space_is_taken_by_bytes_that_came_and_not_by_the_length_that_was_said(int received)
    {
        using var directory = new TempDirectory();
        using var disk = SmallDisk.Mount(directory["data"], megabytes: 64);
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => config with { Data = directory["data"] });
        var before = disk.Free();
        for (var i = 0; i < 4; i++)
        {
            var location = await registry.StartUploadAsync("cost/a");
            await using var sender = RawConnection.Open(registry);
            await sender.SendAsync($"PATCH {location} HTTP/1.1\nHost: {registry.Authority}\nContent-Length: 1000000000000\n\n");
            await sender.SendAsync(new byte[received]);
            var key = location[(location.LastIndexOf('/') + 1)..];
            var blobs = Path.Combine(directory["data"], "blobs");
            await Eventually.HoldsAsync(() => Task.FromResult(
                Directory.EnumerateFiles(blobs, key, SearchOption.AllDirectories).Any(file => new FileInfo(file).Length >= received)));
            Assert.InRange(before - disk.Free(), 0, 2_000_000 + ((i + 1L) * ((2L * received) + 65_536)));
        }
    }

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    static async Task<long> CountAsync(Registry registry) => (await registry.App.Database.ReadAsync(session => session.FindNumberAsync(CountUploads), Cancel))!.Value;
}
