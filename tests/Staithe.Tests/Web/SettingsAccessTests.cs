using System.Net;
using Staithe.Database;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>
/// Who sees which page of settings, said once more in a table; and that no form on any of them does anything without its token. The forms are found on the pages, so
/// a new one is tried too.
/// </summary>
public sealed class SettingsAccessTests
{
    // Everybody who is asked for below, in this order: 1 sees the page, 0 does not. Nobody who is not signed in sees any.
    static readonly string[] Askers = ["stranger", "reader", "writer", "member", "manager", "keeper", "alice", "root", "warden"];

    static readonly (string Path, string Seen)[] Pages =
    [
        ("/settings", "111111111"),
        ("/settings?view=spaces", "111111111"),
        ("/settings?view=password", "111111111"),
        ("/settings?view=sessions", "111111111"),
        ("/settings?view=sessions&ask=session.end-others", "111111111"),
        ("/settings/harbour", "000010100"),
        ("/settings/harbour?view=teams", "000110100"),
        ("/settings/harbour?view=teams&team=dev&ask=team.member.remove&user=member", "000110100"),
        ("/settings/harbour?view=teams&team=dev", "000110100"),
        ("/settings/harbour?view=grants", "000010100"),
        ("/settings/harbour?view=access", "000010100"),
        ("/settings/harbour?view=access&repository=harbour/app", "000010100"),
        ("/settings/harbour?view=new", "000010100"),
        ("/settings/harbour?view=new&ask=default.delete&id=1", "000010100"),
        ("/settings/harbour?view=parts", "000010100"),
        ("/settings/harbour?view=grants&change=2", "000010100"),
        ("/settings/harbour?view=grants&ask=grant.delete&id=2", "000010100"),
        ("/settings/harbour/web/", "000010101"),
        ("/settings/harbour/web/?view=grants", "000010101"),
        ("/settings/harbour/web/?view=access", "000010101"),
        ("/settings/harbour/web/?view=access&repository=harbour/web/app", "000010101"),
        ("/settings/harbour/web/?view=access&repository=harbour/", "000010100"),
        ("/settings/harbour/web/?view=access&repository=harbour/app", "000010100"),
        ("/settings/harbour/web/?view=new", "000010101"),
        ("/settings/harbour/web/?view=links", "000010101"),
        ("/settings/harbour/web/?view=invitations", "000010101"),
        ("/settings/harbour/web/deep/", "000010101"),
        ("/settings/harbour/web/?view=audit", "000000000"),
        ("/settings/harbour/app/", "000010100"),
        ("/settings/none-such/web/", "000000000"),
        ("/settings/harbour?view=robots", "000010100"),
        ("/settings/harbour?view=robots&robot=ci", "000010100"),
        ("/settings/harbour?view=robots&robot=ci&ask=robot.delete", "000010100"),
        ("/settings/harbour?view=robots&robot=build&ask=robot.trust.delete&id=1", "000010100"),
        ("/settings/harbour?view=robots&robot=build", "000010100"),
        ("/settings/harbour?view=links", "000010100"),
        ("/settings/harbour?view=invitations", "000010100"),
        ("/settings/harbour?view=offers", "000010100"),
        ("/settings/harbour?view=audit", "000010100"),
        ("/settings/harbour?view=audit&as=lines", "000010100"),
        ("/settings/harbour?view=owner", "000000100"),
        ("/settings/harbour?view=owner&ask=space.delete", "000000100"),
        ("/settings/harbour/app", "000011100"),
        ("/settings/harbour/app?view=grants", "000011100"),
        ("/settings/harbour/app?view=access", "000011100"),
        ("/settings/harbour/app?view=links", "000011100"),
        ("/settings/harbour/app?view=move", "000011100"),
        ("/settings/harbour/app?view=move&ask=repository.delete", "000011100"),
        ("/settings/alice", "000000100"),
        ("/settings/alice?view=owner", "000000100"),
        ("/admin", "000000010"),
        ("/admin?q=ali", "000000010"),
        ("/admin?user=alice", "000000010"),
        ("/admin?user=alice&ask=user.delete", "000000010"),
        ("/admin?view=spaces", "000000010"),
        ("/admin?view=storage", "000000010"),
        ("/admin?view=jobs", "000000010"),
        ("/admin?view=audit", "000000010"),
        ("/admin?view=audit&as=lines", "000000010"),
        ("/settings?view=none-such", "000000000"),
        ("/settings/harbour?view=none-such", "000000000"),
        ("/settings/harbour/app?view=none-such", "000000000"),
        ("/settings/none-such", "000000000"),
        ("/settings/harbour/none-such", "000000000"),
        ("/admin?view=none-such", "000000000"),
        ("/admin?user=none-such", "000000000"),
    ];

