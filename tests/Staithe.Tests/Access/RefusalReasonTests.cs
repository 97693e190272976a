using System.Net;
using System.Text;
using System.Text.Json;
using Staithe.Accounts;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Access;

/// <summary>A refusal names the narrowest cause and its fix, and tells nobody of what they cannot see.</summary>
public sealed class RefusalReasonTests(ClosedRegistries registries)
{
    [Theory, OnBothEngines]
    public async Task A_token_that_holds_its_owner_back_is_named(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var alice = await closed.AddUserAsync("alice");
        await closed.As(alice).PushImageAsync($"{alice.Name}/app", "1");

        var reader = await closed.AddTokenAsync(alice, Rights.Read);
        Assert.Equal(
            $"{alice.Name} may not push to {alice.Name}/app: this token is read-only. Create a token with push, or sign in with your password.",
            await PushAsync(closed, reader, $"{alice.Name}/app"));
        Assert.Equal(
            $"{alice.Name} may not delete the tag 1 from {alice.Name}/app: this token has only the right write. Create a token with delete, or sign in with your password.",
            await DeleteAsync(closed, await closed.AddTokenAsync(alice, Rights.Write), $"{alice.Name}/app", "1"));
        Assert.Equal(
            $"{alice.Name} may not move the tag 1 in {alice.Name}/app: this token has only the right pull,push. Create a token with move, or sign in with your password.",
            await TagAsync(closed, await closed.AddTokenAsync(alice, Rights.Pull | Rights.Push), $"{alice.Name}/app", "1"));

        // A token for something else says so, whatever lies where it was used.
        var other = await closed.AddTokenAsync(alice, Rights.Admin, $"{alice.Name}/other");
        foreach (var name in (string[])["app", "nothing"])
        {
            Assert.Equal(
                $"{alice.Name} may not push to {alice.Name}/{name}: this token is for {alice.Name}/other only. Use a token for {alice.Name}/{name}, or sign in with your password.",
                await PushAsync(closed, other, $"{alice.Name}/{name}"));
            using var pull = await closed.As(other).GetAsync($"/v2/{alice.Name}/{name}/manifests/1");
            var error = await pull.ExpectErrorAsync(HttpStatusCode.NotFound, "NAME_UNKNOWN");
            Assert.Equal($"there is no repository {alice.Name}/{name} that you may see: this token is for {alice.Name}/other only", MessageOf(error));
        }
    }

