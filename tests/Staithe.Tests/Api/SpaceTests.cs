using System.Net;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Api;

/// <summary>Organizations, teams, grants and robots: who may manage what, and that nobody hands on what they do not have.</summary>
public sealed class SpaceTests
{
    static readonly HttpMethod Post = HttpMethod.Post, Delete = HttpMethod.Delete, Put = HttpMethod.Put;

    [Theory]
    [OnBothEngines]
    public async Task Who_makes_an_organization_owns_it_and_the_last_owner_stays(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob", "eve");
        var (alice, bob, eve) = (server.As("alice"), server.As("bob"), server.As("eve"));
        var made = await alice.PostAsync("/organizations", new { name = "harbour", visibility = "internal" });
        Assert.Equal("organization", made.GetProperty("kind").GetString());
        await alice.RefusedAsync(HttpStatusCode.Conflict, Post, "/organizations", new { name = "harb0ur" });
        await alice.RefusedAsync(HttpStatusCode.Conflict, Post, "/organizations", new { name = "bob" });
        await alice.RefusedAsync(HttpStatusCode.BadRequest, Post, "/organizations", new { name = "api" });
        Assert.Equal(["alice", "harbour"], await alice.ListAsync("/spaces"));
        Assert.Equal(["bob"], await bob.ListAsync("/spaces"));
        await eve.RefusedAsync(HttpStatusCode.NotFound, "/spaces/harbour");

        Assert.Equal("public", (await alice.PatchAsync("/spaces/harbour", new { visibility = "public" })).GetProperty("visibility").GetString());
        await alice.PostAsync("/spaces/harbour/teams", new { name = "dev" });
        await alice.RefusedAsync(HttpStatusCode.Conflict, Post, "/spaces/harbour/teams", new { name = "dev" });
        await alice.RefusedAsync(HttpStatusCode.BadRequest, Post, "/spaces/harbour/teams", new { name = "a/b" });
        await alice.RefusedAsync(HttpStatusCode.BadRequest, Post, "/spaces/alice/teams", new { name = "dev" });
        await alice.PutAsync("/spaces/harbour/teams/dev/members/bob");
        await alice.PutAsync("/spaces/harbour/teams/dev/members/bob");
        await alice.RefusedAsync(HttpStatusCode.NotFound, Put, "/spaces/harbour/teams/dev/members/nobody-here");
        Assert.Equal(["dev", "owners"], await bob.ListAsync("/spaces/harbour/teams"));
        Assert.Equal("bob", (await bob.GetAsync("/spaces/harbour/teams/dev")).GetProperty("members")[0].GetString());
        await bob.RefusedAsync(HttpStatusCode.Forbidden, Put, "/spaces/harbour/teams/owners/members/bob");
        await bob.RefusedAsync(HttpStatusCode.Forbidden, HttpMethod.Patch, "/spaces/harbour", new { visibility = "private" });

        Assert.Contains("last owner", await alice.RefusedAsync(HttpStatusCode.Conflict, Delete, "/spaces/harbour/teams/owners/members/alice"), StringComparison.Ordinal);
        await alice.RefusedAsync(HttpStatusCode.Conflict, Delete, "/spaces/harbour/teams/owners");
        var owners = (await alice.GetAsync("/spaces/harbour/grants")).GetProperty("items")[0];
        await alice.RefusedAsync(HttpStatusCode.Conflict, Delete, $"/spaces/harbour/grants/{owners.GetProperty("id")}");
        await alice.PutAsync("/spaces/harbour/teams/owners/members/bob");
        await bob.DeleteAsync("/spaces/harbour/teams/owners/members/alice");
        await alice.RefusedAsync(HttpStatusCode.NotFound, "/spaces/harbour");
        await bob.DeleteAsync("/spaces/harbour/teams/dev");
        await bob.RefusedAsync(HttpStatusCode.NotFound, Delete, "/spaces/harbour/teams/dev");
    }

