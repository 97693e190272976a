using System.Net;
using System.Text.Json;
using Staithe.Fsck;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Api;

/// <summary>Repositories and spaces that move: who may do it, what moves along, and what answers at the old names.</summary>
public sealed class MoveTests
{
    static readonly HttpMethod Delete = HttpMethod.Delete, Post = HttpMethod.Post;

    [Theory, OnBothEngines]
    public async Task Everything_of_a_repository_that_was_renamed_answers_at_its_old_name(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice");
        var alice = server.As("alice");
        var before = await TokenAsync(server, "alice", "repository:alice/web:pull,push,delete"); // and used before and after the move
        var image = await before.PushImageAsync("alice/web", "1");
        var signature = await before.PushImageAsync("alice/web", "signature", $$""","subject":{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{image.Digest}}","size":{{image.Manifest.Length}}}""");
        await ExpectAsync(before, "alice/web", null, image.Digest);
        var upload = await before.StartUploadAsync("alice/web");

        var moved = await MoveAsync(alice, "alice/web", "alice/site");
        Assert.Equal(("alice/site", "alice/web", "private", 0), (moved.GetProperty("name").GetString(), moved.GetProperty("former").GetString(), moved.GetProperty("visibility").GetString(), moved.GetProperty("dropped").GetArrayLength()));
        var after = await TokenAsync(server, "alice", "repository:alice/web:pull,push,delete");
        var fresh = await TokenAsync(server, "alice", "repository:alice/site:pull,push,delete");
        await ExpectAsync(fresh, "alice/site", null, image.Digest);

        foreach (var client in (Registry[])[before, after, server.Registry.As(ClosedRegistry.Basic("alice", ApiServer.Password("alice")))])
        {
            foreach (var path in (string[])["manifests/1", $"manifests/{image.Digest}", $"blobs/{image.Layer}", "tags/list", $"referrers/{image.Digest}"])
            {
                foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Head])
                {
                    using var response = await client.SendAsync(method, $"/v2/alice/web/{path}");
                    await response.ExpectAsync(HttpStatusCode.OK);
                    Assert.Equal("299 - \"alice/web is called alice/site now: use that name\"", response.Header("Warning"));
                    if (method == HttpMethod.Get && path.StartsWith("referrers", StringComparison.Ordinal))
                        Assert.Equal(signature.Digest, (await response.JsonAsync()).GetProperty("manifests")[0].GetProperty("digest").GetString());
                }
            }
            using (var recipe = await client.GetAsync("/run/alice/web:1/run.sh"))
            {
                await recipe.ExpectAsync(HttpStatusCode.OK);
                Assert.NotNull(recipe.Header("Warning"));
                Assert.Contains("alice/site:1", await recipe.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
            }
            using var page = await client.GetAsync("/v2/alice/web/tags/list?n=1");
            Assert.Equal("/v2/alice/web/tags/list?n=1&last=1", page.NextPage());
            using var missing = await client.GetAsync("/v2/alice/web/manifests/none");
            await missing.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_UNKNOWN");
            Assert.NotNull(missing.Header("Warning"));

            // A push by the old name, in pieces, with a mount from the old name, is one to the repository, and is seen at once by both names.
            var second = await client.PushImageAsync("alice/web", "1");
            var begun = await client.StartUploadAsync("alice/web");
            Assert.StartsWith("/v2/alice/web/blobs/uploads/", begun, StringComparison.Ordinal);
            using (var piece = await client.SendAsync(HttpMethod.Patch, begun, "chunk"u8.ToArray(), "application/octet-stream"))
                await piece.ExpectAsync(HttpStatusCode.Accepted);
            using (var end = await client.SendAsync(HttpMethod.Put, $"{begun}?digest={Registry.Digest("chunk"u8)}", []))
            {
                await end.ExpectAsync(HttpStatusCode.Created);
                Assert.Equal($"/v2/alice/web/blobs/{Registry.Digest("chunk"u8)}", end.Location());
            }
            await ExpectAsync(client, "alice/web", "alice/site", second.Digest);
            await ExpectAsync(fresh, "alice/site", null, second.Digest);
            var third = await fresh.PushImageAsync("alice/site", "1");
            await ExpectAsync(client, "alice/web", "alice/site", third.Digest);
            using (var put = await client.PutManifestAsync("alice/web", "1", image.Manifest))
                Assert.Equal("/v2/alice/web/manifests/1", put.Location());
            await ExpectAsync(fresh, "alice/site", null, image.Digest);
        }

