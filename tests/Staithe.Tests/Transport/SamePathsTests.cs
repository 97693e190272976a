using System.Text;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Transport;

/// <summary>Sends the same seeded requests, many on a connection at once, to the direct and to the ordinary path: the answers must be the same.</summary>
public sealed class SamePathsTests(TwoPaths paths)
{
    const int Connections = 120;
    const int MostRequests = 12;
    const int AtOnce = 48;

    [Fact]
    public async Task Both_paths_give_the_same_answers()
    {
        var seed = Environment.GetEnvironmentVariable("TEST_SEED") is { } given ? int.Parse(given, System.Globalization.CultureInfo.InvariantCulture) : Random.Shared.Next();
        var random = new Random(seed);
        for (var i = 0; i < Connections; i++)
        {
            var requests = Enumerable.Range(0, random.Next(1, MostRequests)).Select(_ => Generate(random)).ToList();
            var direct = await AnswersAsync(await paths.DirectAsync(), requests);
            var ordinary = await AnswersAsync(await paths.OrdinaryAsync(), requests);
            AssertAllSame(direct, ordinary, requests, $"seed {seed}, connection {i}");
        }
    }

    // What many ask for at once is answered on other threads than what few do.
    [Fact]
    public async Task Many_connections_at_once_get_the_answers_that_each_gets_alone()
    {
        var random = Seed.Random();
        var asked = Enumerable.Range(0, AtOnce).Select(_ => Enumerable.Range(0, MostRequests).Select(_ => Generate(random, largest: 1 << 20)).ToList()).ToList();
        var (direct, ordinary) = (await paths.DirectAsync(), await paths.OrdinaryAsync());
        var together = await Task.WhenAll(asked.Select(requests => Task.Run(() => AnswersAsync(direct, requests))));
        for (var i = 0; i < AtOnce; i++)
            AssertAllSame(together[i], await AnswersAsync(ordinary, asked[i]), asked[i], $"connection {i}");
    }

    // The checker must be able to see a fault.
    [Fact]
    public void A_single_other_byte_or_header_is_seen()
    {
        var answer = new RawResponse(200, ["Content-Length: 2", "Date: now"], [1, 2]);
        AssertSame(answer, answer with { Headers = ["Content-Length: 2", "Date: later"] }, "");
        Assert.ThrowsAny<Exception>(() => AssertSame(answer, answer with { Body = [1, 3] }, ""));
        Assert.ThrowsAny<Exception>(() => AssertSame(answer, answer with { Headers = ["Content-Length: 2", "ETag: x"] }, ""));
        Assert.ThrowsAny<Exception>(() => AssertSame(answer, null, ""));
    }

    static void AssertAllSame(List<RawResponse?> direct, List<RawResponse?> ordinary, List<Request> requests, string where)
    {
        for (var i = 0; i < requests.Count; i++)
            AssertSame(direct[i], ordinary[i], $"{where}, request {i}:\n{requests[i].Text}");
    }

    static void AssertSame(RawResponse? direct, RawResponse? ordinary, string what)
    {
        Assert.True(direct is null == ordinary is null, what);
        if (direct is null || ordinary is null)
            return;
        Assert.True(direct.Status == ordinary.Status, what);
        var (ours, theirs) = (Boundary(direct), Boundary(ordinary));
        Assert.Equal(Comparable(direct, ours), Comparable(ordinary, theirs));
        var same = ours is null
            ? direct.Body.AsSpan().SequenceEqual(ordinary.Body)
            : Encoding.Latin1.GetString(direct.Body).Replace(ours, theirs, StringComparison.Ordinal) == Encoding.Latin1.GetString(ordinary.Body);
        Assert.True(same, $"the bodies differ: {what}");
    }

    static List<string> Comparable(RawResponse response, string? boundary) => [.. response.Headers
        .Where(line => !line.StartsWith("Date: ", StringComparison.Ordinal))
        .Select(line => boundary is null ? line : line.Replace(boundary, "BOUNDARY", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal)];

    static string? Boundary(RawResponse response) =>
        response.Header("Content-Type") is { } type && type.Split("boundary=") is [_, var boundary] ? boundary : null;

    static async Task<List<RawResponse?>> AnswersAsync(Registry registry, List<Request> requests)
    {
        await using var connection = RawConnection.Open(registry);
        var sending = connection.SendAsync(string.Concat(requests.Select(request => request.Text)));
        var answers = new List<RawResponse?>();
        foreach (var request in requests)
            answers.Add(await connection.ReadAsync(request.Method == "HEAD"));
        await sending;
        return answers;
    }

    static Request Generate(Random random, int largest = int.MaxValue)
    {
        var sizes = TwoPaths.Sizes.Where(size => size <= largest).ToList();
        var size = sizes[random.Next(sizes.Count)];
        var digest = random.Next(20) == 0 ? Registry.Digest([9, 9, 9]) : TwoPaths.Digest(size);
        var method = random.Next(5) == 0 ? "HEAD" : "GET";
        var target = random.Next(6) switch
        {
            0 => $"/v2/{TwoPaths.Name}/manifests/tag",
            _ => $"/v2/{TwoPaths.Name}/blobs/{digest}",
        };
        var headers = new StringBuilder("Host: registry\r\n");
        if (random.Next(2) == 0)
            headers.Append("Range: ").Append(GenerateRange(random, size)).Append("\r\n");
        if (random.Next(10) == 0)
            headers.Append("If-None-Match: \"").Append(digest).Append("\"\r\n");
        if (random.Next(10) == 0)
            headers.Append("If-Range: \"").Append(random.Next(2) == 0 ? digest : "other").Append("\"\r\n");
        return new Request(method, $"{method} {target} HTTP/1.1\r\n{headers}\r\n");
    }

    static string GenerateRange(Random random, int size)
    {
        var parts = Enumerable.Range(0, random.Next(4) == 0 ? random.Next(2, 5) : 1).Select(_ =>
        {
            var first = random.NextInt64(size + 10L);
            return random.Next(4) switch
            {
                0 => $"{first}-",
                1 => $"-{first}",
                _ => $"{first}-{first + random.NextInt64(size + 1L)}",
            };
        });
        return $"bytes={string.Join(',', parts)}";
    }

    sealed record Request(string Method, string Text);
}