    [Theory]
    [OnBothEngines]
    public async Task Grants_hold_where_they_say_and_are_explained(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob", "eve");
        var (alice, bob, eve) = (server.As("alice"), server.As("bob"), server.As("eve"));
        await server.PushAsync("alice", "alice/web/app");
        await eve.RefusedAsync(HttpStatusCode.NotFound, "/repository?name=alice/web/app");
        await eve.RefusedAsync(HttpStatusCode.NotFound, "/access?repository=alice/web/app");

        var grant = await alice.PostAsync("/spaces/alice/grants", new { target = "alice/web/", rights = "write", user = "bob", tags = "dev-*", expiresInDays = 10 });
        var id = grant.GetProperty("id").GetInt64();
        Assert.Equal(["alice/web/app"], await bob.ListAsync("/repositories"));
        Assert.Equal(["alice", "bob"], await bob.ListAsync("/spaces"));
        var seen = await bob.GetAsync("/repository?name=alice/web/app");
        Assert.Equal(("private", "read", "dev-*", "push,move"), (seen.GetProperty("visibility").GetString(), seen.GetProperty("rights").GetString(), seen.GetProperty("onTags")[0].GetProperty("tags").GetString(), seen.GetProperty("onTags")[0].GetProperty("rights").GetString()));
        var why = (await bob.GetAsync("/access?repository=alice/web/app")).GetProperty("reasons");
        Assert.Equal(1, why.GetArrayLength());
        Assert.Equal(("grant", id, "user bob", "write", "dev-*"), (why[0].GetProperty("kind").GetString(), why[0].GetProperty("grant").GetInt64(), why[0].GetProperty("via").GetString(), why[0].GetProperty("rights").GetString(), why[0].GetProperty("tags").GetString()));

        await bob.RefusedAsync(HttpStatusCode.Forbidden, HttpMethod.Patch, "/repository?name=alice/web/app", new { visibility = "public" });
        await bob.RefusedAsync(HttpStatusCode.Forbidden, "/access?repository=alice/web/app&user=alice");
        await bob.RefusedAsync(HttpStatusCode.Forbidden, "/spaces/alice/grants");
        await bob.RefusedAsync(HttpStatusCode.Forbidden, "/spaces/alice/teams");
        await bob.RefusedAsync(HttpStatusCode.Forbidden, Delete, $"/spaces/alice/grants/{id}");
        await alice.RefusedAsync(HttpStatusCode.NotFound, Delete, "/spaces/alice/grants/999");

        await alice.PatchAsync("/repository?name=alice/web/app", new { visibility = "internal" });
        var ofEve = await alice.GetAsync("/access?repository=alice/web/app&user=eve");
        Assert.Equal(("read", "visibility"), (ofEve.GetProperty("rights").GetString(), ofEve.GetProperty("reasons")[0].GetProperty("kind").GetString()));
        await eve.GetAsync("/repository?name=alice/web/app");
        await alice.PatchAsync("/repository?name=alice/web/app", new { visibility = "private" });
        await eve.RefusedAsync(HttpStatusCode.NotFound, "/repository?name=alice/web/app");

        await alice.DeleteAsync($"/spaces/alice/grants/{id}");
        await bob.RefusedAsync(HttpStatusCode.NotFound, "/repository?name=alice/web/app");
        await bob.RefusedAsync(HttpStatusCode.NotFound, "/spaces/alice");

        await alice.PostAsync("/spaces/alice/grants", new { target = "alice/", rights = "read", user = "bob", expiresInDays = 1 });
        await bob.GetAsync("/spaces/alice");
        await server.EndAllAsync("grants");
        await bob.RefusedAsync(HttpStatusCode.NotFound, "/spaces/alice");
        Assert.Equal(["alice/"], await alice.ListAsync("/spaces/alice/grants", "target"));
    }

