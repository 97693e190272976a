using System.Net;
using System.Text.Json;
using Staithe.Config;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Telemetry;

public sealed class RequestLogTests
{
    [Theory, OnBothEngines]
    public async Task Each_request_is_one_line_of_json(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        var digest = await registry.PushBlobAsync("team/app", "0123456789"u8.ToArray());
        var requests = new (HttpMethod Method, string Path, string Route, string? Repository, int Status, int Bytes)[]
        {
            (HttpMethod.Get, $"/v2/team/app/blobs/{digest}", "blob", "team/app", 200, 10),
            (HttpMethod.Head, $"/v2/team/app/blobs/{digest}", "blob", "team/app", 200, 0),
            (HttpMethod.Get, "/v2/team/app/manifests/x", "manifest", "team/app", 404, 0),
            (HttpMethod.Get, "/v2/team/app/tags/list", "tags", "team/app", 200, 0),
            (HttpMethod.Get, $"/v2/team/app/referrers/{digest}", "referrers", "team/app", 200, 0),
            (HttpMethod.Post, "/v2/team/app/blobs/uploads/", "uploads", "team/app", 202, 0),
            (HttpMethod.Get, "/v2/_catalog", "repositories", null, 200, 0),
            (HttpMethod.Get, "/v2/", "base", null, 200, 0),
            (HttpMethod.Get, "/v2/Bad/tags/list", "other", null, 400, 0),
            (HttpMethod.Get, "/livez", "health", null, 200, 0),
            (HttpMethod.Get, "/nothing", "page", null, 404, 0),
        };
        foreach (var request in requests)
        {
            using var response = await registry.SendAsync(request.Method, request.Path);
            Assert.Equal(request.Status, (int)response.StatusCode);
        }
        await registry.StopAsync();

        var lines = registry.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).Where(line => line.GetProperty("message").GetString() == "request").ToList();
        Assert.Equal("uploads", lines[0].GetProperty("route").GetString());
        Assert.Equal(
            requests.Select(request => (request.Method.Method, request.Route, request.Repository, request.Status, request.Bytes)),
            lines.Skip(1).Select(line => (line.GetProperty("method").GetString()!, line.GetProperty("route").GetString()!, line.GetProperty("repository").GetString(), line.GetProperty("status").GetInt32(), line.GetProperty("bytes").GetInt32())));
        Assert.All(lines, line => Assert.Equal(["at", "level", "message", "method", "route", "repository", "caller", "status", "bytes", "ms", "trace"], line.EnumerateObject().Select(member => member.Name)));
        Assert.All(lines, line => Assert.True(line.GetProperty("ms").GetDouble() > 0 && line.GetProperty("at").TryGetDateTimeOffset(out _)));
        Assert.Equal(lines.Count, lines.Select(line => line.GetProperty("trace").GetString()).Distinct().Count());
        Assert.All(lines, line => Assert.Equal("info", line.GetProperty("level").GetString()));
    }

    [Theory]
    [InlineData(nameof(LogFormat.Auto), true, false)]
    [InlineData(nameof(LogFormat.Quiet), false, false)]
    [InlineData(nameof(LogFormat.Text), true, true)]
    [InlineData(nameof(LogFormat.Auto), false, true)]
    public async Task On_a_terminal_what_goes_well_is_not_worth_a_line(string format, bool isTerminal, bool logged)
    {
        using var directory = new TempDirectory();
        var log = new StringWriter();
        var config = new StaitheConfig { Data = directory["data"], Listen = [ListenAddress.Parse("127.0.0.1:0")], Open = true, Log = Enum.Parse<LogFormat>(format) };
        await using (var app = await StaitheApp.StartAsync(config, TextWriter.Synchronized(log), isTerminal))
        {
            using var http = new HttpClient();
            using var found = await http.GetAsync(new Uri(app.Addresses.Single() + "/v2/"), TestContext.Current.CancellationToken);
            using var missing = await http.GetAsync(new Uri(app.Addresses.Single() + "/v2/a/tags/list"), TestContext.Current.CancellationToken);
            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), (found.StatusCode, missing.StatusCode));
        }
        Assert.Equal(logged ? 2 : 0, log.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Count(line => line.Contains("request", StringComparison.Ordinal)));
    }
}
