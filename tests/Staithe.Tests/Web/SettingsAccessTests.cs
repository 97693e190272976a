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
    static readonly string[] Askers = ["stranger", "reader", "writer", "member", "manager", "keeper", "alice", "root"];

    static readonly (string Path, string Seen)[] Pages =
    [
        ("/settings", "11111111"),
        ("/settings?view=spaces", "11111111"),
        ("/settings?view=password", "11111111"),
        ("/settings?view=sessions", "11111111"),
        ("/settings?view=sessions&ask=session.end-others", "11111111"),
        ("/settings/harbour", "00001010"),
        ("/settings/harbour?view=teams", "00011010"),
        ("/settings/harbour?view=teams&team=dev", "00011010"),
        ("/settings/harbour?view=grants", "00001010"),
        ("/settings/harbour?view=access", "00001010"),
        ("/settings/harbour?view=access&repository=harbour/app", "00001010"),
        ("/settings/harbour?view=new", "00001010"),
        ("/settings/harbour?view=robots", "00001010"),
        ("/settings/harbour?view=robots&robot=ci", "00001010"),
        ("/settings/harbour?view=robots&robot=ci&ask=robot.delete", "00001010"),
        ("/settings/harbour?view=robots&robot=build", "00001010"),
        ("/settings/harbour?view=links", "00001010"),
        ("/settings/harbour?view=invitations", "00001010"),
        ("/settings/harbour?view=offers", "00001010"),
        ("/settings/harbour?view=audit", "00001010"),
        ("/settings/harbour?view=audit&as=lines", "00001010"),
        ("/settings/harbour?view=owner", "00000010"),
        ("/settings/harbour?view=owner&ask=space.delete", "00000010"),
        ("/settings/harbour/app", "00001110"),
        ("/settings/harbour/app?view=grants", "00001110"),
        ("/settings/harbour/app?view=access", "00001110"),
        ("/settings/harbour/app?view=links", "00001110"),
        ("/settings/harbour/app?view=move", "00001110"),
        ("/settings/harbour/app?view=move&ask=repository.delete", "00001110"),
        ("/settings/alice", "00000010"),
        ("/settings/alice?view=owner", "00000010"),
        ("/admin", "00000001"),
        ("/admin?q=ali", "00000001"),
        ("/admin?user=alice", "00000001"),
        ("/admin?user=alice&ask=user.delete", "00000001"),
        ("/admin?view=spaces", "00000001"),
        ("/admin?view=storage", "00000001"),
        ("/admin?view=jobs", "00000001"),
        ("/admin?view=audit", "00000001"),
        ("/admin?view=audit&as=lines", "00000001"),
        ("/settings?view=none-such", "00000000"),
        ("/settings/harbour?view=none-such", "00000000"),
        ("/settings/harbour/app?view=none-such", "00000000"),
        ("/settings/none-such", "00000000"),
        ("/settings/harbour/none-such", "00000000"),
        ("/admin?view=none-such", "00000000"),
        ("/admin?user=none-such", "00000000"),
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
                "", "token.add", "password", "organization.add", "session.end-others", "space.set", "team.add", "team.member.add", "team.member.remove", "grant.add", "default.add", "robot.add", "robot.delete",
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

    // harbour is alice's; the manager has admin on it by a grant, the keeper on one repository, the member is in a team.
    static async Task<ApiServer> StartAsync(Engine engine)
    {
        var server = await ApiServer.StartAsync(engine, config => config with { TrustedIssuers = ["https://ci.example"] }, Askers);
        var alice = server.As("alice");
        await alice.PostAsync("/organizations", new { name = "harbour" });
        await server.PushAsync("alice", "harbour/app");
        await alice.PostAsync("/spaces/harbour/teams", new { name = "dev" });
        await alice.PutAsync("/spaces/harbour/teams/dev/members/member");
        foreach (var (user, target, rights) in ((string, string, string)[])[("reader", "harbour/", "read"), ("writer", "harbour/", "write"), ("manager", "harbour/", "admin"), ("keeper", "harbour/app", "admin")])
            await alice.PostAsync("/spaces/harbour/grants", new { target, rights, user });
        await alice.PostAsync("/spaces/harbour/robots", new { name = "ci", target = "harbour/app", rights = "read" });
        await alice.PostAsync("/spaces/harbour/robots", new { name = "build", target = "harbour/app", rights = "read", keyless = true });
        return server;
    }

    // Every deed leaves a line; where one is signed in leaves rows.
    static async Task<(long Lines, long Tokens)> StateAsync(ApiServer server) => (await server.Registry.App.Database.ReadAsync(session => session.FindAsync<(long, long)?>(
        new Sql("select (select count(*) from audit), (select count(*) from access_tokens)"), row => (row.GetInt64(0), row.GetInt64(1)))))!.Value;
}
