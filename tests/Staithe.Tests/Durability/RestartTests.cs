using System.Globalization;
using System.Net;
using Staithe.Config;
using Staithe.Database;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Durability;

/// <summary>An upload outlives the process that took its bytes.</summary>
public sealed class RestartTests
{
    static readonly Sql ForgetHash = new("update uploads set hash_state = null");
    static readonly Sql FindKey = new("select storage_key from uploads");
    static readonly Sql CountHashStates = new("select count(*) from uploads where hash_state is not null");

    [Theory]
    [InlineData("sha256", false)]
    [InlineData("sha256", true)]
    [InlineData("sha512", false)]
    [InlineData("sha512", true)]
    public async Task An_upload_goes_on_where_it_was_acknowledged(string algorithm, bool hashLost)
    {
        using var directory = new TempDirectory();
        var config = CreateConfig(directory);
        var content = TestContent.Create(new Random(1), 300_001, algorithm);
        const int Acknowledged = 100_003;
        string location;
        await using (var app = await StartAsync(config))
        {
            using var wire = new Wire(new Uri(app.Addresses.Single()));
            location = (await wire.SendAsync(HttpMethod.Post, $"/v2/restart/a/blobs/uploads/?digest-algorithm={algorithm}", [])).Location!;
            Assert.Equal(HttpStatusCode.Accepted, (await wire.SendAsync(HttpMethod.Patch, location, content.Bytes[..Acknowledged])).Status);
        }

        await using (var app = await StartAsync(config))
        {
            Assert.Equal(1, await app.Database.ReadAsync(session => session.FindNumberAsync(CountHashStates), Cancel));
            if (hashLost)
                await app.Database.WriteAsync(session => session.ExecuteAsync(ForgetHash), Cancel);
            var file = Path.Combine(config.Data, "blobs", (await app.Database.ReadAsync(session => session.FindAsync(FindKey, row => row.GetString(0)), Cancel))!);
            Assert.Equal(Acknowledged, new FileInfo(file).Length);
            await File.AppendAllTextAsync(file, "written and never acknowledged", Cancel); // a crash leaves these

            using var wire = new Wire(new Uri(app.Addresses.Single()));
            Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"0-{Acknowledged - 1}"), (await wire.SendAsync(HttpMethod.Get, location)).Range);
            var behind = string.Create(CultureInfo.InvariantCulture, $"{Acknowledged + 1}-{Acknowledged + 10}");
            Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, (await wire.SendAsync(HttpMethod.Patch, location, new byte[10], null, behind)).Status);
            Assert.Equal(HttpStatusCode.Accepted, (await wire.SendAsync(HttpMethod.Patch, location, content.Bytes[Acknowledged..200_000])).Status);
            var finished = await wire.SendAsync(HttpMethod.Put, $"{location}?digest={content.Digest}", content.Bytes[200_000..]);
            Assert.Equal(HttpStatusCode.Created, finished.Status);
            Assert.Equal(content.Bytes, (await wire.SendAsync(HttpMethod.Get, finished.Location!)).Body);
        }
    }

    // The hash is kept for the announced algorithm; a closing digest of the other makes the server read again.
    [Fact]
    public async Task An_upload_may_close_with_the_other_algorithm_after_a_restart()
    {
        using var directory = new TempDirectory();
        var config = CreateConfig(directory);
        var content = TestContent.Create(new Random(2), 50_000, "sha512");
        string location;
        await using (var app = await StartAsync(config))
        {
            using var wire = new Wire(new Uri(app.Addresses.Single()));
            location = (await wire.SendAsync(HttpMethod.Post, "/v2/restart/b/blobs/uploads/", [])).Location!;
            await wire.SendAsync(HttpMethod.Patch, location, content.Bytes[..20_000]);
        }
        await using (var app = await StartAsync(config))
        {
            using var wire = new Wire(new Uri(app.Addresses.Single()));
            Assert.Equal(HttpStatusCode.Created, (await wire.SendAsync(HttpMethod.Put, $"{location}?digest={content.Digest}", content.Bytes[20_000..])).Status);
        }
    }

    [Fact]
    public async Task Acknowledged_bytes_that_are_gone_are_never_papered_over()
    {
        using var directory = new TempDirectory();
        var config = CreateConfig(directory);
        await using var app = await StartAsync(config);
        using var wire = new Wire(new Uri(app.Addresses.Single()));
        var location = (await wire.SendAsync(HttpMethod.Post, "/v2/restart/c/blobs/uploads/", [])).Location!;
        await wire.SendAsync(HttpMethod.Patch, location, new byte[1000]);
        var key = await app.Database.ReadAsync(session => session.FindAsync(FindKey, row => row.GetString(0)), Cancel);
        await File.WriteAllBytesAsync(Path.Combine(config.Data, "blobs", key!), new byte[999], Cancel);
        Assert.Equal(HttpStatusCode.InternalServerError, (await wire.SendAsync(HttpMethod.Patch, location, new byte[1000])).Status);
    }

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    static StaitheConfig CreateConfig(TempDirectory directory) => new() { Data = directory["data"], Listen = [ListenAddress.Parse("127.0.0.1:0")], Log = LogFormat.Quiet, Open = true, StopSeconds = 5 };

    static Task<StaitheApp> StartAsync(StaitheConfig config) => StaitheApp.StartAsync(config, TextWriter.Null, isTerminal: false);
}
