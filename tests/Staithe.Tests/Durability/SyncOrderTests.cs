using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Staithe.Config;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Durability;

/// <summary>
/// A killed process loses nothing that it wrote, a machine without power does. So the calls are watched: before an answer, first the bytes,
/// then the file's name, then the row that counts them has been made durable, each finished before the next begins.
/// </summary>
[Trait("Kind", "slow")]
public sealed partial class SyncOrderTests
{
    [Fact]
    public async Task Everything_is_synced_before_it_is_acknowledged()
    {
        using var directory = new TempDirectory();
        var trace = directory["trace"];
        var config = new StaitheConfig { Data = directory["data"] };
        var whole = TestContent.Create(new Random(1), 300_000);
        var chunked = TestContent.Create(new Random(2), 200_000);
        await using (var server = await ServerProcess.StartAsync(config, "strace", "-f", "-y", "-s", "64", "-e", "signal=none", "-e", "trace=pwrite64,pwritev,write,writev,sendto,sendmsg,fdatasync,fsync", "-o", trace))
        {
            using var wire = new Wire(server.Url);
            Assert.Equal(HttpStatusCode.Created, (await wire.PushBlobAsync("order/a", whole)).Status);
            var location = (await wire.SendAsync(HttpMethod.Post, "/v2/order/a/blobs/uploads/", [])).Location!;
            Assert.Equal(HttpStatusCode.Accepted, (await wire.SendAsync(HttpMethod.Patch, location, chunked.Bytes[..100_000])).Status);
            Assert.Equal(HttpStatusCode.Created, (await wire.SendAsync(HttpMethod.Put, $"{location}?digest={chunked.Digest}", chunked.Bytes[100_000..])).Status);
            await server.KillAsync();
        }
        var calls = Read(await File.ReadAllLinesAsync(trace, TestContext.Current.CancellationToken));

        // Answers in order: 201 of the whole blob; 202 of the start, which only the row has to precede; 202 of the chunk; 201 of the end.
        var answers = calls.Where(call => call.Name is "sendto" or "sendmsg" or "write" or "writev" && call.Arguments.Contains("HTTP/1.1 20", StringComparison.Ordinal)).ToList();
        Assert.Equal(["201", "202", "202", "201"], answers.Select(answer => StatusCode().Match(answer.Arguments).Groups["code"].Value));
        ExpectOrder(calls, calls[0], answers[0], isNew: true, writes: true);
        ExpectOrder(calls, answers[0], answers[1], isNew: false, writes: false);
        ExpectOrder(calls, answers[1], answers[2], isNew: true, writes: true);
        ExpectOrder(calls, answers[2], answers[3], isNew: false, writes: true);
    }

    static void ExpectOrder(List<Call> all, Call from, Call answer, bool isNew, bool writes)
    {
        var calls = all.Where(call => call.Begin >= from.End && call.Begin < answer.Begin).ToList();
        var done = from.End;
        if (writes)
        {
            var last = calls.Last(call => call.Name is "pwrite64" or "pwritev" && BlobFile().IsMatch(call.Arguments));
            var file = BlobFile().Match(last.Arguments).Groups["path"].Value;
            var sync = calls.FirstOrDefault(call => call.Name == "fdatasync" && call.Begin > last.End && call.Arguments.Contains($"<{file}>", StringComparison.Ordinal));
            Assert.True(sync is { Succeeded: true }, "the bytes are not synced");
            done = sync.End;
            if (isNew)
            {
                var name = calls.FirstOrDefault(call => call.Name == "fsync" && call.Begin > done && call.Arguments.Contains($"<{Path.GetDirectoryName(file)}>", StringComparison.Ordinal));
                Assert.True(name is { Succeeded: true }, "the name is not synced");
                done = name.End;
            }
        }
        var row = calls.FirstOrDefault(call => call.Name == "pwrite64" && call.Begin > done && call.Arguments.Contains("staithe.db-wal>", StringComparison.Ordinal));
        Assert.True(row is not null, "no row is written after the bytes");
        var commit = calls.LastOrDefault(call => call.Name is "fdatasync" or "fsync" && call.Begin > row.End && call.Arguments.Contains("staithe.db-wal>", StringComparison.Ordinal));
        Assert.True(commit is { Succeeded: true } && commit.End < answer.Begin, "the row is not synced before the answer");
    }

    // A call that another thread interrupts stands on two lines: it begins on one and ends on the other.
    static List<Call> Read(string[] lines)
    {
        var calls = new List<Call>();
        var unfinished = new Dictionary<string, Call>();
        for (var number = 0; number < lines.Length; number++)
        {
            if (Begin().Match(lines[number]) is { Success: true } begin)
            {
                var call = new Call(begin.Groups["name"].Value, begin.Groups["rest"].Value, number);
                calls.Add(call);
                if (lines[number].EndsWith("<unfinished ...>", StringComparison.Ordinal))
                    unfinished[begin.Groups["thread"].Value] = call;
                else
                    call.Finish(number, lines[number]);
            }
            else if (Resumed().Match(lines[number]) is { Success: true } resumed && unfinished.Remove(resumed.Groups["thread"].Value, out var call))
            {
                call.Finish(number, lines[number]);
            }
        }
        return calls;
    }

    sealed record Call(string Name, string Arguments, int Begin)
    {
        public int End { get; private set; } = int.MaxValue;

        public bool Succeeded { get; private set; }

        public void Finish(int line, string text) =>
            (End, Succeeded) = (line, Result().Match(text) is { Success: true } result && long.Parse(result.Groups["value"].Value, CultureInfo.InvariantCulture) >= 0);
    }

    [GeneratedRegex(@"^(?<thread>\d+) +(?<name>\w+)\((?<rest>.*)$")]
    private static partial Regex Begin();

    [GeneratedRegex(@"^(?<thread>\d+) +<\.\.\. \w+ resumed>")]
    private static partial Regex Resumed();

    [GeneratedRegex(@"= (?<value>-?\d+)[^=]*$")]
    private static partial Regex Result();

    [GeneratedRegex(@"^\d+<(?<path>[^>]*/blobs/[0-9a-f]{2}/[^>]+)>")]
    private static partial Regex BlobFile();

    [GeneratedRegex(@"HTTP/1\.1 (?<code>\d+)")]
    private static partial Regex StatusCode();
}
