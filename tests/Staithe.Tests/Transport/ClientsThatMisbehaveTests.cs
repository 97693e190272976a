using System.Net;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Transport;

/// <summary>Clients that go away in the middle, take their time, or take nothing: each costs what it holds and no more, on both paths.</summary>
public sealed class ClientsThatMisbehaveTests(TwoPaths paths)
{
    const int Large = 20 << 20;

    [Theory, InlineData(true), InlineData(false)]
    public async Task Aborted_downloads_leave_no_open_file(bool direct)
    {
        var registry = await ServerAsync(direct);
        for (var i = 0; i < 60; i++)
        {
            await using var connection = RawConnection.Open(registry, receiveBytes: 16 * 1024);
            await connection.SendAsync(Get(Large));
            var some = new byte[1 + (i * 997)];
            await connection.ReadSomeAsync(some);
            if (i % 2 == 0)
                connection.Reset();
        }
        await OpenFilesEndAsync(registry);
        using var response = await registry.GetAsync($"/v2/{TwoPaths.Name}/manifests/tag");
        await response.ExpectAsync(HttpStatusCode.OK);
        Assert.DoesNotContain("request failed", registry.Log, StringComparison.Ordinal);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_client_that_takes_nothing_is_cut_off(bool direct)
    {
        var registry = await ServerAsync(direct);
        await using var connection = RawConnection.Open(registry, receiveBytes: 16 * 1024);
        await connection.SendAsync(Get(Large));
        await Eventually.HoldsAsync(() => Task.FromResult(OpenFiles(registry) > 0));
        await OpenFilesEndAsync(registry);
        await Assert.ThrowsAnyAsync<Exception>(() => connection.ReadAsync());
        Assert.DoesNotContain("request failed", registry.Log, StringComparison.Ordinal);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Slow_readers_get_every_byte_and_hold_up_nobody(bool direct)
    {
        var registry = await ServerAsync(direct);
        var slow = await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ =>
        {
            var connection = RawConnection.Open(registry, receiveBytes: 256 * 1024);
            await connection.SendAsync(Get(Large));
            return connection;
        }));
        for (var i = 0; i < 50; i++)
        {
            using var response = await registry.GetAsync($"/v2/{TwoPaths.Name}/manifests/tag");
            await response.ExpectAsync(HttpStatusCode.OK);
        }
        await Task.WhenAll(slow.Select(async connection =>
        {
            var answer = await connection.ReadAsync();
            Assert.True(TwoPaths.Blob(Large).AsSpan().SequenceEqual(answer!.Body));
            await connection.DisposeAsync();
        }));
    }

    async Task<Registry> ServerAsync(bool direct) => direct ? await paths.DirectAsync() : await paths.OrdinaryAsync();

    static string Get(int size) => $"GET /v2/{TwoPaths.Name}/blobs/{TwoPaths.Digest(size)} HTTP/1.1\r\nHost: registry\r\n\r\n";

    // The large blob's file is open only while somebody pulls it.
    static Task OpenFilesEndAsync(Registry registry) => Eventually.IsAsync(0, () => Task.FromResult(OpenFiles(registry)));

    static int OpenFiles(Registry registry)
    {
        var blobs = Path.Combine(registry.Config.Data, "blobs");
        return Directory.GetFiles("/proc/self/fd").Select(fd => new FileInfo(fd).LinkTarget)
            .Count(target => target is not null && target.StartsWith(blobs, StringComparison.Ordinal) && new FileInfo(target).Length == Large);
    }
}
