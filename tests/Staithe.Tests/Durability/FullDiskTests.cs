using System.Net;
using Staithe.Database;
using Staithe.Fsck;
using Staithe.Storage;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Durability;

/// <summary>A disk without a free byte is freed through the registry: people sign in, delete, and push again; each refusal says why.</summary>
public sealed class FullDiskTests
{
    static readonly Sql CountTrash = new("select count(*) from trash");
    static readonly Sql TrashIsDue = new("update trash set delete_after = delete_after - 15000");

    [Theory, OnBothEngines]
    public async Task People_sign_in_and_delete_again_and_again(Engine engine)
    {
        using var directory = new TempDirectory();
        using var disk = SmallDisk.Mount(directory["data"], megabytes: 32);
        await using var closed = await ClosedRegistry.StartAsync(engine, config => config with { Data = directory["data"] });
        var registry = closed.Registry;
        var user = await closed.AddUserAsync();
        var own = closed.As(user);
        for (var round = 0; round < 3; round++)
        {
            var name = $"{user.Name}/app{round}";
            var image = await own.PushImageAsync(name, "1");
            await own.PushImageAsync(name, "2");
            var large = await own.PushBlobAsync(name, TestContent.Create(new Random(round), 3_000_000).Bytes);
            var upload = await own.StartUploadAsync(name);
            disk.Fill(leave: 0);
            Assert.Equal(0, disk.Free());

            using (var browser = new Browser(registry.Url))
            {
                await browser.SignInAsync(user.Name, user.Password);
                using var signedOut = await browser.PostAsync("/logout");
                await signedOut.ExpectAsync(HttpStatusCode.SeeOther);
            }
            using (var token = await own.GetAsync($"/v2/auth?service={registry.Authority}&scope=repository:{name}:pull,delete&offline_token=true"))
                await token.ExpectAsync(HttpStatusCode.OK);
            foreach (var path in (string[])[$"/v2/{name}/manifests/2", $"/v2/{name}/manifests/{image.Digest}", $"/v2/{name}/blobs/{large}"])
            {
                using var deleted = await own.DeleteAsync(path);
                await deleted.ExpectAsync(HttpStatusCode.Accepted);
            }
            using (var cancelled = await own.DeleteAsync(upload))
                await cancelled.ExpectAsync(HttpStatusCode.NoContent);
            await ExpectWritesAsync(registry, areTaken: false);
            var free = disk.Free();
            await registry.App.Database.WriteAsync(SpaceUse.Frees, session => session.ExecuteAsync(TrashIsDue), Cancel);
            await registry.App.SweepAsync(Cancel);
            Assert.InRange(disk.Free(), engine == Engine.Sqlite ? free : 2_900_000, long.MaxValue);
            Assert.Equal(0, await registry.App.Database.ReadAsync(session => session.FindNumberAsync(CountTrash), Cancel));

            using (var removed = await own.DeleteAsync($"/api/v1/repository?name={name}"))
                Assert.True(removed.IsSuccessStatusCode, await removed.Content.ReadAsStringAsync(Cancel));
            disk.MakeRoom();
            await own.PushImageAsync(name, "3");
            await ExpectWritesAsync(registry, areTaken: true);
        }
        var output = new StringWriter();
        Assert.True(await FsckRun.RunAsync(registry.Config, rehash: true, output, Cancel) == 0, output.ToString());
    }

