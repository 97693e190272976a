using System.Net;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Staithe.Audit;
using Staithe.Config;
using Staithe.Database;
using Staithe.Federation;
using Staithe.Tests.Api;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;
using Staithe.Web;

namespace Staithe.Tests.Web;

/// <summary>Every form says what it has done, and the API does the same.</summary>
public sealed partial class FormTableTests
{
    [Fact]
    public void The_table_names_the_forms_that_there_are()
    {
        var pages = Sources("src/Staithe/Web/Pages", "*.razor").SelectMany(text => Written().Matches(text).Concat(Chosen().Matches(text)));
        var handlers = Sources("src/Staithe/Web", "*.cs").SelectMany(text => Dispatched().Matches(text).Concat(Asked().Matches(text)));
        var names = pages.Concat(handlers).SelectMany(match => match.Groups["name"].Captures.Select(capture => capture.Value)).Where(name => name != "do").ToHashSet();
        Assert.Equal(names.Order(StringComparer.Ordinal), FormTable.All.Select(form => form.Name).Order(StringComparer.Ordinal));
    }

    // A form without a line above cannot be told from one that changes no setting; these do not, and are named here.
    [Fact]
    public void A_form_without_a_name_changes_no_setting()
    {
        var unnamed = Directory.EnumerateFiles(Path.Combine(Root, "src/Staithe/Web/Pages"), "*.razor")
            .Where(file => PostForm().Matches(File.ReadAllText(file)).Any(form => !form.Value.Contains("\"do\"", StringComparison.Ordinal)))
            .Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal);
        Assert.Equal(["ElsewherePage", "InvitePage", "Page", "QuestionPage", "SetupPage", "SignInPage"], unnamed);
    }

    [Fact]
    public async Task The_api_does_what_every_form_does()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite);
        var operations = Operations(server.Document).Select(operation => operation.Id).ToHashSet();
        foreach (var form in FormTable.All)
        {
            Assert.NotEmpty(form.Operations);
            Assert.All(form.Operations, operation => Assert.Contains(operation, operations));
        }
    }

    // The other way round. An invitation is accepted on its own page, whose form has nothing to choose from and so no name.
    [Fact]
    public async Task A_form_does_what_every_operation_does_that_changes_something()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite);
        var changing = Operations(server.Document).Where(operation => operation.Method != "get").ToList();
        var forms = FormTable.All.SelectMany(form => form.Operations).Append("acceptInvitation").ToHashSet();
        Assert.Equal(changing.Select(operation => operation.Id).Order(StringComparer.Ordinal), forms.Order(StringComparer.Ordinal));
        // Nobody is told what somebody watches; all else leaves a line in the audit.
        Assert.Equal(["star", "unstar", "unwatch", "watch"], changing.Where(operation => operation.Events.Count == 0).Select(operation => operation.Id).Order(StringComparer.Ordinal));
    }

    // The document is for programs alone; who one is stands at the head of each page.
    [Fact]
    public async Task A_page_shows_what_every_operation_tells()
    {
        var issuer = new OidcConfig { Name = "work", Label = "Work", Issuer = "https://work.example", ClientId = "staithe", ClientSecret = "secret" };
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, config => config with { Oidc = [issuer] }, "root", "alice");
        var alice = server.As("alice");
        var registry = server.Registry.As(ClosedRegistry.Basic("alice", ApiServer.Password("alice")));
        await alice.PostAsync("/organizations", new { name = "team" });
        await alice.PostAsync("/spaces/team/robots", new { name = "ci", rights = "read", target = "team/", keyless = true });
        await registry.PushLayersAsync("team/app", "1", """{"os":"linux","architecture":"amd64"}""", [new TarBytes().File("etc/os-release", "ID=debian\n").End()]);
        using var root = await OwnSettingsTests.SignedInAsync(server, "root");
        using var browser = await OwnSettingsTests.SignedInAsync(server, "alice");
        var (admin, space, repository, image) = ("/admin", "/settings/team", "/settings/team/app", "/r/team/app:1");
        Dictionary<string, string> pages = new()
        {
            ["search"] = "/search", ["getMe"] = "/", ["listMyTokens"] = "/settings", ["listMySessions"] = "/settings?view=sessions", ["listMyIdentities"] = "/login/oidc",
            ["listMyWatches"] = "/yours", ["listMyOffers"] = "/settings?view=spaces", ["listSpaces"] = "/settings?view=spaces", ["getSpace"] = "/spaces/team",
            ["listUsers"] = admin, ["getUser"] = $"{admin}?user=alice", ["getJobs"] = $"{admin}?view=jobs", ["listUnreadImages"] = $"{admin}?view=jobs",
            ["getStorage"] = $"{admin}?view=storage", ["listAudit"] = $"{admin}?view=audit", ["listSpaceAudit"] = $"{space}?view=audit", ["listOffers"] = $"{space}?view=offers",
            ["listDefaultGrants"] = $"{space}?view=new", ["listTeams"] = $"{space}?view=teams", ["getTeam"] = $"{space}?view=teams&team=owners",
            ["listTeamMembers"] = $"{space}?view=teams&team=owners", ["listGrants"] = $"{space}?view=grants", ["listRobots"] = $"{space}?view=robots",
            ["listRobotTrusts"] = $"{space}?view=robots&robot=ci", ["listShareLinks"] = $"{space}?view=links", ["listInvitations"] = $"{space}?view=invitations",
            ["listRepositories"] = "/spaces/team", ["getRepository"] = "/r/team/app", ["listAliases"] = $"{repository}?view=move", ["getEverybodysAccess"] = $"{repository}?view=access",
            ["getAccess"] = $"{repository}?view=access&who=alice", ["listTags"] = "/r/team/app?view=tags", ["listManifests"] = "/r/team/app?view=manifests",
            ["listPackages"] = $"{image}?view=packages", ["getSbom"] = $"{image}?view=packages", ["getDiff"] = "/diff?from=team/app:1&to=team/app:1",
        };
        var telling = Operations(server.Document).Where(operation => operation.Method == "get" && operation.Id != "getOpenApi").Select(operation => operation.Id);
        Assert.Equal(telling.Order(StringComparer.Ordinal), pages.Keys.Order(StringComparer.Ordinal));
        foreach (var page in pages.Values.Distinct())
            Assert.Contains("</html>", await (page.StartsWith(admin, StringComparison.Ordinal) ? root : browser).ReadAsync(page), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_form_is_confirmed_on_the_next_page_and_not_on_the_one_after()
    {
        var issuer = new OidcConfig { Name = "work", Label = "Work", Issuer = "https://work.example", ClientId = "staithe", ClientSecret = "secret" };
        await using var server = await ApiServer.StartAsync(
            Engine.Sqlite, config => config with { TrustedIssuers = ["https://ci.example"], Oidc = [issuer] }, "root", "alice", "bob");
        var app = server.Registry.App;
        var registry = server.Registry.As(ClosedRegistry.Basic("alice", ApiServer.Password("alice")));
        foreach (var name in (string[])["app", "other", "third", "fourth"])
            await registry.PushLayersAsync($"alice/{name}", "1", """{"os":"linux","architecture":"amd64"}""", [new TarBytes().File("etc/os-release", "ID=debian\n").File("x", name).End()]);
        await app.DrainAsync(TestContext.Current.CancellationToken);
        await app.Database.WriteAsync(
            async session => await ExternalIdentityTable.CreateAsync(session, issuer.Issuer, "alice-there", (await Staithe.Accounts.UserTable.FindAsync(session, "alice"))!.Id),
            TestContext.Current.CancellationToken);
        using var alice = new Confirmed(server, "alice");
        using var bob = new Confirmed(server, "bob", alice.Posted);
        using var root = new Confirmed(server, "root", alice.Posted);
        await alice.SignInAsync();

        await alice.DoAsync("/r/alice/app", "star");
        await alice.DoAsync("/r/alice/app", "unstar");
        await alice.DoAsync("/yours", "watch", ("repository", "alice/app"), ("next", "/r/alice/app"));
        await alice.DoAsync("/yours", "unwatch", ("repository", "alice/app"));
        await alice.DoAsync("/r/alice/fourth", "tag.delete", ("tag", "1"));
        await alice.DoAsync("/r/alice/fourth", "manifest.delete", ("digest", (await server.As("alice").ListAsync("/manifests?repository=alice/fourth", "digest"))[0]!));
        await alice.DoAsync("/attach-sbom", "sbom.attach", ("image", "alice/app:1"), ("next", "/r/alice/app:1"));
        await alice.DoAsync("/settings", "token.add", ("name", "x"), ("role", "read"));
        await alice.DoAsync("/settings", "token.delete", ("id", await server.As("alice").ListAsync("/me/tokens", "id") is [{ } token] ? token : ""));
        await alice.DoAsync("/settings?view=password", "password", ("old", ApiServer.Password("alice")), ("password", "another-password"), ("again", "another-password"));
        await alice.DoAsync("/settings?view=password", "password", ("old", "another-password"), ("password", ApiServer.Password("alice")), ("again", ApiServer.Password("alice")));
        using (var second = new Confirmed(server, "alice", alice.Posted))
            await second.SignInAsync();
        await alice.DoAsync("/settings?view=sessions", "session.end", ("id", (await server.As("alice").ListAsync("/me/sessions", "id"))[0]!));
        await alice.DoAsync("/settings?view=sessions", "session.end-others");
        await alice.DoAsync("/login/oidc", "unlink", ("id", (await server.As("alice").ListAsync("/me/identities", "id"))[0]!));
        await alice.DoAsync("/settings?view=spaces", "organization.add", ("name", "team"), ("visibility", "private"));

        const string Team = "/settings/team";
        await alice.DoAsync(Team, "space.set", ("visibility", "public"), ("description", "What we build"));
        await alice.DoAsync($"{Team}?view=teams", "team.add", ("team", "crew"));
        await alice.DoAsync($"{Team}?view=teams", "team.member.add", ("team", "crew"), ("user", "bob"));
        await alice.DoAsync($"{Team}?view=teams", "team.member.remove", ("team", "crew"), ("user", "bob"));
        await alice.DoAsync($"{Team}?view=teams", "team.delete", ("team", "crew"));
        await alice.DoAsync($"{Team}?view=grants", "grant.add", ("kind", "user"), ("who", "bob"), ("role", "read"), ("target", "team/"));
        var grant = ("id", (await server.As("alice").ListAsync("/spaces/team/grants", "id"))[^1]!);
        await alice.DoAsync($"{Team}?view=grants", "grant.change", grant, ("role", "write"));
        await alice.DoAsync($"{Team}?view=grants", "grant.delete", grant);
        await alice.DoAsync($"{Team}?view=new", "default.add", ("target", "team/"), ("role", "read"), ("kind", "user"), ("who", "bob"));
        await alice.DoAsync($"{Team}?view=new", "default.delete", ("id", (await server.As("alice").ListAsync("/spaces/team/default-grants", "id"))[^1]!));
        await alice.DoAsync($"{Team}?view=robots", "robot.add", ("name", "ci"), ("role", "read"), ("target", "team/"));
        await alice.DoAsync($"{Team}?view=robots", "robot.secret", ("robot", "ci"));
        await alice.DoAsync($"{Team}?view=robots", "robot.expiry", ("robot", "ci"), ("days", "30"));
        await alice.DoAsync($"{Team}?view=robots", "robot.add", ("name", "keyless"), ("role", "read"), ("target", "team/"), ("keyless", "yes"));
        await alice.DoAsync($"{Team}?view=robots", "robot.trust.add", ("robot", "keyless"), ("issuer", "https://ci.example"), ("claims", "repository = team/app\nref = main"));
        await alice.DoAsync($"{Team}?view=robots", "robot.trust.delete", ("robot", "keyless"), ("id", (await server.As("alice").ListAsync("/spaces/team/robots/keyless/trusts", "id"))[0]!));
        await alice.DoAsync($"{Team}?view=robots", "robot.delete", ("robot", "ci"));
        await alice.DoAsync("/settings/alice?view=links", "link.add", ("repository", "alice/app"), ("days", "7"));
        await alice.DoAsync("/settings/alice?view=links", "link.delete", ("id", (await server.As("alice").ListAsync("/spaces/alice/links", "id"))[0]!));
        await alice.DoAsync($"{Team}?view=invitations", "invitation.add", ("target", "team/"), ("role", "read"), ("uses", "1"), ("days", "7"));
        await alice.DoAsync($"{Team}?view=invitations", "invitation.delete", ("id", (await server.As("alice").ListAsync("/spaces/team/invitations", "id"))[0]!));

        await alice.DoAsync("/settings/alice/app", "visibility", ("visibility", "public"));
        await alice.DoAsync("/settings/alice/app", "texts", ("description", "x"), ("readme", "# x"));
        await alice.DoAsync("/settings/alice/app?view=move", "repository.move", ("to", "alice/site"), ("confirm", "alice/app"));
        await alice.DoAsync("/settings/alice/site?view=move", "alias.free", ("alias", "alice/app"));
        await bob.SignInAsync();
        await alice.DoAsync("/settings/alice/site?view=move", "repository.offer", ("to", "bob/site"), ("confirm", "alice/site"));
        await alice.DoAsync("/settings/alice/site?view=move", "repository.offer.withdraw");
        foreach (var (repository, deed) in ((string, string)[])[("other", "offer.accept"), ("third", "offer.decline")])
        {
            await alice.DoAsync($"/settings/alice/{repository}?view=move", "repository.offer", ("to", $"bob/{repository}"), ("confirm", $"alice/{repository}"));
            await bob.DoAsync("/settings/bob?view=offers", deed, ("id", (await server.As("bob").ListAsync("/spaces/bob/offers", "id"))[0]!));
        }
        await alice.DoAsync("/settings/alice/site?view=move", "repository.delete", ("confirm", "alice/site"));
        await alice.DoAsync($"{Team}?view=owner", "space.rename", ("name", "crew"), ("confirm", "team"));
        const string Crew = "/settings/crew?view=owner";
        await alice.DoAsync(Crew, "space.owner", ("user", "bob"), ("as", "organization"), ("confirm", "crew"));
        await alice.DoAsync(Crew, "space.offer.withdraw");
        foreach (var deed in (string[])["offer.decline", "offer.accept"])
        {
            await alice.DoAsync(Crew, "space.owner", ("user", "bob"), ("as", "organization"), ("confirm", "crew"));
            await bob.DoAsync("/settings?view=spaces", deed, ("space", "crew"));
        }
        await bob.DoAsync(Crew, "space.delete", ("confirm", "crew"));

        await root.SignInAsync();
        foreach (var deed in (string[])["user.add", "user.reset", "user.admin", "user.ordinary", "user.disable", "user.enable", "user.delete"])
            await root.DoAsync("/admin", deed, ("user", "carol"), ("confirm", "carol"), ("sign", "elsewhere"));
        await app.Database.WriteAsync(session => session.ExecuteAsync(new Sql("update image_contents set state = 'refused', reason = 'x'")), TestContext.Current.CancellationToken);
        await app.Database.WriteAsync(session => session.ExecuteAsync(new Sql("insert into jobs (kind, unit, label, cause, priority, seq, created_at, not_before, leased_until, lease, attempts, failed_at) values ('trash', 'x', 'x', 'x', -1, 1, 0, 0, 0, 0, 1, 0)")), TestContext.Current.CancellationToken);
        await root.DoAsync("/admin?view=jobs", "work.retry", ("kind", "trash"), ("unit", "x"));
        await app.Database.WriteAsync(session => Staithe.Jobs.JobTable.AddFailedAsync(session, new Staithe.Jobs.FailedWork(Staithe.Jobs.WorkKind.Search, "4711", "x", "x", 1, 0, 0), null, TimeSpan.FromHours(1)), TestContext.Current.CancellationToken);
        foreach (var deed in (string[])["work.cancel", "work.pause", "work.resume"])
            await root.DoAsync("/admin?view=jobs", deed, ("kind", Staithe.Jobs.WorkKind.Search), ("unit", "4711"));
        await root.DoAsync("/admin?view=jobs", "image.retry", ("id", (await server.As("root").ListAsync("/unread-images", "id"))[0]!));

        Assert.Equal(FormTable.All.Select(form => form.Name).Order(StringComparer.Ordinal), alice.Posted.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_was_refused_or_comes_from_elsewhere_confirms_nothing()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "alice");
        using var browser = new Confirmed(server, "alice");
        await browser.SignInAsync();
        using (var refused = await browser.PostAsync("/settings/alice", ("do", "space.set"), ("visibility", "purple")))
        {
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.DoesNotContain(refused.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies : [], cookie => cookie.StartsWith("staithe-done", StringComparison.Ordinal));
        }
        Assert.DoesNotContain("role=\"status\"", await browser.ReadAsync("/settings/alice?done=space.set&do=space.set"), StringComparison.Ordinal);
        // a form of nobody leads to the sign-in, and has done nothing
        using var nobody = new Browser(server.Registry.Url);
        await nobody.SubmitAsync("/settings/alice", HttpStatusCode.SeeOther, ("do", "space.set"), ("visibility", "public"));
        Assert.DoesNotContain("role=\"status\"", await nobody.ReadAsync("/login"), StringComparison.Ordinal);
        // text in the cookie is no form's name
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.Add("Cookie", "staithe-done=Call+0900");
        using var page = await server.Registry.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.DoesNotContain("0900", await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task The_api_ends_sessions_and_retries_images(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "alice");
        using var first = new Confirmed(server, "alice");
        using var second = new Confirmed(server, "alice");
        await first.SignInAsync();
        await second.SignInAsync();
        var alice = server.As("alice");
        var sessions = (await alice.GetAsync("/me/sessions")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(["browser", "browser"], sessions.Select(session => session.GetProperty("kind").GetString()));
        await alice.DeleteAsync($"/me/sessions/{sessions[0].GetProperty("id")}"); // the newest
        Assert.Contains("Sign out", await first.ReadAsync("/"), StringComparison.Ordinal);
        Assert.DoesNotContain("Sign out", await second.ReadAsync("/"), StringComparison.Ordinal);
        await alice.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Delete, $"/me/sessions/{sessions[0].GetProperty("id")}");
        await server.As("root").RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Delete, $"/me/sessions/{sessions[1].GetProperty("id")}");
        await alice.DeleteAsync("/me/sessions");
        Assert.DoesNotContain("Sign out", await first.ReadAsync("/"), StringComparison.Ordinal);
        Assert.Empty(await alice.ListAsync("/me/sessions"));

        await alice.RefusedAsync(HttpStatusCode.Forbidden, "/unread-images");
        await alice.RefusedAsync(HttpStatusCode.Forbidden, HttpMethod.Post, "/unread-images/1/retry");
        await server.As("root").RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Post, "/unread-images/4711/retry");
        Assert.Empty(await server.As("root").ListAsync("/unread-images"));
    }

    static IEnumerable<(string Method, string Id, List<string?> Events)> Operations(JsonElement document) => document.GetProperty("paths").EnumerateObject().SelectMany(
        path => path.Value.EnumerateObject().Select(method => (
            method.Name,
            method.Value.GetProperty("operationId").GetString()!,
            method.Value.TryGetProperty("x-audit-events", out var events) ? events.EnumerateArray().Select(name => name.GetString()).ToList() : [])));

    static string Root { get; } = FindRoot();

    static IEnumerable<string> Sources(string folder, string pattern) => Directory.EnumerateFiles(Path.Combine(Root, folder), pattern).Where(file => Path.GetFileName(file) != "FormTable.cs").Select(File.ReadAllText);

    static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, "Staithe.slnx")))
            directory = directory.Parent;
        return directory.FullName;
    }

    // name="do" value="x", name="do" value="@(… ? "x" : "y")"
    [GeneratedRegex("name=\"do\" value=\"(?<name>[a-z.-]+)\"")]
    private static partial Regex Written();

    [GeneratedRegex("name=\"do\" value=\"@\\([^\"]*(\"(?<name>[a-z.-]+)\"[^\"]*)+\\)\"")]
    private static partial Regex Chosen();

    // "x.y" => in a handler, new("x", …) in a page of settings, is "x" or "y", and ("do", "x") in a question
    [GeneratedRegex("^ +(\"(?<name>[a-z]+(\\.[a-z-]+)+)\" =>(?! new Question)|new\\(\"(?<name>[a-z]+(\\.[a-z-]+)*)\", )", RegexOptions.Multiline)]
    private static partial Regex Dispatched();

    [GeneratedRegex("\\(\"do\", \"(?<name>[a-z.-]+)\"\\)")]
    private static partial Regex Asked();

    [GeneratedRegex("<form [^>]*method=\"post\".*?</form>", RegexOptions.Singleline)]
    private static partial Regex PostForm();

    /// <summary>A browser that looks at the page behind each form, and what it says.</summary>
    sealed class Confirmed(ApiServer server, string user, HashSet<string>? posted = null) : IDisposable
    {
        readonly Browser browser = new(server.Registry.Url);

        public HashSet<string> Posted { get; } = posted ?? [];

        public Task SignInAsync() => browser.SignInAsync(user, ApiServer.Password(user));

        public Task<string> ReadAsync(string path) => browser.ReadAsync(path);

        public Task<HttpResponseMessage> PostAsync(string path, params (string Name, string Value)[] fields) => browser.PostAsync(path, fields);

        public async Task DoAsync(string path, string deed, params (string Name, string Value)[] fields)
        {
            var known = await NewestAsync(0);
            using var answer = await browser.PostAsync(path, [("do", deed), .. fields]);
            await ExpectEventAsync(deed, known.Count == 0 ? 0 : known[0].Id);
            var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Posted.Add(deed);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                Assert.Contains("role=\"status\"", text, StringComparison.Ordinal); // a secret, which is shown at once
                return;
            }
            Assert.True(answer.StatusCode == HttpStatusCode.SeeOther, $"{deed}: {(int)answer.StatusCode}\n{text}");
            var next = answer.Headers.Location!.OriginalString;
            var status = $"<p class=\"done\" role=\"status\">{FormTable.Find(deed)!.Done}</p>";
            Assert.Contains(status, WebUtility.HtmlDecode(await browser.ReadAsync(next)), StringComparison.Ordinal);
            Assert.DoesNotContain(status, WebUtility.HtmlDecode(await browser.ReadAsync(next)), StringComparison.Ordinal);
        }

        public void Dispose() => browser.Dispose();

        // The audit has the event that the table of operations says.
        async Task ExpectEventAsync(string deed, long before)
        {
            var events = Operations(server.Document).Where(operation => FormTable.Find(deed)!.Operations.Contains(operation.Id)).SelectMany(operation => operation.Events).ToHashSet();
            var found = (await NewestAsync(before)).Select(line => line.Action).ToList();
            Assert.True(events.Count == 0 || found.Exists(events.Contains), $"{deed}: {string.Join(", ", found)} is none of {string.Join(", ", events)}");
        }

        async Task<List<AuditLine>> NewestAsync(long behind) =>
            [.. (await server.Registry.App.Database.ReadAsync(session => AuditTable.ListAsync(session, new AuditFilter(null), long.MaxValue, 10), TestContext.Current.CancellationToken)).Where(line => line.Id > behind)];
    }
}