    [Theory, OnBothEngines]
    public async Task A_token_got_with_a_read_only_one_is_no_other_cause(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var alice = await closed.AddUserAsync("alice");
        var bearer = await closed.WithTokenAsync(await closed.AddTokenAsync(alice, Rights.Read), $"repository:{alice.Name}/app:pull,push");
        using var refused = await bearer.SendAsync(HttpMethod.Post, $"/v2/{alice.Name}/app/blobs/uploads/", []);
        Assert.Contains("this token is read-only. Create a token with push", MessageOf(await refused.ExpectErrorAsync(HttpStatusCode.Forbidden, "DENIED")), StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task A_right_that_is_missing_is_named_with_what_there_is(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (bob, (spaceId, team)) = (await closed.AddUserAsync("bob"), await closed.AddOrganizationAsync("team"));
        var owner = await closed.AddUserAsync("olga");
        await closed.GrantAsync(spaceId, $"{team}/", new Grantee(UserId: owner.Id), Rights.Admin);
        foreach (var name in (string[])["read", "tags", "new", "ended", "public", "internal"])
            await closed.As(owner).PushImageAsync($"{team}/{name}", "1");
        await closed.SetVisibilityAsync($"{team}/public", Visibility.Public);
        await closed.SetVisibilityAsync($"{team}/internal", Visibility.Internal);
        var grantee = new Grantee(UserId: bob.Id);

        // Visibility alone, before bob belongs to the space.
        Assert.Equal(
            $"{bob.Name} may not push to {team}/public: it is public, so everybody may pull, and {bob.Name} has no other right there. Push to {bob.Name}/public, or ask an owner of the space {team} for the right push.",
            await PushAsync(closed, bob, $"{team}/public"));
        Assert.Contains("it is internal, so every user may pull", await PushAsync(closed, bob, $"{team}/internal"), StringComparison.Ordinal);

        await closed.GrantAsync(spaceId, $"{team}/read", grantee, Rights.Read);
        Assert.Equal(
            $"{bob.Name} may not push to {team}/read: {bob.Name} has only the right read there. Ask an owner of the space {team} for the right push.",
            await PushAsync(closed, bob, $"{team}/read"));

        await closed.GrantAsync(spaceId, $"{team}/tags", grantee, Rights.Write | Rights.Delete, "*,!v*");
        Assert.Equal(
            $"{bob.Name} may not push the tag v5 to {team}/tags: {bob.Name} may do that only with tags that match *,!v*. Choose another tag, or ask an owner of the space {team} for the right push.",
            await TagAsync(closed, bob, $"{team}/tags", "v5"));
        Assert.Contains("only with tags that match *,!v*", await DeleteAsync(closed, bob, $"{team}/tags", "v5"), StringComparison.Ordinal);
        Assert.Contains("may delete only tags that match *,!v*, no digests. Delete the tags, or ask", await DeleteAsync(closed, bob, $"{team}/tags", $"sha256:{new string('0', 64)}"), StringComparison.Ordinal);

        await closed.GrantAsync(spaceId, $"{team}/new", grantee, Rights.Pull | Rights.Push);
        Assert.Equal(
            $"{bob.Name} may not move the tag 1 in {team}/new: the tag exists already, and {bob.Name} may add new tags but not move existing ones. Push a new tag, or ask an owner of the space {team} for the right move.",
            await TagAsync(closed, bob, $"{team}/new", "1"));

        await closed.GrantAsync(spaceId, $"{team}/ended", grantee, Rights.Write, endsIn: TimeSpan.FromDays(-2));
        Assert.Equal(
            $"{bob.Name} may not push to {team}/ended: the right write on {team}/ended ended on {DateTimeOffset.UtcNow.AddDays(-2):yyyy-MM-dd}. Ask an owner of the space {team} for the right push again.",
            await PushAsync(closed, bob, $"{team}/ended"));
        Assert.Contains($"no right of {bob.Name} in the space {team} reaches it. Push to {bob.Name}/elsewhere, or ask", await PushAsync(closed, bob, $"{team}/elsewhere"), StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task A_robot_is_told_what_it_was_granted(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (alice, carol) = (await closed.AddUserAsync("alice"), await closed.AddUserAsync("carol"));
        var robot = await closed.AddRobotAsync(alice.SpaceId, alice.Name);
        Assert.Contains($"no right of {robot.Name} in the space {alice.Name} reaches it. Ask an owner of the space {alice.Name} for the right push.", await PushAsync(closed, robot, $"{alice.Name}/app"), StringComparison.Ordinal);
        Assert.Contains($"a robot has rights in its own space only, which is {alice.Name}.", await PushAsync(closed, robot, $"{carol.Name}/app"), StringComparison.Ordinal);
        await closed.GrantAsync(alice.SpaceId, $"{alice.Name}/ro", new Grantee(RobotId: robot.Id), Rights.Read);
        Assert.Contains($"{robot.Name} has only the right read there. Ask an owner", await PushAsync(closed, robot, $"{alice.Name}/ro"), StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task A_space_that_is_hidden_is_answered_as_one_that_is_not_there(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (alice, carol, (spaceId, team)) = (await closed.AddUserAsync("alice"), await closed.AddUserAsync("carol"), await closed.AddOrganizationAsync("team"));
        await closed.As(carol).PushImageAsync($"{carol.Name}/app", "1");
        await closed.GrantAsync(spaceId, $"{team}/mine/", new Grantee(UserId: alice.Id), Rights.Write);
        await closed.GrantAsync(spaceId, $"{team}/app", new Grantee(UserId: carol.Id), Rights.Write);
        await closed.As(carol).PushImageAsync($"{team}/app", "1");
        await closed.GrantAsync(carol.SpaceId, $"{carol.Name}/ended", new Grantee(UserId: carol.Id), Rights.Write, endsIn: TimeSpan.FromDays(-1));

        Assert.Equal(
            $"{alice.Name} may not push to mariadb: there is no space mariadb that {alice.Name} may use. Push to {alice.Name}/mariadb.",
            await PushAsync(closed, alice, "mariadb"));
        Assert.Equal(
            $"{alice.Name} may not push to nobody/tools/app: there is no space nobody that {alice.Name} may use. Push to {alice.Name}/tools/app.",
            await PushAsync(closed, alice, "nobody/tools/app"));
        var reader = await closed.AddTokenAsync(alice, Rights.Read);
        Assert.Contains("this token is read-only, and there is no space mariadb", await PushAsync(closed, reader, "mariadb"), StringComparison.Ordinal);

        // Where a space exists, where it does not; where a repository exists, where it does not.
        var narrow = await closed.AddTokenAsync(alice, Rights.Admin, $"{alice.Name}/app");
        var pushOnly = await closed.AddTokenAsync(alice, Rights.Push);
        foreach (var caller in (Account[])[alice, reader, narrow, pushOnly, await closed.AddRobotAsync(alice.SpaceId, alice.Name)])
        {
            var none = await PushAsync(closed, caller, "nospace/app");
            Assert.Equal(none, (await PushAsync(closed, caller, $"{carol.Name}/app")).Replace(carol.Name, "nospace", StringComparison.Ordinal));
            Assert.Equal(none, (await PushAsync(closed, caller, $"{carol.Name}/new")).Replace(carol.Name, "nospace", StringComparison.Ordinal).Replace("/new", "/app", StringComparison.Ordinal));
            Assert.Equal(await PushAsync(closed, caller, $"{team}/app"), (await PushAsync(closed, caller, $"{team}/new")).Replace("/new", "/app", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Whoever_has_not_signed_in_is_told_how_to()
    {
        var closed = await registries.GetAsync(Engine.Sqlite);
        var alice = await closed.AddUserAsync("alice");
        using var refused = await closed.Registry.As(null).SendAsync(HttpMethod.Post, $"/v2/{alice.Name}/app/blobs/uploads/", []);
        Assert.Equal(
            $"sign in first: podman login --tls-verify=false {closed.Registry.Authority}",
            MessageOf(await refused.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED")));
    }

    [Theory, OnBothEngines]
    public async Task The_api_gives_the_same_reasons(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var alice = await closed.AddUserAsync("alice");
        await closed.As(alice).PushImageAsync($"{alice.Name}/app", "1");
        var reader = await closed.AddTokenAsync(alice, Rights.Read);
        const string fix = "this token is read-only. Create a token with manage, or sign in with your password.";

        Assert.Equal($"{alice.Name} may not manage {alice.Name}/app: {fix}", await ApiAsync(closed, reader, HttpMethod.Patch, $"repository?name={alice.Name}/app", """{"visibility":"public"}"""));
        Assert.Equal($"{alice.Name} may not manage {alice.Name}/: {fix}", await ApiAsync(closed, reader, HttpMethod.Get, $"spaces/{alice.Name}/grants"));
        Assert.Contains("may not push to", await ApiAsync(closed, reader, HttpMethod.Post, $"sbom?image={alice.Name}/app:1"), StringComparison.Ordinal);
        Assert.Contains("this token is read-only. Create a token with push", await ApiAsync(closed, reader, HttpMethod.Post, $"sbom?image={alice.Name}/app:1"), StringComparison.Ordinal);
        var robot = await closed.AddRobotAsync(alice.SpaceId, alice.Name);
        Assert.Contains($"no right of {robot.Name} in the space {alice.Name} reaches it", await ApiAsync(closed, robot, HttpMethod.Get, $"spaces/{alice.Name}/grants"), StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task An_admin_whose_token_holds_them_back_is_not_told_to_ask_an_admin(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (admin, other) = (await closed.AddUserAsync("admin"), await closed.AddUserAsync("other"));
        await closed.ChangeAsync(session => session.ExecuteAsync(new Staithe.Database.Sql("update users set is_admin = 1 where name = $1"), admin.Name));
        var (read, some) = (await closed.AddTokenAsync(admin, Rights.Read), await closed.AddTokenAsync(admin, Rights.Admin, $"{admin.Name}/app"));
        foreach (var path in (string[])["users", "jobs", "audit"])
        {
            Assert.Equal($"{admin.Name} is an admin, but this token is read-only: use one with admin and no target, or your password", await ApiAsync(closed, read, HttpMethod.Get, path));
            Assert.Equal($"{admin.Name} is an admin, but this token is for {admin.Name}/app only: use one with admin and no target, or your password", await ApiAsync(closed, some, HttpMethod.Get, path));
            Assert.Equal($"{other.Name} does not manage the registry: ask one of its admins", await ApiAsync(closed, await closed.AddTokenAsync(other, Rights.Read), HttpMethod.Get, path));
        }
        // No token does for that, so none is asked for.
        const string order = """{"password":"correct horse"}""";
        Assert.Equal("a token is not enough for that: sign in with your password", await ApiAsync(closed, read, HttpMethod.Put, $"users/{other.Name}/password", order));
        Assert.Equal($"{other.Name} does not manage the registry: ask one of its admins", await ApiAsync(closed, other, HttpMethod.Put, $"users/{other.Name}/password", order));
        using var metrics = await closed.As(read).GetAsync("/metrics");
        Assert.Contains("this token is read-only: use one with admin", await metrics.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    static async Task<string> PushAsync(ClosedRegistry closed, Account who, string repository)
    {
        using var refused = await closed.As(who).SendAsync(HttpMethod.Post, $"/v2/{repository}/blobs/uploads/", []);
        return MessageOf(await refused.ExpectErrorAsync(HttpStatusCode.Forbidden, "DENIED"));
    }

    static async Task<string> DeleteAsync(ClosedRegistry closed, Account who, string repository, string reference)
    {
        using var refused = await closed.As(who).DeleteAsync($"/v2/{repository}/manifests/{reference}");
        return MessageOf(await refused.ExpectErrorAsync(HttpStatusCode.Forbidden, "DENIED"));
    }

    // Blobs first, which need no right on a tag.
    static async Task<string> TagAsync(ClosedRegistry closed, Account who, string repository, string tag)
    {
        var registry = closed.As(who);
        var config = Encoding.UTF8.GetBytes($$"""{"architecture":"amd64","os":"linux","made":"{{Guid.NewGuid()}}"}""");
        var digest = await registry.PushBlobAsync(repository, config);
        using var refused = await registry.PutManifestAsync(repository, tag, RegistryClient.ImageManifest(digest, config.Length, []));
        return MessageOf(await refused.ExpectErrorAsync(HttpStatusCode.Forbidden, "DENIED"));
    }

    static async Task<string> ApiAsync(ClosedRegistry closed, Account who, HttpMethod method, string path, string? body = null)
    {
        using var refused = await closed.As(who).SendAsync(method, $"/api/v1/{path}", body is null ? null : Encoding.UTF8.GetBytes(body), body is null ? null : "application/json");
        await refused.ExpectAsync(HttpStatusCode.Forbidden);
        return (await refused.JsonAsync()).GetProperty("detail").GetString()!;
    }

    static string MessageOf(JsonElement error) => error.GetProperty("errors")[0].GetProperty("message").GetString()!;
}