        // What had begun goes on.
        using (var end = await before.SendAsync(HttpMethod.Put, $"{upload}?digest={Registry.Digest("rest"u8)}", "rest"u8.ToArray(), "application/octet-stream"))
            await end.ExpectAsync(HttpStatusCode.Created);
        var both = await TokenAsync(server, "alice", "repository:alice/web:pull", "repository:alice/other:pull,push");
        using (var mounted = await both.SendAsync(HttpMethod.Post, $"/v2/alice/other/blobs/uploads/?mount={Registry.Digest("rest"u8)}&from=alice/web", []))
            await mounted.ExpectAsync(HttpStatusCode.Created);
        using (var deleted = await after.DeleteAsync("/v2/alice/web/manifests/signature"))
            await deleted.ExpectAsync(HttpStatusCode.Accepted);
        using (var gone = await fresh.GetAsync("/v2/alice/site/manifests/signature"))
            await gone.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_UNKNOWN");

        Assert.Equal(["alice/other", "alice/site"], await NamesAsync(server)); // none was made by the old name
        Assert.Equal("alice/site", (await alice.GetAsync("/repository?name=alice/web")).GetProperty("name").GetString());
        Assert.Equal(["alice/web"], await alice.ListAsync("/repository/aliases?name=alice/site"));
        Assert.Contains("repository.rename", await alice.ListAsync("/spaces/alice/audit", "action"));
        await FsckAsync(server);
    }

    [Theory, OnBothEngines]
    public async Task A_former_name_leads_to_the_last_one_and_is_taken_until_it_is_freed(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob");
        var (alice, bob, registry) = (server.As("alice"), server.As("bob"), await SignedInAsync(server, "alice"));
        var image = await registry.PushImageAsync("alice/a", "1");
        await registry.PushImageAsync("alice/x", "1");
        await MoveAsync(alice, "alice/a", "alice/b");
        await MoveAsync(alice, "alice/b", "alice/c");
        await ExpectAsync(registry, "alice/a", "alice/c", image.Digest);
        await ExpectAsync(registry, "alice/b", "alice/c", image.Digest);

        Assert.Contains("former name", await alice.RefusedAsync(HttpStatusCode.Conflict, Post, "/repository/move?name=alice/x", new { to = "alice/a" }), StringComparison.Ordinal);
        Assert.Contains("there is a repository", await alice.RefusedAsync(HttpStatusCode.Conflict, Post, "/repository/move?name=alice/x", new { to = "alice/c" }), StringComparison.Ordinal);
        await alice.RefusedAsync(HttpStatusCode.BadRequest, Post, "/repository/move?name=alice/x", new { to = "alice/x" });
        await alice.RefusedAsync(HttpStatusCode.BadRequest, Post, "/repository/move?name=alice/x", new { to = "alice/X" });
        await alice.RefusedAsync(HttpStatusCode.NotFound, Post, "/repository/move?name=alice/none", new { to = "alice/y" });
        await bob.RefusedAsync(HttpStatusCode.NotFound, Post, "/repository/move?name=alice/x", new { to = "bob/x" });
        Assert.Contains("offer", await alice.RefusedAsync(HttpStatusCode.Forbidden, Post, "/repository/move?name=alice/x", new { to = "bob/x" }), StringComparison.Ordinal);
        Assert.Contains("offer", await alice.RefusedAsync(HttpStatusCode.Forbidden, Post, "/repository/move?name=alice/x", new { to = "nobody/x" }), StringComparison.Ordinal);

        await MoveAsync(alice, "alice/a", "alice/b"); // by any of its names, back to one of them
        await ExpectAsync(registry, "alice/b", null, image.Digest);
        await ExpectAsync(registry, "alice/a", "alice/b", image.Digest);
        await ExpectAsync(registry, "alice/c", "alice/b", image.Digest);

        await bob.RefusedAsync(HttpStatusCode.NotFound, Delete, "/alias?name=alice/a");
        await alice.RefusedAsync(HttpStatusCode.NotFound, Delete, "/alias?name=alice/b");
        await alice.DeleteAsync("/alias?name=alice/a");
        using (var gone = await registry.GetAsync("/v2/alice/a/manifests/1"))
            await gone.ExpectErrorAsync(HttpStatusCode.NotFound, "NAME_UNKNOWN");
        var other = await registry.PushImageAsync("alice/a", "1");
        await ExpectAsync(registry, "alice/a", null, other.Digest);
        await ExpectAsync(registry, "alice/b", null, image.Digest);
        await FsckAsync(server);
    }

    [Theory, OnBothEngines]
    public async Task What_goes_to_another_space_is_that_spaces_to_share(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob", "carol", "eve");
        var (alice, bob, carol, eve) = (server.As("alice"), await SignedInAsync(server, "bob"), await SignedInAsync(server, "carol"), await SignedInAsync(server, "eve"));
        var own = await SignedInAsync(server, "alice");
        var image = await own.PushImageAsync("alice/app", "1");
        await alice.PatchAsync("/repository?name=alice/app", new { visibility = "internal" });
        await alice.PostAsync("/organizations", new { name = "dock" });
        await alice.PostAsync("/spaces/dock/grants", new { target = "dock/", rights = "read", user = "bob" });
        await alice.PostAsync("/spaces/alice/grants", new { target = "alice/app", rights = "write", user = "carol" });
        await alice.PatchAsync("/repository?name=alice/app", new { visibility = "private" });
        var early = await TokenAsync(server, "carol", "repository:alice/app:pull,push");
        await ExpectAsync(early, "alice/app", null, image.Digest);

        var moved = await MoveAsync(alice, "alice/app", "dock/app");
        Assert.Equal("carol", Assert.Single(moved.GetProperty("dropped").EnumerateArray()).GetProperty("user").GetString());
        Assert.Empty(await alice.ListAsync("/spaces/alice/grants", "id"));
        await ExpectAsync(bob, "alice/app", "dock/app", image.Digest);
        await ExpectAsync(await TokenAsync(server, "bob", "repository:alice/app:pull"), "alice/app", "dock/app", image.Digest);
        // Whoever has no right there is told nothing, not even by a token of the time before.
        foreach (var client in (Registry[])[carol, eve, early, await TokenAsync(server, "carol", "repository:alice/app:pull,push")])
        {
            using var refused = await client.GetAsync("/v2/alice/app/manifests/1");
            await refused.ExpectErrorAsync(HttpStatusCode.NotFound, "NAME_UNKNOWN");
            Assert.DoesNotContain("dock", await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
            Assert.Null(refused.Header("Warning"));
            using var pushed = await client.SendAsync(Post, "/v2/alice/app/blobs/uploads/", []);
            await pushed.ExpectErrorAsync(HttpStatusCode.Forbidden, "DENIED");
            Assert.Null(pushed.Header("Warning"));
        }
        Assert.Contains("repository.transfer", await alice.ListAsync("/spaces/alice/audit", "action"));
        Assert.Contains("repository.transfer", await alice.ListAsync("/spaces/dock/audit", "action"));

        // To manage it is not enough to take it away, and to push there is not enough to show it to everybody there.
        await alice.PostAsync("/spaces/dock/grants", new { target = "dock/app", rights = "pull,push,manage", user = "eve" });
        Assert.Contains("delete", await server.As("eve").RefusedAsync(HttpStatusCode.Forbidden, Post, "/repository/move?name=dock/app", new { to = "eve/app" }), StringComparison.Ordinal);
        await alice.PostAsync("/spaces/dock/grants", new { target = "dock/", rights = "push", user = "carol" });
        await carol.PushImageAsync("carol/web", "1");
        await server.As("carol").PatchAsync("/repository?name=carol/web", new { visibility = "public" });
        Assert.Equal("private", (await MoveAsync(server.As("carol"), "carol/web", "dock/web")).GetProperty("visibility").GetString());
        await FsckAsync(server);
    }

    [Theory, OnBothEngines]
    public async Task A_repository_is_handed_over_when_the_other_side_takes_it(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob", "carol");
        var (alice, bob, carol) = (server.As("alice"), server.As("bob"), server.As("carol"));
        var own = await SignedInAsync(server, "alice");
        var image = await own.PushImageAsync("alice/app", "1");
        await alice.PostAsync("/spaces/alice/grants", new { target = "alice/", rights = "admin", user = "carol" });
        await alice.RefusedAsync(HttpStatusCode.NotFound, Post, "/repository/offer?name=alice/app", new { to = "nobody/app" });
        await alice.RefusedAsync(HttpStatusCode.BadRequest, Post, "/repository/offer?name=alice/app", new { to = "alice/other" });
        await bob.RefusedAsync(HttpStatusCode.NotFound, Post, "/repository/offer?name=alice/app", new { to = "bob/app" });

        var offer = await alice.PostAsync("/repository/offer?name=alice/app", new { to = "bob/taken" });
        Assert.Equal(("alice/app", "bob/taken", "alice"), (offer.GetProperty("repository").GetString(), offer.GetProperty("to").GetString(), offer.GetProperty("by").GetString()));
        await carol.RefusedAsync(HttpStatusCode.NotFound, "/spaces/bob/offers");
        var id = Assert.Single(await bob.ListAsync("/spaces/bob/offers", "id"));
        await bob.DeleteAsync($"/spaces/bob/offers/{id}");
        await bob.RefusedAsync(HttpStatusCode.NotFound, Post, $"/spaces/bob/offers/{id}");
        await alice.RefusedAsync(HttpStatusCode.NotFound, Delete, "/repository/offer?name=alice/app");

        // Of carol, who by then may not give it any more.
        await carol.PostAsync("/repository/offer?name=alice/app", new { to = "bob/app" });
        foreach (var grant in await alice.ListAsync("/spaces/alice/grants", "id"))
            await alice.DeleteAsync($"/spaces/alice/grants/{grant}");
        id = Assert.Single(await bob.ListAsync("/spaces/bob/offers", "id"));
        await bob.RefusedAsync(HttpStatusCode.Conflict, Post, $"/spaces/bob/offers/{id}");

        await alice.PostAsync("/repository/offer?name=alice/app", new { to = "bob/app" }); // in place of it
        id = Assert.Single(await bob.ListAsync("/spaces/bob/offers", "id"));
        using (var notYet = await (await SignedInAsync(server, "bob")).GetAsync("/v2/alice/app/manifests/1"))
            await notYet.ExpectErrorAsync(HttpStatusCode.NotFound, "NAME_UNKNOWN");
        var moved = await bob.PostAsync($"/spaces/bob/offers/{id}", null, HttpStatusCode.OK);
        Assert.Equal("bob/app", moved.GetProperty("name").GetString());
        await ExpectAsync(await SignedInAsync(server, "bob"), "alice/app", "bob/app", image.Digest);
        using (var lost = await own.GetAsync("/v2/alice/app/manifests/1"))
            await lost.ExpectErrorAsync(HttpStatusCode.NotFound, "NAME_UNKNOWN");
        using (var lost = await own.GetAsync("/v2/bob/app/manifests/1"))
            await lost.ExpectErrorAsync(HttpStatusCode.NotFound, "NAME_UNKNOWN");
        Assert.Empty(await bob.ListAsync("/spaces/bob/offers", "id"));

        // It comes back only as it went: alice's own space is no reason to take what is bob's.
        await alice.RefusedAsync(HttpStatusCode.NotFound, Post, "/repository/move?name=bob/app", new { to = "alice/app" });
        await bob.RefusedAsync(HttpStatusCode.Forbidden, Post, "/repository/move?name=bob/app", new { to = "alice/app" });
        await bob.PostAsync("/repository/offer?name=bob/app", new { to = "alice/app" });
        await server.EndAllAsync("repository_offers");
        Assert.Empty(await alice.ListAsync("/spaces/alice/offers", "id"));
        await FsckAsync(server);
    }

    [Theory, OnBothEngines]
    public async Task A_space_takes_everything_along_to_its_new_name(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob", "eve");
        var (alice, bob) = (server.As("alice"), server.As("bob"));
        await alice.PostAsync("/organizations", new { name = "dock" });
        await alice.PostAsync("/spaces/dock/grants", new { target = "dock/web/", rights = "write", user = "bob" });
        var robot = await alice.PostAsync("/spaces/dock/robots", new { name = "ci", rights = "write", target = "dock/" });
        var token = (await alice.PostAsync("/me/tokens", new { name = "laptop", rights = "read", target = "dock/web/" })).GetProperty("secret").GetString()!;
        var ci = server.Registry.As(ClosedRegistry.Basic("dock+ci", robot.GetProperty("secret").GetString()!));
        var app = await ci.PushImageAsync("dock/web/app", "1");
        var tool = await ci.PushImageAsync("dock/tool", "1");
        await MoveAsync(alice, "dock/tool", "dock/tools");
        var upload = await ci.StartUploadAsync("dock/web/app");

        await bob.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/dock/rename", new { name = "pier" });
        await server.As("eve").RefusedAsync(HttpStatusCode.NotFound, Post, "/spaces/dock/rename", new { name = "pier" });
        await alice.RefusedAsync(HttpStatusCode.Conflict, Post, "/spaces/dock/rename", new { name = "bob" });
        await alice.RefusedAsync(HttpStatusCode.Conflict, Post, "/spaces/dock/rename", new { name = "b0b" });
        await alice.RefusedAsync(HttpStatusCode.BadRequest, Post, "/spaces/dock/rename", new { name = "api" });
        await alice.RefusedAsync(HttpStatusCode.BadRequest, Post, "/spaces/dock/rename", new { name = "dock" });
        Assert.Contains("account", await alice.RefusedAsync(HttpStatusCode.Conflict, Post, "/spaces/alice/rename", new { name = "pier" }), StringComparison.Ordinal);

        await RenameSpaceAsync(alice, "dock", "pier");
        Assert.Equal(["pier/tools", "pier/web/app"], await NamesAsync(server));
        await ExpectAsync(ci, "dock/web/app", "pier/web/app", app.Digest); // a robot goes on by its old name too
        await ExpectAsync(server.Registry.As(ClosedRegistry.Basic("pier+ci", robot.GetProperty("secret").GetString()!)), "pier/web/app", null, app.Digest);
        await ExpectAsync(ci, "dock/tool", "pier/tools", tool.Digest);
        await ExpectAsync(ci, "pier/tool", "pier/tools", tool.Digest);
        await ExpectAsync(server.Registry.As(ClosedRegistry.Basic("alice", token)), "dock/web/app", "pier/web/app", app.Digest);
        await ExpectAsync(await SignedInAsync(server, "bob"), "pier/web/app", null, app.Digest);
        Assert.Equal(["pier/", "pier/web/", "pier/"], await alice.ListAsync("/spaces/dock/grants", "target")); // by the old name as well
        Assert.Equal("pier", (await alice.GetAsync("/spaces/dock")).GetProperty("name").GetString());
        Assert.Contains("space.add", await alice.ListAsync("/spaces/pier/audit", "action"));
        using (var end = await ci.SendAsync(HttpMethod.Put, $"{upload}?digest={Registry.Digest("rest"u8)}", "rest"u8.ToArray(), "application/octet-stream"))
            await end.ExpectAsync(HttpStatusCode.Created);
        await ci.PushImageAsync("dock/new", "1");
        Assert.Contains("pier/new", await NamesAsync(server));

        // The old name, and what looks like it, is nobody else's; the space itself may have it again.
        await bob.RefusedAsync(HttpStatusCode.Conflict, Post, "/organizations", new { name = "dock" });
        await bob.RefusedAsync(HttpStatusCode.Conflict, Post, "/organizations", new { name = "d0ck" });
        await RenameSpaceAsync(alice, "pier", "d0ck");
        await RenameSpaceAsync(alice, "d0ck", "d-ock");
        await RenameSpaceAsync(alice, "pier", "dock");
        foreach (var former in (string[])["pier", "d0ck", "d-ock"])
        {
            await ExpectAsync(ci, $"{former}/tool", "dock/tools", tool.Digest);
            await bob.RefusedAsync(HttpStatusCode.Conflict, Post, "/organizations", new { name = former });
        }
        await ExpectAsync(ci, "dock/web/app", null, app.Digest);
        await FsckAsync(server);
    }

    [Theory, OnBothEngines]
    public async Task A_space_changes_hands_when_the_other_takes_it_or_an_admin_says_so(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "alice", "bob", "carol");
        var (root, alice, bob, carol) = (server.As("root"), server.As("alice"), server.As("bob"), server.As("carol"));
        await alice.PostAsync("/organizations", new { name = "dock" });
        await alice.PutAsync("/spaces/dock/teams/owners/members/carol");
        var image = await (await SignedInAsync(server, "alice")).PushImageAsync("dock/app", "1");
        await bob.RefusedAsync(HttpStatusCode.NotFound, Post, "/spaces/dock/owner", new { user = "bob", kind = "user" });
        await alice.RefusedAsync(HttpStatusCode.BadRequest, Post, "/spaces/dock/owner", new { user = "bob", kind = "queen" });

        var offer = await alice.PostAsync("/spaces/dock/owner", new { user = "bob", kind = "user" }, HttpStatusCode.OK);
        Assert.Equal(JsonValueKind.String, offer.GetProperty("offeredUntil").ValueKind);
        await carol.RefusedAsync(HttpStatusCode.NotFound, Post, "/me/offers/dock");
        Assert.Equal(["dock"], await bob.ListAsync("/me/offers", "space"));
        await alice.DeleteAsync("/spaces/dock/owner");
        await bob.RefusedAsync(HttpStatusCode.NotFound, Post, "/me/offers/dock");
        await alice.PostAsync("/spaces/dock/owner", new { user = "bob", kind = "user" }, HttpStatusCode.OK);
        await carol.DeleteAsync("/spaces/dock/teams/owners/members/alice"); // who offered it is its owner no more
        await bob.RefusedAsync(HttpStatusCode.Conflict, Post, "/me/offers/dock");
        await bob.DeleteAsync("/me/offers/dock");

        await carol.PostAsync("/spaces/dock/owner", new { user = "bob", kind = "user" }, HttpStatusCode.OK);
        await bob.PostAsync("/me/offers/dock", null, HttpStatusCode.OK);
        await ExpectAsync(await SignedInAsync(server, "bob"), "dock/app", null, image.Digest);
        await carol.RefusedAsync(HttpStatusCode.NotFound, "/spaces/dock");
        Assert.Equal("user", (await bob.GetAsync("/spaces/dock")).GetProperty("kind").GetString());
        await RenameSpaceAsync(bob, "dock", "pier"); // not called like its owner, so it can

        await root.PostAsync("/spaces/pier/owner", new { user = "carol", kind = "organization" }, HttpStatusCode.OK);
        Assert.Equal(["carol"], (await carol.GetAsync("/spaces/pier/teams/owners")).GetProperty("members").EnumerateArray().Select(member => member.GetString()));
        await bob.RefusedAsync(HttpStatusCode.NotFound, "/spaces/pier");
        Assert.Contains("space.owner", await carol.ListAsync("/spaces/pier/audit", "action"));
        await alice.PostAsync("/spaces/alice/owner", new { user = "alice", kind = "organization" }, HttpStatusCode.OK); // one's own, at once
        await alice.PutAsync("/spaces/alice/teams/owners/members/bob");
    }

    [Theory, OnBothEngines]
    public async Task A_pull_by_the_present_name_never_looks_for_former_ones(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice");
        var registry = await SignedInAsync(server, "alice");
        var image = await registry.PushImageAsync("alice/app", "1");
        await server.As("alice").PatchAsync("/repository?name=alice/app", new { visibility = "public" });
        var clients = (Registry[])[registry, await TokenAsync(server, "alice", "repository:alice/app:pull"), server.Registry.As(null)];
        await server.Registry.App.Database.RunScriptAsync("drop table repository_aliases");
        for (var i = 0; i < 2; i++) // from rows, and from memory
        {
            foreach (var client in clients)
            {
                foreach (var path in (string[])["manifests/1", $"manifests/{image.Digest}", $"blobs/{image.Layer}"])
                {
                    using var response = await client.GetAsync($"/v2/alice/app/{path}");
                    await response.ExpectAsync(HttpStatusCode.OK);
                }
            }
        }
        using var absent = await registry.GetAsync("/v2/alice/none/manifests/1"); // this one does
        await absent.ExpectErrorAsync(HttpStatusCode.InternalServerError, "UNKNOWN");
    }

    // Readers and writers by the first name, with tokens of all ages, while the repository has another name every moment.
    [Theory, OnBothEngines]
    [Trait("Kind", "slow")]
    public async Task Who_pushes_and_pulls_while_names_move_notices_nothing_but_the_warning(Engine engine)
    {
        const int Moves = 60, Writers = 3, Pushes = 5;
        await using var server = await ApiServer.StartAsync(engine, "alice");
        var alice = server.As("alice");
        await alice.PostAsync("/organizations", new { name = "dock" });
        var secret = (await alice.PostAsync("/me/tokens", new { name = "race", rights = "admin" })).GetProperty("secret").GetString()!;
        var (api, basic) = (server.AsBearer(secret), server.Registry.As(ClosedRegistry.Basic("alice", secret)));
        var first = await basic.PushImageAsync("dock/start", "first");
        var bearer = await TokenAsync(server, "alice", "repository:dock/start:pull,push");
        var done = false;
        var pushed = new List<string>[Writers];
        async Task WriteAsync(int writer)
        {
            pushed[writer] = [];
            for (var i = 0; !Volatile.Read(ref done); i++)
            {
                var tag = $"w{writer}-{i % 7}";
                var image = await (i % 2 == 0 ? basic : bearer).PushImageAsync("dock/start", tag);
                using var seen = await bearer.GetAsync($"/v2/dock/start/manifests/{tag}");
                await seen.ExpectAsync(HttpStatusCode.OK);
                Assert.Equal(image.Digest, seen.Header("Docker-Content-Digest"));
                pushed[writer].Add($"{tag} {image.Digest}");
            }
        }
        async Task ReadAsync(Registry client)
        {
            while (!Volatile.Read(ref done))
            {
                foreach (var path in (string[])["manifests/first", $"blobs/{first.Layer}", "tags/list", $"referrers/{first.Digest}"])
                {
                    using var response = await client.GetAsync($"/v2/dock/start/{path}");
                    await response.ExpectAsync(HttpStatusCode.OK);
                }
            }
        }
        var work = Enumerable.Range(0, Writers).Select(WriteAsync).Append(ReadAsync(basic)).Append(ReadAsync(bearer)).ToList();
        var (space, name) = ("dock", "start");
        for (var i = 0; (i < Moves || pushed.Any(images => images.Count < Pushes)) && work.All(task => !task.IsFaulted); i++)
        {
            var (toSpace, toName) = (i % 5 == 4 ? (space == "dock" ? "pier" : "dock") : space, i % 5 == 4 ? name : i % 11 == 10 ? "start" : $"n{i % 6}");
            if (toSpace != space)
                await RenameSpaceAsync(api, space, toSpace);
            else if (toName != name)
                await MoveAsync(api, $"{space}/{name}", $"{space}/{toName}");
            (space, name) = (toSpace, toName);
        }
        Volatile.Write(ref done, true);
        await Task.WhenAll(work);

        Assert.Equal([$"{space}/{name}"], await NamesAsync(server));
        foreach (var last in pushed.SelectMany(images => images.GroupBy(image => image.Split(' ')[0]).Select(group => group.Last())))
        {
            using var response = await basic.GetAsync($"/v2/{space}/{name}/manifests/{last.Split(' ')[0]}");
            Assert.Equal(last.Split(' ')[1], response.Header("Docker-Content-Digest"));
        }
        await FsckAsync(server);
    }

    internal static Task<JsonElement> MoveAsync(ApiClient client, string name, string to) => client.PostAsync($"/repository/move?name={name}", new { to }, HttpStatusCode.OK);

    internal static async Task RenameSpaceAsync(ApiClient client, string name, string to) =>
        Assert.Equal(to, (await client.PostAsync($"/spaces/{name}/rename", new { name = to }, HttpStatusCode.OK)).GetProperty("name").GetString());

    /// <summary>A server as a user sees it with a token that costs no password's hash after each change.</summary>
    internal static async Task<Registry> SignedInAsync(ApiServer server, string user)
    {
        var secret = (await server.As(user).PostAsync("/me/tokens", new { name = "test", rights = "admin" })).GetProperty("secret").GetString()!;
        return server.Registry.As(ClosedRegistry.Basic(user, secret));
    }

    internal static async Task<Registry> TokenAsync(ApiServer server, string user, params string[] scopes)
    {
        var query = string.Concat(scopes.Select(scope => $"&scope={Uri.EscapeDataString(scope)}"));
        using var response = await server.Registry.As(ClosedRegistry.Basic(user, ApiServer.Password(user))).GetAsync($"/v2/auth?service={Uri.EscapeDataString(server.Registry.Authority)}{query}");
        await response.ExpectAsync(HttpStatusCode.OK);
        return server.Registry.As($"Bearer {(await response.JsonAsync()).GetProperty("token").GetString()}");
    }

    /// <summary>Checks what is under the tag 1 of a name, by GET and HEAD, and whether the answer says that the repository has another name.</summary>
    internal static async Task ExpectAsync(Registry client, string name, string? present, string digest)
    {
        foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Head, HttpMethod.Get])
        {
            using var response = await client.SendAsync(method, $"/v2/{name}/manifests/1");
            await response.ExpectAsync(HttpStatusCode.OK);
            Assert.Equal(digest, response.Header("Docker-Content-Digest"));
            Assert.Equal(present is null ? null : $"299 - \"{name} is called {present} now: use that name\"", response.Header("Warning"));
        }
    }

    internal static async Task FsckAsync(ApiServer server)
    {
        var output = new StringWriter();
        Assert.True(await FsckRun.RunAsync(server.Registry.Config, rehash: true, output, TestContext.Current.CancellationToken) == 0, output.ToString());
    }

    internal static Task<List<string>> NamesAsync(ApiServer server) =>
        server.Registry.App.Database.ReadAsync(session => session.ListAsync(NamesSql, row => row.GetString(0)), TestContext.Current.CancellationToken);

    static readonly Database.Sql NamesSql = new("select name from repositories order by name");
}
