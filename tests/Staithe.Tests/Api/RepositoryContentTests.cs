using System.Net;
using System.Text;
using System.Text.Json;
using Staithe.Database;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Api;

/// <summary>The tags and manifests of a repository as programs list and delete them.</summary>
public sealed class RepositoryContentTests
{
    static readonly HttpMethod Delete = HttpMethod.Delete;

    [Theory, OnBothEngines]
    public async Task Tags_and_manifests_are_listed_as_they_are(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice");
        var (alice, registry) = (server.As("alice"), await MoveTests.SignedInAsync(server, "alice"));
        var one = await registry.PushImageAsync("alice/app", "1.2");
        var two = await registry.PushImageAsync("alice/app", "1.10");
        using (var index = await registry.PutManifestAsync(
            "alice/app", "All", RegistryClient.Index([(one.Digest, one.Manifest.Length), (two.Digest, two.Manifest.Length)]), RegistryClient.OciIndex))
            await index.ExpectAsync(HttpStatusCode.Created);
        var subject = $$""","artifactType":"text/x-note","subject":{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{one.Digest}}","size":{{one.Manifest.Length}}}""";
        var note = await registry.PushImageAsync("alice/app", "note", subject);
        var untagged = await registry.PushImageAsync("alice/app");

        Assert.Equal(["All", "1.10", "1.2"], await alice.ListAsync("/tags?repository=alice/app"));
        Assert.Equal(["1.10", "1.2", "All"], await alice.ListAsync("/tags?repository=alice/app&sort=name"));
        Assert.Equal(["1.10", "1.2", "All"], await alice.ListAsync("/tags?repository=alice/app&sort=-version"));
        Assert.Equal(["note", "All", "1.10", "1.2"], await alice.ListAsync("/tags?repository=alice/app&attachments=include"));
        Assert.Equal(["1.10", "1.2", "All", "note"], await alice.ListAsync("/tags?repository=alice/app&attachments=include&sort=name"));
        Assert.Equal(["note"], await alice.ListAsync("/tags?repository=alice/app&attachments=only"));
        Assert.Equal(["All"], await alice.ListAsync("/tags?repository=alice/app&q=aLL"));
        Assert.Empty(await alice.ListAsync("/tags?repository=alice/app&q=_"));
        var tags = (await alice.GetAsync("/tags?repository=alice/app&sort=name")).GetProperty("items").EnumerateArray().ToList();
        var tag = tags.Single(tag => tag.GetProperty("name").GetString() == "1.2");
        Assert.Equal((one.Digest, RegistryClient.OciManifest, "alice", false), (
            tag.GetProperty("digest").GetString(), tag.GetProperty("mediaType").GetString(), tag.GetProperty("movedBy").GetString(), tag.GetProperty("attachment").GetBoolean()));
        Assert.Equal(SizeOf(one.Manifest), tag.GetProperty("size").GetInt64());
        Assert.InRange(tag.GetProperty("movedAt").GetDateTimeOffset(), DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(5));
        Assert.Equal(JsonValueKind.Null, tags[^1].GetProperty("size").ValueKind); // an index has several images

        Assert.Equal(untagged.Digest, (await alice.ListAsync("/manifests?repository=alice/app", "digest"))[0]);
        Assert.Equal(one.Digest, (await alice.ListAsync("/manifests?repository=alice/app&sort=pushed", "digest"))[0]);
        var byDigest = await alice.ListAsync("/manifests?repository=alice/app&sort=digest", "digest");
        Assert.Equal(5, byDigest.Count);
        Assert.Equal(byDigest.Order(StringComparer.Ordinal), byDigest);
        Assert.Equal([untagged.Digest], await alice.ListAsync("/manifests?repository=alice/app&untagged=true", "digest"));
        Assert.Equal([note.Digest], await alice.ListAsync("/manifests?repository=alice/app&q=X-Note", "digest"));
        Assert.Equal([two.Digest], await alice.ListAsync($"/manifests?repository=alice/app&q={two.Digest[20..40]}", "digest"));
        var manifests = (await alice.GetAsync("/manifests?repository=alice/app")).GetProperty("items").EnumerateArray().ToDictionary(item => item.GetProperty("digest").GetString()!);
        Assert.Equal(["1.2"], manifests[one.Digest].GetProperty("tags").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal((1, true), (manifests[one.Digest].GetProperty("tagCount").GetInt32(), manifests[one.Digest].GetProperty("partOfIndex").GetBoolean()));
        Assert.Equal((one.Digest, "text/x-note", false), (
            manifests[note.Digest].GetProperty("subject").GetString(), manifests[note.Digest].GetProperty("artifactType").GetString(), manifests[note.Digest].GetProperty("partOfIndex").GetBoolean()));
    }

    [Theory, OnBothEngines]
    public async Task A_long_list_is_read_part_by_part_whatever_comes_and_goes_meanwhile(Engine engine)
    {
        const int Many = 1_234;
        await using var server = await ApiServer.StartAsync(engine, "alice");
        var (alice, registry) = (server.As("alice"), await MoveTests.SignedInAsync(server, "alice"));
        await registry.PushImageAsync("alice/app", "first");
        // Some move in the same millisecond; every seventh is an attachment.
        await server.Registry.App.Database.WriteAsync(
            session => session.ExecuteAsync(AddTags, [Enumerable.Range(1, Many - 1).Select(i => $"{i:x4}").ToArray()]), TestContext.Current.CancellationToken);
        foreach (var sort in (string[])["-moved", "name", "-version"])
        {
            foreach (var attachments in (string[])["", "&attachments=include", "&attachments=only"])
            {
                var all = await ReadAllAsync(alice, $"/tags?repository=alice/app&sort={sort}{attachments}", 97);
                var whole = await ReadAllAsync(alice, $"/tags?repository=alice/app&sort={sort}{attachments}", 1000);
                Assert.Equal(attachments switch { "" => 1080, "&attachments=only" => 154, _ => Many }, all.Distinct().Count());
                Assert.Equal(whole, all);
                if (sort == "name")
                    Assert.Equal(all.Order(StringComparer.Ordinal), all);
            }
        }

        var page = await alice.GetAsync("/tags?repository=alice/app&sort=name&limit=10");
        var next = page.GetProperty("next").GetString()!;
        await alice.DeleteAsync($"/tag?repository=alice/app&tag={next}"); // what the next page begins behind
        await registry.PushImageAsync("alice/app", "0000"); // before it
        Assert.Equal("000c", (await alice.ListAsync($"/tags?repository=alice/app&sort=name&limit=10&after={next}"))[0]);

        await server.Registry.App.Database.WriteAsync(
            session => session.ExecuteAsync(AddManifests, [Enumerable.Range(1, Many).Select(i => $"sha256:{i:x64}").ToArray()]), TestContext.Current.CancellationToken);
        foreach (var sort in (string[])["-pushed", "pushed", "digest"])
        {
            Assert.Equal(Many + 2, (await ReadAllAsync(alice, $"/manifests?repository=alice/app&sort={sort}", 97, "digest")).Distinct().Count());
            Assert.Equal(Many, (await ReadAllAsync(alice, $"/manifests?repository=alice/app&untagged=true&sort={sort}", 1000, "digest")).Distinct().Count());
        }
    }

    [Theory, OnBothEngines]
    public async Task What_cannot_be_asked_is_refused_with_the_fix(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice");
        var alice = server.As("alice");
        await server.PushAsync("alice", "alice/app");
        (string Path, string Says)[] wrong =
        [
            ("/tags", "add ?repository="),
            ("/tags?repository=No Name", "use lower-case letters"),
            ("/tags?repository=alice/app&sort=size", "it must be -moved or name or -version"),
            ("/tags?repository=alice/app&attachments=yes", "it must be include or only"),
            ("/tags?repository=alice/app&limit=0", "from 1 to 1000"),
            ("/tags?repository=alice/app&after=x", "take it from next"),
            ("/tags?repository=alice/app&after=1x.y", "take it from next"),
            ("/tags?repository=alice/app&colour=red", "there are repository, after, limit, q, sort, attachments"),
            ($"/tags?repository=alice/app&q={new string('x', 129)}", "use at most 128"),
            ("/tags?repository=alice/app&q=a&q=b", "must be given once"),
            ("/tags?repository=alice/app&q=%00", "without control characters"),
            ("/manifests?repository=alice/app&sort=name", "it must be -pushed or pushed or digest"),
            ("/manifests?repository=alice/app&untagged=false", "it must be true"),
            ("/manifests?repository=alice/app&after=sha256", "take it from next"),
        ];
        foreach (var (path, says) in wrong)
            Assert.Contains(says, await alice.RefusedAsync(HttpStatusCode.BadRequest, path), StringComparison.Ordinal);
        (string Path, string Says)[] undeletable =
        [
            ("/tag?repository=alice/app", "add ?tag="),
            ("/tag?repository=alice/app&tag=not a tag", "use letters, digits"),
            ("/manifest?repository=alice/app&digest=1", "take it whole"),
            ("/manifest?repository=alice/app", "add ?digest="),
        ];
        foreach (var (path, says) in undeletable)
            Assert.Contains(says, await alice.RefusedAsync(HttpStatusCode.BadRequest, Delete, path), StringComparison.Ordinal);
        Assert.Contains("no tag 2", await alice.RefusedAsync(HttpStatusCode.NotFound, Delete, "/tag?repository=alice/app&tag=2"), StringComparison.Ordinal);
        var none = $"sha256:{new string('0', 64)}";
        Assert.Contains("no manifest sha256", await alice.RefusedAsync(HttpStatusCode.NotFound, Delete, $"/manifest?repository=alice/app&digest={none}"), StringComparison.Ordinal);
        await alice.RefusedAsync(HttpStatusCode.NotFound, "/tags?repository=alice/none");
    }

    [Theory, OnBothEngines]
    public async Task What_is_deleted_is_gone_and_in_the_audit(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice");
        var (alice, registry) = (server.As("alice"), await MoveTests.SignedInAsync(server, "alice"));
        var one = await registry.PushImageAsync("alice/app", "1");
        using (var again = await registry.PutManifestAsync("alice/app", "latest", one.Manifest))
            await again.ExpectAsync(HttpStatusCode.Created);
        using (var index = await registry.PutManifestAsync("alice/app", "all", RegistryClient.Index([(one.Digest, one.Manifest.Length)]), RegistryClient.OciIndex))
            await index.ExpectAsync(HttpStatusCode.Created);
        using (var seen = await registry.GetAsync("/v2/alice/app/manifests/1"))
            await seen.ExpectAsync(HttpStatusCode.OK); // and remembered

        await alice.DeleteAsync("/tag?repository=alice/app&tag=1");
        using (var gone = await registry.GetAsync("/v2/alice/app/manifests/1"))
            await gone.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_UNKNOWN");
        using (var kept = await registry.GetAsync($"/v2/alice/app/manifests/{one.Digest}"))
            await kept.ExpectAsync(HttpStatusCode.OK);
        await alice.RefusedAsync(HttpStatusCode.NotFound, Delete, "/tag?repository=alice/app&tag=1");

        Assert.Contains("delete that first", await alice.RefusedAsync(HttpStatusCode.Conflict, Delete, $"/manifest?repository=alice/app&digest={one.Digest}"), StringComparison.Ordinal);
        var index2 = (await alice.ListAsync("/tags?repository=alice/app&q=all", "digest")).Single();
        await alice.DeleteAsync($"/manifest?repository=alice/app&digest={index2}");
        await alice.DeleteAsync($"/manifest?repository=alice/app&digest={one.Digest}");
        Assert.Empty(await alice.ListAsync("/tags?repository=alice/app"));
        Assert.Empty(await alice.ListAsync("/manifests?repository=alice/app", "digest"));
        var lines = (await alice.GetAsync("/spaces/alice/audit?outcome=done")).GetProperty("items").EnumerateArray()
            .Select(line => (line.GetProperty("action").GetString(), line.GetProperty("target").GetString(), line.GetProperty("actor").GetString(), line.GetProperty("detail").GetString())).ToList();
        Assert.Equal(
            [
                ("manifest.delete", $"alice/app@{one.Digest}", "alice", "with latest"),
                ("manifest.delete", $"alice/app@{index2}", "alice", "with all"),
                ("tag.delete", "alice/app:1", "alice", null),
            ],
            lines.Where(line => line.Item1!.EndsWith(".delete", StringComparison.Ordinal)));
        await MoveTests.FsckAsync(server);
    }

    // By a former name it is the same repository.
    [Theory, OnBothEngines]
    public async Task A_former_name_leads_to_the_same(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice");
        var alice = server.As("alice");
        await server.PushAsync("alice", "alice/app");
        await MoveTests.MoveAsync(alice, "alice/app", "alice/site");
        Assert.Equal(["1"], await alice.ListAsync("/tags?repository=alice/app"));
        await alice.DeleteAsync("/tag?repository=alice/app&tag=1");
        Assert.Empty(await alice.ListAsync("/tags?repository=alice/site"));
    }

    [Theory, OnBothEngines]
    public async Task Everybody_may_what_their_rights_say_and_what_is_hidden_is_like_what_is_not_there(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "alice", "bob", "carol", "dave");
        var (alice, registry) = (server.As("alice"), await MoveTests.SignedInAsync(server, "alice"));
        var image = await registry.PushImageAsync("alice/app", "dev-1");
        foreach (var tag in (string[])["dev-2", "v1", "v2", "v3", "v4"])
            (await registry.PutManifestAsync("alice/app", tag, image.Manifest)).Dispose();
        await alice.PostAsync("/spaces/alice/grants", new { target = "alice/app", rights = "read", user = "bob" });
        await alice.PostAsync("/spaces/alice/grants", new { target = "alice/app", rights = "read", user = "carol" });
        await alice.PostAsync("/spaces/alice/grants", new { target = "alice/app", rights = "delete", tags = "dev-*", user = "carol" });
        var robot = await alice.PostAsync("/spaces/alice/robots", new { name = "ci", rights = "pull,delete", target = "alice/app" });
        var token = (await alice.PostAsync("/me/tokens", new { name = "laptop", rights = "read" })).GetProperty("secret").GetString()!;
        var narrow = (await alice.PostAsync("/me/tokens", new { name = "other", rights = "admin", target = "alice/other" })).GetProperty("secret").GetString()!;
        var (bob, carol, ci) = (server.As("bob"), server.As("carol"), server.As("alice+ci", robot.GetProperty("secret").GetString()!));
        const string Tags = "/tags?repository=alice/app", Manifests = "/manifests?repository=alice/app", Tag = "/tag?repository=alice/app&tag=";
        var manifest = $"/manifest?repository=alice/app&digest={image.Digest}";

        foreach (var reader in (ApiClient[])[alice, bob, carol, ci, server.AsBearer(token), server.As("alice", token)])
        {
            Assert.Equal(6, (await reader.ListAsync(Tags)).Count);
            Assert.Equal([image.Digest], await reader.ListAsync(Manifests, "digest"));
        }

        // An admin of the registry has no right on anybody's images; a token for something else does not show what its owner sees.
        foreach (var stranger in (ApiClient[])[server.As("dave"), server.As("root"), server.AsBearer(narrow)])
        {
            foreach (var (method, path) in ((HttpMethod, string)[])[(HttpMethod.Get, Tags), (HttpMethod.Get, Manifests), (Delete, $"{Tag}v1"), (Delete, manifest)])
            {
                var hidden = await stranger.RefusedAsync(HttpStatusCode.NotFound, method, path);
                var missing = await stranger.RefusedAsync(HttpStatusCode.NotFound, method, path.Replace("alice/app", "alice/nope", StringComparison.Ordinal));
                Assert.Equal(hidden, missing.Replace("alice/nope", "alice/app", StringComparison.Ordinal));
            }
        }
        var nobody = server.AsNobody();
        foreach (var (method, path) in ((HttpMethod, string)[])[(HttpMethod.Get, Tags), (HttpMethod.Get, Manifests), (Delete, $"{Tag}v1"), (Delete, manifest)])
            await nobody.RefusedAsync(HttpStatusCode.Unauthorized, method, path);

        Assert.Contains("right delete", await bob.RefusedAsync(HttpStatusCode.Forbidden, Delete, $"{Tag}v1"), StringComparison.Ordinal);
        Assert.Contains("delete", await bob.RefusedAsync(HttpStatusCode.Forbidden, Delete, manifest), StringComparison.Ordinal);
        Assert.Contains("read-only", await server.AsBearer(token).RefusedAsync(HttpStatusCode.Forbidden, Delete, $"{Tag}v1"), StringComparison.Ordinal);
        Assert.Contains("dev-*", await carol.RefusedAsync(HttpStatusCode.Forbidden, Delete, $"{Tag}v1"), StringComparison.Ordinal);
        Assert.Contains("no digests", await carol.RefusedAsync(HttpStatusCode.Forbidden, Delete, manifest), StringComparison.Ordinal);
        await carol.DeleteAsync($"{Tag}dev-1");
        await ci.DeleteAsync($"{Tag}v2");

        // What a client got for pulls and pushes says so, and is not asked for here.
        var login = server.Registry.As(ClosedRegistry.Basic("alice", ApiServer.Password("alice")));
        using (var asked = await login.GetAsync($"/v2/auth?service={Uri.EscapeDataString(server.Registry.Authority)}&scope={Uri.EscapeDataString("repository:alice/app:pull")}"))
        {
            var client = server.AsBearer((await asked.JsonAsync()).GetProperty("token").GetString()!);
            Assert.Equal(4, (await client.ListAsync(Tags)).Count);
            await client.RefusedAsync(HttpStatusCode.Unauthorized, Delete, $"{Tag}v3");
        }

        // What is public is everybody's to read.
        await alice.PatchAsync("/repository?name=alice/app", new { visibility = "public" });
        foreach (var reader in (ApiClient[])[server.AsNobody(), server.As("dave"), server.As("root")])
            Assert.Equal(["dev-2", "v1", "v3", "v4"], await reader.ListAsync($"{Tags}&attachments=include&sort=name"));
        await nobody.RefusedAsync(HttpStatusCode.Unauthorized, Delete, $"{Tag}v1");
        await server.As("dave").RefusedAsync(HttpStatusCode.Forbidden, Delete, $"{Tag}v1");
        await server.As("root").RefusedAsync(HttpStatusCode.Forbidden, Delete, manifest);
        await ci.DeleteAsync(manifest);
        Assert.Empty(await nobody.ListAsync(Tags));
        await server.Registry.StopAsync();
        Assert.DoesNotContain("request failed", server.Registry.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_open_registry_has_them_too()
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite);
        var image = await registry.PushImageAsync("team/app", "1");
        using (var tags = await registry.GetAsync("/api/v1/tags?repository=team/app"))
            Assert.Equal(image.Digest, (await tags.JsonAsync()).GetProperty("items")[0].GetProperty("digest").GetString());
        using (var gone = await registry.DeleteAsync("/api/v1/tag?repository=team/app&tag=1"))
            await gone.ExpectAsync(HttpStatusCode.NoContent);
        using (var gone = await registry.DeleteAsync($"/api/v1/manifest?repository=team/app&digest={image.Digest}"))
            await gone.ExpectAsync(HttpStatusCode.NoContent);
    }

