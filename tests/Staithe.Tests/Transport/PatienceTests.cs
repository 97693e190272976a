using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Staithe.Config;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Transport;

/// <summary>How long what may take: transfers may pause for minutes, and what comes before them may not.</summary>
public sealed class PatienceTests
{
    // A copy out of a registry that fetches the blob itself pauses for as long as that takes; builds that make the layer meanwhile do too.
    static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    [Fact]
    public void By_default_a_transfer_may_pause_for_minutes_more_than_once()
    {
        var stall = TimeSpan.FromSeconds(new StaitheConfig { Data = "" }.StallSeconds);
        var limits = new KestrelServerLimits();
        HttpHost.Limit(limits, stall);
        Assert.True(stall > LongestPause);
        Assert.True(limits.MinRequestBodyDataRate!.GracePeriod > 2 * LongestPause);
        Assert.True(limits.MinResponseDataRate!.GracePeriod > LongestPause);
    }

    [Fact]
    public void What_comes_before_a_transfer_may_not()
    {
        var limits = new KestrelServerLimits();
        HttpHost.Limit(limits, TimeSpan.FromHours(1));
        Assert.InRange(limits.RequestHeadersTimeout, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30));
        HttpHost.Limit(limits, TimeSpan.FromSeconds(2));
        Assert.Equal(TimeSpan.FromSeconds(2), limits.RequestHeadersTimeout);
    }

    // A small transfer that pauses in the middle, longer than the server would wait for headers, and goes on.
    [Theory, OnBothEngines]
    public async Task An_upload_that_pauses_goes_on(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine, config => config with { StallSeconds = new StaitheConfig { Data = "" }.StallSeconds });
        var location = await registry.StartUploadAsync("a");
        await using var connection = RawConnection.Open(registry);
        await connection.SendAsync($"PATCH {location} HTTP/1.1\nHost: a\nContent-Length: 10\n\nhello");
        var file = Path.Combine(registry.Config.Data, "blobs", Staithe.Storage.StorageKey.For(Id(location)));
        await Eventually.HoldsAsync(() => Task.FromResult(File.Exists(file) && new FileInfo(file).Length > 0));
        using (var served = await registry.GetAsync("/v2/"))
            await served.ExpectAsync(HttpStatusCode.OK);
        await connection.SendAsync("world");
        var answer = await connection.ReadAsync();
        Assert.Equal((202, "0-9"), (answer!.Status, answer.Header("Range")));
    }

    static Staithe.Oci.UploadId Id(string location)
    {
        Assert.True(Staithe.Oci.UploadId.TryParse(location[(location.LastIndexOf('/') + 1)..], out var id));
        return id;
    }
}
