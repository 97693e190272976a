using System.Net;
using System.Text.Json;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Database;
using Staithe.Sharing;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Sharing;

/// <summary>Invitations: who may make one, who may accept it, and that it hands on no more than the inviter has.</summary>
public sealed class InvitationTests
{
    const string Accept = "/invitations/accept";
    static readonly HttpMethod Post = HttpMethod.Post, Delete = HttpMethod.Delete;

    [Theory, OnBothEngines]
    public async Task Who_is_invited_into_a_team_gets_into_it_once(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "alice", "bob", "eve");
        var (alice, bob, eve, root) = (server.As("alice"), server.As("bob"), server.As("eve"), server.As("root"));
        await MakeOrganizationAsync(alice);
        var made = await alice.PostAsync("/spaces/harbour/invitations", new { team = "dev" });
        var secret = SecretOf(made);
        Assert.Equal($"{server.Registry.Url.GetLeftPart(UriPartial.Authority)}/invite/{secret}", made.GetProperty("url").GetString());
        Assert.InRange(made.GetProperty("expiresAt").GetDateTimeOffset() - DateTimeOffset.UtcNow, TimeSpan.FromDays(6.9), TimeSpan.FromDays(7.1));

        var accepted = await bob.PostAsync(Accept, new { secret }, HttpStatusCode.OK);
        Assert.Equal(("harbour", "dev"), (accepted.GetProperty("space").GetString(), accepted.GetProperty("team").GetString()));
        Assert.Equal("bob", (await bob.GetAsync("/spaces/harbour/teams/dev")).GetProperty("members")[0].GetString());
        var listed = (await alice.GetAsync("/spaces/harbour/invitations")).GetProperty("items")[0];
        Assert.Equal(("dev", 1, 1, "alice"), (listed.GetProperty("team").GetString(), listed.GetProperty("uses").GetInt32(), listed.GetProperty("maxUses").GetInt32(), listed.GetProperty("madeBy").GetString()));

        var replayed = await bob.RefusedAsync(HttpStatusCode.NotFound, Post, Accept, new { secret });
        Assert.Equal(replayed, await eve.RefusedAsync(HttpStatusCode.NotFound, Post, Accept, new { secret }));
        await eve.RefusedAsync(HttpStatusCode.NotFound, "/spaces/harbour");