    [Theory, OnBothEngines]
    public async Task Each_page_is_seen_by_whom_it_is_for_and_by_nobody_else(Engine engine)
    {
        await using var server = await StartAsync(engine);
        var wrong = new List<string>();
        using (var nobody = new Browser(server.Registry.Url))
        {
            foreach (var (path, _) in Pages)
            {
                using var page = await nobody.GetAsync(path);
                if (page.StatusCode != HttpStatusCode.SeeOther || !page.Location().StartsWith("/login?next=%2F", StringComparison.Ordinal))
                    wrong.Add($"nobody {path} {(int)page.StatusCode}");
                using var json = await nobody.GetAsync(path, "application/json");
                if (json.StatusCode != HttpStatusCode.NotFound)
                    wrong.Add($"nobody {path} {(int)json.StatusCode} as JSON");
            }
        }
        for (var i = 0; i < Askers.Length; i++)
        {
            using var browser = await OwnSettingsTests.SignedInAsync(server, Askers[i]);
            foreach (var (path, seen) in Pages)
            {
                foreach (var accept in (string[])["text/html", "application/json"])
                {
                    using var page = await browser.GetAsync(path, accept);
                    if (page.StatusCode != (seen[i] == '1' ? HttpStatusCode.OK : HttpStatusCode.NotFound))
                        wrong.Add($"{Askers[i]} {path} {(int)page.StatusCode} as {accept}");
                    if (accept == "text/html" && (await page.BytesAsync()).Length > 60_000)
                        wrong.Add($"{Askers[i]} {path} is long");
                }
            }
        }
        Assert.Empty(wrong);
    }

    [Theory, OnBothEngines]
    public async Task No_form_does_anything_without_its_token(Engine engine)
    {
        await using var server = await StartAsync(engine);
        using var stranger = await OwnSettingsTests.SignedInAsync(server, "stranger");
        var (theirs, tried) = (await stranger.TokenAsync(), new HashSet<string>());
        foreach (var asker in (string[])["alice", "root"])
        {
            using var browser = await OwnSettingsTests.SignedInAsync(server, asker);
            using var same = await OwnSettingsTests.SignedInAsync(server, asker);
            var ofOtherSession = await same.TokenAsync();
            var forms = new List<(string Action, List<(string Name, string Value)> Fields)>();
            foreach (var (path, _) in Pages.Where(page => page.Seen[Array.IndexOf(Askers, asker)] == '1' && !page.Path.Contains("as=lines", StringComparison.Ordinal)))
                forms.AddRange(await browser.FormsAsync(path));
            var before = await StateAsync(server);
            foreach (var (action, fields) in forms)
            {
                Assert.Contains(fields, field => field.Name == "token" && field.Value.Length > 0);
                // each button is another deed
                foreach (var deed in fields.Where(field => field.Name == "do").DefaultIfEmpty((Name: "", Value: "")))
                {
                    tried.Add(deed.Value);
                    var rest = fields.Where(field => field.Name is not ("token" or "do")).Append(deed).ToList();
                    foreach (var token in (string?[])[null, "", "x", new string('A', 86), theirs, ofOtherSession])
                    {
                        var body = string.Join('&', (token is null ? rest : [.. rest, ("token", token)]).Select(field => $"{field.Name}={Uri.EscapeDataString(field.Value)}"));
                        using var refused = await browser.PostTextAsync(action, body, "application/x-www-form-urlencoded");
                        Assert.True(refused.StatusCode == HttpStatusCode.Forbidden, $"{asker} {action} {deed.Value}: {(int)refused.StatusCode}");
                    }
                }
            }
            Assert.Equal(before, await StateAsync(server));
            Assert.Contains("Sign out", await browser.ReadAsync("/login"), StringComparison.Ordinal);
        }
        // what pages offer, so that a form which is not found any more is noticed
        Assert.Superset(
            new HashSet<string>
            {
                "", "token.add", "password", "organization.add", "session.end-others", "space.set", "team.add", "team.member.add", "team.member.remove", "grant.add", "grant.change", "grant.delete", "default.add", "default.delete", "robot.trust.delete", "robot.add", "robot.delete",
                "robot.trust.add", "link.add", "invitation.add", "space.rename", "space.owner", "space.delete", "visibility", "texts", "repository.move", "repository.offer", "repository.delete", "user.add", "user.admin", "user.delete",
            },
            tried);
    }

