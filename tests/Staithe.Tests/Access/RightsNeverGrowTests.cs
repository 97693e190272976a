using System.Net;
using System.Text.Json;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Access;

/// <summary>
/// Rights never grow, over HTTP: nobody hands on, prolongs, or gains by showing, moving or taking over what they do not hold themselves, with the end
/// that it has.
/// </summary>
public sealed class RightsNeverGrowTests
{
    static readonly HttpMethod Post = HttpMethod.Post, Patch = HttpMethod.Patch, Put = HttpMethod.Put;

    [Theory, OnBothEngines]
    public async Task To_show_a_repository_or_to_move_it_takes_the_rights_that_others_get_by_it(Engine engine)
    {
        await using var server = await TeamAsync(engine, "alice", "carol", "dave");
        var (alice, carol) = (server.As("alice"), server.As("carol"));
        await GrantAsync(alice, "team/secret", "carol", "manage");
        await server.PushAsync("alice", "team/secret");

        // showing
        Assert.Contains("carol may not pull from team/secret", await carol.RefusedAsync(HttpStatusCode.Forbidden, Patch, "/repository?name=team/secret", new { visibility = "public" }), StringComparison.Ordinal);
        await carol.RefusedAsync(HttpStatusCode.Forbidden, Patch, "/repository?name=team/secret", new { visibility = "internal" });
        var manages = await TokenAsync(alice, "manage", null);
        await server.As("alice", manages).RefusedAsync(HttpStatusCode.Forbidden, Patch, "/repository?name=team/secret", new { visibility = "public" });
        await server.As("alice", manages).RefusedAsync(HttpStatusCode.Forbidden, Patch, "/spaces/team", new { visibility = "internal" });
        await ExpectPullAsync(server, "carol", "team/secret", HttpStatusCode.NotFound);
        // to hide takes nothing but the right to manage
        await alice.PatchAsync("/repository?name=team/secret", new { visibility = "internal" });
        await carol.PatchAsync("/repository?name=team/secret", new { visibility = "private" });

        // moving below what was granted to oneself, or to a friend, or to a robot or a team of theirs
        await GrantAsync(alice, "team/carol/", "carol", "admin");
        await GrantAsync(alice, "team/dave/", "dave", "read");
        await carol.RefusedAsync(HttpStatusCode.Forbidden, Post, "/repository/move?name=team/secret", new { to = "team/carol/x" });
        await carol.RefusedAsync(HttpStatusCode.Forbidden, Post, "/repository/move?name=team/secret", new { to = "team/dave/x" });
        await carol.RefusedAsync(HttpStatusCode.Forbidden, Post, "/repository/move?name=team/secret", new { to = "carol/x" });
        await carol.RefusedAsync(HttpStatusCode.Forbidden, Post, "/repository/offer?name=team/secret", new { to = "dave/x" });
        await ExpectPullAsync(server, "carol", "team/secret", HttpStatusCode.NotFound);
        // nobody gains by this one
        await GrantAsync(alice, "team/plain/", "carol", "push");
        await GrantAsync(alice, "team/secret", "carol", "push");
        await carol.PostAsync("/repository/move?name=team/secret", new { to = "team/plain/x" }, HttpStatusCode.OK);
        await ExpectPullAsync(server, "carol", "team/plain/x", HttpStatusCode.NotFound);
    }

