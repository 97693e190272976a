using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Staithe.Access;
using Staithe.Door;
using Staithe.Accounts;
using Staithe.Config;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Access;

/// <summary>How many requests one may make, and that it stays with who makes them.</summary>
public sealed class RequestLimitTests
{
    static StaitheConfig Limited(StaitheConfig config) => config with { RequestsPerMinute = 20, AnonymousRequestsPerMinute = 5 };

    [Theory, OnBothEngines]
    public async Task Who_asks_too_often_has_to_wait_and_others_do_not(Engine engine)
    {
        await using var closed = await ClosedRegistry.StartAsync(engine, Limited);
        var (user, other) = (await closed.AddTokenAsync(await closed.AddUserAsync()), await closed.AddTokenAsync(await closed.AddUserAsync()));

        Assert.Equal(5, await AllowedAsync(closed.Registry.As(null, "127.0.7.1"), "/v2/", 8));
        Assert.Equal(5, await AllowedAsync(closed.Registry.As(null, "127.0.7.2"), "/v2/auth", 8));
        Assert.Equal(5, await AllowedAsync(closed.Registry.As(null, "127.0.7.3"), "/api/v1/openapi.json", 8));
        // who only says to be somebody is a stranger
        Assert.Equal(5, await AllowedAsync(closed.Registry.As("Bearer made-up", "127.0.7.4"), "/v2/", 8));
        Assert.Equal(5, await AllowedAsync(closed.Registry.As("Bearer made-up", "127.0.7.5"), "/api/v1/me", 8));

        // an account has its own, by whatever way and from wherever it comes
        Assert.Equal(10, await AllowedAsync(closed.Registry.As(user.Basic, "127.0.7.1"), "/v2/", 10));
        var token = await closed.WithTokenAsync(user, $"repository:{user.Name}/app:pull");
        Assert.Equal(9, await AllowedAsync(token, "/v2/", 12));
        using (var busy = await closed.Registry.As(user.Basic, "127.0.7.9").GetAsync("/v2/"))
        {
            await busy.ExpectErrorAsync(HttpStatusCode.TooManyRequests, "TOOMANYREQUESTS");
            Assert.InRange(int.Parse(busy.Header("Retry-After")!, CultureInfo.InvariantCulture), 1, 3);
        }
        using (var busy = await closed.Registry.As(user.Basic, "127.0.7.9").GetAsync("/api/v1/me"))
        {
            await busy.ExpectAsync(HttpStatusCode.TooManyRequests);
            Assert.Equal("application/problem+json", busy.Content.Headers.ContentType?.ToString());
            Assert.InRange(int.Parse(busy.Header("Retry-After")!, CultureInfo.InvariantCulture), 1, 3);
        }
        Assert.Equal(20, await AllowedAsync(closed.As(other), "/v2/", 22));

        foreach (var path in (string[])["/livez", "/readyz"])
        {
            for (var i = 0; i < 30; i++)
            {
                using var answer = await closed.Registry.As(null, "127.0.7.1").GetAsync(path);
                await answer.ExpectAsync(HttpStatusCode.OK);
            }
        }
    }

    [Theory, OnBothEngines]
    public async Task What_comes_from_memory_is_counted_too(Engine engine)
    {
        await using var closed = await ClosedRegistry.StartAsync(engine, config => config with { AnonymousRequestsPerMinute = 30, RequestsPerMinute = 60 });
        var user = await closed.AddTokenAsync(await closed.AddUserAsync());
        var name = $"{user.Name}/app";
        await closed.As(user).PushImageAsync(name, "1");
        await closed.SetVisibilityAsync(name, Visibility.Public);
        await Eventually.AnswersAsync(HttpStatusCode.OK, () => closed.Registry.As(null, "127.0.7.20").GetAsync($"/v2/{name}/manifests/1"));
        Assert.Equal(30, await AllowedAsync(closed.Registry.As(null, "127.0.7.21"), $"/v2/{name}/manifests/1", 33));
        var token = await closed.WithTokenAsync(user, $"repository:{name}:pull");
        Assert.InRange(await AllowedAsync(token, $"/v2/{name}/manifests/1", 70), 40, 60); // some went into the push
    }

