using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Staithe.Accounts;
using Staithe.Config;
using Staithe.Database;
using Staithe.Federation;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Federation;

/// <summary>People who sign in with an account elsewhere, and those who only say that they did.</summary>
public sealed class LoginElsewhereTests
{
    [Theory, OnBothEngines]
    public async Task Who_comes_for_the_first_time_gets_an_account_and_comes_back_to_it(Engine engine)
    {
        await using var place = await Place.StartAsync(engine);
        using var browser = new Browser(place.Registry);
        Assert.Contains("href=\"/login/oidc/company?next=%2Fr%2Falice\">Sign in with Company account</a>", await browser.TextAsync("/login?next=/r/alice"), StringComparison.Ordinal);

        var (state, nonce) = await place.BeginAsync(browser, "?next=/r/alice%3Fview%3Dtags");
        place.Issuer.Redeem = _ => new() { ["id_token"] = place.Issuer.Token("staithe", "subject-1", ("nonce", nonce), ("preferred_username", "Alice@company.example")) };
        using (var back = await browser.GetAsync($"/login/oidc/company/callback?code=the+code&state={state}"))
        {
            await back.ExpectAsync(HttpStatusCode.SeeOther);
            Assert.Equal("/r/alice?view=tags", back.Location());
            Assert.Equal("no-store", back.Header("Cache-Control"));
        }
        Assert.Equal("alice", await browser.WhoAsync());
        Assert.DoesNotContain(browser.Cookies("/"), cookie => cookie.Name == "staithe-elsewhere");
        Assert.Equal(("authorization_code", "the code", $"{place.Registry.Url}login/oidc/company/callback"), (place.Issuer.LastForm["grant_type"], place.Issuer.LastForm["code"], place.Issuer.LastForm["redirect_uri"]));
        Assert.Equal(ClosedRegistry.Basic("staithe", "a+secret%3A+with+%2B+and+%25"), place.Issuer.LastAuthorization);
        var challenge = System.Buffers.Text.Base64Url.EncodeToString(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(place.Issuer.LastForm["code_verifier"])));
        Assert.Equal(challenge, place.LastChallenge);

        // The same person under another name is the same account; another person with the same name is not.
        using var again = new Browser(place.Registry);
        await place.SignInAsync(again, "subject-1", ("preferred_username", "alice-renamed"));
        Assert.Equal("alice", await again.WhoAsync());
        using var other = new Browser(place.Registry);
        await place.RefusedAsync(other, HttpStatusCode.Conflict, "the name alice is taken", "subject-2", ("preferred_username", "alice"));
        await place.RefusedAsync(other, HttpStatusCode.Conflict, "looks too much like alice", "subject-2", ("preferred_username", "a1ice"));
        await place.RefusedAsync(other, HttpStatusCode.BadRequest, "cannot be a name here", "subject-2", ("preferred_username", "../root"));
        await place.RefusedAsync(other, HttpStatusCode.BadRequest, "cannot be a name here", "subject-2", ("preferred_username", "staithe"));
        await place.RefusedAsync(other, HttpStatusCode.BadRequest, "what you are called", "subject-2");
        Assert.Null(await other.WhoAsync());

