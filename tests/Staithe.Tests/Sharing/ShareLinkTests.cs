using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Sharing;

/// <summary>Pulls by share links: what a link leads to, for how long and how often, and what it does not lead to.</summary>
public sealed class ShareLinkTests
{
    static readonly HttpMethod Get = HttpMethod.Get, Head = HttpMethod.Head, Post = HttpMethod.Post, Delete = HttpMethod.Delete;

    [Theory, OnBothEngines]
    public async Task Who_has_the_link_pulls_and_needs_nothing_else(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "carol");
        var registry = server.Registry;
        var (image, _) = await PushAsync(server, "alice/web/app", "1");
        var link = await Shared.MakeAsync(server.As("alice"), "alice/web/app");

        foreach (var authorization in (string?[])[null, ClosedRegistry.Basic("carol", ApiServer.Password("carol")), $"Bearer {await TokenAsync(server, null, link.Name)}", $"Bearer {await TokenAsync(server, "carol", link.Name)}"])
        {
            var caller = registry.As(authorization);
            foreach (var method in (HttpMethod[])[Get, Head])
            {
                foreach (var path in (string[])["manifests/1", $"manifests/{image.Digest}", $"blobs/{image.Config}", $"blobs/{image.Layer}", "tags/list", $"referrers/{image.Digest}"])
                {
                    using var response = await link.SendAsync(caller, method, path);
                    await response.ExpectAsync(HttpStatusCode.OK);
                }
            }
            using var manifest = await link.SendAsync(caller, Get, "manifests/1");
            Assert.Equal(image.Manifest, await manifest.BytesAsync());
            using var tags = await link.SendAsync(caller, Get, "tags/list");
            Assert.Equal("""{"name":"alice/web/app","tags":["1"]}""", Encoding.UTF8.GetString(await tags.BytesAsync()));
        }

        // what is behind the secret is for people; lists go on below the link
        foreach (var name in (string[])[$"s/{link.Secret}", $"s/{link.Secret}/any/name"])
        {
            using var response = await registry.GetAsync($"/v2/{name}/manifests/1");
            await response.ExpectAsync(HttpStatusCode.OK);
        }
        await PushAsync(server, "alice/web/app", "2");
        using var page = await link.SendAsync(registry, Get, "tags/list?n=1");
        Assert.Equal($"{link.Path}/tags/list?n=1&last=1", page.NextPage());
        using var next = await registry.GetAsync(page.NextPage()!);
        Assert.Equal("2", (await next.JsonAsync()).GetProperty("tags")[0].GetString());