    [Theory, OnBothEngines]
    public async Task What_somebody_gives_ends_when_their_own_right_does(Engine engine)
    {
        await using var server = await TeamAsync(engine, "alice", "bob", "eve");
        var (alice, bob) = (server.As("alice"), server.As("bob"));
        var mine = (await GrantAsync(alice, "team/web/", "bob", "admin", days: 1)).GetProperty("id").GetInt64();

        // nobody prolongs their own
        var same = await bob.SendAsync(Put, $"/spaces/team/grants/{mine}", new { rights = "admin" }, HttpStatusCode.OK);
        AssertEndsWithin(TimeSpan.FromDays(1), same);
        AssertEndsWithin(TimeSpan.FromDays(1), await bob.SendAsync(Put, $"/spaces/team/grants/{mine}", new { rights = "admin", expiresInDays = 30 }, HttpStatusCode.OK));
        // what they give ends with it: a grant, a link
        AssertEndsWithin(TimeSpan.FromDays(1), await GrantAsync(bob, "team/web/", "eve", "read"));
        AssertEndsWithin(TimeSpan.FromDays(1), await GrantAsync(bob, "team/web/", "eve", "read", days: 100));
        await server.PushAsync("alice", "team/web/app");
        AssertEndsWithin(TimeSpan.FromDays(1), await bob.PostAsync("/spaces/team/links", new { repository = "team/web/app", expiresInDays = 60 }));
        // an invitation grants no longer, whenever it is accepted
        var invitation = await bob.PostAsync("/spaces/team/invitations", new { target = "team/web/", rights = "read", user = "eve", expiresInDays = 60 });
        AssertEndsWithin(TimeSpan.FromDays(1), invitation);
        await server.As("eve").PostAsync("/invitations/accept", new { secret = invitation.GetProperty("secret").GetString() }, HttpStatusCode.OK);
        foreach (var grant in (await alice.GetAsync("/spaces/team/grants?target=team/web/")).GetProperty("items").EnumerateArray())
            AssertEndsWithin(TimeSpan.FromDays(1), grant);
        // what would have no end is refused
        await bob.RefusedAsync(HttpStatusCode.Forbidden, Patch, "/repository?name=team/web/app", new { visibility = "public" });
        await bob.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/team/default-grants", new { target = "team/web/", rights = "read", user = "eve" });
        await bob.RefusedAsync(HttpStatusCode.Forbidden, Post, "/repository/move?name=team/web/app", new { to = "bob/app" });
        // what is less than it was stays as long as it was
        var lasting = (await GrantAsync(alice, "team/web/", "eve", "admin")).GetProperty("id").GetInt64();
        Assert.Equal(JsonValueKind.Null, (await bob.SendAsync(Put, $"/spaces/team/grants/{lasting}", new { rights = "read" }, HttpStatusCode.OK)).GetProperty("expiresAt").ValueKind);
    }

    [Theory, OnBothEngines]
    public async Task What_somebody_makes_with_a_token_ends_with_the_token(Engine engine)
    {
        await using var server = await TeamAsync(engine, "alice", "eve");
        var token = server.As("alice", await TokenAsync(server.As("alice"), "admin", null, days: 1));
        AssertEndsWithin(TimeSpan.FromDays(1), await GrantAsync(token, "team/", "eve", "read"));
        AssertEndsWithin(TimeSpan.FromDays(1), await token.PostAsync("/spaces/team/robots", new { name = "ci", target = "team/", rights = "write" }));
        foreach (var grant in (await token.GetAsync("/spaces/team/grants")).GetProperty("items").EnumerateArray().Where(grant => grant.GetProperty("robot").ValueKind == JsonValueKind.String))
            AssertEndsWithin(TimeSpan.FromDays(1), grant);
        AssertEndsWithin(TimeSpan.FromDays(1), await token.PatchAsync("/spaces/team/robots/ci", new { expiresInDays = (int?)null }));
        await token.PostAsync("/spaces/team/robots/ci/secret", null, HttpStatusCode.OK); // its rights end with the token's

        // of a robot, a team and a space that last there is nothing to take over
        await server.As("alice").PostAsync("/spaces/team/robots", new { name = "deploy", target = "team/", rights = "write" });
        await token.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/team/robots/deploy/secret");
        await token.RefusedAsync(HttpStatusCode.Forbidden, Put, "/spaces/team/teams/owners/members/eve");
        await token.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/team/invitations", new { team = "owners", user = "eve" });
        await token.RefusedAsync(HttpStatusCode.Forbidden, Patch, "/spaces/team", new { visibility = "public" });
        await token.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/team/owner", new { user = "eve", kind = "user" });
    }

    [Theory, OnBothEngines]
    public async Task A_limited_token_of_an_admin_makes_nothing_that_is_not_limited(Engine engine)
    {
        await using var server = await TeamAsync(engine, "root", "alice");
        var manages = server.As("root", await TokenAsync(server.As("root"), "manage", null));
        var whole = server.As("root", await TokenAsync(server.As("root"), "admin", null));
        foreach (var token in (ApiClient[])[manages, whole])
        {
            await token.RefusedAsync(HttpStatusCode.Forbidden, Put, "/users/root/password", new { password = "long enough for that" });
            await token.RefusedAsync(HttpStatusCode.Forbidden, Put, "/users/alice/password", new { password = "long enough for that" });
            await token.RefusedAsync(HttpStatusCode.Forbidden, Patch, "/users/alice", new { admin = true });
            await token.RefusedAsync(HttpStatusCode.Forbidden, Post, "/users", new { name = "mallory", password = "long enough for that", admin = true });
            await token.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/alice/owner", new { user = "root", kind = "user" });
        }
        await manages.RefusedAsync(HttpStatusCode.Forbidden, Post, "/users", new { name = "mallory", password = "long enough for that" });
        await whole.PostAsync("/users", new { name = "bob", password = "long enough for that" });
        // what takes away needs no more than before; what gives back does
        await manages.PatchAsync("/users/alice", new { disabled = true });
        await manages.RefusedAsync(HttpStatusCode.Forbidden, Patch, "/users/alice", new { disabled = false });
        await server.As("root").PatchAsync("/users/alice", new { disabled = false, admin = true });
    }