    [Fact]
    public async Task What_deletions_give_back_is_room_for_pushes_without_anybody_else()
    {
        using var directory = new TempDirectory();
        using var disk = SmallDisk.Mount(directory["data"], megabytes: 32);
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => config with { Data = directory["data"], TrashMinutes = 0 });
        var digests = new List<string>();
        while (true)
        {
            var content = TestContent.Create(new Random(digests.Count), 1_500_000);
            using var pushed = await registry.SendAsync(HttpMethod.Post, $"/v2/full/all/blobs/uploads/?digest={content.Digest}", content.Bytes);
            if (pushed.StatusCode == HttpStatusCode.InsufficientStorage)
                break;
            await pushed.ExpectAsync(HttpStatusCode.Created);
            digests.Add(content.Digest);
        }
        disk.Fill(leave: 0);
        foreach (var digest in digests)
        {
            using var deleted = await registry.DeleteAsync($"/v2/full/all/blobs/{digest}");
            await deleted.ExpectAsync(HttpStatusCode.Accepted);
        }
        await registry.App.SweepAsync(Cancel);
        await registry.PushImageAsync("full/all", "1");
        await ExpectWritesAsync(registry, areTaken: true);
    }

    [Theory, OnBothEngines]
    public async Task A_server_starts_on_a_full_disk_and_deletes(Engine engine)
    {
        using var directory = new TempDirectory();
        using var disk = SmallDisk.Mount(directory["data"], megabytes: 32);
        var config = default(Staithe.Config.StaitheConfig)!;
        await using (var first = await Registry.StartAsync(engine, given => config = given with { Data = directory["data"] }))
            await first.PushImageAsync("full/restart", "1");
        disk.Fill(leave: 0);
        await using var second = await Registry.StartAsync(engine, _ => config);
        using (var pulled = await second.GetAsync("/v2/full/restart/manifests/1"))
            await pulled.ExpectAsync(HttpStatusCode.OK);
        using (var deleted = await second.DeleteAsync("/v2/full/restart/manifests/1"))
            await deleted.ExpectAsync(HttpStatusCode.Accepted);
        using var refused = await second.SendAsync(HttpMethod.Post, $"/v2/full/restart/blobs/uploads/?digest={Registry.Digest([1])}", [1]);
        await refused.ExpectAsync(HttpStatusCode.InsufficientStorage);
    }

    [Fact]
    public async Task Every_face_answers_507_and_why()
    {
        using var directory = new TempDirectory();
        using var disk = SmallDisk.Mount(directory["data"], megabytes: 32);
        await using var closed = await ClosedRegistry.StartAsync(Engine.Sqlite, config => config with { Data = directory["data"] });
        var user = await closed.AddUserAsync();
        var own = closed.As(user);
        await own.PushLayersAsync($"{user.Name}/a", "1", new TarBytes().File("var/lib/dpkg/status", "Package: a\nStatus: install ok installed\nVersion: 1\n").End());
        using (var read = await own.GetAsync($"/api/v1/packages?image={user.Name}/a:1"))
            Assert.NotEqual(HttpStatusCode.InternalServerError, read.StatusCode);
        await closed.Registry.App.DrainAsync(Cancel);
        using var browser = new Browser(closed.Registry.Url);
        await browser.SignInAsync(user.Name, user.Password);
        disk.Fill(leave: 0);

        using (var push = await own.SendAsync(HttpMethod.Post, $"/v2/{user.Name}/a/blobs/uploads/?digest={Registry.Digest([1])}", [1]))
            await ExpectReasonAsync(push, "application/json");
        using (var attached = await own.SendAsync(HttpMethod.Post, $"/api/v1/sbom?image={user.Name}/a:1", []))
            await ExpectReasonAsync(attached, "application/problem+json");
        using (var attached = await browser.PostAsync("/attach-sbom", ("image", $"{user.Name}/a:1")))
            await ExpectReasonAsync(attached, "text/html");
    }

    // One that takes more than there is loses alone what it wrote, whether the disk is full at its statement or at the commit of all.
    [Fact]
    public async Task A_large_write_does_not_fail_those_it_is_committed_with()
    {
        using var directory = new TempDirectory();
        using var disk = SmallDisk.Mount(directory["data"], megabytes: 8);
        var reserve = new DiskReserve(directory["data"], 1024 * 1024);
        await using var db = new SqliteDb(Path.Combine(directory["data"], "test.db"), reserve);
        await db.RunScriptAsync("create table t (k integer primary key, v blob)");
        disk.Fill(leave: 0);
        using var gate = new ManualResetEventSlim();
        using var inside = new ManualResetEventSlim();
        var first = Task.Run(() => db.WriteAsync(SpaceUse.Small, session =>
        {
            inside.Set();
            gate.Wait(Cancel);
            return session.ExecuteAsync(Insert, 1L, 10L);
        }));
        inside.Wait(Cancel);
        var small = db.WriteAsync(SpaceUse.Small, session => session.ExecuteAsync(Insert, 2L, 10L), Cancel);
        var large = db.WriteAsync(SpaceUse.Frees, session => session.ExecuteAsync(Insert, 3L, 12_000_000L), Cancel);
        var grows = db.WriteAsync(session => session.ExecuteAsync(Insert, 4L, 10L), Cancel);
        var last = db.WriteAsync(SpaceUse.Frees, session => session.ExecuteAsync(Insert, 5L, 10L), Cancel);
        gate.Set();
        await Task.WhenAll(first, small, last);
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => large);
        Assert.Equal(DiskFault.Full, db.FindFault(failure));
        Assert.Equal(DiskFault.Full, db.FindFault(await Assert.ThrowsAnyAsync<Exception>(() => grows)));
        Assert.Equal([1L, 2L, 5L], await db.ReadAsync(session => session.ListAsync(Keys, row => row.GetInt64(0)), Cancel));
    }

    [Theory]
    [InlineData(28, "disk is full")]
    [InlineData(122, "quota")]
    [InlineData(30, "read-only")]
    [InlineData(27, "as large as this")]
    public void An_error_of_the_disk_is_known_by_its_number(int error, string reason)
    {
        Assert.Contains(reason, DiskFault.Find(new IOException("x", error))!.Reason, StringComparison.Ordinal);
        Assert.Contains(reason, DiskFault.Find(new InvalidOperationException("y", new IOException("x", error)))!.Reason, StringComparison.Ordinal);
        Assert.Null(DiskFault.Find(new IOException("x", 5)));
        Assert.Null(DiskFault.Find(new InvalidOperationException("y")));
    }

    [Fact]
    public void The_reserve_goes_in_halves_and_comes_back_whole()
    {
        using var directory = new TempDirectory();
        using var disk = SmallDisk.Mount(directory["data"], megabytes: 8);
        var reserve = new DiskReserve(directory["data"], 512 * 1024);
        Assert.True(reserve.IsWhole);
        disk.Fill(leave: 0);
        Assert.True(reserve.TryRelease(all: false));
        Assert.Equal(256 * 1024, disk.Free());
        Assert.False(reserve.TryRelease(all: false));
        Assert.True(reserve.TryRelease(all: true));
        Assert.False(reserve.TryRelease(all: true));
        Assert.Equal(512 * 1024, disk.Free());
        disk.Fill(leave: 100_000);
        Assert.False(reserve.TryRefill());
        Assert.InRange(disk.Free(), 90_000, 110_000); // what was left is not taken in part
        Assert.Throws<DiskException>(reserve.RequireWhole);
        disk.MakeRoom();
        Assert.True(reserve.TryRefill());
        Assert.Equal(512 * 1024, new FileInfo(Path.Combine(directory["data"], "reserve")).Length);
        Assert.True(new DiskReserve(directory["data"], 256 * 1024).IsWhole);
        Assert.Equal(256 * 1024, new FileInfo(Path.Combine(directory["data"], "reserve")).Length);
    }

    static readonly Sql Insert = new("insert into t values ($1, zeroblob($2))");
    static readonly Sql Keys = new("select k from t order by k");

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    static async Task ExpectReasonAsync(HttpResponseMessage response, string mediaType)
    {
        var body = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(response.StatusCode == HttpStatusCode.InsufficientStorage, $"{response.StatusCode}: {body}");
        Assert.Equal(mediaType, response.Content.Headers.ContentType!.MediaType);
        Assert.Contains("disk is full", body, StringComparison.Ordinal);
    }

    static async Task ExpectWritesAsync(Registry registry, bool areTaken)
    {
        using (var reads = await registry.GetAsync("/readyz"))
        {
            await reads.ExpectAsync(HttpStatusCode.OK);
            Assert.Equal(areTaken, (await reads.Content.ReadAsStringAsync(Cancel)).StartsWith("ok\n", StringComparison.Ordinal) && !(await reads.Content.ReadAsStringAsync(Cancel)).Contains("writes: no", StringComparison.Ordinal));
        }
        using var writes = await registry.GetAsync("/readyz?for=writes");
        await writes.ExpectAsync(areTaken ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable);
    }
}
