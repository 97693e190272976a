using System.Net;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Access;

/// <summary>Whatever ends an identity, a credential or a right ends every token that was got by it, at once.</summary>
public sealed class EndedIdentityTests
{
    static readonly HttpMethod Patch = HttpMethod.Patch, Put = HttpMethod.Put;

    [Theory, OnBothEngines]
    public async Task A_token_for_clients_ends_with_what_it_was_got_with(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "bob");
        var (root, bob) = (server.As("root"), server.As("bob"));
        await bob.PostAsync("/me/tokens", new { name = "n", rights = "write" });
        var token = await bob.PostAsync("/me/tokens", new { name = "n", rights = "write" });
        var robot = await bob.PostAsync("/spaces/bob/robots", new { name = "ci", target = "bob/", rights = "write" });
        var other = await bob.PostAsync("/spaces/bob/robots", new { name = "cd", target = "bob/", rights = "write" });

        await EndsAsync(server, "bob", token.GetProperty("secret").GetString()!, () => bob.DeleteAsync($"/me/tokens/{token.GetProperty("id").GetInt64()}"));
        await EndsAsync(server, "bob+ci", robot.GetProperty("secret").GetString()!, () => bob.PostAsync("/spaces/bob/robots/ci/secret", null, HttpStatusCode.OK));
        await EndsAsync(server, "bob+cd", other.GetProperty("secret").GetString()!, () => bob.DeleteAsync("/spaces/bob/robots/cd"));
        await EndsAsync(server, "bob", ApiServer.Password("bob"), () => root.PutAsync("/users/bob/password", new { password = "another long one" }));
        await EndsAsync(server, "bob", "another long one", () => root.PatchAsync("/users/bob", new { disabled = true }));
        await root.PatchAsync("/users/bob", new { disabled = false });
        await EndsAsync(server, "bob", "another long one", () => server.As("bob", "another long one").DeleteAsync("/spaces/bob/robots/ci"), stays: true);
        await EndsAsync(server, "bob", "another long one", () => root.DeleteAsync("/users/bob"), push: false);
    }

    [Theory, OnBothEngines]
    public async Task A_right_that_is_taken_away_is_gone_from_the_tokens_that_carry_it(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob");
        await server.PushAsync("alice", "alice/app");
        var grant = await server.As("alice").PostAsync("/spaces/alice/grants", new { target = "alice/", user = "bob", rights = "write" });
        var bearer = await BearerAsync(server, "bob", ApiServer.Password("bob"), "repository:alice/app:pull,push");
        using (var before = await bearer.GetAsync("/v2/alice/app/manifests/1"))
            await before.ExpectAsync(HttpStatusCode.OK);
        await server.As("alice").SendAsync(Put, $"/spaces/alice/grants/{grant.GetProperty("id").GetInt64()}", new { rights = "read" }, HttpStatusCode.OK);
        using (var pull = await bearer.GetAsync("/v2/alice/app/manifests/1"))
            await pull.ExpectAsync(HttpStatusCode.OK);
        using (var push = await bearer.SendAsync(HttpMethod.Post, "/v2/alice/app/blobs/uploads/"))
            await push.ExpectAsync(HttpStatusCode.Forbidden);
        await server.As("alice").DeleteAsync($"/spaces/alice/grants/{grant.GetProperty("id").GetInt64()}");
        using (var pull = await bearer.GetAsync("/v2/alice/app/manifests/1"))
            await pull.ExpectAsync(HttpStatusCode.NotFound);
    }

    [Theory, OnBothEngines]
    public async Task A_token_ends_with_the_first_of_the_rights_in_it(Engine engine)
    {
        await using var closed = await ClosedRegistry.StartAsync(engine);
        var (alice, bob) = (await closed.AddUserAsync(), await closed.AddUserAsync());
        await closed.GrantAsync(alice.SpaceId, $"{alice.Name}/", new Grantee(UserId: bob.Id), Rights.Read, endsIn: TimeSpan.FromMinutes(2));
        await closed.GrantAsync(alice.SpaceId, $"{alice.Name}/", new Grantee(UserId: bob.Id), Rights.Write, "dev-*", endsIn: TimeSpan.FromMinutes(1));
        Assert.InRange((await closed.AskAsync(bob, $"repository:{alice.Name}/app:pull")).GetProperty("expires_in").GetInt32(), 60, 120);
        Assert.InRange((await closed.AskAsync(bob, $"repository:{alice.Name}/app:pull,push")).GetProperty("expires_in").GetInt32(), 1, 60);
        Assert.Equal(300, (await closed.AskAsync(bob, $"repository:{bob.Name}/app:pull,push")).GetProperty("expires_in").GetInt32());
        // and with the token or the robot that it was got with
        var token = await closed.AddTokenAsync(bob, endsIn: TimeSpan.FromMinutes(1));
        Assert.InRange((await closed.AskAsync(token, $"repository:{bob.Name}/app:pull")).GetProperty("expires_in").GetInt32(), 1, 60);
        var robot = await closed.AddRobotAsync(bob.SpaceId, bob.Name, TimeSpan.FromMinutes(1));
        Assert.InRange((await closed.AskAsync(robot, $"repository:{bob.Name}/app:pull")).GetProperty("expires_in").GetInt32(), 1, 60);
    }

    // What docker login keeps ends with the token that it was got with, and not days later.
    [Theory, OnBothEngines]
    public async Task A_login_that_docker_keeps_ends_with_the_token(Engine engine)
    {
        await using var closed = await ClosedRegistry.StartAsync(engine);
        var token = await closed.AddTokenAsync(await closed.AddUserAsync(), endsIn: TimeSpan.FromDays(1));
        using var response = await closed.As(token).GetAsync("/v2/auth?offline_token=true");
        await response.ExpectAsync(HttpStatusCode.OK);
        var rows = await closed.Db.ReadAsync(session => AccessTokenTable.ListSignedInAsync(session, token.Id, new ListRequest(Limit: 10)), TestContext.Current.CancellationToken);
        Assert.InRange(DateTimeOffset.FromUnixTimeMilliseconds(rows.Items.Single().ExpiresAt!.Value), DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));
    }

    static async Task EndsAsync(ApiServer server, string name, string secret, Func<Task> end, bool stays = false, bool push = true)
    {
        var bearer = await BearerAsync(server, name, secret, "repository:bob/app:pull,push");
        if (push)
        {
            using var before = await bearer.SendAsync(HttpMethod.Post, "/v2/bob/app/blobs/uploads/");
            await before.ExpectAsync(HttpStatusCode.Accepted);
            using var cancelled = await bearer.SendAsync(HttpMethod.Delete, before.Headers.Location!.ToString());
            await cancelled.ExpectAsync(HttpStatusCode.NoContent);
        }
        await end();
        using var after = await bearer.SendAsync(HttpMethod.Post, "/v2/bob/app/blobs/uploads/");
        await after.ExpectAsync(stays ? HttpStatusCode.Accepted : HttpStatusCode.Unauthorized);
        if (!stays)
            Assert.Contains("error=\"invalid_token\"", after.Header("WWW-Authenticate")!, StringComparison.Ordinal);
    }

    static async Task<Registry> BearerAsync(ApiServer server, string name, string secret, string scope)
    {
        using var response = await server.Registry.As(ClosedRegistry.Basic(name, secret)).GetAsync($"/v2/auth?scope={scope}");
        await response.ExpectAsync(HttpStatusCode.OK);
        return server.Registry.As($"Bearer {(await response.JsonAsync()).GetProperty("token").GetString()}");
    }
}
