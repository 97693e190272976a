using System.Net;
using System.Text.Json;
using Staithe.Commands;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Api;

/// <summary>Pulls in a space that asks for a line of each, and the record as the shell of the server tells it.</summary>
[Trait("Kind", "slow")]
public sealed class PullAuditTests
{
    [Theory, OnBothEngines]
    public async Task A_space_that_asks_gets_a_line_of_every_pull_and_no_other_does(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "alice", "carol");
        var alice = server.As("alice");
        await server.PushAsync("alice", "alice/app");
        await server.PushAsync("carol", "carol/app");
        var registry = server.Registry;
        Assert.False((await alice.GetAsync("/spaces/alice")).GetProperty("auditPulls").GetBoolean());
        var basic = ClosedRegistry.Basic("alice", ApiServer.Password("alice"));
        await ExpectAsync(registry.As(basic).GetAsync("/v2/alice/app/manifests/1")); // nobody has asked yet
        Assert.True((await alice.PatchAsync("/spaces/alice", new { auditPulls = true })).GetProperty("auditPulls").GetBoolean());
        Assert.Equal("private", (await alice.GetAsync("/spaces/alice")).GetProperty("visibility").GetString());
        await server.As("carol").RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Patch, "/spaces/alice", new { auditPulls = false });
        await alice.PatchAsync("/repository?name=alice/app", new { visibility = "public" });

        // it is noticed within a second
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        do
            await ExpectAsync(registry.As(basic, "127.0.8.1").GetAsync("/v2/alice/app/manifests/1"));
        while (!(await alice.ListAsync("/spaces/alice/audit", "action")).Contains("manifest.pull") && await pace.WaitForNextTickAsync(TestContext.Current.CancellationToken));

        using var asked = await registry.As(basic).GetAsync($"/v2/auth?service={registry.Authority}&scope=repository:alice/app:pull");
        var bearer = $"Bearer {(await asked.JsonAsync()).GetProperty("token").GetString()}";
        string digest;
        using (var head = await registry.As(basic, "127.0.8.2").HeadAsync("/v2/alice/app/manifests/1"))
            digest = head.Header("Docker-Content-Digest")!;
        for (var i = 0; i < 3; i++)
            await ExpectAsync(registry.As(bearer, "127.0.8.3").GetAsync("/v2/alice/app/manifests/1"));
        await ExpectAsync(registry.As(bearer, "127.0.8.4").GetAsync($"/v2/alice/app/manifests/{digest}"));
        await ExpectAsync(registry.As(null, "127.0.8.5").GetAsync("/v2/alice/app/manifests/1"));
        await ExpectAsync(registry.As(null, "127.0.8.6").GetAsync("/v2/alice/app/tags/list"));
        await ExpectAsync(registry.As(ClosedRegistry.Basic("carol", ApiServer.Password("carol")), "127.0.8.7").GetAsync("/v2/carol/app/manifests/1"));
        await server.Registry.StopAsync(); // what is gathered is written

        var lines = (await ExportAsync(registry, "--space", "alice")).Where(line => line.GetProperty("action").GetString() == "manifest.pull" && line.GetProperty("address").GetString() != "127.0.8.1").ToList();
        Assert.Equal(
            [
                $"alice 127.0.8.3 alice/app:1 {digest}; 3 times",
                $"alice 127.0.8.4 alice/app@{digest} ",
                $"anonymous 127.0.8.5 alice/app:1 {digest}",
            ],
            lines.Select(line => $"{line.GetProperty("actor")} {line.GetProperty("address")} {line.GetProperty("target")} {line.GetProperty("detail")}").Order(StringComparer.Ordinal));
        Assert.DoesNotContain(await ExportAsync(registry), line => line.GetProperty("action").GetString() == "manifest.pull" && line.GetProperty("space").GetString() != "alice");
    }

    [Theory, OnBothEngines]
    public async Task The_shell_tells_what_the_api_tells_oldest_first_and_goes_on_where_it_ended(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "alice", "carol");
        await server.PushAsync("alice", "alice/app");
        var fromApi = (await server.As("root").GetAsync("/audit?limit=1000")).GetProperty("items").EnumerateArray().Reverse().Select(Words).ToList();
        var all = await ExportAsync(server.Registry);
        Assert.Equal(fromApi, all.Select(Words));
        Assert.Equal(all.Skip(2).Select(Words), (await ExportAsync(server.Registry, "--after", all[1].GetProperty("id").ToString())).Select(Words));
        var ofSpace = await ExportAsync(server.Registry, "--space", "alice");
        Assert.Equal(all.Where(line => line.GetProperty("space").GetString() == "alice").Select(Words), ofSpace.Select(Words));
        Assert.Equal((2, "staithe: there is no space nowhere\n"), await RefusedAsync(server.Registry, "--space", "nowhere"));
        Assert.Equal((2, "--after: expected the id of a line, a whole number\n"), await RefusedAsync(server.Registry, "--after", "x"));

        static string Words(JsonElement line) => string.Join(' ', line.EnumerateObject().Select(member => $"{member.Name}={member.Value}"));
    }

    static async Task<List<JsonElement>> ExportAsync(Registry registry, params string[] args)
    {
        var (code, output, error) = await RunAsync(registry, args);
        Assert.True(code == 0, error);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    static async Task<(int ExitCode, string Error)> RefusedAsync(Registry registry, params string[] args)
    {
        var (code, output, error) = await RunAsync(registry, args);
        Assert.Equal("", output);
        return (code, error);
    }

    static async Task<(int ExitCode, string Output, string Error)> RunAsync(Registry registry, string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        string[] database = registry.Config.Database is { } url ? ["--database", url] : [];
        var code = await StaitheCommand.RunAsync(["audit", "export", "--data", registry.Config.Data, .. database, .. args], new Terminal(new Dictionary<string, string> { ["HOME"] = registry.Config.Data }, output, error, TextReader.Null), TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }

    static async Task ExpectAsync(Task<HttpResponseMessage> sending)
    {
        using var response = await sending;
        await response.ExpectAsync(HttpStatusCode.OK);
    }
}