    [Theory, OnBothEngines]
    public async Task Who_may_see_a_space_no_longer_is_not_told_what_it_is_called_now(Engine engine)
    {
        await using var server = await TeamAsync(engine, "alice", "bob");
        var (alice, bob) = (server.As("alice"), server.As("bob"));
        var grant = (await GrantAsync(alice, "team/", "bob", "read")).GetProperty("id").GetInt64();
        await bob.PutAsync("/me/watch?space=team");
        await TokenAsync(bob, "read", "team/");
        Assert.Equal(["team"], await bob.ListAsync("/me/watches"));
        await alice.DeleteAsync($"/spaces/team/grants/{grant}");
        await alice.PostAsync("/spaces/team/rename", new { name = "covert" }, HttpStatusCode.OK);
        Assert.Empty(await bob.ListAsync("/me/watches"));
        Assert.DoesNotContain("covert", (await bob.GetAsync("/me/tokens")).GetRawText(), StringComparison.Ordinal);
        // whoever may see something in it is told
        await server.PushAsync("alice", "covert/app");
        await alice.PatchAsync("/repository?name=covert/app", new { visibility = "public" });
        Assert.Equal(["covert"], await bob.ListAsync("/me/watches"));
    }

    [Theory, OnBothEngines]
    public async Task A_token_removes_a_space_only_with_the_right_to_delete(Engine engine)
    {
        await using var server = await TeamAsync(engine, "alice");
        var alice = server.As("alice");
        await server.PushAsync("alice", "team/app");
        foreach (var rights in (string[])["manage", "manage,push,pull", "delete,pull", "read"])
        {
            var limited = server.As("alice", await TokenAsync(alice, rights, null));
            await limited.RefusedAsync(HttpStatusCode.Forbidden, HttpMethod.Delete, "/spaces/team?confirm=team");
            await limited.RefusedAsync(HttpStatusCode.Forbidden, HttpMethod.Delete, "/repository?name=team/app");
        }
        await ExpectPullAsync(server, "alice", "team/app", HttpStatusCode.OK);
        await server.As("alice", await TokenAsync(alice, "manage,delete", null)).SendAsync(HttpMethod.Delete, "/spaces/team?confirm=team", null, HttpStatusCode.NoContent);
        await ExpectPullAsync(server, "alice", "team/app", HttpStatusCode.NotFound);
    }

    static async Task<ApiServer> TeamAsync(Engine engine, params string[] users)
    {
        var server = await ApiServer.StartAsync(engine, users);
        await server.As(users.Contains("alice") ? "alice" : users[0]).PostAsync("/organizations", new { name = "team" });
        return server;
    }

    static Task<JsonElement> GrantAsync(ApiClient giver, string target, string user, string rights, int? days = null) =>
        giver.PostAsync("/spaces/team/grants", new { target, user, rights, expiresInDays = days });

    static async Task<string> TokenAsync(ApiClient user, string rights, string? target, int? days = null) =>
        (await user.PostAsync("/me/tokens", new { name = "test", rights, target, expiresInDays = days })).GetProperty("secret").GetString()!;

    static void AssertEndsWithin(TimeSpan time, JsonElement given) =>
        Assert.InRange(given.GetProperty("expiresAt").GetDateTimeOffset(), DateTimeOffset.UtcNow, DateTimeOffset.UtcNow + time);

    static async Task ExpectPullAsync(ApiServer server, string user, string repository, HttpStatusCode expected)
    {
        using var response = await server.Registry.As(ClosedRegistry.Basic(user, ApiServer.Password(user))).GetAsync($"/v2/{repository}/manifests/1");
        await response.ExpectAsync(expected);
    }
}
