using System.Net;
using Staithe.Database;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Api;

/// <summary>Repositories, spaces and accounts that go: what goes with them, and what must not.</summary>
public sealed class RemovalTests
{
    static readonly HttpMethod Delete = HttpMethod.Delete, Post = HttpMethod.Post;

    [Theory, OnBothEngines]
    public async Task A_repository_goes_with_everything_that_nobody_else_has(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob");
        var (alice, bob, registry) = (server.As("alice"), server.As("bob"), await MoveTests.SignedInAsync(server, "alice"));
        var image = await registry.PushImageAsync("alice/app", "1");
        var child = await registry.PushImageAsync("alice/app", "child", $$""","subject":{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{image.Digest}}","size":{{image.Manifest.Length}}}""");
        using (var index = await registry.PutManifestAsync("alice/app", "all", RegistryClient.Index([(image.Digest, image.Manifest.Length), (child.Digest, child.Manifest.Length)]), RegistryClient.OciIndex))
            await index.ExpectAsync(HttpStatusCode.Created);
        using (var mounted = await registry.SendAsync(Post, $"/v2/alice/keep/blobs/uploads/?mount={image.Layer}&from=alice/app", []))
            await mounted.ExpectAsync(HttpStatusCode.Created);
        var upload = await registry.StartUploadAsync("alice/app");
        await MoveTests.MoveAsync(alice, "alice/app", "alice/site");
        await alice.PostAsync("/spaces/alice/grants", new { target = "alice/site", rights = "pull,push,manage", user = "bob" });
        using (var pulled = await registry.GetAsync("/v2/alice/site/manifests/1"))
            await pulled.ExpectAsync(HttpStatusCode.OK);

        Assert.Contains("delete", await bob.RefusedAsync(HttpStatusCode.Forbidden, Delete, "/repository?name=alice/site"), StringComparison.Ordinal);
        await alice.DeleteAsync("/repository?name=alice/site");
        await alice.RefusedAsync(HttpStatusCode.NotFound, Delete, "/repository?name=alice/site");
        foreach (var path in (string[])["site/manifests/1", $"site/manifests/{image.Digest}", $"site/blobs/{image.Config}", "site/tags/list", "app/manifests/1", "app/tags/list", upload["/v2/alice/".Length..]])
        {
            using var gone = await registry.GetAsync($"/v2/alice/{path}");
            await gone.ExpectAsync(HttpStatusCode.NotFound);
        }
        using (var kept = await registry.GetAsync($"/v2/alice/keep/blobs/{image.Layer}"))
            await kept.ExpectAsync(HttpStatusCode.OK);
        Assert.Contains("repository.delete", await alice.ListAsync("/spaces/alice/audit", "action"));
        await MoveTests.FsckAsync(server);
        await server.Registry.App.Database.WriteAsync(session => session.ExecuteAsync(TrashIsDue), TestContext.Current.CancellationToken);
        await server.Registry.App.SweepAsync(TestContext.Current.CancellationToken);
        await MoveTests.FsckAsync(server);
        Assert.Equal(new RowCounts(1, 1, 1, 0, 0, 0), await RowCounts.OfAsync(server.Registry));

        // The names are free, and nobody has rights that were given on what there was.
        var again = await registry.PushImageAsync("alice/site", "1");
        await MoveTests.ExpectAsync(registry, "alice/site", null, again.Digest);
        await bob.RefusedAsync(HttpStatusCode.NotFound, "/repository?name=alice/site");
        await registry.PushImageAsync("alice/app", "1");
        await MoveTests.FsckAsync(server);
    }

