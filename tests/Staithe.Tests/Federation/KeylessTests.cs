using System.Net;
using System.Text.Json;
using Staithe.Config;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Federation;

/// <summary>Robots without a secret: who says by whose word they are let in, and who is let in then.</summary>
public sealed class KeylessTests
{
    const string Exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
    const string IdToken = "urn:ietf:params:oauth:token-type:id_token";

    [Theory, OnBothEngines]
    public async Task A_job_whose_token_says_the_right_things_pushes(Engine engine)
    {
        await using var place = await Place.StartAsync(engine);
        var token = place.Issuer.Token(place.Host, "job", ("repository", "team/app"), ("ref", "refs/heads/main"));

        var answer = await place.ExchangeAsync(HttpStatusCode.OK, "team+ci", token, "repository:team/app:pull,push");
        Assert.Equal(("Bearer", "urn:ietf:params:oauth:token-type:access_token"), (answer.GetProperty("token_type").GetString(), answer.GetProperty("issued_token_type").GetString()));
        Assert.InRange(answer.GetProperty("expires_in").GetInt32(), 280, 300);
        Assert.False(answer.TryGetProperty("refresh_token", out _));
        var job = place.Server.Registry.As($"Bearer {answer.GetProperty("access_token").GetString()}");
        await job.PushImageAsync("team/app", "1");

        // The same as a password, with each request and for a token as every client asks for it.
        await place.Server.Registry.As(ClosedRegistry.Basic("team+ci", token)).PushImageAsync("team/app", "2");
        using (var got = await place.Server.Registry.As(ClosedRegistry.Basic("team+ci", token)).GetAsync($"/v2/auth?service={place.Host}&scope=repository:team/app:pull&offline_token=true"))
        {
            await got.ExpectAsync(HttpStatusCode.OK);
            Assert.False((await got.JsonAsync()).TryGetProperty("refresh_token", out _));
        }
        Assert.Equal("robot", (await place.Server.As("team+ci", token).GetAsync("/me")).GetProperty("kind").GetString());

        // It has the robot's rights and no others.
        var narrow = await place.ExchangeAsync(HttpStatusCode.OK, "team+ci", token, "repository:alice/app:pull,push");
        using var refused = await place.Server.Registry.As($"Bearer {narrow.GetProperty("token").GetString()}").GetAsync("/v2/alice/app/tags/list");
        await refused.ExpectAsync(HttpStatusCode.NotFound);
    }

