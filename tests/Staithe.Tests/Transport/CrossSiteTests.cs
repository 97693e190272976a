using System.Net;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Transport;

/// <summary>A web page elsewhere cannot have its reader's browser change anything here, with accounts or without.</summary>
public sealed class CrossSiteTests
{
    const string Manifest = "/v2/a/manifests/1";

    static readonly string[] Faces =
        ["/v2/", Manifest, "/v2/a/blobs/uploads/", "/v2/auth", "/v2/no such", "/api/v1/me", "/api/v1/images/packages", "/api/v1/nothing", "/", "/login", "/diff", "/nothing", "/run/a:1/kube.yaml", "/f/a:1/x", "/feeds/search.atom", "/v1/search", "/livez", "/metrics"];

    [Theory, InlineData(true), InlineData(false)]
    public async Task No_face_takes_a_change_from_a_page_elsewhere(bool isOpen)
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => config with { Open = isOpen });
        foreach (var path in Faces)
        {
            foreach (var method in (string[])["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
            {
                using var refused = await registry.SendAsync(new HttpMethod(method), path, [], null, ("Sec-Fetch-Site", "cross-site"), ("Origin", "http://evil.example"));
                Assert.True(refused.StatusCode == HttpStatusCode.Forbidden, $"{method} {path}: {refused.StatusCode}");
                Assert.Contains("proxies", await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal); // the setting
                Assert.Null(refused.Header("Access-Control-Allow-Origin"));
            }
        }
    }

    [Fact]
    public async Task What_a_browser_says_decides_and_who_says_nothing_goes_on()
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite);
        var (port, digest) = (registry.Url.Port, Registry.Digest("{}"u8));
        foreach (var (headers, isTaken) in new[]
        {
            ("", true),
            ("Sec-Fetch-Site: same-origin", true),
            ("Sec-Fetch-Site: none", true),
            ("Sec-Fetch-Site: same-site", false),
            ("Sec-Fetch-Site: cross-site", false),
            ("Sec-Fetch-Site: Same-Origin", false),
            ("Sec-Fetch-Site: same-origin\nSec-Fetch-Site: cross-site", false),
            ($"Origin: http://registry.test:{port}", true),
            ($"Origin: https://registry.test:{port}", true), // something in front may end TLS
            ($"Origin: http://REGISTRY.test.:{port}", true),
            ("Origin: http://registry.test", false),
            ($"Origin: http://registry.test:{port + 1}", false),
            ($"Origin: http://evil.registry.test:{port}", false),
            ($"Origin: ftp://registry.test:{port}", false),
            ("Origin: http://evil.example", false),
            ("Origin: null", false),
            ("Origin: ", false),
            ($"Origin: http://registry.test:{port}\nOrigin: http://evil.example", false),
            ("Sec-Fetch-Site: cross-site\nOrigin: http://registry.test", false),
            ("Sec-Fetch-Site: same-origin\nOrigin: https://as.the.browser.knows.it", true), // a proxy changed Host
            ("Origin: http://evil.example\nX-Forwarded-Host: evil.example", false), // from nobody that was named
        })
        {
            await using var connection = RawConnection.Open(registry);
            await connection.SendAsync($"POST /v2/a/blobs/uploads/?digest={digest} HTTP/1.1\nHost: registry.test:{port}\n{headers}{(headers.Length > 0 ? "\n" : "")}Content-Length: 2\n\n{{}}");
            Assert.Equal((headers, isTaken ? 201 : 403), (headers, (await connection.ReadAsync())!.Status));
        }
        foreach (var (host, origin, isTaken) in new[] { ("registry.test", "https://registry.test", true), ("registry.test:443", "https://registry.test", true), ("registry.test", "http://registry.test:80", true), ("registry.test:80", "https://registry.test", false) })
        {
            using var pushed = await registry.SendAsync(HttpMethod.Post, $"/v2/a/blobs/uploads/?digest={digest}", "{}"u8.ToArray(), null, ("Host", host), ("Origin", origin));
            Assert.Equal((host, origin, isTaken), (host, origin, pushed.StatusCode == HttpStatusCode.Created));
        }
    }

    [Fact]
    public async Task Reading_and_coming_by_a_link_go_on()
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite);
        foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Head])
        {
            using var come = await registry.SendAsync(method, "/search", null, null, ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"));
            await come.ExpectAsync(HttpStatusCode.OK);
        }
    }

    // What a browser does by itself with cookies is refused before anything is read of it.
    [Fact]
    public async Task A_form_elsewhere_does_nothing_with_the_session_of_its_reader()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "alice");
        using var browser = new Harness.Browser(server.Registry.Url);
        await browser.ReadAsync("/login");
        await browser.SubmitAsync("/login", HttpStatusCode.SeeOther, ("name", "alice"), ("password", ApiServer.Password("alice")));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/logout") { Content = new FormUrlEncodedContent([]) };
        request.Headers.TryAddWithoutValidation("Origin", "http://evil.example");
        using var refused = await browser.SendAsync(request);
        await refused.ExpectAsync(HttpStatusCode.Forbidden);
        Assert.Contains("evil.example", await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("alice", await browser.ReadAsync("/settings"), StringComparison.Ordinal);
    }
}