    [Theory]
    [InlineData("""{"target":"bob/","rights":"read","user":"bob"}""", "begin it with alice/")]
    [InlineData("""{"target":"alice//x","rights":"read","user":"bob"}""", "not a target")]
    [InlineData("""{"target":"alice","rights":"read","user":"bob"}""", null)]
    [InlineData("""{"target":"alice/x","rights":"","user":"bob"}""", "no rights")]
    [InlineData("""{"target":"alice/x","rights":"read"}""", "one of user, team and robot")]
    [InlineData("""{"target":"alice/x","rights":"read","user":"bob","robot":"ci"}""", "one of user, team and robot")]
    [InlineData("""{"target":"alice/x","rights":"push","user":"bob","tags":"a b"}""", "not a pattern")]
    [InlineData("""{"target":"alice/x","rights":"read","user":"bob","tags":"v*"}""", "leave tags out")]
    [InlineData("""{"target":"alice/x","rights":"read","user":"bob","expiresInDays":-1}""", "1 to 3650")]
    public async Task A_grant_that_makes_no_sense_is_refused(string body, string? says)
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "alice", "bob");
        if (says is null)
            await server.As("alice").PostAsync("/spaces/alice/grants", body);
        else
            Assert.Contains(says, await server.As("alice").RefusedAsync(HttpStatusCode.BadRequest, Post, "/spaces/alice/grants", body), StringComparison.Ordinal);
    }

    [Theory]
    [OnBothEngines]
    public async Task Who_manages_a_part_decides_about_that_part_and_hands_on_only_what_they_have(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob", "eve");
        var (alice, bob) = (server.As("alice"), server.As("bob"));
        await alice.PostAsync("/organizations", new { name = "team" });
        await alice.PostAsync("/spaces/team/grants", new { target = "team/web/", rights = "pull,push,manage", user = "bob" });
        await alice.PostAsync("/spaces/team/grants", new { target = "team/website", rights = "read", user = "eve" });

        var given = (await bob.PostAsync("/spaces/team/grants", new { target = "team/web/app", rights = "push", user = "eve" })).GetProperty("id");
        Assert.Equal(["team/web/", "team/web/app"], await bob.ListAsync("/spaces/team/grants?target=team/web/", "target"));
        await bob.RefusedAsync(HttpStatusCode.Forbidden, "/spaces/team/grants");
        await bob.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/team/grants", new { target = "team/web/", rights = "admin", user = "bob" });
        await bob.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/team/grants", new { target = "team/", rights = "read", user = "bob" });
        await bob.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/team/grants", new { target = "team/website", rights = "read", user = "bob" });
        await bob.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/team/robots", new { name = "ci", target = "team/web/", rights = "read" });
        await bob.RefusedAsync(HttpStatusCode.Forbidden, "/spaces/team/audit");
        await bob.DeleteAsync($"/spaces/team/grants/{given}");

        // Who may manage everything, and nothing else, stays that.
        await alice.PostAsync("/spaces/team/grants", new { target = "team/", rights = "manage", user = "eve" });
        var eve = server.As("eve");
        await alice.PostAsync("/spaces/team/robots", new { name = "ci", target = "team/", rights = "write" });
        await eve.RefusedAsync(HttpStatusCode.Forbidden, Put, "/spaces/team/teams/owners/members/eve");
        await eve.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/team/robots/ci/secret");
        await eve.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/team/grants", new { target = "team/", rights = "read", user = "eve" });
        await eve.DeleteAsync("/spaces/team/robots/ci");
    }

    [Theory]
    [OnBothEngines]
    public async Task A_robot_has_its_secret_and_its_grant_and_no_account(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice");
        var alice = server.As("alice");
        var made = await alice.PostAsync("/spaces/alice/robots", new { name = "ci", target = "alice/app", rights = "write", expiresInDays = 5 });
        Assert.Equal("alice+ci", made.GetProperty("fullName").GetString());
        await alice.RefusedAsync(HttpStatusCode.Conflict, Post, "/spaces/alice/robots", new { name = "ci", target = "alice/app", rights = "write" });
        await alice.RefusedAsync(HttpStatusCode.BadRequest, Post, "/spaces/alice/robots", new { name = "C I", target = "alice/app", rights = "write" });

        var robot = server.As("alice+ci", made.GetProperty("secret").GetString()!);
        Assert.Equal("robot", (await robot.GetAsync("/me")).GetProperty("kind").GetString());
        Assert.Equal(["alice"], await robot.ListAsync("/spaces"));
        Assert.Equal("write", (await robot.GetAsync("/access?repository=alice/app")).GetProperty("rights").GetString());
        await robot.RefusedAsync(HttpStatusCode.NotFound, "/access?repository=alice/other");
        await robot.RefusedAsync(HttpStatusCode.Forbidden, "/me/tokens");
        await robot.RefusedAsync(HttpStatusCode.Forbidden, Post, "/organizations", new { name = "robots" });
        await robot.RefusedAsync(HttpStatusCode.Forbidden, "/spaces/alice/robots");
        await robot.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/alice/grants", new { target = "alice/app", rights = "read", robot = "ci" });
        await robot.RefusedAsync(HttpStatusCode.Forbidden, "/users");

        var again = await alice.PostAsync("/spaces/alice/robots/ci/secret", null, HttpStatusCode.OK);
        await robot.RefusedAsync(HttpStatusCode.Unauthorized, "/me");
        var renewed = server.As("alice+ci", again.GetProperty("secret").GetString()!);
        await renewed.GetAsync("/me");
        await server.EndAllAsync("robots");
        Assert.Equal("expired", (await alice.GetAsync("/access?repository=alice/app&robot=ci")).GetProperty("reasons")[0].GetProperty("kind").GetString());
        Assert.Equal(["ci"], await alice.ListAsync("/spaces/alice/robots"));
        await alice.DeleteAsync("/spaces/alice/robots/ci");
        await renewed.RefusedAsync(HttpStatusCode.Unauthorized, "/me");
        Assert.Empty(await alice.ListAsync("/spaces/alice/grants", "id"));
    }

    [Fact]
    public async Task A_token_manages_as_far_as_it_goes()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "alice", "bob");
        await server.As("alice").PostAsync("/organizations", new { name = "team" });
        var manages = server.AsBearer(await AccountTests.TokenAsync(server, "alice", "read,manage", "team/web/"));
        var reads = server.AsBearer(await AccountTests.TokenAsync(server, "alice", "read", "team/"));
        Assert.Equal(["team"], await manages.ListAsync("/spaces"));
        await manages.RefusedAsync(HttpStatusCode.NotFound, "/spaces/alice");
        await manages.PostAsync("/spaces/team/grants", new { target = "team/web/app", rights = "read", user = "bob" });
        await manages.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/team/grants", new { target = "team/web/app", rights = "write", user = "bob" });
        await manages.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/team/grants", new { target = "team/other", rights = "read", user = "bob" });
        await manages.RefusedAsync(HttpStatusCode.Forbidden, "/spaces/team/teams");
        await manages.RefusedAsync(HttpStatusCode.Forbidden, Delete, "/spaces/team/teams/owners/members/alice");
        await reads.RefusedAsync(HttpStatusCode.Forbidden, "/spaces/team/grants");
        await reads.GetAsync("/spaces/team/teams");
        Assert.Contains((await manages.GetAsync("/access?repository=team/web/app")).GetProperty("reasons").EnumerateArray(), reason => reason.GetProperty("kind").GetString() == "token");
    }
}