        // and nobody pulls from the repository itself
        Assert.Equal(HttpStatusCode.Unauthorized, (await registry.GetAsync("/v2/alice/web/app/manifests/1")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await registry.GetAsync("/v2/")).StatusCode);
    }

    [Theory, OnBothEngines]
    public async Task A_link_to_a_tag_leads_to_what_the_tag_leads_to(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice");
        var registry = server.Registry;
        var owner = AsAlice(server);
        var (amd64, arm64) = (await owner.PushImageAsync("alice/app"), await owner.PushImageAsync("alice/app"));
        var index = RegistryClient.Index([(amd64.Digest, amd64.Manifest.Length), (arm64.Digest, arm64.Manifest.Length)]);
        var root = Registry.Digest(index);
        using (var pushed = await owner.PutManifestAsync("alice/app", "1", index, RegistryClient.OciIndex))
            await pushed.ExpectAsync(HttpStatusCode.Created);
        var signature = await owner.PushImageAsync("alice/app", null, Subject(amd64));
        var countersignature = await owner.PushImageAsync("alice/app", null, Subject(signature));
        var other = await owner.PushImageAsync("alice/app", "2");
        var signatureOfOther = await owner.PushImageAsync("alice/app", null, Subject(other));
        var loose = await owner.PushBlobAsync("alice/app", "loose"u8.ToArray());
        var link = await Shared.MakeAsync(server.As("alice"), "alice/app", "1");

        foreach (var digest in (string[])[root, amd64.Digest, arm64.Digest, signature.Digest, countersignature.Digest])
            Assert.Equal(HttpStatusCode.OK, await link.GetAsync(registry, $"manifests/{digest}"));
        foreach (var blob in (string[])[amd64.Config, amd64.Layer, arm64.Layer, signature.Layer, countersignature.Config])
            Assert.Equal(HttpStatusCode.OK, await link.GetAsync(registry, $"blobs/{blob}"));
        foreach (var path in (string[])["manifests/2", $"manifests/{other.Digest}", $"manifests/{signatureOfOther.Digest}", $"blobs/{other.Config}", $"blobs/{other.Layer}", $"blobs/{signatureOfOther.Layer}", $"blobs/{loose}", $"manifests/{Registry.Digest("none"u8)}"])
        {
            foreach (var method in (HttpMethod[])[Get, Head])
            {
                using var response = await link.SendAsync(registry, method, path);
                await response.ExpectAsync(HttpStatusCode.NotFound);
            }
        }
        // what is there and not reached is answered like what is not there
        using (var hidden = await link.SendAsync(registry, Get, $"blobs/{other.Layer}"))
        using (var nowhere = await link.SendAsync(registry, Get, $"blobs/{Registry.Digest("none"u8)}"))
            Assert.Equal((await TextAsync(nowhere)).Replace(Registry.Digest("none"u8), "", StringComparison.Ordinal), (await TextAsync(hidden)).Replace(other.Layer, "", StringComparison.Ordinal));

        Assert.Equal([signature.Digest], await ReferrersAsync(amd64.Digest));
        Assert.Equal([countersignature.Digest], await ReferrersAsync(signature.Digest));
        Assert.Empty(await ReferrersAsync(other.Digest));
        using (var tags = await link.SendAsync(registry, Get, "tags/list"))
            Assert.Equal("""{"name":"alice/app","tags":["1"]}""", await TextAsync(tags));
        using (var behind = await link.SendAsync(registry, Get, "tags/list?last=1"))
            Assert.Equal("""{"name":"alice/app","tags":[]}""", await TextAsync(behind));

        // the tag is what counts, not what it was at
        using (var moved = await owner.PutManifestAsync("alice/app", "1", other.Manifest))
            await moved.ExpectAsync(HttpStatusCode.Created);
        Assert.Equal(HttpStatusCode.OK, await link.GetAsync(registry, $"blobs/{other.Layer}"));
        Assert.Equal(HttpStatusCode.NotFound, await link.GetAsync(registry, $"manifests/{root}"));
        Assert.Equal(HttpStatusCode.NotFound, await link.GetAsync(registry, $"blobs/{amd64.Layer}"));
        using (var gone = await owner.DeleteAsync("/v2/alice/app/manifests/1"))
            await gone.ExpectAsync(HttpStatusCode.Accepted);
        Assert.Equal(HttpStatusCode.NotFound, await link.GetAsync(registry, "manifests/1"));
        using (var none = await link.SendAsync(registry, Get, "tags/list"))
            Assert.Equal("""{"name":"alice/app","tags":[]}""", await TextAsync(none));

        async Task<List<string?>> ReferrersAsync(string digest)
        {
            using var response = await link.SendAsync(registry, Get, $"referrers/{digest}");
            await response.ExpectAsync(HttpStatusCode.OK);
            return [.. (await response.JsonAsync()).GetProperty("manifests").EnumerateArray().Select(one => one.GetProperty("digest").GetString())];
        }
    }

    [Theory, OnBothEngines]
    public async Task However_many_pull_at_once_no_more_get_it_than_the_link_is_for(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "alice");
        var registry = server.Registry;
        var (image, _) = await PushAsync(server, "alice/app", "1");
        var alice = server.As("alice");
        foreach (var (tag, path) in ((string?, string)[])[(null, "manifests/1"), ("1", $"manifests/{image.Digest}")])
        {
            var link = await Shared.MakeAsync(alice, "alice/app", tag, pulls: 5);
            using (var head = await link.SendAsync(registry, Head, path))
                await head.ExpectAsync(HttpStatusCode.OK);
            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => link.GetAsync(registry, path)));
            Assert.Equal((5, 15), (answers.Count(status => status == HttpStatusCode.OK), answers.Count(status => status == HttpStatusCode.Forbidden)));
            using (var late = await link.SendAsync(registry, Get, path))
                Assert.Contains("5 pulls", (await late.ExpectErrorAsync(HttpStatusCode.Forbidden, "DENIED")).GetRawText(), StringComparison.Ordinal);
            using (var head = await link.SendAsync(registry, Head, "manifests/1"))
                await head.ExpectAsync(HttpStatusCode.Forbidden);
            // whoever came last may end the pull
            Assert.Equal(HttpStatusCode.OK, await link.GetAsync(registry, $"blobs/{image.Layer}"));
            var told = await link.FindAsync(alice, "alice");
            Assert.Equal((5, 5, false), (told.GetProperty("pulls").GetInt32(), told.GetProperty("maxPulls").GetInt32(), told.GetProperty("works").GetBoolean()));
            // but not for ever
            await link.ChangeAsync(registry, "used_at = used_at - 90000000");
            await link.ExpectEndedAsync(registry, $"blobs/{image.Layer}");
            await link.ExpectEndedAsync(registry, path);
        }
        await Eventually.HoldsAsync(async () => (await server.As("root").GetAsync("/audit?limit=1000")).GetRawText().Contains("has been used up", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_pull_is_a_get_of_the_image_and_not_of_its_parts()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "alice");
        var (registry, owner, alice) = (server.Registry, AsAlice(server), server.As("alice"));
        var part = await owner.PushImageAsync("alice/app", "part");
        var index = RegistryClient.Index([(part.Digest, part.Manifest.Length)]);
        using (var pushed = await owner.PutManifestAsync("alice/app", "1", index, RegistryClient.OciIndex))
            await pushed.ExpectAsync(HttpStatusCode.Created);
        foreach (var tag in (string?[])[null, "1"])
        {
            var link = await Shared.MakeAsync(alice, "alice/app", tag, pulls: 100);
            foreach (var (method, path, counted) in ((HttpMethod, string, int)[])[
                (Head, "manifests/1", 0), (Get, "manifests/1", 1), (Get, $"manifests/{part.Digest}", 1), (Get, $"blobs/{part.Layer}", 1), (Get, "tags/list", 1),
                (Get, "manifests/none", 1), (Get, $"manifests/{Registry.Digest(index)}", 2), (Get, $"referrers/{part.Digest}", 2), (Head, $"manifests/{Registry.Digest(index)}", 2)])
            {
                using var response = await link.SendAsync(registry, method, path);
                Assert.Equal(counted, (await link.FindAsync(alice, "alice")).GetProperty("pulls").GetInt32());
            }
        }
    }

    [Fact]
    public async Task Pulls_that_nobody_limits_are_counted_too()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "alice");
        await PushAsync(server, "alice/app", "1");
        var alice = server.As("alice");
        var link = await Shared.MakeAsync(alice, "alice/app");
        Assert.Equal(JsonValueKind.Null, (await link.FindAsync(alice, "alice")).GetProperty("usedAt").ValueKind);
        for (var i = 0; i < 3; i++)
            Assert.Equal(HttpStatusCode.OK, await link.GetAsync(server.Registry, "manifests/1"));
        await Eventually.HoldsAsync(async () => (await link.FindAsync(alice, "alice")).GetProperty("pulls").GetInt32() == 3);
        Assert.Equal(JsonValueKind.String, (await link.FindAsync(alice, "alice")).GetProperty("usedAt").ValueKind);
    }

    [Theory, OnBothEngines]
    public async Task A_link_ends_with_its_time_and_at_once_when_it_is_revoked(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice");
        var registry = server.Registry;
        await PushAsync(server, "alice/app", "1");
        var alice = server.As("alice");
        var (revoked, timed) = (await Shared.MakeAsync(alice, "alice/app"), await Shared.MakeAsync(alice, "alice/app", "1"));
        var bearer = registry.As($"Bearer {await TokenAsync(server, null, revoked.Name)}");
        Assert.Equal(HttpStatusCode.OK, await revoked.GetAsync(bearer, "manifests/1"));
        await alice.DeleteAsync($"/spaces/alice/links/{revoked.Id}");
        await revoked.ExpectEndedAsync(registry, "manifests/1");
        await revoked.ExpectEndedAsync(bearer, "manifests/1"); // whatever the token says
        await alice.RefusedAsync(HttpStatusCode.NotFound, Delete, $"/spaces/alice/links/{revoked.Id}");
        Assert.Empty(Actions(await TokenAsync(server, null, revoked.Name)));

        Assert.Equal(HttpStatusCode.OK, await timed.GetAsync(registry, "manifests/1"));
        Assert.True((await timed.FindAsync(alice, "alice")).GetProperty("works").GetBoolean());
        await timed.ChangeAsync(registry, "expires_at = {now} + 300");
        await Eventually.HoldsAsync(async () => await timed.GetAsync(registry, "manifests/1") == HttpStatusCode.NotFound);
        await timed.ExpectEndedAsync(registry, "manifests/1");
        Assert.False((await timed.FindAsync(alice, "alice")).GetProperty("works").GetBoolean());
    }

    [Theory, OnBothEngines]
    public async Task A_link_is_worth_what_its_maker_may_give(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "alice", "carol");
        var registry = server.Registry;
        await PushAsync(server, "alice/app", "1");
        var (alice, carol) = (server.As("alice"), server.As("carol"));
        var grant = await alice.PostAsync("/spaces/alice/grants", new { target = "alice/app", rights = "admin", user = "carol" });
        var robot = await alice.PostAsync("/spaces/alice/robots", new { name = "ci", target = "alice/app", rights = "admin" });
        var links = (Shared[])[await Shared.MakeAsync(carol, "alice/app"), await Shared.MakeAsync(carol, "alice/app", "1", pulls: 9), await Shared.MakeAsync(server.As("alice+ci", robot.GetProperty("secret").GetString()!), "alice/app")];
        foreach (var link in links)
            Assert.Equal(HttpStatusCode.OK, await link.GetAsync(registry, "manifests/1"));
        Assert.Equal(["carol", "carol", "alice+ci"], await alice.ListAsync("/spaces/alice/links", "madeBy"));

        await alice.DeleteAsync($"/spaces/alice/grants/{grant.GetProperty("id")}");
        await links[0].ExpectEndedAsync(registry, "manifests/1");
        await links[1].ExpectEndedAsync(registry, "manifests/1");
        Assert.Equal(HttpStatusCode.OK, await links[2].GetAsync(registry, "manifests/1"));
        Assert.False((await links[0].FindAsync(alice, "alice")).GetProperty("works").GetBoolean());

        // to read, or to manage without reading, is not enough to share
        foreach (var rights in (string[])["write,delete", "manage"])
        {
            var less = await alice.PostAsync("/spaces/alice/grants", new { target = "alice/", rights, user = "carol" });
            await links[0].ExpectEndedAsync(registry, "manifests/1");
            await carol.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/alice/links", new { repository = "alice/app", expiresInDays = 1 });
            await alice.DeleteAsync($"/spaces/alice/grants/{less.GetProperty("id")}");
        }

        await alice.PostAsync("/spaces/alice/grants", new { target = "alice/", rights = "admin", user = "carol" });
        Assert.Equal(HttpStatusCode.OK, await links[0].GetAsync(registry, "manifests/1"));
        await server.As("root").PatchAsync("/users/carol", new { disabled = true });
        await links[0].ExpectEndedAsync(registry, "manifests/1");
        await alice.DeleteAsync("/spaces/alice/robots/ci");
        await links[2].ExpectEndedAsync(registry, "manifests/1");
        Assert.Equal(["carol", "carol"], await alice.ListAsync("/spaces/alice/links", "madeBy"));
    }

    [Theory, OnBothEngines]
    public async Task Only_who_manages_a_repository_decides_about_its_links(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "alice", "bob", "eve");
        await PushAsync(server, "alice/app", "1");
        await PushAsync(server, "alice/web/app", "1");
        var (alice, bob, eve, root) = (server.As("alice"), server.As("bob"), server.As("eve"), server.As("root"));
        await alice.PostAsync("/spaces/alice/grants", new { target = "alice/", rights = "write", user = "bob" });
        await alice.PostAsync("/spaces/alice/grants", new { target = "alice/web/", rights = "admin", user = "bob" });
        var link = await Shared.MakeAsync(alice, "alice/app");
        var (order, path) = (new { repository = "alice/app", expiresInDays = 1 }, $"/spaces/alice/links/{link.Id}");

        await eve.RefusedAsync(HttpStatusCode.NotFound, Post, "/spaces/alice/links", order);
        await eve.RefusedAsync(HttpStatusCode.NotFound, "/spaces/alice/links");
        await eve.RefusedAsync(HttpStatusCode.NotFound, Delete, path);
        await bob.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/alice/links", order);
        await bob.RefusedAsync(HttpStatusCode.Forbidden, "/spaces/alice/links");
        await bob.RefusedAsync(HttpStatusCode.Forbidden, Delete, path);
        await bob.RefusedAsync(HttpStatusCode.Forbidden, Delete, "/spaces/alice/links/999");
        await root.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/alice/links", order);
        var own = await Shared.MakeAsync(bob, "alice/web/app");
        Assert.Equal(["alice/web/app"], await bob.ListAsync("/spaces/alice/links?target=alice/web/", "repository"));
        Assert.Equal(["alice/app", "alice/web/app"], await alice.ListAsync("/spaces/alice/links", "repository"));
        await alice.DeleteAsync($"/spaces/alice/links/{own.Id}");

        var token = await alice.PostAsync("/me/tokens", new { name = "web", rights = "admin", target = "alice/web/" });
        var limited = server.AsBearer(token.GetProperty("secret").GetString()!);
        await limited.RefusedAsync(HttpStatusCode.Forbidden, Post, "/spaces/alice/links", order);
        await limited.PostAsync("/spaces/alice/links", order with { repository = "alice/web/app" });
    }

    [Theory]
    [InlineData("""{"repository":"alice/app"}""", 400, "expiresInDays is missing")]
    [InlineData("""{"repository":"alice/app","expiresInDays":0}""", 400, "1 to 90")]
    [InlineData("""{"repository":"alice/app","expiresInDays":91}""", 400, "1 to 90")]
    [InlineData("""{"repository":"alice/app","expiresInDays":1,"maxPulls":0}""", 400, "from 1 to")]
    [InlineData("""{"repository":"alice/app","expiresInDays":1,"maxPulls":2000000}""", 400, "from 1 to")]
    [InlineData("""{"repository":"alice//app","expiresInDays":1}""", 400, "no repository's name")]
    [InlineData("""{"repository":"bob/app","expiresInDays":1}""", 400, "not in the space alice")]
    [InlineData("""{"repository":"alice/none","expiresInDays":1}""", 404, "no repository alice/none")]
    [InlineData("""{"repository":"alice/app","tag":"2","expiresInDays":1}""", 404, "no tag 2")]
    [InlineData("""{"repository":"alice/app","tag":"a b","expiresInDays":1}""", 404, "no tag a b")]
    public async Task A_link_that_makes_no_sense_is_refused(string body, int status, string says)
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "alice");
        await PushAsync(server, "alice/app", "1");
        Assert.Contains(says, await server.As("alice").RefusedAsync((HttpStatusCode)status, Post, "/spaces/alice/links", body), StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task Nothing_but_a_pull_goes_through_a_link(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "carol");
        var registry = server.Registry;
        var (image, other) = await PushAsync(server, "alice/app", "1");
        var link = await Shared.MakeAsync(server.As("alice"), "alice/app");
        var upload = "7d5f9f0e-2b1c-4c55-9c0a-0123456789ab";

        foreach (var authorization in (string?[])[null, ClosedRegistry.Basic("alice", ApiServer.Password("alice")), $"Bearer {await TokenAsync(server, "alice", link.Name)}"])
        {
            var caller = registry.As(authorization);
            foreach (var (method, path) in ((string, string)[])[
                ("PUT", "manifests/2"), ("PUT", $"manifests/{image.Digest}"), ("DELETE", "manifests/1"), ("DELETE", $"manifests/{image.Digest}"), ("DELETE", $"blobs/{image.Layer}"),
                ("POST", "blobs/uploads/"), ("POST", $"blobs/uploads/?mount={image.Layer}&from=alice/app"), ("GET", $"blobs/uploads/{upload}"), ("PATCH", $"blobs/uploads/{upload}"),
                ("PUT", $"blobs/uploads/{upload}?digest={image.Layer}"), ("DELETE", $"blobs/uploads/{upload}"), ("POST", "manifests/1"), ("PATCH", "tags/list"), ("OPTIONS", "tags/list")])
            {
                using var response = await caller.SendAsync(HttpMethod.Parse(method), $"{link.Path}/{path}", method is "GET" or "DELETE" or "OPTIONS" ? null : image.Manifest, method is "GET" or "DELETE" or "OPTIONS" ? null : RegistryClient.OciManifest);
                await response.ExpectErrorAsync(HttpStatusCode.Forbidden, "DENIED");
            }
        }

        // a wider token is not to be had
        Assert.Equal(["pull"], Actions(await TokenAsync(server, "alice", link.Name, "pull,push,delete,*")));
        // nor another repository's content, nor is another repository's token good for it
        Assert.Equal(HttpStatusCode.NotFound, await link.GetAsync(registry, $"blobs/{other.Layer}"));
        Assert.Equal(HttpStatusCode.NotFound, await link.GetAsync(registry, $"manifests/{other.Digest}"));
        using (var foreign = await link.SendAsync(registry.As($"Bearer {await TokenAsync(server, "alice", "alice/app")}"), Get, "manifests/1"))
        {
            await foreign.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
            Assert.Contains($"scope=\"repository:{link.Name}:pull\",error=\"insufficient_scope\"", foreign.Header("WWW-Authenticate"), StringComparison.Ordinal);
        }
        using (var wrong = await link.SendAsync(registry.As(ClosedRegistry.Basic("carol", "wrong-password")), Get, "manifests/1"))
            await wrong.ExpectAsync(HttpStatusCode.Unauthorized);
        using (var reused = await registry.As($"Bearer {await TokenAsync(server, null, link.Name)}").GetAsync("/v2/alice/app/manifests/1"))
            await reused.ExpectAsync(HttpStatusCode.Unauthorized);

        // a mount from it is answered as from what is not there
        foreach (var bearer in (bool[])[true, false])
        {
            var carol = registry.As(bearer ? $"Bearer {await TokenAsync(server, "carol", "carol/app", "pull,push", link.Name)}" : ClosedRegistry.Basic("carol", ApiServer.Password("carol")));
            using var mounted = await carol.SendAsync(Post, $"/v2/carol/app/blobs/uploads/?mount={image.Layer}&from={link.Name}", []);
            await mounted.ExpectAsync(HttpStatusCode.Accepted);
            using var blob = await carol.GetAsync($"/v2/carol/app/blobs/{image.Layer}");
            await blob.ExpectAsync(HttpStatusCode.NotFound);
        }

        // nor is there anything to find by guessing
        foreach (var name in (string[])["s/x", "s/x/app", $"s/{link.Secret[..31]}/app", $"s/{link.Secret}a/app", $"s/{Staithe.Accounts.Secret.CreateForPath()}/app", $"x/{link.Secret}/app"])
        {
            using var response = await registry.As(ClosedRegistry.Basic("carol", ApiServer.Password("carol"))).GetAsync($"/v2/{name}/manifests/1");
            await response.ExpectErrorAsync(HttpStatusCode.NotFound, "NAME_UNKNOWN");
        }
    }

    [Theory, OnBothEngines]
    public async Task The_secret_is_in_no_log_no_record_and_no_message(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, config => config with { MetricsFrom = [IPNetwork.Parse("127.0.0.0/8")] }, "root", "alice");
        var registry = server.Registry;
        var (image, _) = await PushAsync(server, "alice/app", "1");
        var (alice, root) = (server.As("alice"), server.As("root"));
        var (link, once) = (await Shared.MakeAsync(alice, "alice/app"), await Shared.MakeAsync(alice, "alice/app", "1", pulls: 1));
        var answers = new StringBuilder();
        foreach (var one in (Shared[])[link, once])
        {
            foreach (var (method, path) in ((HttpMethod, string)[])[
                (Get, "manifests/1"), (Get, "manifests/1"), (Head, "manifests/1"), (Get, $"blobs/{image.Layer}"), (Get, "tags/list"), (Get, "manifests/none"), (Get, $"blobs/{Registry.Digest("none"u8)}"), (Get, "blobs/no-digest"),
                (Get, "Upper/manifests/1"), (Get, "a%20b/tags/list"), (Get, "nothing"), (Get, ""), (Post, "blobs/uploads/"), (Delete, "manifests/1"), (Get, "tags/list?n=x"), (Get, "tags/list?last=%00")])
            {
                using var response = await one.SendAsync(registry, method, path);
                answers.AppendLine(await TextAsync(response));
            }
            foreach (var path in (string[])[$"/v2/%73/{one.Secret}/A/manifests/1", $"/v2//s/{one.Secret}/app/manifests/1", $"/v2/s/{one.Secret.ToUpperInvariant()}/app/tags/list", $"/v2/s/{one.Secret}", $"/v2/auth?service={registry.Authority}&scope=repository:s/{one.Secret}/A:pull"])
            {
                using var response = await registry.GetAsync(path);
                answers.AppendLine(await TextAsync(response));
            }
            var token = await TokenAsync(server, null, one.Name);
            Assert.NotEmpty(token);
        }
        await alice.DeleteAsync($"/spaces/alice/links/{link.Id}");
        Assert.Equal(HttpStatusCode.NotFound, await link.GetAsync(registry, "manifests/1"));
        await Eventually.HoldsAsync(async () => (await root.GetAsync("/audit?limit=1000")).GetRawText().Contains("\"outcome\":\"refused\"", StringComparison.Ordinal));
        var audit = (await root.GetAsync("/audit?limit=1000")).GetProperty("items").EnumerateArray().ToList();
        foreach (var (action, outcome, target) in ((string, string, string)[])[("link.add", "done", "alice/app"), ("link.add", "done", "alice/app:1"), ("link.delete", "done", "alice/app"), ("link.pull", "refused", "alice/app"), ("push", "refused", "alice/app"), ("delete", "refused", "alice/app")])
            Assert.Contains(audit, line => (action, outcome, target) == (line.GetProperty("action").GetString(), line.GetProperty("outcome").GetString(), line.GetProperty("target").GetString()));
        using var metrics = await registry.GetAsync("/metrics");
        var told = string.Concat(answers.ToString(), await TextAsync(metrics), (await alice.GetAsync("/spaces/alice/links")).GetRawText(), string.Concat(audit.Select(line => line.GetRawText())));

        // when the database is gone, what fails is logged with its path
        if (engine == Engine.Postgres)
        {
            await Postgres.DropDatabaseAsync(registry.Config.Database!);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await once.GetAsync(registry, "manifests/1"));
        }
        await registry.StopAsync();
        Assert.Contains($"\"repository\":\"alice/app\",\"caller\":\"anonymous by link {link.Id}\"", registry.Log, StringComparison.Ordinal);
        Assert.Contains("\"repository\":\"s/***\"", registry.Log, StringComparison.Ordinal);
        if (engine == Engine.Postgres)
            Assert.Contains("\"path\":\"/v2/s/***/app/manifests/1\"", registry.Log, StringComparison.Ordinal);
        foreach (var one in (Shared[])[link, once])
        {
            Assert.DoesNotContain(one.Secret, told, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(one.Secret, registry.Log, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task Where_nobody_is_asked_who_they_are_the_name_is_like_any_other()
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite);
        await registry.PushImageAsync("s/some/app", "1");
        using var response = await registry.GetAsync("/v2/s/some/app/manifests/1");
        await response.ExpectAsync(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Whether_a_blob_is_there_can_be_asked_by_link_without_a_promise_that_it_stays()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "alice");
        var (image, _) = await PushAsync(server, "alice/app", "1");
        var link = await Shared.MakeAsync(server.As("alice"), "alice/app");
        await server.Registry.App.Database.WriteAsync(session => session.ExecuteAsync(new Staithe.Database.Sql("update repo_blobs set protect_until = 1")), TestContext.Current.CancellationToken);
        using (var head = await link.SendAsync(server.Registry, Head, $"blobs/{image.Layer}"))
            await head.ExpectAsync(HttpStatusCode.OK);
        Assert.Equal(1, await server.Registry.App.Database.ReadAsync(session => session.FindNumberAsync(new Staithe.Database.Sql("select max(protect_until) from repo_blobs")), TestContext.Current.CancellationToken));
    }

    static Registry AsAlice(ApiServer server) => server.Registry.As(ClosedRegistry.Basic("alice", ApiServer.Password("alice")));

    // The image, and one in another repository of alice's.
    static async Task<((string Digest, byte[] Manifest, string Config, string Layer) Image, (string Digest, byte[] Manifest, string Config, string Layer) Other)> PushAsync(ApiServer server, string repository, string tag) =>
        (await AsAlice(server).PushImageAsync(repository, tag), await AsAlice(server).PushImageAsync("alice/other", "1"));

    static string Subject((string Digest, byte[] Manifest, string Config, string Layer) image) =>
        $$""","subject":{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{image.Digest}}","size":{{image.Manifest.Length.ToString(CultureInfo.InvariantCulture)}}}""";

    static async Task<string> TokenAsync(ApiServer server, string? user, string name, string actions = "pull", string? also = null)
    {
        var scopes = $"&scope=repository:{name}:{actions}{(also is null ? "" : $"&scope=repository:{also}:pull")}";
        using var response = await server.Registry.As(user is null ? null : ClosedRegistry.Basic(user, ApiServer.Password(user))).GetAsync($"/v2/auth?service={server.Registry.Authority}{scopes}");
        await response.ExpectAsync(HttpStatusCode.OK);
        return (await response.JsonAsync()).GetProperty("token").GetString()!;
    }

    static List<string?> Actions(string token) =>
        [.. JsonDocument.Parse(Base64Url.DecodeFromChars(token.Split('.')[1])).RootElement.GetProperty("access")[0].GetProperty("actions").EnumerateArray().Select(action => action.GetString())];

    static Task<string> TextAsync(HttpResponseMessage response) => response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
}
