using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Staithe.Oci;
using Staithe.Telemetry;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Telemetry;

/// <summary>What <c>/metrics</c> says, read as Prometheus reads it.</summary>
public sealed partial class MetricsTests
{
    [Fact]
    public async Task The_page_counts_what_was_asked_and_tells_what_the_process_used()
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite);
        var blob = await registry.PushBlobAsync("a", new byte[5000]);
        var before = await ReadAsync(registry);
        for (var i = 0; i < 3; i++)
        {
            using var pulled = await registry.GetAsync($"/v2/a/blobs/{blob}");
            Assert.Equal(5000, (await pulled.BytesAsync()).Length);
        }
        using (var absent = await registry.GetAsync("/v2/a/manifests/none"))
            await absent.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_UNKNOWN");
        const string pulls = "staithe_requests_total{route=\"blob\",status=\"2xx\"}", absences = "staithe_requests_total{route=\"manifest\",status=\"4xx\"}";
        const string bytes = "staithe_sent_bytes_total{route=\"blob\"}", times = "staithe_request_seconds_count{route=\"blob\"}";
        var after = before;
        // A request is counted when it has ended, which is after its answer, and one counter after the other.
        while (Difference(pulls) < 3 || Difference(absences) < 1 || Difference(bytes) < 15_000 || Difference(times) < 3)
            after = await ReadAsync(registry);

        Assert.Equal(3, Difference(pulls));
        Assert.Equal(15_000, Difference(bytes));
        Assert.Equal(3, Difference(times));
        Assert.Equal(3, Difference("staithe_request_seconds_bucket{route=\"blob\",le=\"+Inf\"}"));
        Assert.Equal(1, Difference(absences));
        Assert.True(Difference("process_cpu_seconds_total") > 0);
        foreach (var name in new[] { "process_resident_memory_bytes", "staithe_heap_bytes" })
            Assert.InRange(after[name], 1e6, 1e12);
        Assert.InRange(DateTimeOffset.UtcNow - DateTimeOffset.FromUnixTimeSeconds((long)after["process_start_time_seconds"]), TimeSpan.Zero, TimeSpan.FromHours(3));
        foreach (var name in new[] { "staithe_collections_total{generation=\"0\"}", "staithe_collections_total{generation=\"1\"}", "staithe_collections_total{generation=\"2\"}", "staithe_collection_pause_seconds_total" })
            Assert.InRange(after[name], before[name], double.MaxValue);

        double Difference(string sample) => after.GetValueOrDefault(sample) - before.GetValueOrDefault(sample);
    }

    // Each kind of endpoint is counted as what it is; nothing is counted as something else.
    [Fact]
    public async Task Every_kind_of_request_is_counted_under_its_name()
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite);
        var (digest, _, _, blob) = await registry.PushImageAsync("a/b", "1");
        var location = await registry.StartUploadAsync("a/b");
        var expected = new Dictionary<string, string>
        {
            ["base"] = "/v2/",
            ["repositories"] = "/v2/_catalog",
            ["manifest"] = "/v2/a/b/manifests/1",
            ["blob"] = $"/v2/a/b/blobs/{blob}",
            ["uploads"] = "/v2/a/b/blobs/uploads/",
            ["upload"] = location,
            ["tags"] = "/v2/a/b/tags/list",
            ["referrers"] = $"/v2/a/b/referrers/{digest}",
            ["token"] = "/v2/auth",
            ["api"] = "/api/v1/openapi.json",
            ["files"] = "/f/a/b:1/",
            ["recipes"] = "/run/a/b:1/kube.yaml",
            ["search"] = "/v1/_ping",
            ["feed"] = "/feeds/search.atom",
            ["page"] = "/search",
            ["health"] = "/livez",
            ["metrics"] = "/metrics",
            ["other"] = "/v2/no such endpoint",
        };
        Assert.Equal(OciRoute.Kinds.Concat(RequestFacts.Kinds).Order(), expected.Keys.Order());
        foreach (var (kind, path) in expected)
        {
            var before = await ReadAsync(registry);
            using (await registry.GetAsync(path))
            {
                // counted when it has ended
            }
            // reading the counters is counted too
            await Eventually.IsAsync(kind == RequestFacts.Metrics ? "" : $"{kind} +1", async () => string.Join(' ', Counts(await ReadAsync(registry))
                .Where(now => now.Key != RequestFacts.Metrics && now.Value > Counts(before).GetValueOrDefault(now.Key))
                .Select(now => $"{now.Key} +{now.Value - Counts(before).GetValueOrDefault(now.Key)}")));
        }

        Assert.True(Counts(await ReadAsync(registry))[RequestFacts.Metrics] > 1);

        static Dictionary<string, double> Counts(Dictionary<string, double> samples) => samples
            .Where(sample => sample.Key.StartsWith("staithe_requests_total{", StringComparison.Ordinal))
            .GroupBy(sample => sample.Key.Split('"')[1], sample => sample.Value)
            .ToDictionary(group => group.Key, group => group.Sum());
    }

    // Each sample under its name and labels; a line that Prometheus would not take fails.
    static async Task<Dictionary<string, double>> ReadAsync(Registry registry)
    {
        using var page = await registry.GetAsync("/metrics");
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", page.Content.Headers.ContentType!.ToString());
        var (samples, described) = (new Dictionary<string, double>(), new HashSet<string>());
        foreach (var line in (await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).TrimEnd('\n').Split('\n'))
        {
            if (Description().Match(line) is { Success: true } description)
            {
                described.Add(description.Groups["name"].Value);
                continue;
            }
            var sample = Sample().Match(line);
            Assert.True(sample.Success, line);
            var name = sample.Groups["name"].Value;
            Assert.Contains(described, family => family == name || (name.StartsWith(family, StringComparison.Ordinal) && name[family.Length..] is "_bucket" or "_sum" or "_count"));
            samples.Add(name + sample.Groups["labels"].Value, double.Parse(sample.Groups["value"].Value, CultureInfo.InvariantCulture));
        }
        return samples;
    }

    [GeneratedRegex("^# (HELP (?<name>[a-z_]+) .+|TYPE (?<name>[a-z_]+) (counter|gauge|histogram))$")]
    private static partial Regex Description();

    [GeneratedRegex("""^(?<name>[a-z_]+)(?<labels>\{([a-z]+="[^"]*",?)+\})? (?<value>[0-9.E+-]+)$""")]
    private static partial Regex Sample();
}