    [Fact]
    public async Task A_deed_is_refused_to_whom_the_page_is_not_for()
    {
        await using var server = await StartAsync(Engine.Sqlite);
        var deeds = new (string Path, (string, string)[] Fields)[]
        {
            ("/settings/harbour", [("do", "space.set"), ("visibility", "public")]),
            ("/settings/harbour?view=teams", [("do", "team.add"), ("team", "x")]),
            ("/settings/harbour?view=teams", [("do", "team.member.add"), ("team", "owners"), ("user", "reader")]),
            ("/settings/harbour?view=grants", [("do", "grant.add"), ("kind", "user"), ("who", "reader"), ("role", "admin"), ("target", "harbour/")]),
            ("/settings/harbour/web/", [("do", "grant.add"), ("kind", "user"), ("who", "reader"), ("role", "admin")]),
            ("/settings/harbour/web/", [("do", "grant.change"), ("id", "2"), ("role", "admin")]),
            ("/settings/harbour/web/", [("do", "grant.delete"), ("id", "2")]),
            ("/settings/harbour/web/?view=new", [("do", "default.add"), ("role", "admin")]),
            ("/settings/harbour/web/?view=new", [("do", "default.delete"), ("id", "1")]),
            ("/settings/harbour/web/?view=invitations", [("do", "invitation.add"), ("role", "read"), ("uses", "1"), ("days", "7")]),
            ("/settings/harbour?view=new", [("do", "default.add"), ("target", "harbour/"), ("role", "admin")]),
            ("/settings/harbour?view=robots", [("do", "robot.add"), ("name", "evil"), ("role", "admin"), ("target", "harbour/")]),
            ("/settings/harbour?view=robots", [("do", "robot.secret"), ("robot", "ci")]),
            ("/settings/harbour?view=robots", [("do", "robot.delete"), ("robot", "ci")]),
            ("/settings/harbour?view=links", [("do", "link.add"), ("repository", "harbour/app"), ("days", "7")]),
            ("/settings/harbour?view=invitations", [("do", "invitation.add"), ("role", "admin"), ("target", "harbour/"), ("uses", "1"), ("days", "7")]),
            ("/settings/harbour?view=owner", [("do", "space.rename"), ("name", "port"), ("confirm", "harbour")]),
            ("/settings/harbour?view=owner", [("do", "space.delete"), ("confirm", "harbour")]),
            ("/settings/harbour/app", [("do", "visibility"), ("visibility", "public")]),
            ("/settings/harbour/app", [("do", "texts"), ("description", "x"), ("readme", "x")]),
            ("/settings/harbour/app?view=move", [("do", "repository.move"), ("to", "harbour/b"), ("confirm", "harbour/app")]),
            ("/settings/harbour/app?view=move", [("do", "repository.delete"), ("confirm", "harbour/app")]),
            ("/admin", [("do", "user.add"), ("user", "evil")]),
            ("/admin", [("do", "user.admin"), ("user", "reader")]),
            ("/admin", [("do", "user.reset"), ("user", "root")]),
            ("/admin?view=spaces", [("do", "space.owner"), ("space", "harbour"), ("user", "reader"), ("as", "user"), ("confirm", "harbour")]),
            ("/admin?view=jobs", [("do", "image.retry"), ("id", "1")]),
        };
        var before = await StateAsync(server);
        foreach (var asker in (string[])["stranger", "reader", "writer", "member", "root"])
        {
            using var browser = await OwnSettingsTests.SignedInAsync(server, asker);
            var signedIn = await StateAsync(server);
            foreach (var (path, fields) in deeds.Where(deed => asker != "root" || !deed.Path.StartsWith("/admin", StringComparison.Ordinal)))
            {
                using var refused = await browser.PostAsync(path, fields);
                Assert.True(refused.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.NotFound, $"{asker} {path} {fields[0].Item2}: {(int)refused.StatusCode}");
            }
            Assert.Equal(signedIn, await StateAsync(server));
        }
        using var nobody = new Browser(server.Registry.Url);
        var last = await StateAsync(server);
        foreach (var (path, fields) in deeds)
        {
            using var sent = await nobody.PostAsync(path, fields);
            await sent.ExpectAsync(HttpStatusCode.SeeOther);
            Assert.StartsWith("/login?next=", sent.Location(), StringComparison.Ordinal);
        }
        Assert.Equal(last, await StateAsync(server));
        Assert.NotEqual(before, last); // the checker sees that something happens: they have signed in
    }

