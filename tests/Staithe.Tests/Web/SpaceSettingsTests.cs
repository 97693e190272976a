using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Staithe.Accounts;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>The settings of spaces and repositories, with nothing but a browser; what they did is looked at with the API.</summary>
public sealed partial class SpaceSettingsTests
{
    [Theory, OnBothEngines]
    public async Task Teams_rights_and_rules_are_given_and_taken(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob");
        var alice = server.As("alice");
        await alice.PostAsync("/organizations", new { name = "harbour" });
        await server.PushAsync("alice", "harbour/app");
        using var browser = await OwnSettingsTests.SignedInAsync(server, "alice");

        await browser.SubmitAsync("/settings/harbour", HttpStatusCode.SeeOther, ("do", "space.set"), ("visibility", "public"), ("audit", "pulls"), ("description", " Ships & cranes "));
        var space = await alice.GetAsync("/spaces/harbour");
        Assert.Equal(("public", true), (space.GetProperty("visibility").GetString(), space.GetProperty("auditPulls").GetBoolean()));
        Assert.Equal("Ships & cranes", space.GetProperty("description").GetString());
        Assert.Contains("Ships &amp; cranes", await browser.ReadAsync("/spaces/harbour"), StringComparison.Ordinal);
        Assert.Contains("one line", await browser.SubmitAsync("/settings/harbour", HttpStatusCode.BadRequest, ("do", "space.set"), ("visibility", "public"), ("description", new string('x', 401))), StringComparison.Ordinal);

        await browser.SubmitAsync("/settings/harbour?view=teams", HttpStatusCode.SeeOther, ("do", "team.add"), ("team", "dev"));
        var team = await browser.SubmitAsync("/settings/harbour?view=teams", HttpStatusCode.SeeOther, ("do", "team.member.add"), ("team", "dev"), ("user", "bob"));
        Assert.Contains(">bob<", await browser.ReadAsync(team), StringComparison.Ordinal);
        Assert.Contains("there is no user", await browser.SubmitAsync(team, HttpStatusCode.NotFound, ("do", "team.member.add"), ("team", "dev"), ("user", "nobody-such")), StringComparison.OrdinalIgnoreCase);

        await browser.SubmitAsync("/settings/harbour?view=grants", HttpStatusCode.SeeOther, ("do", "grant.add"), ("kind", "team"), ("who", "dev"), ("role", "write"), ("target", "harbour/web/"), ("tags", "dev-*"), ("days", "7"));
        var grant = (await alice.GetAsync("/spaces/harbour/grants?target=harbour/web/")).GetProperty("items")[0];
        Assert.Equal(("dev", "write", "dev-*"), (grant.GetProperty("team").GetString(), grant.GetProperty("rights").GetString(), grant.GetProperty("tags").GetString()));
        Assert.Contains("is not in the space", await browser.SubmitAsync("/settings/harbour?view=grants", HttpStatusCode.BadRequest, ("do", "grant.add"), ("kind", "user"), ("who", "bob"), ("role", "read"), ("target", "alice/")), StringComparison.Ordinal);

        var access = await browser.ReadAsync("/settings/harbour?view=access&repository=harbour/web/x&kind=user&who=bob");
        Assert.Contains($"grant {grant.GetProperty("id")} on harbour/web/", access, StringComparison.Ordinal);
        Assert.Contains("There is no such repository yet", access, StringComparison.Ordinal);
        using (var unknown = await browser.GetAsync("/settings/harbour?view=access&repository=harbour/app&kind=user&who=nobody-such"))
        {
            await unknown.ExpectAsync(HttpStatusCode.NotFound);
            Assert.Contains("All that gives anybody a right on harbour/app", await unknown.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        var ask = $"/settings/harbour?view=grants&ask=grant.delete&id={grant.GetProperty("id")}";
        Assert.Contains("Take write on harbour/web/ from the team dev?", await browser.ReadAsync(ask), StringComparison.Ordinal);
        await browser.SubmitAsync("/settings/harbour?view=grants", HttpStatusCode.SeeOther, ("do", "grant.delete"), ("id", grant.GetProperty("id").ToString()));
        Assert.Empty(await alice.ListAsync("/spaces/harbour/grants?target=harbour/web/", "id"));

        await browser.SubmitAsync("/settings/harbour?view=new", HttpStatusCode.SeeOther, ("do", "default.add"), ("target", "harbour/"), ("makerKind", "team"), ("maker", "dev"), ("role", "admin"), ("kind", ""), ("who", ""));
        var rule = (await alice.GetAsync("/spaces/harbour/default-grants")).GetProperty("items")[0];
        Assert.Equal(("dev", JsonValueKind.Null), (rule.GetProperty("madeByTeam").GetString(), rule.GetProperty("user").ValueKind));
        await browser.SubmitAsync("/settings/harbour?view=new", HttpStatusCode.SeeOther, ("do", "default.delete"), ("id", rule.GetProperty("id").ToString()));

        // by whose word, and asked before it ends
        await server.Registry.App.Database.WriteAsync(
            async session => await TeamTable.AddMemberAsync(session, (await TeamTable.FindAsync(session, "harbour/dev"))!.Id, (await UserTable.FindAsync(session, "bob"))!.Id, "ldap"), TestContext.Current.CancellationToken);
        Assert.Contains("taken in by alice; by the groups of the directory", await browser.ReadAsync(team), StringComparison.Ordinal);
        Assert.Equal(
            [("bob", null, "alice"), ("bob", "ldap", null)],
            (await alice.GetAsync("/spaces/harbour/teams/dev")).GetProperty("memberships").EnumerateArray().Select(one => (one.GetProperty("user").GetString(), one.GetProperty("source").GetString(), one.GetProperty("givenBy").GetString())));
        var leave = $"{team}&ask=team.member.remove&user=bob";
        Assert.Contains("The directory says that bob is in it", await browser.ReadAsync(leave), StringComparison.Ordinal);
        var (action, fields) = Assert.Single(await browser.FormsAsync(leave), form => form.Fields.Contains(("do", "team.member.remove")));
        await browser.SubmitAsync(action, HttpStatusCode.SeeOther, [.. fields.Where(field => field.Name != "token")]);
        Assert.Contains("Nobody is in it yet", await browser.ReadAsync(team), StringComparison.Ordinal);
        Assert.Contains("taken in by alice", await browser.ReadAsync("/settings/harbour?view=teams&team=owners"), StringComparison.Ordinal);
        await browser.SubmitAsync("/settings/harbour?view=teams", HttpStatusCode.SeeOther, ("do", "team.delete"), ("team", "dev"));
        Assert.Equal(["owners"], await alice.ListAsync("/spaces/harbour/teams"));
        Assert.Contains("last owner", await browser.SubmitAsync("/settings/harbour?view=teams&team=owners", HttpStatusCode.Conflict, ("do", "team.member.remove"), ("team", "owners"), ("user", "alice")), StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task A_robot_gets_its_secret_once_and_another_one(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, config => config with { TrustedIssuers = ["https://ci.example"] }, "alice");
        await server.PushAsync("alice", "alice/app");
        using var browser = await OwnSettingsTests.SignedInAsync(server, "alice");
        var made = await browser.SubmitAsync("/settings/alice?view=robots", HttpStatusCode.OK, ("do", "robot.add"), ("name", "ci"), ("role", "read"), ("target", "alice/app"), ("days", "30"));
        var first = RobotSecret().Match(made).Value;
        Assert.Contains($"--username alice+ci --password-stdin {server.Registry.Authority}", WebUtility.HtmlDecode(made), StringComparison.Ordinal);
        Assert.Equal(["alice/app"], await server.As("alice+ci", first).ListAsync("/repositories"));
        Assert.DoesNotContain(first, await browser.ReadAsync("/settings/alice?view=robots&robot=ci"), StringComparison.Ordinal);
        Assert.Contains("is void at once", await browser.ReadAsync("/settings/alice?view=robots&robot=ci&ask=robot.secret"), StringComparison.Ordinal);
        var second = RobotSecret().Match(await browser.SubmitAsync("/settings/alice", HttpStatusCode.OK, ("do", "robot.secret"), ("robot", "ci"))).Value;
        Assert.NotEqual(first, second);
        await server.As("alice+ci", first).RefusedAsync(HttpStatusCode.Unauthorized, "/repositories");
        await server.As("alice+ci", second).GetAsync("/repositories");

        await browser.SubmitAsync("/settings/alice?view=robots&robot=ci", HttpStatusCode.SeeOther, ("do", "robot.expiry"), ("robot", "ci"), ("days", ""));
        Assert.Equal(JsonValueKind.Null, (await server.As("alice").GetAsync("/spaces/alice/robots")).GetProperty("items")[0].GetProperty("expiresAt").ValueKind);
        Assert.NotEqual(JsonValueKind.Null, (await server.As("alice").PatchAsync("/spaces/alice/robots/ci", new { expiresInDays = 7 })).GetProperty("expiresAt").ValueKind);
        Assert.Contains("it must be from 1", await browser.SubmitAsync("/settings/alice?view=robots&robot=ci", HttpStatusCode.BadRequest, ("do", "robot.expiry"), ("robot", "ci"), ("days", "0")), StringComparison.Ordinal);

        var keyless = await browser.SubmitAsync("/settings/alice?view=robots", HttpStatusCode.SeeOther, ("do", "robot.add"), ("name", "build"), ("role", "write"), ("target", "alice/"), ("keyless", "yes"));
        Assert.Contains("By nobody", await browser.ReadAsync(keyless), StringComparison.Ordinal);
        await browser.SubmitAsync(keyless, HttpStatusCode.SeeOther, ("do", "robot.trust.add"), ("robot", "build"), ("issuer", "https://ci.example"), ("audience", ""), ("claims", "repository = team/app\r\nref = refs/heads/*\r\n"));
        var trust = (await server.As("alice").GetAsync("/spaces/alice/robots/build/trusts")).GetProperty("items")[0];
        Assert.Equal((server.Registry.Authority, "refs/heads/*"), (trust.GetProperty("audience").GetString(), trust.GetProperty("claims").GetProperty("ref").GetString()));
        Assert.Contains("says no claim", await browser.SubmitAsync(keyless, HttpStatusCode.BadRequest, ("do", "robot.trust.add"), ("robot", "build"), ("issuer", "https://ci.example"), ("claims", "nothing")), StringComparison.Ordinal);
        Assert.Contains("Remove the rule on tokens of https://ci.example?", await browser.ReadAsync($"{keyless}&ask=robot.trust.delete&id={trust.GetProperty("id")}"), StringComparison.Ordinal);
        await browser.SubmitAsync(keyless, HttpStatusCode.SeeOther, ("do", "robot.trust.delete"), ("robot", "build"), ("id", trust.GetProperty("id").ToString()));
        await browser.SubmitAsync("/settings/alice?view=robots", HttpStatusCode.SeeOther, ("do", "robot.delete"), ("robot", "ci"));
        Assert.Equal(["build"], await server.As("alice").ListAsync("/spaces/alice/robots"));
    }

    [Theory, OnBothEngines]
    public async Task Links_and_invitations_are_shown_once_and_work(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob");
        await server.PushAsync("alice", "alice/app");
        using var browser = await OwnSettingsTests.SignedInAsync(server, "alice");
        var shown = await browser.SubmitAsync("/settings/alice?view=links", HttpStatusCode.OK, ("do", "link.add"), ("repository", "alice/app"), ("tag", "1"), ("days", "7"), ("pulls", "2"));
        var secret = LinkSecret().Match(shown).Groups[1].Value;
        Assert.Contains($"docker pull {server.Registry.Authority}/s/{secret}/app:1", shown, StringComparison.Ordinal);
        using (var pulled = await server.Registry.GetAsync($"/v2/s/{secret}/app/manifests/1"))
            await pulled.ExpectAsync(HttpStatusCode.OK);
        var list = await browser.ReadAsync("/settings/alice?view=links");
        Assert.Contains("1 of 2", list, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, list, StringComparison.Ordinal);
        var id = (await server.As("alice").GetAsync("/spaces/alice/links")).GetProperty("items")[0].GetProperty("id").ToString();
        Assert.Contains("Revoke the link to alice/app:1?", await browser.ReadAsync($"/settings/alice?view=links&ask=link.delete&id={id}"), StringComparison.Ordinal);
        await browser.SubmitAsync("/settings/alice?view=links", HttpStatusCode.SeeOther, ("do", "link.delete"), ("id", id));
        using (var ended = await server.Registry.GetAsync($"/v2/s/{secret}/app/manifests/1"))
            await ended.ExpectAsync(HttpStatusCode.NotFound);
        Assert.Contains("has no tag", await browser.SubmitAsync("/settings/alice/app?view=links", HttpStatusCode.NotFound, ("do", "link.add"), ("tag", "none"), ("days", "7")), StringComparison.Ordinal);
        Assert.Contains("A link to alice/app", await browser.SubmitAsync("/settings/alice/app?view=links", HttpStatusCode.OK, ("do", "link.add"), ("days", "1")), StringComparison.Ordinal);

        var invited = await browser.SubmitAsync("/settings/alice?view=invitations", HttpStatusCode.OK, ("do", "invitation.add"), ("role", "read"), ("target", "alice/app"), ("user", "bob"), ("uses", "1"), ("days", "7"));
        var path = Invite().Match(invited).Value;
        Assert.DoesNotContain(path, await browser.ReadAsync("/settings/alice?view=invitations"), StringComparison.Ordinal);
        using var bob = await OwnSettingsTests.SignedInAsync(server, "bob");
        await bob.SubmitAsync(path, HttpStatusCode.OK);
        Assert.Equal(["alice/app"], await server.As("bob").ListAsync("/repositories"));
        var invitation = (await server.As("alice").GetAsync("/spaces/alice/invitations")).GetProperty("items")[0].GetProperty("id").ToString();
        await browser.SubmitAsync("/settings/alice?view=invitations", HttpStatusCode.SeeOther, ("do", "invitation.delete"), ("id", invitation));
        Assert.Empty(await server.As("alice").ListAsync("/spaces/alice/invitations", "id"));

        await server.Registry.StopAsync();
        Assert.DoesNotContain(secret, server.Registry.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(path.Split('/')[^1], server.Registry.Log, StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task The_audit_is_filtered_paged_and_downloaded(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "alice", "bob");
        var alice = server.As("alice");
        await alice.PostAsync("/organizations", new { name = "harbour" });
        for (var i = 0; i < 60; i++)
            await alice.PostAsync("/spaces/harbour/grants", new { target = $"harbour/app{i}", rights = "read", user = "bob" });
        using var browser = await OwnSettingsTests.SignedInAsync(server, "alice");
        var first = await LinesAsync(browser, "/settings/harbour?view=audit");
        Assert.Equal(50, first.GetProperty("lines").GetArrayLength());
        var rest = await LinesAsync(browser, $"/settings/harbour?view=audit&after={first.GetProperty("list").GetProperty("next")}");
        Assert.Equal(11, rest.GetProperty("lines").GetArrayLength());
        Assert.Equal("space.add", rest.GetProperty("lines")[10].GetProperty("action").GetString());
        foreach (var (filter, count) in ((string, int)[])[("action=space", 1), ("action=space.add", 1), ("action=spa", 0), ("action=grant&actor=alice", 50), ("actor=bob", 0), ("outcome=refused", 0), ("outcome=done", 50)])
            Assert.Equal(count, (await LinesAsync(browser, $"/settings/harbour?view=audit&{filter}")).GetProperty("lines").GetArrayLength());
        Assert.Contains("view=audit&amp;action=grant&amp;as=lines", await browser.ReadAsync("/settings/harbour?view=audit&action=grant"), StringComparison.Ordinal);
        using (var download = await browser.GetAsync("/settings/harbour?view=audit&action=grant&as=lines"))
        {
            await download.ExpectAsync(HttpStatusCode.OK);
            Assert.Equal(("application/jsonl", "attachment"), (download.Content.Headers.ContentType!.MediaType, download.Content.Headers.ContentDisposition!.DispositionType));
            var lines = (await download.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).TrimEnd('\n').Split('\n');
            Assert.Equal(60, lines.Length);
            Assert.All(lines, line => Assert.Equal("grant.add", JsonDocument.Parse(line).RootElement.GetProperty("action").GetString()));
        }
        Assert.Equal(["space.add"], await alice.ListAsync("/spaces/harbour/audit?action=space", "action"));
        using var root = await OwnSettingsTests.SignedInAsync(server, "root");
        Assert.Equal(50, (await LinesAsync(root, "/admin?view=audit&action=grant")).GetProperty("lines").GetArrayLength());
    }

    [Theory, OnBothEngines]
    public async Task A_space_is_renamed_handed_over_and_removed_when_its_name_is_typed(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob");
        var alice = server.As("alice");
        await alice.PostAsync("/organizations", new { name = "harbour" });
        await server.PushAsync("alice", "harbour/app");
        using var browser = await OwnSettingsTests.SignedInAsync(server, "alice");
        Assert.Contains("type harbour to confirm", await browser.SubmitAsync("/settings/harbour?view=owner", HttpStatusCode.BadRequest, ("do", "space.rename"), ("name", "port"), ("confirm", "harbor")), StringComparison.Ordinal);
        Assert.Equal("/settings/port?view=owner", await browser.SubmitAsync("/settings/harbour?view=owner", HttpStatusCode.SeeOther, ("do", "space.rename"), ("name", "port"), ("confirm", "harbour")));
        using (var former = await browser.GetAsync("/settings/harbour?view=owner"))
            Assert.Equal("/settings/port?view=owner", former.Location());

        await browser.SubmitAsync("/settings/port?view=owner", HttpStatusCode.SeeOther, ("do", "space.owner"), ("user", "bob"), ("as", "organization"), ("confirm", "port"));
        Assert.Contains("It is offered to <strong>bob</strong>", await browser.ReadAsync("/settings/port?view=owner"), StringComparison.Ordinal);
        await browser.SubmitAsync("/settings/port?view=owner", HttpStatusCode.SeeOther, ("do", "space.offer.withdraw"));
        Assert.Empty(await server.As("bob").ListAsync("/me/offers", "space"));

        Assert.Contains("It has 1 repository, which go with it", await browser.ReadAsync("/settings/port?view=owner&ask=space.delete"), StringComparison.Ordinal);
        await browser.SubmitAsync("/settings/port?view=owner", HttpStatusCode.BadRequest, ("do", "space.delete"));
        Assert.Equal(["port/app"], await alice.ListAsync("/repositories"));
        await browser.SubmitAsync("/settings/port?view=owner", HttpStatusCode.SeeOther, ("do", "space.delete"), ("confirm", "port"));
        Assert.Empty(await alice.ListAsync("/repositories"));
        await alice.RefusedAsync(HttpStatusCode.NotFound, "/spaces/port");
    }

    [Theory, OnBothEngines]
    public async Task A_repository_is_set_moved_offered_and_removed(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob");
        var alice = server.As("alice");
        await server.PushAsync("alice", "alice/web/app");
        using var browser = await OwnSettingsTests.SignedInAsync(server, "alice");
        using var bob = await OwnSettingsTests.SignedInAsync(server, "bob");
        using (var from = await browser.GetAsync("/r/alice/web/app?view=settings"))
            Assert.Equal("/settings/alice/web/app", from.Location());
        await browser.SubmitAsync("/settings/alice/web/app", HttpStatusCode.SeeOther, ("do", "visibility"), ("visibility", "internal"));
        await browser.SubmitAsync("/settings/alice/web/app", HttpStatusCode.SeeOther, ("do", "texts"), ("description", "a <i>line</i>"), ("readme", "# Words"));
        Assert.Contains("a &lt;i&gt;line&lt;/i&gt;", await bob.ReadAsync("/r/alice/web/app"), StringComparison.Ordinal);
        await browser.SubmitAsync("/settings/alice/web/app?view=grants", HttpStatusCode.SeeOther, ("do", "grant.add"), ("kind", "user"), ("who", "bob"), ("role", "admin"));
        Assert.Contains("Who may pull", await bob.ReadAsync("/settings/alice/web/app"), StringComparison.Ordinal);
        Assert.Contains("bob may do with alice/web/app: <strong>admin</strong>", await bob.ReadAsync("/settings/alice/web/app?view=access&kind=user&who=bob"), StringComparison.Ordinal);

        await browser.SubmitAsync("/settings/alice/web/app?view=move", HttpStatusCode.BadRequest, ("do", "repository.move"), ("to", "alice/app"), ("confirm", "alice/app"));
        Assert.Equal("/r/alice/app", await browser.SubmitAsync("/settings/alice/web/app?view=move", HttpStatusCode.SeeOther, ("do", "repository.move"), ("to", "alice/app"), ("confirm", "alice/web/app")));
        using (var former = await browser.GetAsync("/settings/alice/web/app?view=move"))
            Assert.Equal("/settings/alice/app?view=move", former.Location());
        Assert.Contains("Free alice/web/app?", await browser.ReadAsync("/settings/alice/app?view=move&ask=alias.free&alias=alice/web/app"), StringComparison.Ordinal);
        await browser.SubmitAsync("/settings/alice/app?view=move", HttpStatusCode.SeeOther, ("do", "alias.free"), ("alias", "alice/web/app"));
        Assert.Empty(await alice.ListAsync("/repository/aliases?name=alice/app"));

        Assert.Contains("may not make bob/app", await browser.SubmitAsync("/settings/alice/app?view=move", HttpStatusCode.Forbidden, ("do", "repository.move"), ("to", "bob/app"), ("confirm", "alice/app")), StringComparison.Ordinal);
        await browser.SubmitAsync("/settings/alice/app?view=move", HttpStatusCode.SeeOther, ("do", "repository.offer"), ("to", "bob/app"), ("confirm", "alice/app"));
        Assert.Contains("Take alice/app", await bob.ReadAsync("/settings/bob?view=offers"), StringComparison.Ordinal);
        var offer = (await server.As("bob").GetAsync("/spaces/bob/offers")).GetProperty("items")[0].GetProperty("id").ToString();
        Assert.Equal("/r/bob/app", await bob.SubmitAsync("/settings/bob?view=offers", HttpStatusCode.SeeOther, ("do", "offer.accept"), ("id", offer)));

        Assert.Contains("It has 1 tag", await bob.ReadAsync("/settings/bob/app?view=move&ask=repository.delete"), StringComparison.Ordinal);
        await bob.SubmitAsync("/settings/bob/app?view=move", HttpStatusCode.BadRequest, ("do", "repository.delete"), ("confirm", "app"));
        await bob.SubmitAsync("/settings/bob/app?view=move", HttpStatusCode.SeeOther, ("do", "repository.delete"), ("confirm", "bob/app"));
        Assert.Empty(await server.As("bob").ListAsync("/repositories"));
    }

    static async Task<JsonElement> LinesAsync(Browser browser, string path)
    {
        using var json = await browser.GetAsync(path, "application/json");
        await json.ExpectAsync(HttpStatusCode.OK);
        return await json.JsonAsync();
    }

    [GeneratedRegex("str_[a-z2-7]{52}")]
    private static partial Regex RobotSecret();

    [GeneratedRegex("/s/([a-z2-7]{32})")]
    private static partial Regex LinkSecret();

    [GeneratedRegex("/invite/[a-z2-7]{32}")]
    private static partial Regex Invite();
}
