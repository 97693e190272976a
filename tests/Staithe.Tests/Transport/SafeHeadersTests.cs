using System.Net;
using System.Text.Json;
using Staithe.Config;
using Staithe.Oci;
using Staithe.Telemetry;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;
using Staithe.Transport;
using Staithe.Web;

namespace Staithe.Tests.Transport;

/// <summary>
/// Every answer, of every face and of the server itself, has the headers under which a browser runs nothing of it; only pages have the policy of
/// pages. The list of what is asked comes from the routes.
/// </summary>
public sealed class SafeHeadersTests
{
    const string Id = "7d5f9f0e-2b1c-4c55-9c0a-0123456789ab";

    static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];

    // A path of each kind of endpoint; {digest} and {blob} are there, and so is the tag 1 of a/b.
    static readonly Dictionary<string, string[]> ByKind = new()
    {
        ["base"] = ["/v2/", "/v2"],
        ["repositories"] = ["/v2/_catalog"],
        ["manifest"] = ["/v2/a/b/manifests/1", "/v2/a/b/manifests/{digest}", "/v2/a/b/manifests/none"],
        ["blob"] = ["/v2/a/b/blobs/{blob}", "/v2/a/b/blobs/sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"],
        ["uploads"] = ["/v2/a/b/blobs/uploads/"],
        ["upload"] = [$"/v2/a/b/blobs/uploads/{Id}"],
        ["tags"] = ["/v2/a/b/tags/list"],
        ["referrers"] = ["/v2/a/b/referrers/{digest}"],
        [RequestFacts.Token] = ["/v2/auth"],
        [RequestFacts.Api] = ["/api/v1/nothing", "/api/v1"],
        [RequestFacts.Files] = ["/f/a/b:1/", "/f/a/b:1/nothing", "/f/"],
        [RequestFacts.Recipes] = ["/run/a/b:1/kube.yaml", "/run/a/b:1/run.sh", "/run/a/b:1/recipe.json", "/run/a/b:1/nothing", "/run/"],
        [RequestFacts.Search] = ["/v1/search?q=a", "/v1/_ping"],
        [RequestFacts.Feed] = ["/feeds/search.atom", "/feeds/r/a/b.json", "/feeds/mine.atom", "/feeds/nothing"],
        [RequestFacts.Page] = ["/nothing", "/favicon.ico", "/assets/nothing.js", "/%00", "/a//b"],
        [RequestFacts.Health] = ["/livez", "/readyz"],
        [RequestFacts.Metrics] = ["/metrics"],
        [RequestFacts.Other] = [], // what no face has; tried by hand below
    };

    // A path of each handler of pages.
    static readonly Dictionary<string, string[]> ByHandler = new()
    {
        [nameof(PageFiles)] = [PageFiles.Style, PageFiles.Script, PageFiles.Icon],
        [nameof(HomeHandler)] = ["/"],
        [nameof(SearchPageHandler)] = ["/search?q=a"],
        [nameof(YoursHandler)] = ["/yours"],
        [nameof(SpaceHomeHandler)] = ["/spaces/a"],
        [nameof(RepositoryPageHandler)] = ["/r/a/b", "/r/a/none"],
        [nameof(ImagePageHandler)] = ["/r/a/b:1", "/r/a/b:1?view=raw"],
        [nameof(DiffHandler)] = ["/diff", "/diff?from=a/b:1&to=-"],
        [nameof(AttachHandler)] = ["/attach-sbom"],
        [nameof(SignInHandler)] = ["/login", "/logout"],
        [nameof(ElsewhereHandler)] = ["/login/oidc", "/login/oidc/x"],
        [nameof(OwnSettingsHandler)] = ["/settings"],
        [nameof(SpaceSettingsHandler)] = ["/settings/a"],
        [nameof(PartSettingsHandler)] = ["/settings/a/part/"],
        [nameof(RepositorySettingsHandler)] = ["/settings/a/b"],
        [nameof(AdminHandler)] = ["/admin"],
        [nameof(SetupHandler)] = ["/setup/none"],
        [nameof(ShareHandler)] = ["/s/none"],
        [nameof(InviteHandler)] = ["/invite/none"],
    };

    [Fact]
    public void The_paths_here_are_of_every_kind_and_of_every_handler_of_pages()
    {
        Assert.Equal(OciRoute.Kinds.Concat(RequestFacts.Kinds).Order(), ByKind.Keys.Order());
        var handlers = typeof(IWebHandler).Assembly.GetTypes().Where(type => type is { IsAbstract: false, IsInterface: false } && typeof(IWebHandler).IsAssignableFrom(type));
        Assert.Equal(handlers.Select(type => type.Name).Order(), ByHandler.Keys.Order());
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public async Task Every_answer_has_them(bool isOpen, bool sendfile)
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, config => config with { Sendfile = sendfile }, "root", "a");
        await using var open = isOpen ? await Registry.StartAsync(Engine.Sqlite, config => config with { Sendfile = sendfile }) : null;
        var registry = open ?? server.Registry;
        var admin = isOpen ? registry : registry.As(ClosedRegistry.Basic("root", ApiServer.Password("root")));
        var owner = isOpen ? registry : registry.As(ClosedRegistry.Basic("a", ApiServer.Password("a")));
        var (digest, _, _, blob) = await owner.PushImageAsync("a/b", "1");
        var operations = server.Document.GetProperty("paths").EnumerateObject().Select(path => $"/api/v1{path.Name}".Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal));
        var paths = ByKind.Values.Concat(ByHandler.Values).SelectMany(all => all).Concat(operations).Select(path => path.Replace("{digest}", digest, StringComparison.Ordinal).Replace("{blob}", blob, StringComparison.Ordinal)).ToList();
        var wrong = new List<string>();
        foreach (var asker in isOpen ? (Registry[])[registry] : [registry, owner, admin])
        {
            foreach (var path in paths)
            {
                foreach (var method in Methods)
                {
                    if (method == "DELETE" && asker != registry)
                        continue; // the next request is to find it
                    foreach (var accept in (string[])["*/*", "text/html", "application/json"])
                    {
                        if (accept != "*/*" && method is not ("GET" or "POST"))
                            continue;
                        using var answer = await asker.SendAsync(new HttpMethod(method), path, method is "GET" or "HEAD" ? null : [], null, ("Accept", accept));
                        if (Problem(answer) is { } problem)
                            wrong.Add($"{method} {path} ({accept}): {(int)answer.StatusCode}: {problem}");
                    }
                }
            }
        }
        Assert.Empty(wrong);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Every_answer_to_content_has_them_in_part_and_not_at_all(bool sendfile)
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => config with { Sendfile = sendfile });
        var digest = await registry.PushBlobAsync("a", new byte[300_000]);
        var statuses = new List<int>();
        foreach (var (name, value) in ((string, string)[])[("X-None", "1"), ("Range", "bytes=0-9"), ("Range", "bytes=0-9,20-29"), ("Range", "bytes=900000-"), ("If-None-Match", $"\"{digest}\""), ("If-Match", "\"other\"")])
        {
            using var answer = await registry.GetAsync($"/v2/a/blobs/{digest}", (name, value));
            Assert.Null(Problem(answer));
            statuses.Add((int)answer.StatusCode);
        }
        Assert.Equal([200, 206, 206, 416, 304, 412], statuses);
    }

    // What the server refuses by itself, before anything else sees it.
    [Theory, InlineData(true), InlineData(false)]
    public async Task The_servers_own_refusals_have_them(bool sendfile)
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => config with { Sendfile = sendfile });
        foreach (var (request, status) in ((string, int)[])
        [
            ("GET /v2/ HTTP/1.1\n\n", 400),
            ("GET /v2/ HTTP/1.1\nHost: a\nHost: b\n\n", 400),
            ("GET /v2/ HTTP/1.1\nHost: a b\n\n", 400),
            ("GET http://b/v2/ HTTP/1.1\nHost: a\n\n", 400),
            ("GET v2 HTTP/1.1\nHost: a\n\n", 405),
            ("GET /v2/ HTTP/3.7\nHost: a\n\n", 505),
            ("not HTTP at all\n\n", 400),
            ("GET /v2/ HTTP/1.1\nHost: a\nX\n\n", 400),
            ("PATCH /v2/a/blobs/uploads/x HTTP/1.1\nHost: a\nContent-Length: five\n\n", 400),
            ("POST /v2/a/blobs/uploads/ HTTP/1.1\nHost: a\nContent-Length: 5\nTransfer-Encoding: chunked\n\n0\n\n", 400),
            ("POST /v2/a/blobs/uploads/ HTTP/1.1\nHost: a\nTransfer-Encoding: gzip\n\n", 400),
            ($"GET /v2/{new string('a', 100_000)} HTTP/1.1\nHost: a\n\n", 414),
            ($"GET /v2/ HTTP/1.1\nHost: a\nX-Large: {new string('a', 100_000)}\n\n", 431),
            ("OPTIONS * HTTP/1.1\nHost: a\n\n", 405),
            ("CONNECT a:80 HTTP/1.1\nHost: a:80\n\n", 405),
        ])
        {
            await using var connection = RawConnection.Open(registry);
            // As the second on its connection, too: the answer of the first has gone by then.
            await connection.SendAsync("GET /v2/ HTTP/1.1\nHost: a\n\n" + request);
            Assert.Equal(200, (await connection.ReadAsync())!.Status);
            var answer = await connection.ReadAsync();
            var what = request[..Math.Min(60, request.Length)];
            Assert.Equal((what, status), (what, answer?.Status));
            Assert.Single(answer!.Headers, line => line == "X-Content-Type-Options: nosniff");
            Assert.True(answer.Header("Content-Security-Policy") == SafeHeaders.Policy || answer.Header("Content-Type") == "text/html; charset=utf-8", what);
        }
    }

    [Fact]
    public async Task Over_TLS_they_are_the_same()
    {
        using var directory = new TempDirectory();
        TlsTests.Write(directory, "own");
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => config with { TlsCertificate = directory["certificate"], TlsKey = directory["key"] });
        foreach (var version in (Version[])[HttpVersion.Version11, HttpVersion.Version20])
        {
            foreach (var path in (string[])["/v2/", "/", "/v2/a/manifests/none", "/nothing"])
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, path) { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
                using var answer = await registry.Http.SendAsync(request, TestContext.Current.CancellationToken);
                Assert.Null(Problem(answer));
            }
        }
        using var refused = new HttpRequestMessage(HttpMethod.Get, "/v2/");
        refused.Headers.TryAddWithoutValidation("X-Large", new string('a', 40_000));
        using var large = await registry.Http.SendAsync(refused, TestContext.Current.CancellationToken);
        Assert.Equal(431, (int)large.StatusCode);
        Assert.Null(Problem(large));
    }

    // Null where all is well. A page, and nothing else, may have another policy, and then one that names what it lets in.
    static string? Problem(HttpResponseMessage answer)
    {
        if (answer.Header("X-Content-Type-Options") != "nosniff")
            return $"X-Content-Type-Options is {answer.Header("X-Content-Type-Options")}";
        // The API for clients takes no session, and what the server refuses by itself has no content.
        var isOfClients = answer.RequestMessage!.RequestUri!.AbsolutePath.StartsWith("/v2", StringComparison.Ordinal);
        if (!isOfClients && answer.Content.Headers.ContentLength != 0 && answer.Header("Cross-Origin-Resource-Policy") != "same-origin")
            return $"Cross-Origin-Resource-Policy is {answer.Header("Cross-Origin-Resource-Policy")}";
        if (!answer.Headers.TryGetValues("Content-Security-Policy", out var policies) || policies.ToList() is not [var policy])
            return "there is not one policy";
        if (policy == SafeHeaders.Policy)
            return null;
        return answer.Content.Headers.ContentType?.ToString() == "text/html; charset=utf-8" && policy.StartsWith("default-src 'none'; ", StringComparison.Ordinal)
            && policy.Contains("frame-ancestors 'none'", StringComparison.Ordinal) && !policy.Contains("unsafe", StringComparison.Ordinal)
            ? null
            : $"{answer.Content.Headers.ContentType} has the policy {policy}";
    }
}