    internal static async Task<List<string?>> ReadAllAsync(ApiClient client, string path, int limit, string member = "name")
    {
        var all = new List<string?>();
        string? next = "";
        while (next is not null)
        {
            var page = await client.GetAsync($"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}limit={limit}{(next.Length == 0 ? "" : $"&after={Uri.EscapeDataString(next)}")}");
            all.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty(member).ToString()));
            next = page.GetProperty("next").GetString();
        }
        return all;
    }

    static long SizeOf(byte[] manifest)
    {
        var parsed = JsonDocument.Parse(Encoding.UTF8.GetString(manifest)).RootElement;
        return parsed.GetProperty("config").GetProperty("size").GetInt64() + parsed.GetProperty("layers").EnumerateArray().Sum(layer => layer.GetProperty("size").GetInt64());
    }

    static readonly Sql AddTags = new("""
        insert into tags (repo_id, name, manifest_id, moved_at, is_attachment)
        select t.repo_id, n.name, t.manifest_id, length(replace(n.name, '0', '')) * 1000, case when substr(n.name, 4) in ('0', '7') then 1 else 0 end
        from tags t cross join (select value as name from {each $1}) n where t.name = 'first'
        """);

    static readonly Sql AddManifests = new("""
        insert into manifests (repo_id, digest, media_type, size, created_at, content)
        select r.id, n.digest, 'application/x', 1, 1, cast('' as {bytes}) from repositories r cross join (select value as digest from {each $1}) n
        """);
}
