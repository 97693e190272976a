using System.Net;
using Staithe.Accounts;
using Staithe.Config;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Access;

/// <summary>Who may read the metrics of a registry with accounts: those who were named, and nobody by being near.</summary>
public sealed class MetricsReadersTests
{
    const string Token = "a-token-for-metrics-0123456789";

    [Theory, OnBothEngines]
    public async Task Admins_the_token_and_named_addresses_may_and_nobody_else(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(
            engine, config => config with { MetricsToken = Token, MetricsFrom = [IPNetwork.Parse("127.0.3.0/24")] }, "root", "alice");
        var registry = server.Registry;
        var (root, alice) = (server.As("root"), server.As("alice"));
        async Task<string> TokenAsync(ApiClient user, string rights, string? target = null) =>
            (await user.PostAsync("/me/tokens", new { name = $"for {rights} {target}", rights, target })).GetProperty("secret").GetString()!;
        var whole = await TokenAsync(root, "admin");
        var bearer = (await (await GetAsync(registry.As(ClosedRegistry.Basic("root", ApiServer.Password("root"))), $"/v2/auth?service={registry.Authority}")).JsonAsync()).GetProperty("token").GetString();
        foreach (var (authorization, address, status) in new[]
        {
            (null, "127.0.0.1", 401),
            ("Bearer made-up", "127.0.0.1", 401),
            ($"Bearer {Token}x", "127.0.0.1", 401),
            ($"Bearer {bearer}", "127.0.0.1", 401),
            (ClosedRegistry.Basic("root", "wrong"), "127.0.0.1", 401),
            (ClosedRegistry.Basic("metrics", Token), "127.0.0.1", 401),
            (ClosedRegistry.Basic("alice", ApiServer.Password("alice")), "127.0.0.1", 403),
            (ClosedRegistry.Basic("alice", await TokenAsync(alice, "admin")), "127.0.0.1", 403),
            (ClosedRegistry.Basic("root", await TokenAsync(root, "read")), "127.0.0.1", 403),
            (ClosedRegistry.Basic("root", await TokenAsync(root, "admin", "root/app")), "127.0.0.1", 403),
            (ClosedRegistry.Basic("root", whole), "127.0.0.1", 200),
            (ClosedRegistry.Basic("root", ApiServer.Password("root")), "127.0.0.1", 200),
            ($"Bearer {Token}", "127.0.0.1", 200),
            ($"bearer {Token}", "127.0.0.1", 200),
            (null, "127.0.3.7", 200),
            (null, "127.0.4.7", 401),
        })
        {
            foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Head])
            {
                using var answer = await registry.As(authorization, address).SendAsync(method, "/metrics");
                Assert.Equal((authorization, address, status), (authorization, address, (int)answer.StatusCode));
                if (status == 401)
                    Assert.StartsWith("Basic ", answer.Header("WWW-Authenticate"), StringComparison.Ordinal);
            }
        }

        // a browser that an admin has signed in with
        using var browser = new Browser(registry.Url);
        using (var stranger = await browser.GetAsync("/metrics"))
            await stranger.ExpectAsync(HttpStatusCode.Unauthorized);
        await browser.ReadAsync("/login");
        await browser.SubmitAsync("/login", HttpStatusCode.SeeOther, ("name", "root"), ("password", ApiServer.Password("root")));
        Assert.Contains("staithe_requests_total", await browser.ReadAsync("/metrics"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_setting_even_this_machine_may_not_and_a_proxy_makes_nobody_near()
    {
        await using var plain = await Registry.StartAsync(Engine.Sqlite, config => config with { Open = false });
        using (var refused = await plain.GetAsync("/metrics"))
            await refused.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
        await using var proxied = await Registry.StartAsync(
            Engine.Sqlite, config => config with { Open = false, Proxies = [IPNetwork.Parse("127.0.0.0/8")], MetricsFrom = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("2001:db8::/32")] });
        foreach (var (forwarded, status) in new[] { ("192.0.2.1", 401), ("127.0.0.1", 200), ("2001:db8::7", 200), ("::ffff:127.0.0.1", 200), ("192.0.2.1, 127.0.0.1", 401) })
        {
            using var answer = await proxied.GetAsync("/metrics", ("X-Forwarded-For", forwarded));
            Assert.Equal((forwarded, status), (forwarded, (int)answer.StatusCode));
        }
    }

    [Fact]
    public async Task An_open_registry_shows_them_to_everybody()
    {
        await using var open = await Registry.StartAsync(Engine.Sqlite);
        using var answer = await open.As("Bearer made-up", "127.0.9.9").GetAsync("/metrics");
        await answer.ExpectAsync(HttpStatusCode.OK);
    }

    // Who tries tokens is counted as whoever says wrongly who they are.
    [Fact]
    public async Task Guesses_are_counted()
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => config with { Open = false, MetricsToken = Token, AnonymousRequestsPerMinute = 5 });
        var statuses = new List<int>();
        for (var i = 0; i < 8; i++)
        {
            using var answer = await registry.As($"Bearer guess-{i}", "127.0.5.5").GetAsync("/metrics");
            statuses.Add((int)answer.StatusCode);
        }
        Assert.Equal([401, 401, 401, 401, 401, 429, 429, 429], statuses);
        using var right = await registry.As($"Bearer {Token}", "127.0.5.5").GetAsync("/metrics");
        await right.ExpectAsync(HttpStatusCode.OK);
    }

    static async Task<HttpResponseMessage> GetAsync(Registry registry, string path)
    {
        var answer = await registry.GetAsync(path);
        await answer.ExpectAsync(HttpStatusCode.OK);
        return answer;
    }
}