    [Theory, OnBothEngines]
    public async Task Everybody_else_is_told_no_and_no_more_and_the_admins_why(Engine engine)
    {
        await using var place = await Place.StartAsync(engine);
        await using var other = await OwnIssuer.StartAsync();
        var alice = place.Server.As("alice");
        await alice.PostAsync("/spaces/team/robots", new { name = "secret", target = "team/", rights = "write" });
        await alice.PostAsync("/spaces/team/robots", new { name = "lone", target = "team/", rights = "write", keyless = true });
        (string Name, object? Value)[] good = [("repository", "team/app"), ("ref", "refs/heads/main")];
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var (bodies, whys) = (new HashSet<string>(), new List<string>());

        await RefusedAsync("no rule lets the token in: ref is refs/tags/v1", "team+ci", place.Issuer.Token(place.Host, "job", [.. good, ("ref", "refs/tags/v1")]));
        await RefusedAsync("there is no claim repository", "team+ci", place.Issuer.Token(place.Host, "job", ("ref", "refs/heads/main")));
        await RefusedAsync("the token is for other.example", "team+ci", place.Issuer.Token("other.example", "job", good));
        await RefusedAsync("the token has ended", "team+ci", place.Issuer.Token(place.Host, "job", [.. good, ("exp", now - 10)]));
        await RefusedAsync("the token has ended", "team+ci", place.Issuer.Token(place.Host, "job", [.. good, ("exp", now - 1000)]));
        await RefusedAsync("no keyless robot of that name", "team+secret", place.Issuer.Token(place.Host, "job", good));
        await RefusedAsync("no keyless robot of that name", "team+lone", place.Issuer.Token(place.Host, "job", good));
        await RefusedAsync("no keyless robot of that name", "team+nobody", place.Issuer.Token(place.Host, "job", good));
        await RefusedAsync("no keyless robot of that name", "nowhere+ci", place.Issuer.Token(place.Host, "job", good));
        await RefusedAsync("no keyless robot of that name", "+", place.Issuer.Token(place.Host, "job", good));
        await RefusedAsync("is not trusted", "team+ci", other.Token(place.Host, "job", good));
        await RefusedAsync("no such key", "team+ci", other.Token(place.Host, "job", [.. good, ("iss", place.Issuer.Url)]));
        await RefusedAsync("signed with none", "team+ci", SigningKey.Unsigned(JsonSerializer.Serialize(place.Issuer.Claims(place.Host, "job", good)), ("alg", "none")) + ".");
        await RefusedAsync("", "alice", place.Issuer.Token(place.Host, "alice", good)); // no person is let in this way
        await RefusedAsync("", "team+ci", "no token");
        Assert.Single(bodies);
        Assert.Empty(other.Asked);
        await place.ExpectRefusalsAsync(whys);

        async Task RefusedAsync(string why, string robot, string token)
        {
            var answer = await place.ExchangeAsync(HttpStatusCode.Unauthorized, robot, token, "repository:team/app:pull");
            bodies.Add(answer.GetRawText());
            await place.ForgetFailuresAsync();
            using var basic = await place.NewAddress(ClosedRegistry.Basic(robot, token)).GetAsync("/v2/");
            await basic.ExpectAsync(HttpStatusCode.Unauthorized);
            whys.Add(why);
        }
    }