    // harbour is alice's; the manager has admin on it by a grant, the keeper on one repository, the warden on a part, the member is in a team.
    static async Task<ApiServer> StartAsync(Engine engine)
    {
        var server = await ApiServer.StartAsync(engine, config => config with { TrustedIssuers = ["https://ci.example"] }, Askers);
        var alice = server.As("alice");
        await alice.PostAsync("/organizations", new { name = "harbour" });
        foreach (var name in (string[])["harbour/app", "harbour/web/app"])
            await server.PushAsync("alice", name);
        await alice.PostAsync("/spaces/harbour/default-grants", new { target = "harbour/", rights = "read", user = "reader" });
        await alice.PostAsync("/spaces/harbour/teams", new { name = "dev" });
        await alice.PutAsync("/spaces/harbour/teams/dev/members/member");
        foreach (var (user, target, rights) in ((string, string, string)[])[("reader", "harbour/", "read"), ("writer", "harbour/", "write"), ("manager", "harbour/", "admin"), ("keeper", "harbour/app", "admin"), ("warden", "harbour/web/", "admin")])
            await alice.PostAsync("/spaces/harbour/grants", new { target, rights, user });
        await alice.PostAsync("/spaces/harbour/robots", new { name = "ci", target = "harbour/app", rights = "read" });
        await alice.PostAsync("/spaces/harbour/robots", new { name = "build", target = "harbour/app", rights = "read", keyless = true });
        await alice.PostAsync("/spaces/harbour/robots/build/trusts", new { issuer = "https://ci.example", claims = new { repository = "harbour/app" } });
        return server;
    }

    // Every deed leaves a line; where one is signed in leaves rows.
    static async Task<(long Lines, long Tokens)> StateAsync(ApiServer server) => (await server.Registry.App.Database.ReadAsync(session => session.FindAsync<(long, long)?>(
        new Sql("select (select count(*) from audit), (select count(*) from access_tokens)"), row => (row.GetInt64(0), row.GetInt64(1)))))!.Value;
}