    [Theory, OnBothEngines]
    public async Task A_space_goes_when_it_is_empty_or_when_that_is_meant(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob");
        var (alice, bob, registry) = (server.As("alice"), server.As("bob"), await MoveTests.SignedInAsync(server, "alice"));
        await alice.PostAsync("/organizations", new { name = "dock" });
        var robot = await alice.PostAsync("/spaces/dock/robots", new { name = "ci", rights = "write", target = "dock/" });
        await alice.PostAsync("/spaces/dock/grants", new { target = "dock/", rights = "admin", user = "bob" });
        var image = await registry.PushImageAsync("dock/app", "1");
        await registry.PushImageAsync("dock/web/app", "1");
        var kept = await registry.PushImageAsync("dock/kept", "1");
        await MoveTests.MoveAsync(alice, "dock/kept", "alice/kept");

        Assert.Contains("?confirm=dock", await alice.RefusedAsync(HttpStatusCode.Conflict, Delete, "/spaces/dock"), StringComparison.Ordinal);
        await alice.RefusedAsync(HttpStatusCode.BadRequest, Delete, "/spaces/dock?confirm=pier");
        await bob.RefusedAsync(HttpStatusCode.Forbidden, Delete, "/spaces/dock?confirm=dock"); // may do everything there, and is no owner
        Assert.Contains("account", await alice.RefusedAsync(HttpStatusCode.Conflict, Delete, "/spaces/alice?confirm=alice"), StringComparison.Ordinal);
        await alice.DeleteAsync("/spaces/dock?confirm=dock");

        await alice.RefusedAsync(HttpStatusCode.NotFound, "/spaces/dock");
        using (var gone = await registry.GetAsync("/v2/dock/app/manifests/1"))
            await gone.ExpectErrorAsync(HttpStatusCode.NotFound, "NAME_UNKNOWN");
        using (var nobody = await server.Registry.As(ClosedRegistry.Basic("dock+ci", robot.GetProperty("secret").GetString()!)).GetAsync("/v2/"))
            await nobody.ExpectAsync(HttpStatusCode.Unauthorized);
        await MoveTests.ExpectAsync(registry, "dock/kept", "alice/kept", kept.Digest); // what had left in time still answers
        await bob.RefusedAsync(HttpStatusCode.Conflict, Post, "/organizations", new { name = "dock" });
        using (var denied = await registry.SendAsync(Post, "/v2/dock/new/blobs/uploads/", []))
            await denied.ExpectErrorAsync(HttpStatusCode.Forbidden, "DENIED");
        Assert.NotEqual(image.Digest, kept.Digest);
        await MoveTests.FsckAsync(server);
    }

    [Theory, OnBothEngines]
    public async Task An_account_goes_once_it_owns_nothing(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "alice", "bob");
        var (root, alice, bob, registry) = (server.As("root"), server.As("alice"), server.As("bob"), await MoveTests.SignedInAsync(server, "alice"));
        await registry.PushImageAsync("alice/app", "1");
        await alice.PostAsync("/organizations", new { name = "dock" });
        await alice.PostAsync("/spaces/alice/grants", new { target = "alice/", rights = "read", user = "bob" });
        await bob.PostAsync("/spaces/bob/grants", new { target = "bob/", rights = "read", user = "alice" });

        await alice.RefusedAsync(HttpStatusCode.Forbidden, Delete, "/users/alice");
        await root.RefusedAsync(HttpStatusCode.Conflict, Delete, "/users/root");
        Assert.Contains("last owner of dock", await root.RefusedAsync(HttpStatusCode.Conflict, Delete, "/users/alice"), StringComparison.Ordinal);
        await alice.PutAsync("/spaces/dock/teams/owners/members/bob");
        Assert.Contains("alice/app", await root.RefusedAsync(HttpStatusCode.Conflict, Delete, "/users/alice"), StringComparison.Ordinal);
        await alice.DeleteAsync("/repository?name=alice/app");
        await root.DeleteAsync("/users/alice");

        await root.RefusedAsync(HttpStatusCode.NotFound, Delete, "/users/alice");
        using (var token = await registry.GetAsync("/v2/"))
            await token.ExpectAsync(HttpStatusCode.Unauthorized);
        await alice.RefusedAsync(HttpStatusCode.Unauthorized, "/me");
        Assert.Empty(await bob.ListAsync("/spaces/bob/grants", "id"));
        Assert.Equal(["bob"], (await bob.GetAsync("/spaces/dock/teams/owners")).GetProperty("members").EnumerateArray().Select(member => member.GetString()));
        await root.RefusedAsync(HttpStatusCode.Conflict, Post, "/users", new { name = "alice", password = "another-one" });
        await root.RefusedAsync(HttpStatusCode.Conflict, Post, "/users", new { name = "a1ice", password = "another-one" });
        Assert.Contains("alice", await root.ListAsync("/audit", "actor")); // what she did stays written
        await MoveTests.FsckAsync(server);
    }

    [Theory, OnBothEngines]
    public async Task Whoever_hands_the_space_over_first_can_go_too(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "alice", "bob");
        var (root, bob, registry) = (server.As("root"), await MoveTests.SignedInAsync(server, "bob"), await MoveTests.SignedInAsync(server, "alice"));
        var image = await registry.PushImageAsync("alice/app", "1");
        await root.PostAsync("/spaces/alice/owner", new { user = "bob", kind = "user" }, HttpStatusCode.OK);
        await root.DeleteAsync("/users/alice");
        await MoveTests.ExpectAsync(bob, "alice/app", null, image.Digest);
        await root.RefusedAsync(HttpStatusCode.Conflict, Post, "/users", new { name = "alice", password = "another-one" });
        await MoveTests.FsckAsync(server);
    }

    static readonly Sql TrashIsDue = new("update trash set delete_after = 0");
}