    [Fact]
    public async Task What_it_gets_ends_with_what_it_showed()
    {
        await using var place = await Place.StartAsync(Engine.Sqlite);
        var token = place.Issuer.Token(place.Host, "job", ("repository", "team/app"), ("ref", "refs/heads/main"), ("exp", DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 5));
        var answer = await place.ExchangeAsync(HttpStatusCode.OK, "team+ci", token, "repository:team/app:pull,push");
        Assert.InRange(answer.GetProperty("expires_in").GetInt32(), 1, 5);
        var job = place.Server.Registry.As($"Bearer {answer.GetProperty("token").GetString()}");
        await job.PushImageAsync("team/app", "1");
        await Eventually.AnswersAsync(HttpStatusCode.Unauthorized, () => job.GetAsync("/v2/team/app/tags/list"));
        Assert.InRange(DateTimeOffset.UtcNow.ToUnixTimeSeconds(), 0, Expiry(token) + 3);
        using var basic = await place.Server.Registry.As(ClosedRegistry.Basic("team+ci", token)).GetAsync("/v2/");
        await basic.ExpectAsync(HttpStatusCode.Unauthorized);

        static long Expiry(string token) => JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1])).RootElement.GetProperty("exp").GetInt64();
    }

    [Theory, OnBothEngines]
    public async Task The_rules_are_set_by_who_has_the_robots_rights(Engine engine)
    {
        await using var place = await Place.StartAsync(engine);
        var (alice, bob, carol) = (place.Server.As("alice"), place.Server.As("bob"), place.Server.As("carol"));
        const string Trusts = "/spaces/team/robots/ci/trusts";
        object Rule(string? issuer = null, object? claims = null, string? audience = null) => new { issuer = issuer ?? place.Issuer.Url, claims = claims ?? new { sub = "job" }, audience };

        var made = await alice.PostAsync(Trusts, Rule(audience: "registry.example"));
        Assert.Equal(("registry.example", "job"), (made.GetProperty("audience").GetString(), made.GetProperty("claims").GetProperty("sub").GetString()));
        Assert.Equal([place.Host, "registry.example"], await alice.ListAsync(Trusts, "audience"));

        // Bob manages the space, but may not push, which the robot may.
        Assert.Equal(2, (await bob.ListAsync(Trusts, "id")).Count);
        Assert.Contains("needs the right", await bob.RefusedAsync(HttpStatusCode.Forbidden, HttpMethod.Post, Trusts, Rule()), StringComparison.Ordinal);
        await carol.RefusedAsync(HttpStatusCode.NotFound, Trusts);
        await carol.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Post, Trusts, Rule());

        // An address that a rule names is never asked.
        Assert.Contains("trustedIssuers", await alice.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, Trusts, Rule("https://169.254.169.254")), StringComparison.Ordinal);
        Assert.Contains("not only *", await alice.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, Trusts, Rule(claims: new { sub = "*" })), StringComparison.Ordinal);
        Assert.Contains("not only *", await alice.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, Trusts, Rule(claims: new { })), StringComparison.Ordinal);
        await alice.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, Trusts, Rule(claims: new { sub = "" }));
        await alice.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, Trusts, Rule(claims: new { sub = 7 }));
        await alice.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, Trusts, """{"issuer":"https://login.example","claims":{"sub":null}}""");
        await alice.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, Trusts, Rule(audience: ""));

        // With a secret or without, and never both.
        var robot = await alice.PostAsync("/spaces/team/robots", new { name = "other", target = "team/", rights = "read" });
        Assert.StartsWith("str_", robot.GetProperty("secret").GetString(), StringComparison.Ordinal);
        Assert.Contains("has a secret", await alice.RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Post, "/spaces/team/robots/other/trusts", Rule()), StringComparison.Ordinal);
        Assert.Contains("is keyless", await alice.RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Post, "/spaces/team/robots/ci/secret"), StringComparison.Ordinal);
        Assert.Equal(["True", "False"], await alice.ListAsync("/spaces/team/robots", "keyless"));

        for (var i = 0; i < 18; i++)
            await alice.PostAsync(Trusts, Rule());
        Assert.Contains("the most", await alice.RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Post, Trusts, Rule()), StringComparison.Ordinal);

        // A rule that is gone lets nobody in, at once.
        var token = place.Issuer.Token(place.Host, "other job", ("repository", "team/app"), ("ref", "refs/heads/main"));
        await place.ExchangeAsync(HttpStatusCode.OK, "team+ci", token, "repository:team/app:pull");
        await bob.DeleteAsync($"{Trusts}/{place.Rule}");
        await place.ExchangeAsync(HttpStatusCode.Unauthorized, "team+ci", token, "repository:team/app:pull");
        await bob.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Delete, $"{Trusts}/{place.Rule}");
        Assert.Contains("robot.trust.add", await alice.ListAsync("/spaces/team/audit", "action"));
        Assert.Contains("robot.trust.delete", await alice.ListAsync("/spaces/team/audit", "action"));
    }

    [Fact]
    public async Task The_form_has_to_be_what_it_says()
    {
        await using var place = await Place.StartAsync(Engine.Sqlite);
        var token = place.Issuer.Token(place.Host, "job", ("repository", "team/app"), ("ref", "refs/heads/main"));
        foreach (var (type, requested) in ((string, string)[])[("urn:ietf:params:oauth:token-type:access_token", ""), ("", ""), (IdToken, "urn:ietf:params:oauth:token-type:refresh_token")])
        {
            using var form = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["grant_type"] = Exchange, ["username"] = "team+ci", ["subject_token"] = token, ["subject_token_type"] = type, ["requested_token_type"] = requested, ["service"] = place.Host,
            }.Where(field => field.Value.Length > 0));
            using var response = await place.Server.Registry.Http.PostAsync(new Uri("/v2/auth", UriKind.Relative), form, TestContext.Current.CancellationToken);
            await response.ExpectAsync(HttpStatusCode.BadRequest);
        }
    }

    [Fact]
    public async Task An_issuer_that_is_away_lets_nobody_in_and_blames_nobody()
    {
        await using var place = await Place.StartAsync(Engine.Sqlite);
        var token = place.Issuer.Token(place.Host, "job", ("repository", "team/app"), ("ref", "refs/heads/main"));
        place.Issuer.Instead["/keys"] = http =>
        {
            http.Response.StatusCode = 500;
            return Task.CompletedTask;
        };
        for (var i = 0; i < 15; i++) // more than the failures that are free
            await place.ExchangeAsync(HttpStatusCode.Unauthorized, "team+ci", token, "repository:team/app:pull");
        await place.ExpectRefusalsAsync(["answers 500"]);
        Assert.DoesNotContain(token, place.Server.Registry.Log, StringComparison.Ordinal);
    }

    /// <summary>A registry that trusts an issuer, and an organization whose robot does under a rule. Alice owns it, bob manages it and may pull.</summary>
    sealed class Place(ApiServer server, OwnIssuer issuer) : IAsyncDisposable
    {
        static int addresses;

        public ApiServer Server => server;

        public OwnIssuer Issuer => issuer;

        public string Host => server.Registry.Authority;

        public string Rule { get; private set; } = "";

        public static async Task<Place> StartAsync(Engine engine)
        {
            var issuer = await OwnIssuer.StartAsync();
            var server = await ApiServer.StartAsync(engine, config => config with { TrustedIssuers = [issuer.Url] }, "root", "alice", "bob", "carol");
            var place = new Place(server, issuer);
            var alice = server.As("alice");
            await alice.PostAsync("/organizations", new { name = "team" });
            await alice.PostAsync("/spaces/team/grants", new { target = "team/", user = "bob", rights = "pull,manage" });
            var robot = await alice.PostAsync("/spaces/team/robots", new { name = "ci", target = "team/app", rights = "write", keyless = true });
            Assert.Equal(JsonValueKind.Null, robot.GetProperty("secret").ValueKind);
            var rule = await alice.PostAsync("/spaces/team/robots/ci/trusts", new { issuer = issuer.Url, claims = new Dictionary<string, string> { ["repository"] = "team/app", ["ref"] = "refs/heads/*" } });
            Assert.Equal(place.Host, rule.GetProperty("audience").GetString());
            place.Rule = rule.GetProperty("id").ToString();
            return place;
        }

        public async Task<JsonElement> ExchangeAsync(HttpStatusCode expected, string robot, string token, string scope)
        {
            using var form = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["grant_type"] = Exchange, ["username"] = robot, ["subject_token"] = token, ["subject_token_type"] = IdToken, ["service"] = Host, ["scope"] = scope,
            });
            using var response = await NewAddress(null).Http.PostAsync(new Uri("/v2/auth", UriKind.Relative), form, TestContext.Current.CancellationToken);
            await response.ExpectAsync(expected);
            return await response.JsonAsync();
        }

        /// <summary>Somebody who has not failed yet.</summary>
        public Registry NewAddress(string? authorization)
        {
            var number = Interlocked.Increment(ref addresses);
            return server.Registry.As(authorization, $"127.7.{number / 250}.{1 + (number % 250)}");
        }

        /// <summary>An account's failures are forgiven when it succeeds.</summary>
        public async Task ForgetFailuresAsync()
        {
            var token = issuer.Token(Host, "job", ("repository", "team/app"), ("ref", "refs/heads/main"), ("jti", Guid.NewGuid().ToString()));
            await ExchangeAsync(HttpStatusCode.OK, "team+ci", token, "repository:team/app:pull");
        }

        /// <summary>Waits until the audit has all of these as reasons of refusals.</summary>
        public Task ExpectRefusalsAsync(IReadOnlyList<string> whys) => AuditLines.ExpectRefusalsAsync(server.Registry, whys);

        public async ValueTask DisposeAsync()
        {
            await server.DisposeAsync();
            await issuer.DisposeAsync();
        }
    }
}
