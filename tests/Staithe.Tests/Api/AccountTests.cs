using System.Net;
using System.Text.Json;
using Staithe.Accounts;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Api;

/// <summary>The own account, its tokens, and what admins do with accounts.</summary>
public sealed class AccountTests
{
    [Theory]
    [OnBothEngines]
    public async Task One_sees_oneself_and_changes_the_password_with_the_old_one(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "bob");
        var bob = server.As("bob");
        var me = await bob.GetAsync("/me");
        Assert.Equal(("bob", "user", false, JsonValueKind.Null), (me.GetProperty("name").GetString(), me.GetProperty("kind").GetString(), me.GetProperty("admin").GetBoolean(), me.GetProperty("token").ValueKind));

        await bob.RefusedAsync(HttpStatusCode.Forbidden, HttpMethod.Put, "/me/password", new { old = "wrong-wrong", @new = "another-password" });
        await bob.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Put, "/me/password", new { old = ApiServer.Password("bob"), @new = "short" });
        await bob.PutAsync("/me/password", new { old = ApiServer.Password("bob"), @new = "another-password" });
        await bob.RefusedAsync(HttpStatusCode.Unauthorized, "/me");
        await server.As("bob", "another-password").GetAsync("/me");
    }

    [Theory]
    [OnBothEngines]
    public async Task A_token_does_what_it_says_until_it_is_revoked_or_ends(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "bob", "eve");
        var bob = server.As("bob");
        var made = await bob.PostAsync("/me/tokens", new { name = "ci", rights = "read", target = "bob/app", expiresInDays = 3 });
        var secret = made.GetProperty("secret").GetString()!;
        var token = server.AsBearer(secret);
        var limit = (await token.GetAsync("/me")).GetProperty("token");
        Assert.Equal(("read", "bob/app"), (limit.GetProperty("rights").GetString(), limit.GetProperty("target").GetString()));
        await server.As("bob", secret).GetAsync("/me");

        var listed = (await bob.GetAsync("/me/tokens")).GetProperty("items")[0];
        Assert.Equal(["id", "name", "rights", "target", "createdAt", "expiresAt", "usedAt"], listed.EnumerateObject().Select(member => member.Name));
        Assert.Equal(3, (listed.GetProperty("expiresAt").GetDateTimeOffset() - listed.GetProperty("createdAt").GetDateTimeOffset()).TotalDays, 0.01);

        var path = $"/me/tokens/{made.GetProperty("id")}";
        await server.As("eve").RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Delete, path);
        await token.DeleteAsync(path);
        await token.RefusedAsync(HttpStatusCode.Unauthorized, "/me");

        var soon = (await bob.PostAsync("/me/tokens", new { name = "soon", rights = "admin", expiresInDays = 1 })).GetProperty("secret").GetString()!;
        await server.EndAllAsync("access_tokens");
        await server.AsBearer(soon).RefusedAsync(HttpStatusCode.Unauthorized, "/me");
    }

    [Fact]
    public async Task A_token_cannot_make_tokens_nor_set_the_password_and_a_limited_one_lists_none()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "root", "bob");
        var all = server.AsBearer(await TokenAsync(server, "bob", "admin", null));
        await all.GetAsync("/me/tokens");
        await all.RefusedAsync(HttpStatusCode.Forbidden, HttpMethod.Post, "/me/tokens", new { name = "x", rights = "read" });
        await all.RefusedAsync(HttpStatusCode.Forbidden, HttpMethod.Put, "/me/password", new { old = ApiServer.Password("bob"), @new = "another-password" });
        await all.PostAsync("/organizations", new { name = "team" });

        var limited = server.AsBearer(await TokenAsync(server, "bob", "write", null));
        await limited.RefusedAsync(HttpStatusCode.Forbidden, "/me/tokens");
        await limited.RefusedAsync(HttpStatusCode.Forbidden, HttpMethod.Post, "/organizations", new { name = "other" });

        await server.AsBearer(await TokenAsync(server, "root", "admin", null)).GetAsync("/users");
        await server.AsBearer(await TokenAsync(server, "root", "write", null)).RefusedAsync(HttpStatusCode.Forbidden, "/users");
        await server.AsBearer(await TokenAsync(server, "root", "admin", "root/")).RefusedAsync(HttpStatusCode.Forbidden, "/audit");
    }

    [Theory]
    [InlineData("""{"name":" ","rights":"read"}""", "1 to 100")]
    [InlineData("""{"name":"x","rights":"all"}""", "read, write, admin")]
    [InlineData("""{"name":"x","rights":"read","target":"Team"}""", "not a target")]
    [InlineData("""{"name":"x","rights":"read","expiresInDays":0}""", "1 to 3650")]
    public async Task A_token_that_makes_no_sense_is_refused(string body, string says)
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "bob");
        Assert.Contains(says, await server.As("bob").RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, "/me/tokens", body), StringComparison.Ordinal);
    }

    [Theory]
    [OnBothEngines]
    public async Task An_admin_makes_changes_and_disables_accounts(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "bob");
        var root = server.As("root");
        await root.PostAsync("/users", new { name = "carl", password = ApiServer.Password("carl") });
        Assert.Equal(["bob", "carl", "root"], await root.ListAsync("/users"));
        var page = await root.GetAsync("/users?limit=2");
        Assert.Equal("carl", page.GetProperty("next").GetString());
        Assert.Equal(["root"], await root.ListAsync("/users?limit=2&after=carl"));
        await root.RefusedAsync(HttpStatusCode.BadRequest, "/users?limit=1001");

        Assert.Contains("looks too much like carl", await root.RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Post, "/users", new { name = "car1" }), StringComparison.Ordinal);
        await root.RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Post, "/users", new { name = "bob" });
        await root.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, "/users", new { name = "No" });

        await server.As("carl").GetAsync("/me");
        Assert.True((await root.PatchAsync("/users/carl", new { disabled = true })).GetProperty("disabled").GetBoolean());
        await server.As("carl").RefusedAsync(HttpStatusCode.Unauthorized, "/me");
        await root.PatchAsync("/users/carl", new { disabled = false, admin = true });
        await server.As("carl").GetAsync("/users");
        await server.As("carl").PatchAsync("/users/root", new { admin = false });
        Assert.Contains("last admin", await server.As("carl").RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Patch, "/users/carl", new { disabled = true }), StringComparison.Ordinal);

        await server.As("carl").PutAsync("/users/bob/password", new { password = "given-by-carl" });
        await server.As("bob", "given-by-carl").GetAsync("/me");
        await server.As("carl").RefusedAsync(HttpStatusCode.NotFound, "/users/nobody-here");
        await server.As("carl").RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Patch, "/users/bob", new { });
    }

    [Fact]
    public async Task Who_is_no_admin_manages_no_accounts_and_who_is_has_no_way_in()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "root", "bob");
        await server.As("bob").RefusedAsync(HttpStatusCode.Forbidden, "/users");
        await server.As("bob").RefusedAsync(HttpStatusCode.Forbidden, "/audit");
        await server.As("bob").RefusedAsync(HttpStatusCode.Forbidden, "/spaces?all=true");
        await server.As("bob").RefusedAsync(HttpStatusCode.Forbidden, HttpMethod.Patch, "/users/bob", new { admin = true });

        await server.PushAsync("bob", "bob/app");
        var root = server.As("root");
        Assert.Equal(["bob", "root"], await root.ListAsync("/spaces?all=true"));
        Assert.Equal(["root"], await root.ListAsync("/spaces"));
        await root.GetAsync("/spaces/bob");
        await root.RefusedAsync(HttpStatusCode.Forbidden, "/spaces/bob/grants");
        await root.RefusedAsync(HttpStatusCode.Forbidden, "/spaces/bob/robots");
        await root.RefusedAsync(HttpStatusCode.Forbidden, "/spaces/bob/audit");
        await root.RefusedAsync(HttpStatusCode.Forbidden, HttpMethod.Patch, "/spaces/bob", new { visibility = "public" });
        await root.RefusedAsync(HttpStatusCode.Forbidden, HttpMethod.Post, "/spaces/bob/grants", new { target = "bob/", rights = "read", user = "root" });
        await root.RefusedAsync(HttpStatusCode.NotFound, "/repository?name=bob/app");
        await root.RefusedAsync(HttpStatusCode.NotFound, "/access?repository=bob/app&user=bob");
        Assert.Empty(await root.ListAsync("/repositories"));
    }

    [Fact]
    public async Task Credentials_that_are_wrong_are_refused_and_guessing_is_slowed_down()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "bob");
        await server.As("bob", "wrong-password").RefusedAsync(HttpStatusCode.Unauthorized, "/me");
        await server.AsBearer("no-token-of-ours").RefusedAsync(HttpStatusCode.Unauthorized, "/me");
        await server.As("bo\0b", "x").RefusedAsync(HttpStatusCode.Unauthorized, "/me");
        for (var i = 0; i < 9; i++)
            await server.AsBearer(Secret.Create(Secret.Personal)).RefusedAsync(HttpStatusCode.Unauthorized, "/me");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/me");
        request.Headers.Add("Authorization", $"Bearer {Secret.Create(Secret.Personal)}");
        using var busy = await server.Registry.Http.SendAsync(request, TestContext.Current.CancellationToken);
        await busy.ExpectAsync(HttpStatusCode.TooManyRequests);
        Assert.NotNull(busy.Headers.RetryAfter?.Delta);
    }

    internal static async Task<string> TokenAsync(ApiServer server, string user, string rights, string? target) =>
        (await server.As(user).PostAsync("/me/tokens", new { name = "test", rights, target })).GetProperty("secret").GetString()!;
}
