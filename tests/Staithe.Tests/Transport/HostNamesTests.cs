using System.Net;
using Staithe.Tests.Harness;
using Staithe.Transport;

namespace Staithe.Tests.Transport;

/// <summary>Names that a web page makes mean this registry (DNS rebinding) are not answered, for reading nor for writing.</summary>
public sealed class HostNamesTests
{
    [Theory]
    [InlineData("localhost", true)]
    [InlineData("LocalHost", true)]
    [InlineData("localhost.", true)]
    [InlineData("app.localhost", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.9.8.7", true)]
    [InlineData("::1", true)]
    [InlineData("[::1]", true)]
    [InlineData("host.containers.internal", true)]
    [InlineData("", true)]
    [InlineData("evil.example", false)]
    [InlineData("localhost.evil.example", false)]
    [InlineData("127.0.0.1.evil.example", false)]
    [InlineData("evil-localhost", false)]
    [InlineData("localhost..", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("192.0.2.1", false)]
    [InlineData("127.0.0.1@evil.example", false)]
    public void On_this_machine_alone_its_own_names_are_taken(string name, bool isTaken) => Assert.Equal(isTaken, new HostNames([], isOpenHere: true, isBehindProxies: false).Takes(name));

    [Theory]
    [InlineData("registry.example.com", true)]
    [InlineData("REGISTRY.example.com.", true)]
    [InlineData("a.team.example.com", true)]
    [InlineData("localhost", true)]
    [InlineData("10.0.0.5", true)] // an address cannot be made to mean another
    [InlineData("team.example.com", false)]
    [InlineData("example.com", false)]
    [InlineData("evil.example", false)]
    public void Names_that_are_set_are_taken_too(string name, bool isTaken) =>
        Assert.Equal(isTaken, new HostNames(["Registry.example.com", "*.team.example.com"], isOpenHere: false, isBehindProxies: false).Takes(name));

    [Theory, InlineData(false), InlineData(true)]
    public void Without_a_reason_nothing_is_checked(bool isOpenHere) => Assert.False(new HostNames(isOpenHere ? ["*"] : [], isOpenHere, isBehindProxies: false).AreChecked);

    [Fact]
    public async Task An_open_registry_on_loopback_answers_to_no_other_name()
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => config with { Hosts = [] });
        var digest = Registry.Digest("{}"u8);
        foreach (var path in (string[])["/v2/", "/v2/a/tags/list", "/api/v1/search", "/", "/search", "/run/a:1/kube.yaml", "/f/a:1/x", "/feeds/search.atom", "/v1/search", "/livez", "/metrics", "/assets/x.css"])
        {
            foreach (var method in (string[])["GET", "HEAD", "POST", "DELETE", "OPTIONS"])
            {
                var answer = await AskAsync(registry, $"{method} {path} HTTP/1.1\nHost: evil.example:{registry.Url.Port}\nContent-Length: 0\n\n", method == "HEAD");
                Assert.True(answer?.Status == 421, $"{method} {path}: {answer?.Status}");
                if (method == "GET")
                    Assert.Contains("hosts", answer!.Text, StringComparison.Ordinal); // the setting
            }
        }
        foreach (var (request, status) in new[]
        {
            ($"POST /v2/a/blobs/uploads/?digest={digest} HTTP/1.1\nHost: evil.example\nContent-Length: 2\n\n{{}}", 421),
            ($"POST /v2/a/blobs/uploads/?digest={digest} HTTP/1.1\nHost: LOCALHOST.:{registry.Url.Port}\nContent-Length: 2\n\n{{}}", 201),
            ("GET /v2/ HTTP/1.1\nHost: [::1]:80\n\n", 200),
            ("GET /v2/ HTTP/1.1\nHost: evil.example\nX-Forwarded-Host: localhost\n\n", 421), // from nobody that was named
            ("GET /v2/ HTTP/1.1\nHost: localhost\nX-Forwarded-Host: evil.example\n\n", 200),
            ($"GET http://evil.example/v2/ HTTP/1.1\nHost: evil.example\n\n", 421),
            ($"GET http://evil.example/v2/ HTTP/1.1\nHost: {registry.Authority}\n\n", 400),
            ("GET /v2/ HTTP/1.0\n\n", 200),
        })
            Assert.Equal((request, status), (request, (await AskAsync(registry, request))!.Status));
    }

    // A page cannot say for which host the browser asks, but anything else that a proxy would.
    [Fact]
    public async Task What_a_proxy_says_does_not_help_a_page_on_the_proxys_machine()
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => config with { Hosts = ["registry.example.com"], Proxies = [IPNetwork.Parse("127.0.0.0/8")] });
        foreach (var (headers, status) in new[]
        {
            ("Host: evil.example\nX-Forwarded-Host: localhost", 421),
            ("Host: localhost\nX-Forwarded-Host: evil.example", 421),
            ("Host: localhost\nX-Forwarded-Host: registry.example.com", 200),
            ("Host: registry.example.com\nX-Forwarded-Proto: https", 200),
        })
            Assert.Equal((headers, status), (headers, (await AskAsync(registry, $"GET /v2/ HTTP/1.1\n{headers}\n\n"))!.Status));
    }

    [Fact]
    public async Task Elsewhere_any_name_is_taken_where_none_is_set()
    {
        await using var open = await Registry.StartAsync(Engine.Sqlite, config => config with { Hosts = [], Listen = [Staithe.Config.ListenAddress.Parse("0.0.0.0:0")] });
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://127.0.0.1:{open.Url.Port}") };
        http.DefaultRequestHeaders.Host = "registry.example.com";
        using var anywhere = await http.GetAsync("/v2/", TestContext.Current.CancellationToken);
        await anywhere.ExpectAsync(HttpStatusCode.OK);
        await using var closed = await Registry.StartAsync(Engine.Sqlite, config => config with { Hosts = [], Open = false });
        using var asked = await closed.GetAsync("/v2/", ("Host", "registry.example.com"));
        await asked.ExpectAsync(HttpStatusCode.Unauthorized);
    }

    static async Task<RawResponse?> AskAsync(Registry registry, string request, bool isHead = false)
    {
        await using var connection = RawConnection.Open(registry);
        await connection.SendAsync(request);
        return await connection.ReadAsync(isHead);
    }
}