    [Fact]
    public async Task An_open_registry_counts_by_address()
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite, Limited);
        Assert.Equal(5, await AllowedAsync(registry.As(null, "127.0.7.30"), "/v2/_catalog", 8));
        Assert.Equal(5, await AllowedAsync(registry.As(null, "127.0.7.31"), "/v2/_catalog", 8));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Only_a_proxy_that_was_named_says_whose_request_it_is(bool named)
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => Limited(config) with { Open = false, Proxies = named ? [IPNetwork.Parse("127.0.0.0/8")] : [] });
        var caller = registry.As(null, "127.0.7.40");
        var allowed = 0;
        for (var i = 0; i < 20; i++)
        {
            using var answer = await caller.GetAsync("/v2/", ("X-Forwarded-For", $"10.1.2.{i}"));
            allowed += answer.StatusCode == HttpStatusCode.TooManyRequests ? 0 : 1;
        }
        Assert.Equal(named ? 20 : 5, allowed);
    }

    [Fact]
    public async Task Without_a_setting_nobody_is_counted()
    {
        await using var closed = await ClosedRegistry.StartAsync(Engine.Sqlite);
        Assert.Equal(300, await AllowedAsync(closed.Registry.As(null, "127.0.7.50"), "/v2/", 300));
    }

    [Fact]
    public void A_bucket_fills_again_at_an_even_pace()
    {
        var clock = new Clock();
        var buckets = new RequestBuckets(60, clock);
        for (var i = 0; i < 60; i++)
            Assert.Equal(TimeSpan.Zero, buckets.Take(1));
        Assert.InRange(buckets.Take(1).TotalSeconds, 0.99, 1.01);
        Assert.InRange(buckets.Take(1).TotalSeconds, 0.99, 1.01); // what is refused takes nothing
        Assert.Equal(TimeSpan.Zero, buckets.Take(2));
        clock.Now += TimeSpan.FromSeconds(1.5);
        Assert.Equal(TimeSpan.Zero, buckets.Take(1));
        Assert.InRange(buckets.Take(1).TotalSeconds, 0.49, 0.51);
        clock.Now += TimeSpan.FromDays(400);
        for (var i = 0; i < 60; i++)
            Assert.Equal(TimeSpan.Zero, buckets.Take(1));
        Assert.NotEqual(TimeSpan.Zero, buckets.Take(1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    [InlineData(100_000)]
    public void As_many_as_were_set_go_through_at_once_and_in_a_minute(int perMinute)
    {
        var clock = new Clock();
        var buckets = new RequestBuckets(perMinute, clock);
        var at = 0;
        while (buckets.Take(5) == TimeSpan.Zero)
            at++;
        Assert.Equal(perMinute, at);
        for (var i = 0; i < 600; i++)
        {
            clock.Now += TimeSpan.FromSeconds(0.1);
            while (buckets.Take(5) == TimeSpan.Zero)
                at++;
        }
        Assert.InRange(at, perMinute * 1.95, perMinute * 2.08);
    }

    [Fact]
    public void However_many_ask_nobody_is_held_back_for_what_others_did()
    {
        var clock = new Clock();
        var buckets = new RequestBuckets(2, clock);
        var random = Seed.Random();
        var refused = 0;
        for (var i = 0; i < 1_000_000; i++)
        {
            if (buckets.Take(random.Next()) > TimeSpan.Zero)
                refused++;
        }
        Assert.InRange(refused, 0, 20); // of two to the 31st, hardly one comes three times
    }

    [Fact]
    public async Task Many_at_once_get_no_more_than_one_after_the_other()
    {
        var buckets = new RequestBuckets(10_000, new Clock());
        var through = new ConcurrentBag<int>();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            var mine = 0;
            for (var i = 0; i < 5000; i++)
                mine += buckets.Take(9) == TimeSpan.Zero ? 1 : 0;
            through.Add(mine);
        })));
        Assert.InRange(through.Sum(), 10_000, 10_100); // a few that lost every race pass
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("2001:db8:1:2::1%3", "2001:db8:1:2::1", true)]
    [InlineData("::1", "127.0.0.1", false)]
    public void Of_an_address_of_ipv6_the_network_is_counted(string one, string other, bool same) => Assert.Equal(same, ClientNetwork.Of(one) == ClientNetwork.Of(other));

    static async Task<int> AllowedAsync(Registry caller, string path, int times)
    {
        var allowed = 0;
        for (var i = 0; i < times; i++)
        {
            using var answer = await caller.GetAsync(path);
            if (answer.StatusCode != HttpStatusCode.TooManyRequests)
                allowed++;
            else
                Assert.NotNull(answer.Header("Retry-After"));
        }
        return allowed;
    }
}
