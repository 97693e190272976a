using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Staithe.Config;
using Staithe.Tests.Durability;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Transport;

/// <summary>How a pushed blob comes out of the kernel. The server's own blocks have 4 KiB, and nothing but the count of calls tells them from ours.</summary>
[Trait("Kind", "slow")]
public sealed partial class ReceiveTests
{
    [Fact]
    public async Task A_blob_is_received_in_blocks_of_64_KiB()
    {
        using var directory = new TempDirectory();
        var trace = directory["trace"];
        await using (var server = await ServerProcess.StartAsync(new StaitheConfig { Data = directory["data"] }, "strace", "-f", "-s", "0", "-e", "signal=none", "-e", "trace=recvfrom,recvmsg,read", "-o", trace))
        {
            using var wire = new Wire(server.Url);
            Assert.Equal(HttpStatusCode.Created, (await wire.PushBlobAsync("large/blocks", TestContent.Create(new Random(1), 8 * 1024 * 1024))).Status);
            await server.KillAsync();
        }
        var calls = await File.ReadAllLinesAsync(trace, TestContext.Current.CancellationToken);
        var largest = calls.Max(line => Received().Match(line) is { Success: true } call ? int.Parse(call.Groups["bytes"].Value, CultureInfo.InvariantCulture) : 0);
        Assert.InRange(largest, 16 * 1024, 64 * 1024);
    }

    [GeneratedRegex(@"(recvfrom|recvmsg)\b.*= (?<bytes>\d+)$")]
    private static partial Regex Received();
}