        var lines = await AuditLines.ListAsync(place.Registry);
        Assert.Contains(lines, line => line is { Action: "user.add", Target: "alice", Actor: "alice", Address: "127.0.0.1", Detail: "with company as subject-1" });
        Assert.Equal(2, lines.Count(line => line is { Action: "sign-in", Target: "alice", Outcome: "done", Detail: "in a browser, with company" }));
        await AuditLines.ExpectRefusalsAsync(place.Registry, ["with company: subject-2: the name alice is taken"]);
    }

    [Theory, OnBothEngines]
    public async Task Groups_become_memberships_and_end_with_them(Engine engine)
    {
        await using var place = await Place.StartAsync(engine, groups: [new("devs", "team", "dev"), new("ops", "team", "ops"), new("leads", "team", "owners"), new("devs", "nowhere", "dev")]);
        var root = place.Server.As("root");
        await root.PostAsync("/organizations", new { name = "team" });
        foreach (var team in (string[])["dev", "ops"])
            await root.PostAsync("/spaces/team/teams", new { name = team });
        using var browser = new Browser(place.Registry);
        await place.SignInAsync(browser, "s", ("preferred_username", "alice"), ("groups", new[] { "devs", "leads", "strangers" }));
        Assert.Equal("dev: alice; ops: ; owners: alice, root", await MembersAsync());

        // What somebody gave by hand is not the issuer's to take.
        await root.PutAsync("/spaces/team/teams/ops/members/alice");
        await place.SignInAsync(browser, "s", ("groups", new[] { "ops" }));
        Assert.Equal("dev: ; ops: alice; owners: root", await MembersAsync());
        await place.SignInAsync(browser, "s");
        Assert.Equal("dev: ; ops: alice; owners: root", await MembersAsync());
        await place.SignInAsync(browser, "s", ("groups", "devs")); // a claim with one value may come as it is
        Assert.Equal("dev: alice; ops: alice; owners: root", await MembersAsync());

        // The last owner stays, whatever the issuer says.
        await place.SignInAsync(browser, "s", ("groups", new[] { "leads" }));
        await root.DeleteAsync("/spaces/team/teams/owners/members/root");
        await place.SignInAsync(browser, "s");
        Assert.Equal(["alice"], await NamesAsync("owners"));

        var lines = await AuditLines.ListAsync(place.Registry);
        Assert.Contains(lines, line => line is { Action: "team.member.add", Target: "team/dev", Space: "team", Detail: { } why } && why.StartsWith("alice, as http", StringComparison.Ordinal));
        Assert.Contains(lines, line => line is { Action: "team.member.remove", Target: "team/dev", Space: "team" });

        async Task<string> MembersAsync() => $"dev: {string.Join(", ", await NamesAsync("dev"))}; ops: {string.Join(", ", await NamesAsync("ops"))}; owners: {string.Join(", ", await NamesAsync("owners"))}";

        Task<List<string>> NamesAsync(string team) => place.Registry.App.Database.ReadAsync(async session =>
            (await TeamTable.ListMembersAsync(session, (await TeamTable.FindAsync(session, $"team/{team}"))!.Id, new ListRequest())).Items.Select(member => member.User).ToList());
    }

    /// <summary>Whoever looks for the reason why somebody is in no team finds both lists.</summary>
    [Theory]
    [InlineData("Developers, /leads", "developers; leads", null)]
    [InlineData("developers, /leads", "leads", null)]
    [InlineData("strangers", "developers; leads", null)]
    [InlineData("", "developers; leads", null)]
    [InlineData("leads", null, "team/nosuch")]
    [InlineData("developers", null, null)]
    public async Task When_groups_lead_to_no_team_the_log_says_why(string given, string? missed, string? unknown)
    {
        await using var place = await Place.StartAsync(Engine.Sqlite, groups: [new("developers", "team", "owners"), new("leads", "team", "nosuch")]);
        var root = place.Server.As("root");
        await root.PostAsync("/organizations", new { name = "team" });
        using var browser = new Browser(place.Registry);
        var groups = given.Split(", ", StringSplitOptions.RemoveEmptyEntries);
        await place.SignInAsync(browser, "s", ("preferred_username", "alice"), ("groups", groups));
        await place.Registry.StopAsync();
        var lines = place.Registry.Log.Split('\n').Where(line => line.Contains("of oidc company", StringComparison.Ordinal)).ToList();
        if (missed is null)
            Assert.DoesNotContain(lines, line => line.Contains("no group of alice", StringComparison.Ordinal));
        else
            Assert.Contains(lines, line => line.Contains("no group of alice", StringComparison.Ordinal) && line.Contains($"\"settings\":\"{missed}\"", StringComparison.Ordinal)
                && line.Contains($"\"groups\":\"{(groups.Length == 0 ? "none" : string.Join("; ", groups))}\"", StringComparison.Ordinal));
        if (unknown is null)
            Assert.DoesNotContain(lines, line => line.Contains("do not exist", StringComparison.Ordinal));
        else
            Assert.Contains(lines, line => line.Contains("alice would be in teams that do not exist", StringComparison.Ordinal) && line.Contains($"\"{unknown}\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_right_that_a_group_gave_is_gone_at_once()
    {
        await using var place = await Place.StartAsync(Engine.Sqlite, groups: [new("devs", "team", "dev")]);
        var root = place.Server.As("root");
        await root.PostAsync("/organizations", new { name = "team" });
        await root.PostAsync("/spaces/team/teams", new { name = "dev" });
        await root.PostAsync("/spaces/team/grants", new { target = "team/", team = "dev", rights = "write" });
        await place.Server.PushAsync("root", "team/app");
        using var browser = new Browser(place.Registry);
        await place.SignInAsync(browser, "s", ("preferred_username", "alice"), ("groups", new[] { "devs" }));
        await root.PutAsync("/users/alice/password", new { password = ApiServer.Password("alice") });
        var alice = place.Registry.As(ClosedRegistry.Basic("alice", ApiServer.Password("alice")));
        using (var seen = await alice.GetAsync("/v2/team/app/tags/list"))
            await seen.ExpectAsync(HttpStatusCode.OK);
        await place.SignInAsync(browser, "s");
        using var gone = await alice.GetAsync("/v2/team/app/tags/list");
        await gone.ExpectAsync(HttpStatusCode.NotFound);
    }

    [Theory, OnBothEngines]
    public async Task Who_has_an_account_links_it(Engine engine)
    {
        await using var place = await Place.StartAsync(engine, newUsers: false);
        using var browser = new Browser(place.Registry);
        await place.RefusedAsync(browser, HttpStatusCode.Forbidden, "no account here that is linked with Company account", "s", ("preferred_username", "bob"));
        await browser.SignInAsync("bob", ApiServer.Password("bob"));
        Assert.Equal("bob", await browser.WhoAsync());

        // Our own form first, then a link to follow; a browser that does not send the form, or sends another's, links nothing.
        using (var foreign = await browser.PostAsync(new Uri("/login/oidc/company", UriKind.Relative)))
            await foreign.ExpectAsync(HttpStatusCode.Forbidden);
        string link;
        using (var confirm = await browser.SubmitAsync("/login/oidc", "/login/oidc/company"))
        {
            await confirm.ExpectAsync(HttpStatusCode.OK);
            var page = await Browser.TextAsync(confirm);
            link = page[(page.IndexOf("?link=", StringComparison.Ordinal) + 6)..].Split('"')[0];
        }
        using (var carol = new Browser(place.Registry))
        {
            foreach (var path in (string[])[$"/login/oidc/company?link={link}", "/login/oidc/company?link=x"])
            {
                using var nobodys = await carol.GetAsync(path);
                await nobodys.ExpectAsync(HttpStatusCode.Forbidden);
            }
            await carol.SignInAsync("carol", ApiServer.Password("carol"));
            using var anothers = await carol.GetAsync($"/login/oidc/company?link={link}");
            await anothers.ExpectAsync(HttpStatusCode.Forbidden);
        }
        await place.SignInAsync(browser, "s", $"?link={link}", "/login/oidc");
        Assert.Contains("You sign in with <strong>Company account</strong>, where you are <code>s</code>", await browser.TextAsync("/login/oidc"), StringComparison.Ordinal);

        using (var another = new Browser(place.Registry))
        {
            await place.SignInAsync(another, "s", ("preferred_username", "somebody-else"));
            Assert.Equal("bob", await another.WhoAsync());
        }

        // What is linked to one cannot be linked to another.
        using (var carol = new Browser(place.Registry))
        {
            await carol.SignInAsync("carol", ApiServer.Password("carol"));
            using var confirm = await carol.SubmitAsync("/login/oidc", "/login/oidc/company");
            var page = await Browser.TextAsync(confirm);
            var mine = page[(page.IndexOf("?link=", StringComparison.Ordinal) + 6)..].Split('"')[0];
            var (state, nonce) = await place.BeginAsync(carol, $"?link={mine}");
            place.Issuer.Redeem = _ => new() { ["id_token"] = place.Issuer.Token("staithe", "s", ("nonce", nonce)) };
            using var taken = await carol.GetAsync($"/login/oidc/company/callback?code=c&state={state}");
            await taken.ExpectAsync(HttpStatusCode.Conflict);

            // Who signs out on the way links nothing.
            (state, nonce) = await place.BeginAsync(carol, $"?link={mine}");
            place.Issuer.Redeem = _ => new() { ["id_token"] = place.Issuer.Token("staithe", "new", ("nonce", nonce)) };
            using (await carol.SubmitAsync("/login/oidc", "/logout"))
            using (var late = await carol.GetAsync($"/login/oidc/company/callback?code=c&state={state}"))
                await late.ExpectAsync(HttpStatusCode.Forbidden);
        }

        var bob = place.Server.As("bob");
        Assert.Equal(["s"], await bob.ListAsync("/me/identities", "subject"));
        var id = Assert.Single(await bob.ListAsync("/me/identities", "id"));
        await place.Server.As("carol").RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Delete, $"/me/identities/{id}");
        Assert.Contains($"ask=unlink&amp;id={id}", await browser.TextAsync("/login/oidc"), StringComparison.Ordinal);
        Assert.Contains("Unlink Company account?", await browser.TextAsync($"/login/oidc?ask=unlink&id={id}"), StringComparison.Ordinal);
        using (var unlinked = await browser.SubmitAsync($"/login/oidc?ask=unlink&id={id}", "/login/oidc", ("do", "unlink"), ("id", id!)))
            await unlinked.ExpectAsync(HttpStatusCode.SeeOther);
        await place.RefusedAsync(browser, HttpStatusCode.Forbidden, "no account here that is linked", "s");
        var actions = (await AuditLines.ListAsync(place.Registry)).Where(line => line.Target == "bob").Select(line => line.Action).ToList();
        Assert.Contains("user.link", actions);
        Assert.Contains("user.unlink", actions);
    }

    [Fact]
    public async Task The_only_way_in_stays_and_a_disabled_account_stays_out()
    {
        await using var place = await Place.StartAsync(Engine.Sqlite);
        using var browser = new Browser(place.Registry);
        await place.SignInAsync(browser, "s", ("preferred_username", "alice"));
        using (var only = await browser.SubmitAsync("/login/oidc", "/login/oidc", ("id", "1")))
        {
            await only.ExpectAsync(HttpStatusCode.Conflict);
            Assert.Contains("only way in", await Browser.TextAsync(only), StringComparison.Ordinal);
        }
        await place.Server.As("root").PatchAsync("/users/alice", new { disabled = true });
        Assert.Null(await browser.WhoAsync());
        await place.RefusedAsync(browser, HttpStatusCode.Forbidden, "is disabled", "s");
        Assert.Null(await browser.WhoAsync());
    }

    [Fact]
    public async Task An_answer_belongs_to_one_attempt_of_one_browser()
    {
        await using var place = await Place.StartAsync(Engine.Sqlite);
        using var browser = new Browser(place.Registry);
        using var thief = new Browser(place.Registry);
        var (state, nonce) = await place.BeginAsync(browser);
        place.Issuer.Redeem = _ => new() { ["id_token"] = place.Issuer.Token("staithe", "s", ("nonce", nonce), ("preferred_username", "alice")) };
        var ticket = browser.Cookies("/").Single(cookie => cookie.Name == "staithe-elsewhere");
        Assert.True(ticket.HttpOnly);
        Assert.DoesNotContain(nonce, ticket.Value, StringComparison.Ordinal);

        // Somebody else's browser, another state, none, a ticket that was changed.
        await EndedAsync(thief, $"code=c&state={state}");
        var (theirs, _) = await place.BeginAsync(thief);
        await EndedAsync(thief, $"code=c&state={state}");
        await EndedAsync(browser, $"code=c&state={theirs}");
        await EndedAsync(browser, "code=c&state=");
        await EndedAsync(browser, "code=c");
        await EndedAsync(browser, $"code=c&state={state}&state={state}");
        thief.Keep("/", "staithe-elsewhere", ticket.Value[..^2] + (ticket.Value[^2] == 'A' ? "BB" : "AA"));
        await EndedAsync(thief, $"code=c&state={state}");
        Assert.Empty(place.Issuer.LastForm); // no code was ever shown to the issuer

        using (var mine = await browser.GetAsync($"/login/oidc/company/callback?code=c&state={state}"))
            await mine.ExpectAsync(HttpStatusCode.SeeOther);

        // Once more, with the cookie that the browser has thrown away since.
        browser.Keep("/", "staithe-elsewhere", ticket.Value);
        await EndedAsync(browser, $"code=c&state={state}");
        await AuditLines.ExpectRefusalsAsync(place.Registry, ["with company: the answer belongs to no attempt of this browser"]);
        Assert.DoesNotContain(state, place.Registry.Log, StringComparison.Ordinal);

        static async Task EndedAsync(Browser who, string query)
        {
            using var response = await who.GetAsync($"/login/oidc/company/callback?{query}");
            await response.ExpectAsync(HttpStatusCode.BadRequest);
        }
    }

    [Fact]
    public async Task What_the_issuer_says_has_to_be_for_this_attempt_and_this_registry()
    {
        await using var place = await Place.StartAsync(Engine.Sqlite);
        await using var other = await OwnIssuer.StartAsync();
        using var browser = new Browser(place.Registry);
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var (whys, name) = (new List<string>(), ("preferred_username", (object?)"alice"));

        await RefusedAsync("another attempt", nonce => place.Issuer.Token("staithe", "s", ("nonce", "another"), name));
        await RefusedAsync("another attempt", nonce => place.Issuer.Token("staithe", "s", name));
        await RefusedAsync("not for this client", nonce => place.Issuer.Token("other-client", "s", ("nonce", nonce), name));
        await RefusedAsync("made for another client", nonce => place.Issuer.Token("staithe", "s", ("nonce", nonce), ("azp", "other-client"), name));
        await RefusedAsync("has ended", nonce => place.Issuer.Token("staithe", "s", ("nonce", nonce), ("exp", now - 100), name));
        await RefusedAsync("no such key", nonce => other.Token("staithe", "s", ("nonce", nonce), ("iss", place.Issuer.Url), name));
        await RefusedAsync("is not trusted", nonce => other.Token("staithe", "s", ("nonce", nonce), name));
        await RefusedAsync("is not trusted", nonce => place.Ci.Token("staithe", "s", ("nonce", nonce), name)); // trusted for robots, and for nobody here
        await RefusedAsync("signed with none", nonce => SigningKey.Unsigned(JsonSerializer.Serialize(place.Issuer.Claims("staithe", "s", ("nonce", nonce), name)), ("alg", "none")) + ".");
        await RefusedAsync("this is no token", _ => "rubbish");
        Assert.Empty(other.Asked);

        foreach (var (form, why) in ((Dictionary<string, object?>, string)[])[(new() { ["error"] = "invalid_grant" }, "does not take the code: invalid_grant"), (new() { ["access_token"] = "x" }, "gives no id token")])
        {
            var (state, _) = await place.BeginAsync(browser);
            place.Issuer.Redeem = _ => form;
            await ForbiddenAsync($"code=c&state={state}");
            whys.Add(why);
        }

        // RFC 9207: an answer that another issuer has sent on.
        var (mixed, nonce) = await place.BeginAsync(browser);
        place.Issuer.Redeem = _ => new() { ["id_token"] = place.Issuer.Token("staithe", "s", ("nonce", nonce), name) };
        await ForbiddenAsync($"code=c&state={mixed}&iss={Uri.EscapeDataString(other.Url)}");
        var (refused, _) = await place.BeginAsync(browser);
        await ForbiddenAsync($"error=access_denied&error_description=%3Cscript%3E&state={refused}");
        Assert.Null(await browser.WhoAsync());
        await AuditLines.ExpectRefusalsAsync(place.Registry, [.. whys, "the answer is from", "it answers access_denied"]);

        async Task RefusedAsync(string why, Func<string, string> token)
        {
            var (state, nonce) = await place.BeginAsync(browser);
            place.Issuer.Redeem = _ => new() { ["id_token"] = token(nonce) };
            await ForbiddenAsync($"code=c&state={state}");
            whys.Add(why);
        }

        async Task ForbiddenAsync(string query)
        {
            using var response = await browser.GetAsync($"/login/oidc/company/callback?{query}");
            await response.ExpectAsync(HttpStatusCode.Forbidden);
            Assert.DoesNotContain("<script>", await Browser.TextAsync(response), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_the_token_lacks_is_asked_for_and_of_the_same_person()
    {
        await using var place = await Place.StartAsync(Engine.Sqlite);
        using var browser = new Browser(place.Registry);
        place.Issuer.Person = new() { ["sub"] = "somebody else", ["preferred_username"] = "mallory" };
        var (state, nonce) = await place.BeginAsync(browser);
        Answer(nonce);
        using (var response = await browser.GetAsync($"/login/oidc/company/callback?code=c&state={state}"))
            await response.ExpectAsync(HttpStatusCode.Forbidden);
        place.Issuer.Person = new() { ["sub"] = "s", ["preferred_username"] = "alice" };
        (state, nonce) = await place.BeginAsync(browser);
        Answer(nonce);
        using (var response = await browser.GetAsync($"/login/oidc/company/callback?code=c&state={state}"))
            await response.ExpectAsync(HttpStatusCode.SeeOther);
        Assert.Equal("alice", await browser.WhoAsync());

        void Answer(string nonce) => place.Issuer.Redeem = _ => new() { ["id_token"] = place.Issuer.Token("staithe", "s", ("nonce", nonce)), ["access_token"] = "of-a-person" };
    }

    [Fact]
    public async Task Nobody_is_sent_elsewhere_in_the_end()
    {
        await using var place = await Place.StartAsync(Engine.Sqlite);
        using var browser = new Browser(place.Registry);
        foreach (var next in (string[])["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "/a%0d%0aSet-Cookie:%20x=y", "/" + new string('a', 3000), ""])
        {
            var (state, nonce) = await place.BeginAsync(browser, $"?next={next}");
            place.Issuer.Redeem = _ => new() { ["id_token"] = place.Issuer.Token("staithe", "s", ("nonce", nonce), ("preferred_username", "alice")) };
            using var response = await browser.GetAsync($"/login/oidc/company/callback?code=c&state={state}");
            await response.ExpectAsync(HttpStatusCode.SeeOther);
            Assert.Equal("/", response.Location());
        }
    }

    [Fact]
    public async Task What_is_not_there_is_not()
    {
        await using var place = await Place.StartAsync(Engine.Sqlite);
        using var browser = new Browser(place.Registry);
        foreach (var path in (string[])["/login/oidc/other", "/login/oidc/other/callback", "/login/oidc/company/", "/login/oidc/company/callback/x", "/login/oidc/company/other", "/login/oidc/"])
        {
            using var response = await browser.GetAsync(path);
            await response.ExpectAsync(HttpStatusCode.NotFound);
        }
        using (var head = await browser.HeadAsync("/login/oidc/company"))
            await head.ExpectAsync(HttpStatusCode.MethodNotAllowed);
        using (var nobody = await browser.GetAsync("/login/oidc"))
            Assert.Equal("/login?next=/login/oidc", nobody.Location());

        await using var plain = await Registry.StartAsync(Engine.Sqlite, config => config with { Open = false });
        using var without = new Browser(plain);
        using (var none = await without.GetAsync("/login/oidc/company"))
            await none.ExpectAsync(HttpStatusCode.NotFound);
        Assert.DoesNotContain("/login/oidc", await without.TextAsync("/login"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_issuer_that_is_away_is_said_to_be()
    {
        await using var place = await Place.StartAsync(Engine.Sqlite);
        place.Issuer.Instead["/.well-known/openid-configuration"] = http =>
        {
            http.Response.Redirect("http://169.254.169.254/");
            return Task.CompletedTask;
        };
        using var browser = new Browser(place.Registry);
        using var response = await browser.GetAsync("/login/oidc/company");
        await response.ExpectAsync(HttpStatusCode.ServiceUnavailable);
        Assert.DoesNotContain("169.254", await Browser.TextAsync(response), StringComparison.Ordinal);
        await place.Registry.StopAsync(); // then everything is written
        Assert.Contains("an issuer cannot be asked", place.Registry.Log, StringComparison.Ordinal);
    }

    /// <summary>A registry where people sign in with a company's issuer, and robots with another's. The users root, bob and carol have passwords.</summary>
    sealed class Place(ApiServer server, OwnIssuer issuer, OwnIssuer ci) : IAsyncDisposable
    {
        public ApiServer Server => server;

        public Registry Registry => server.Registry;

        public OwnIssuer Issuer => issuer;

        public OwnIssuer Ci => ci;

        public string LastChallenge { get; private set; } = "";

        public static async Task<Place> StartAsync(Engine engine, bool newUsers = true, IReadOnlyList<GroupMap>? groups = null)
        {
            var (issuer, ci) = (await OwnIssuer.StartAsync(), await OwnIssuer.StartAsync());
            var oidc = new OidcConfig { Name = "company", Label = "Company account", Issuer = issuer.Url, ClientId = "staithe", ClientSecret = "a secret: with + and %", NewUsers = newUsers, Groups = groups ?? [] };
            return new Place(await ApiServer.StartAsync(engine, config => config with { Oidc = [oidc], TrustedIssuers = [ci.Url] }, "root", "bob", "carol"), issuer, ci);
        }

        /// <summary>Has a browser sent to the issuer; what it takes along.</summary>
        public async Task<(string State, string Nonce)> BeginAsync(Browser browser, string query = "")
        {
            using var response = await browser.GetAsync($"/login/oidc/company{query}");
            await response.ExpectAsync(HttpStatusCode.SeeOther);
            var sent = new Uri(response.Location());
            Assert.Equal($"{issuer.Url}/authorize", sent.GetLeftPart(UriPartial.Path));
            var asked = QueryHelpers.ParseQuery(sent.Query);
            Assert.Equal(("code", "staithe", "S256", "openid profile"), (asked["response_type"].ToString(), asked["client_id"].ToString(), asked["code_challenge_method"].ToString(), asked["scope"].ToString()));
            LastChallenge = asked["code_challenge"].ToString();
            return (asked["state"].ToString(), asked["nonce"].ToString());
        }

        public Task SignInAsync(Browser browser, string subject, params (string Name, object? Value)[] claims) => SignInAsync(browser, subject, "", "/", claims);

        public async Task SignInAsync(Browser browser, string subject, string query, string goesTo, params (string Name, object? Value)[] claims)
        {
            using var response = await ComeBackAsync(browser, subject, query, claims);
            await response.ExpectAsync(HttpStatusCode.SeeOther);
            Assert.Equal(goesTo, response.Location());
        }

        public async Task RefusedAsync(Browser browser, HttpStatusCode status, string why, string subject, params (string Name, object? Value)[] claims)
        {
            using var response = await ComeBackAsync(browser, subject, "", claims);
            await response.ExpectAsync(status);
            Assert.Contains(why, await Browser.TextAsync(response), StringComparison.OrdinalIgnoreCase);
        }

        public async ValueTask DisposeAsync()
        {
            await server.DisposeAsync();
            await issuer.DisposeAsync();
            await ci.DisposeAsync();
        }

        async Task<HttpResponseMessage> ComeBackAsync(Browser browser, string subject, string query, (string Name, object? Value)[] claims)
        {
            var (state, nonce) = await BeginAsync(browser, query);
            issuer.Redeem = _ => new() { ["id_token"] = issuer.Token("staithe", subject, [("nonce", nonce), .. claims]) };
            return await browser.GetAsync($"/login/oidc/company/callback?code=c&state={state}");
        }
    }
}
