using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Staithe.Audit;
using Staithe.Database;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Api;

/// <summary>That every change leaves a line, who sees it, and that no secret is in any place but the one answer.</summary>
public sealed partial class AuditTests
{
    [Theory, OnBothEngines]
    public async Task The_plus_of_a_robots_name_is_a_plus_however_it_is_written(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "alice");
        var robot = await server.As("alice").PostAsync("/spaces/alice/robots", new { name = "ci", target = "alice/", rights = "write" });
        await server.PushAsync("alice+ci", "alice/app", robot.GetProperty("secret").GetString()!);
        foreach (var written in (string[])["alice+ci", "alice%2Bci", "alice%20ci"])
        {
            Assert.NotEmpty(await server.As("alice").ListAsync($"/spaces/alice/audit?actor={written}", "actor"));
            Assert.NotEmpty(await server.As("root").ListAsync($"/audit?actor={written}", "actor"));
        }
        Assert.Empty(await server.As("root").ListAsync("/audit?actor=alice+cd", "actor"));
    }

    [Theory]
    [OnBothEngines]
    public async Task Every_change_leaves_its_line_and_no_secret_gets_out(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "alice");
        var (root, alice) = (server.As("root"), server.As("alice"));
        await root.PostAsync("/users", new { name = "bob", password = "first-password" });
        await root.PutAsync("/users/bob/password", new { password = "second-password" });
        await root.PatchAsync("/users/bob", new { admin = true, disabled = true });
        await root.PatchAsync("/users/bob", new { admin = false, disabled = false });
        await server.As("bob", "second-password").PutAsync("/me/password", new { old = "second-password", @new = "third-password" });
        await server.PushAsync("alice", "alice/app");
        var token = await alice.PostAsync("/me/tokens", new { name = "laptop", rights = "admin" });
        await alice.PostAsync("/organizations", new { name = "harbour" });
        await alice.PatchAsync("/spaces/harbour", new { visibility = "internal" });
        await alice.PostAsync("/spaces/harbour/teams", new { name = "dev" });
        await alice.PutAsync("/spaces/harbour/teams/dev/members/bob");
        var grant = await alice.PostAsync("/spaces/harbour/grants", new { target = "harbour/", rights = "read", team = "dev" });
        var robot = await alice.PostAsync("/spaces/harbour/robots", new { name = "ci", target = "harbour/app", rights = "write" });
        var again = await alice.PostAsync("/spaces/harbour/robots/ci/secret", null, HttpStatusCode.OK);
        await alice.PatchAsync("/repository?name=alice/app", new { visibility = "public" });
        var lists = string.Concat(
            (await alice.GetAsync("/me/tokens")).GetRawText(), (await alice.GetAsync("/spaces/harbour/robots")).GetRawText(), (await alice.GetAsync("/spaces/harbour/grants")).GetRawText(), (await root.GetAsync("/users")).GetRawText());
        await alice.DeleteAsync("/spaces/harbour/robots/ci");
        await alice.DeleteAsync($"/spaces/harbour/grants/{grant.GetProperty("id")}");
        await alice.DeleteAsync("/spaces/harbour/teams/dev/members/bob");
        await alice.DeleteAsync("/spaces/harbour/teams/dev");
        await server.AsBearer(token.GetProperty("secret").GetString()!).DeleteAsync($"/me/tokens/{token.GetProperty("id")}");

        var audit = await root.GetAsync("/audit?limit=1000");
        var lines = audit.GetProperty("items").EnumerateArray().Where(line => line.GetProperty("actor").GetString() != "shell").Reverse().ToList();
        Assert.Equal(
            [
                "root user.add bob", "root user.password bob", "root user.admin bob", "root user.disable bob", "root user.admin bob", "root user.enable bob", "bob user.password bob",
                "alice token.add laptop", "alice space.add harbour", "alice space.visibility harbour", "alice team.add harbour/dev", "alice team.member.add harbour/dev",
                "alice grant.add harbour/", "alice robot.add harbour+ci", "alice grant.add harbour/app", "alice robot.secret harbour+ci", "alice repository.visibility alice/app",
                "alice robot.delete harbour+ci", "alice grant.delete harbour/", "alice team.member.remove harbour/dev", "alice team.delete harbour/dev", "alice token.delete laptop",
            ],
            lines.Where(line => !line.GetProperty("action").GetString()!.StartsWith("tag.", StringComparison.Ordinal) && !line.GetProperty("action").GetString()!.StartsWith("manifest.", StringComparison.Ordinal))
                .Select(line => $"{line.GetProperty("actor").GetString()} {line.GetProperty("action").GetString()} {line.GetProperty("target").GetString()}"));
        Assert.All(lines, line => Assert.Equal("127.0.0.1", line.GetProperty("address").GetString()));
        Assert.Contains(lines, line => line.GetProperty("detail").GetString() == "read for team dev");

        Assert.All(await alice.ListAsync("/spaces/harbour/audit", "space"), space => Assert.Equal("harbour", space));
        await server.As("bob", "third-password").RefusedAsync(HttpStatusCode.NotFound, "/spaces/harbour/audit");

        await server.Registry.StopAsync();
        string[] secrets =
        [
            "first-password", "second-password", "third-password", ApiServer.Password("alice"), ApiServer.Password("root"),
            token.GetProperty("secret").GetString()!, robot.GetProperty("secret").GetString()!, again.GetProperty("secret").GetString()!,
        ];
        Assert.Contains("\"route\":\"api\"", server.Registry.Log, StringComparison.Ordinal);
        Assert.All(secrets, secret =>
        {
            Assert.DoesNotContain(secret, audit.GetRawText(), StringComparison.Ordinal);
            Assert.DoesNotContain(secret, lists, StringComparison.Ordinal);
            Assert.DoesNotContain(secret, server.Registry.Log, StringComparison.Ordinal);
        });
        Assert.DoesNotContain("pbkdf2", lists + audit.GetRawText(), StringComparison.Ordinal);
    }

    static readonly string[] Actors = ["alice", "carol", "team+ci"], Deeds = ["tag", "tag.move", "tag.create", "tags.x", "grant.add", "grant.add.x"];
    static readonly string?[] Places = ["team", "dock", null, "team"];

    // Each combination is another statement: what it lets through is held against the words of its lines, page by page.
    [Theory]
    [OnBothEngines]
    public async Task Every_combination_of_filters_lets_through_what_it_says(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine);
        var db = server.Registry.App.Database;
        await db.WriteAsync(
            async session =>
            {
                for (var i = 0; i < 300; i++)
                {
                    var actor = new Actor(Actors[i % 3], null);
                    var deed = new Deed(Deeds[i / 3 % 6], "x", Places[i / 7 % 4]);
                    await (i % 5 == 0 ? AuditTable.RefuseAsync(session, actor, deed) : AuditTable.AddAsync(session, actor, deed));
                }
            },
            TestContext.Current.CancellationToken);
        var all = await db.ReadAsync(session => AuditTable.ListAsync(session, new AuditFilter(null), long.MaxValue, 1000), TestContext.Current.CancellationToken);
        Assert.Equal(300, all.Count);
        var filters =
            from space in (string?[])[null, "team", "none"]
            from actor in (string?[])[null, "alice", "nobody"]
            from action in (string?[])[null, "tag", "tag.move", "grant", "grant.add", "ta", "grant."]
            from outcome in (string?[])[null, "done", "refused", "both"]
            select new AuditFilter(space, actor, action, outcome);
        foreach (var filter in filters)
        {
            var expected = all.Where(line =>
                (filter.Space ?? line.Space) == line.Space && (filter.Actor ?? line.Actor) == line.Actor && (filter.Outcome ?? line.Outcome) == line.Outcome
                && (filter.Action is null || line.Action == filter.Action || line.Action.StartsWith($"{filter.Action}.", StringComparison.Ordinal))).ToList();
            var (found, before) = (new List<AuditLine>(), long.MaxValue);
            while (await db.ReadAsync(session => AuditTable.ListAsync(session, filter, before, 7), TestContext.Current.CancellationToken) is { Count: > 0 } page)
            {
                Assert.InRange(page.Count, 1, 7);
                found.AddRange(page);
                before = page[^1].Id;
            }
            Assert.Equal(expected, found);
        }
    }

    // On SQLite, whose plan does not hang on how much there is. Nothing is read that is not asked for but along an index of what is, and nothing is sorted.
    [Fact]
    public async Task Every_filter_follows_an_index()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite);
        foreach (var list in AuditTable.ListSql)
        {
            var asked = Argument().Replace(list.ToString(), match => match.ValueSpan is "$1" or "$2" ? "50" : "'x'");
            var plan = string.Join('\n', await server.Registry.App.Database.ReadAsync(session => session.ListAsync(new Sql($"explain query plan {asked}"), row => row.GetString(3)), TestContext.Current.CancellationToken));
            Assert.DoesNotContain("SCAN", plan, StringComparison.Ordinal);
            Assert.DoesNotContain("TEMP B-TREE", plan, StringComparison.Ordinal);
            var where = LookedFor().Replace(asked.Split(" where ")[1].Split(" order by ")[0], ""); // a text is looked for along the same index
            var index = where switch
            {
                "id < 50" or "id < 50 and outcome = 'done'" => "PRIMARY KEY",
                _ when where.Contains("refused", StringComparison.Ordinal) => "audit_",
                _ when where.Contains("actor", StringComparison.Ordinal) => "audit_by_",
                _ when where.Contains("space", StringComparison.Ordinal) && where.Contains("action", StringComparison.Ordinal) => "audit_by_space_and_action",
                _ when where.Contains("space", StringComparison.Ordinal) => "audit_by_space ",
                _ => "audit_by_action",
            };
            Assert.Contains(index, plan, StringComparison.Ordinal);
        }
    }

    [GeneratedRegex(@"\$\d")]
    private static partial Regex Argument();

    [GeneratedRegex(@" and lower\(.*? escape '\\'")]
    private static partial Regex LookedFor();

    [Theory]
    [OnBothEngines]
    public async Task The_record_goes_on_where_a_page_ends_and_comes_as_lines_too(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "ann", "ben", "carl");
        var root = server.As("root");
        var all = await root.ListAsync("/audit", "id");
        Assert.Equal(4, all.Count);
        var page = await root.GetAsync("/audit?limit=3");
        var next = page.GetProperty("next").GetString();
        Assert.Equal(all[2], next);
        Assert.Equal([all[3]], await root.ListAsync($"/audit?limit=3&after={next}", "id"));
        await root.RefusedAsync(HttpStatusCode.BadRequest, "/audit?after=yesterday");

        foreach (var (query, count) in new[] { ("", 4), ("?limit=2", 2), ($"?after={next}", 1) })
        {
            using var response = await server.Registry.GetAsync($"/api/v1/audit{query}", ("Accept", "application/jsonl"), ("Authorization", $"Basic {Convert.ToBase64String("root:root-has-this"u8)}"));
            await response.ExpectAsync(HttpStatusCode.OK);
            Assert.Equal("application/jsonl", response.Content.Headers.ContentType?.ToString());
            var lines = (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(count, lines.Length);
            Assert.All(lines, line => Assert.Equal("user.add", JsonDocument.Parse(line).RootElement.GetProperty("action").GetString()));
        }
    }
}
