using System.Net;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Api;

/// <summary>What new repositories give to whom.</summary>
public sealed class DefaultGrantTests
{
    static readonly HttpMethod Delete = HttpMethod.Delete, Post = HttpMethod.Post;

    [Theory, OnBothEngines]
    public async Task A_new_repository_gives_what_its_space_says(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob", "carol", "eve");
        var (alice, bob, carol) = (server.As("alice"), server.As("bob"), server.As("carol"));
        await alice.PostAsync("/organizations", new { name = "dock" });
        await alice.PostAsync("/spaces/dock/teams", new { name = "dev" });
        await alice.PutAsync("/spaces/dock/teams/dev/members/carol");
        await alice.PostAsync("/spaces/dock/grants", new { target = "dock/", rights = "push", team = "dev" });
        var robot = await alice.PostAsync("/spaces/dock/robots", new { name = "ci", rights = "push", target = "dock/" });
        var (own, ci, dev) = (await MoveTests.SignedInAsync(server, "alice"), server.Registry.As(ClosedRegistry.Basic("dock+ci", robot.GetProperty("secret").GetString()!)), await MoveTests.SignedInAsync(server, "carol"));
        await own.PushImageAsync("dock/web/before", "1");

        const string Defaults = "/spaces/dock/default-grants";
        await bob.RefusedAsync(HttpStatusCode.NotFound, Post, Defaults, new { target = "dock/", rights = "read", user = "bob" });
        await carol.RefusedAsync(HttpStatusCode.Forbidden, Post, Defaults, new { target = "dock/", rights = "read", user = "bob" });
        await alice.RefusedAsync(HttpStatusCode.BadRequest, Post, Defaults, new { target = "alice/", rights = "read", user = "bob" });
        await alice.RefusedAsync(HttpStatusCode.BadRequest, Post, Defaults, new { target = "dock/", rights = "read", user = "bob", team = "dev" });
        await alice.PostAsync(Defaults, new { target = "dock/web/", rights = "read", user = "bob" });
        await alice.PostAsync(Defaults, new { target = "dock/", rights = "write", tags = "dev-*", user = "eve", madeByRobot = "ci" });
        await alice.PostAsync(Defaults, new { target = "dock/", rights = "admin", madeByTeam = "dev" }); // whoever it is
        Assert.Equal(["dock/web/", "dock/", "dock/"], await alice.ListAsync(Defaults, "target"));

        await ci.PushImageAsync("dock/web/one", "1");
        await dev.PushImageAsync("dock/two", "1");
        using (var upload = await dev.SendAsync(Post, "/v2/dock/web/never/blobs/uploads/", [])) // begins a repository only when it ends
            await upload.ExpectAsync(HttpStatusCode.Accepted);
        await own.PushImageAsync("dock/three", "1");

        Assert.Equal(["dock/", "dock/", "dock/", "dock/web/one", "dock/web/one", "dock/two"], await alice.ListAsync("/spaces/dock/grants", "target"));
        Assert.Equal(["dock/web/one"], await bob.ListAsync("/repositories"));
        var eve = (await server.As("eve").GetAsync("/repository?name=dock/web/one")).GetProperty("onTags")[0];
        Assert.Equal(("dev-*", "push,move"), (eve.GetProperty("tags").GetString(), eve.GetProperty("rights").GetString()));
        Assert.Equal("admin", (await carol.GetAsync("/repository?name=dock/two")).GetProperty("rights").GetString());
        using (var first = await dev.PutManifestAsync("dock/two", "2", (await dev.PushImageAsync("dock/two", "1")).Manifest)) // her own may be moved by her
            await first.ExpectAsync(HttpStatusCode.Created);
        await carol.RefusedAsync(HttpStatusCode.Forbidden, HttpMethod.Patch, "/repository?name=dock/web/one", new { visibility = "public" });

        var actors = (await alice.GetAsync("/spaces/dock/audit")).GetProperty("items").EnumerateArray().Where(line => line.GetProperty("action").GetString() == "grant.add" && line.GetProperty("detail").GetString()!.EndsWith("by default", StringComparison.Ordinal)).Select(line => line.GetProperty("actor").GetString());
        Assert.Equal(["carol", "dock+ci", "dock+ci"], actors);

        var everybody = (await alice.GetAsync("/access/everybody?repository=dock/web/one")).GetProperty("reasons").EnumerateArray().Select(reason => $"{reason.GetProperty("via")} {reason.GetProperty("rights")} on {reason.GetProperty("target")}");
        Assert.Equal(["team owners admin on dock/", "team dev push on dock/", "robot ci push on dock/", "user bob read on dock/web/one", "user eve write on dock/web/one"], everybody);
        await carol.RefusedAsync(HttpStatusCode.Forbidden, "/access/everybody?repository=dock/web/one");
        await server.As("bob").RefusedAsync(HttpStatusCode.NotFound, "/access/everybody?repository=dock/two");

        foreach (var id in await alice.ListAsync(Defaults, "id"))
            await alice.DeleteAsync($"{Defaults}/{id}");
        await alice.RefusedAsync(HttpStatusCode.NotFound, Delete, $"{Defaults}/1");
        await ci.PushImageAsync("dock/web/four", "1");
        Assert.Equal(["dock/web/one"], await bob.ListAsync("/repositories"));
        await MoveTests.FsckAsync(server);
    }

    [Theory, OnBothEngines]
    public async Task They_move_with_their_space_and_end_with_whom_they_are_for(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob");
        var (alice, own) = (server.As("alice"), await MoveTests.SignedInAsync(server, "alice"));
        await alice.PostAsync("/organizations", new { name = "dock" });
        await alice.PostAsync("/spaces/dock/teams", new { name = "dev" });
        await alice.PutAsync("/spaces/dock/teams/dev/members/bob");
        await alice.PostAsync("/spaces/dock/default-grants", new { target = "dock/web/", rights = "read", team = "dev" });
        await MoveTests.RenameSpaceAsync(alice, "dock", "pier");
        await own.PushImageAsync("dock/web/app", "1"); // by the old name of the space, which makes it below the new one
        Assert.Equal(["pier/web/app"], await server.As("bob").ListAsync("/repositories"));
        await alice.DeleteAsync("/spaces/pier/teams/dev");
        Assert.Empty(await alice.ListAsync("/spaces/pier/default-grants", "id"));
    }
}