        // the record has it all, but not the secret
        var told = "";
        await Eventually.HoldsAsync(async () => (told = (await root.GetAsync("/audit?limit=1000")).GetRawText()).Contains("refused", StringComparison.Ordinal));
        var lines = (await root.GetAsync("/audit?limit=1000")).GetProperty("items").EnumerateArray().Select(line => $"{line.GetProperty("actor").GetString()} {line.GetProperty("action").GetString()} {line.GetProperty("target").GetString()} {line.GetProperty("outcome").GetString()}").ToList();
        foreach (var line in (string[])["alice invitation.add harbour/dev done", "bob team.member.add harbour/dev done", "bob invitation.accept harbour/dev done", "bob invitation.accept  refused"])
            Assert.Contains(line, lines);
        await server.Registry.StopAsync();
        Assert.DoesNotContain(secret, told, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, server.Registry.Log, StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task Rights_are_granted_as_the_invitation_says(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob", "eve");
        var (alice, bob, eve) = (server.As("alice"), server.As("bob"), server.As("eve"));
        await server.PushAsync("alice", "alice/web/app");
        var secret = SecretOf(await alice.PostAsync("/spaces/alice/invitations", new { target = "alice/web/", rights = "write", tags = "dev-*", grantDays = 3, user = "bob" }));
        var forOthers = await eve.RefusedAsync(HttpStatusCode.NotFound, Post, Accept, new { secret });
        var accepted = await bob.PostAsync(Accept, new { secret }, HttpStatusCode.OK);
        Assert.Equal(("alice/web/", "write", "dev-*"), (accepted.GetProperty("target").GetString(), accepted.GetProperty("rights").GetString(), accepted.GetProperty("tags").GetString()));
        var grant = (await alice.GetAsync("/spaces/alice/grants")).GetProperty("items")[0];
        Assert.Equal(("alice/web/", "bob", "write", "dev-*"), (grant.GetProperty("target").GetString(), grant.GetProperty("user").GetString(), grant.GetProperty("rights").GetString(), grant.GetProperty("tags").GetString()));
        Assert.InRange(grant.GetProperty("expiresAt").GetDateTimeOffset() - DateTimeOffset.UtcNow, TimeSpan.FromDays(2.9), TimeSpan.FromDays(3.1));
        Assert.Equal(["alice/web/app"], await bob.ListAsync("/repositories"));

        // whatever is wrong with a link, the answer is the same
        var revoked = await alice.PostAsync("/spaces/alice/invitations", new { target = "alice/web/", rights = "read", uses = 5 });
        await alice.DeleteAsync($"/spaces/alice/invitations/{revoked.GetProperty("id")}");
        var expired = await alice.PostAsync("/spaces/alice/invitations", new { target = "alice/web/", rights = "read" });
        await server.EndAllAsync("invitations");
        foreach (var text in (string[])[secret, SecretOf(revoked), SecretOf(expired), Secret.CreateForPath(), "x", ""])
            Assert.Equal(forOthers, await eve.RefusedAsync(HttpStatusCode.NotFound, Post, Accept, new { secret = text }));
    }

    [Theory, OnBothEngines]
    public async Task However_many_accept_at_once_no_more_get_in_than_are_invited(Engine engine)
    {
        var names = Enumerable.Range(0, 6).Select(number => $"guest-{(char)('a' + number)}{(char)('p' + number)}").ToArray();
        await using var server = await ApiServer.StartAsync(engine, ["alice", .. names]);
        var alice = server.As("alice");
        await MakeOrganizationAsync(alice);
        var secret = SecretOf(await alice.PostAsync("/spaces/harbour/invitations", new { team = "dev", uses = 2 }));
        var answers = await Task.WhenAll(names.Select(async name =>
        {
            using var response = await server.Registry.As(ClosedRegistry.Basic(name, ApiServer.Password(name))).SendAsync(Post, "/api/v1" + Accept, JsonSerializer.SerializeToUtf8Bytes(new { secret }), "application/json");
            return response.StatusCode;
        }));
        Assert.Equal((2, 4), (answers.Count(status => status == HttpStatusCode.OK), answers.Count(status => status == HttpStatusCode.NotFound)));
        Assert.Equal(2, (await alice.GetAsync("/spaces/harbour/teams/dev")).GetProperty("members").GetArrayLength());
    }

    [Fact]
    public async Task One_person_takes_one_place_of_many()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "alice", "bob", "eve");
        var (alice, bob) = (server.As("alice"), server.As("bob"));
        var secret = SecretOf(await alice.PostAsync("/spaces/alice/invitations", new { target = "alice/app", rights = "read", uses = 3 }));
        await bob.PostAsync(Accept, new { secret }, HttpStatusCode.OK);
        await bob.RefusedAsync(HttpStatusCode.NotFound, Post, Accept, new { secret });
        await server.As("eve").PostAsync(Accept, new { secret }, HttpStatusCode.OK);
        Assert.Equal(2, (await alice.GetAsync("/spaces/alice/invitations")).GetProperty("items")[0].GetProperty("uses").GetInt32());
    }

    [Theory, OnBothEngines]
    public async Task Nobody_hands_on_what_they_no_longer_have(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "alice", "carol", "bob");
        var (alice, carol, bob, root) = (server.As("alice"), server.As("carol"), server.As("bob"), server.As("root"));
        await MakeOrganizationAsync(alice);
        var grant = await alice.PostAsync("/spaces/harbour/grants", new { target = "harbour/", rights = "pull,push,move,manage", user = "carol" });
        var order = new { team = "dev" };
        var (intoTeam, toRights) = (SecretOf(await carol.PostAsync("/spaces/harbour/invitations", order)), SecretOf(await carol.PostAsync("/spaces/harbour/invitations", new { target = "harbour/app", rights = "write" })));

        // the team has got more than she has
        var more = await alice.PostAsync("/spaces/harbour/grants", new { target = "harbour/app", rights = "admin", team = "dev" });
        await bob.RefusedAsync(HttpStatusCode.NotFound, Post, Accept, new { secret = intoTeam });
        await carol.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/harbour/invitations", order);
        await alice.DeleteAsync($"/spaces/harbour/grants/{more.GetProperty("id")}");

        // she has less than when she invited
        await alice.DeleteAsync($"/spaces/harbour/grants/{grant.GetProperty("id")}");
        await bob.RefusedAsync(HttpStatusCode.NotFound, Post, Accept, new { secret = intoTeam });
        await bob.RefusedAsync(HttpStatusCode.NotFound, Post, Accept, new { secret = toRights });
        await bob.RefusedAsync(HttpStatusCode.NotFound, "/spaces/harbour");

        await alice.PostAsync("/spaces/harbour/grants", new { target = "harbour/", rights = "admin", user = "carol" });
        await root.PatchAsync("/users/carol", new { disabled = true });
        await bob.RefusedAsync(HttpStatusCode.NotFound, Post, Accept, new { secret = toRights });
        await root.PatchAsync("/users/carol", new { disabled = false });
        await bob.PostAsync(Accept, new { secret = toRights }, HttpStatusCode.OK);
        await alice.DeleteAsync("/spaces/harbour/teams/dev");
        await bob.RefusedAsync(HttpStatusCode.NotFound, Post, Accept, new { secret = intoTeam });
    }

    [Fact]
    public async Task Only_who_manages_what_it_is_to_decides_about_invitations()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "root", "alice", "bob", "eve");
        var (alice, bob, eve) = (server.As("alice"), server.As("bob"), server.As("eve"));
        await alice.PostAsync("/spaces/alice/grants", new { target = "alice/", rights = "write", user = "bob" });
        await alice.PostAsync("/spaces/alice/grants", new { target = "alice/web/", rights = "pull,manage", user = "bob" });
        var (order, made) = (new { target = "alice/app", rights = "read" }, await alice.PostAsync("/spaces/alice/invitations", new { target = "alice/app", rights = "read" }));
        var path = $"/spaces/alice/invitations/{made.GetProperty("id")}";
        await eve.RefusedAsync(HttpStatusCode.NotFound, Post, "/spaces/alice/invitations", order);
        await eve.RefusedAsync(HttpStatusCode.NotFound, Delete, path);
        await bob.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/alice/invitations", order);
        await bob.RefusedAsync(HttpStatusCode.Forbidden, "/spaces/alice/invitations");
        await bob.RefusedAsync(HttpStatusCode.Forbidden, Delete, path);
        await server.As("root").RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/alice/invitations", order);
        await bob.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/alice/invitations", new { target = "alice/web/", rights = "admin" });
        await bob.PostAsync("/spaces/alice/invitations", new { target = "alice/web/app", rights = "read" });
        Assert.Equal(["alice/web/app"], await bob.ListAsync("/spaces/alice/invitations?target=alice/web/", "target"));
        Assert.Equal(["alice/app", "alice/web/app"], await alice.ListAsync("/spaces/alice/invitations", "target"));

        var robot = await alice.PostAsync("/spaces/alice/robots", new { name = "ci", target = "alice/", rights = "admin" });
        var ci = server.As("alice+ci", robot.GetProperty("secret").GetString()!);
        Assert.Contains("robots", await ci.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/alice/invitations", order), StringComparison.Ordinal);
        Assert.Contains("robots", await ci.RefusedAsync(HttpStatusCode.Forbidden, Post, Accept, new { secret = SecretOf(made) }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{}""", "say to what")]
    [InlineData("""{"team":"dev","target":"harbour/","rights":"read"}""", "say to what")]
    [InlineData("""{"target":"harbour/"}""", "say to what")]
    [InlineData("""{"team":"dev","tags":"v*"}""", "say to what")]
    [InlineData("""{"team":"dev","grantDays":1}""", "leave grantDays out")]
    [InlineData("""{"target":"harbour/","rights":"read","grantDays":0}""", "1 to 3650")]
    [InlineData("""{"target":"alice/","rights":"read"}""", "not in the space harbour")]
    [InlineData("""{"team":"dev","expiresInDays":91}""", "1 to 90")]
    [InlineData("""{"team":"dev","uses":0}""", "1 to 1000")]
    [InlineData("""{"team":"dev","uses":2,"user":"bob"}""", "used once")]
    [InlineData("""{"team":"dev","user":"B b"}""", "cannot be a user's name")]
    public async Task An_invitation_that_makes_no_sense_is_refused(string body, string says)
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "alice");
        await MakeOrganizationAsync(server.As("alice"));
        Assert.Contains(says, await server.As("alice").RefusedAsync(HttpStatusCode.BadRequest, Post, "/spaces/harbour/invitations", body), StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task Who_has_no_account_makes_one_only_where_the_invitation_says_so(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "alice");
        var (alice, root, invitations) = (server.As("alice"), server.As("root"), await InvitationsAsync(server.Registry));
        await MakeOrganizationAsync(alice);
        await alice.PutAsync("/spaces/harbour/teams/owners/members/root");
        Assert.Contains("no account", await alice.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/harbour/invitations", new { team = "dev", newAccounts = true }), StringComparison.Ordinal);
        var without = SecretOf(await alice.PostAsync("/spaces/harbour/invitations", new { team = "dev" }));
        var bound = SecretOf(await root.PostAsync("/spaces/harbour/invitations", new { team = "dev", newAccounts = true, user = "dora" }));
        var open = SecretOf(await root.PostAsync("/spaces/harbour/invitations", new { team = "dev", newAccounts = true }));

        await RefusedAsync(AccountProblem.Unknown, without, "dora", "a-long-password");
        await RefusedAsync(AccountProblem.Unknown, bound, "mallory", "a-long-password");
        await RefusedAsync(AccountProblem.Invalid, bound, "dora", "short");
        await RefusedAsync(AccountProblem.Taken, open, "al1ce", "a-long-password");
        await RefusedAsync(AccountProblem.Invalid, open, "s", "a-long-password");
        await invitations.AcceptAsNewAsync(new Actor("dora", null), bound, "dora", "a-long-password", TestContext.Current.CancellationToken);
        await server.As("dora", "a-long-password").GetAsync("/spaces/harbour/teams/dev");
        await RefusedAsync(AccountProblem.Unknown, bound, "dora", "a-long-password");

        // an account and its place are made together or not at all
        await root.PatchAsync("/users/alice", new { admin = true });
        await root.PatchAsync("/users/root", new { admin = false });
        await RefusedAsync(AccountProblem.Unknown, open, "emil", "a-long-password");
        await alice.RefusedAsync(HttpStatusCode.NotFound, "/users/emil");

        async Task RefusedAsync(AccountProblem problem, string secret, string name, string password) =>
            Assert.Equal(problem, (await Assert.ThrowsAsync<AccountException>(() => invitations.AcceptAsNewAsync(new Actor(name, null), secret, name, password, TestContext.Current.CancellationToken))).Problem);
    }

    static async Task<Invitations> InvitationsAsync(Registry registry)
    {
        var secret = await ServerSecret.LoadAsync(registry.App.Database, "no file");
        return new Invitations(new AccessEpoch(registry.App.Database), secret, new Refusals(Poison.Runner(registry)), registry.Config.SpacesInviteNewUsers);
    }

    static async Task MakeOrganizationAsync(ApiClient owner)
    {
        await owner.PostAsync("/organizations", new { name = "harbour" });
        await owner.PostAsync("/spaces/harbour/teams", new { name = "dev" });
        await owner.PostAsync("/spaces/harbour/grants", new { target = "harbour/", rights = "read", team = "dev" });
    }

    static string SecretOf(JsonElement made) => made.GetProperty("secret").GetString()!;
}
