using System.Net;
using System.Text.RegularExpressions;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>What people set for themselves, with nothing but a browser.</summary>
public sealed partial class OwnSettingsTests
{
    [Theory, OnBothEngines]
    public async Task A_token_is_made_shown_once_used_and_revoked(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice");
        using var browser = await SignedInAsync(server, "alice");
        Assert.Contains("None yet", await browser.ReadAsync("/settings"), StringComparison.Ordinal);

        var made = await browser.SubmitAsync("/settings", HttpStatusCode.OK, ("do", "token.add"), ("name", "a <b>laptop</b>"), ("role", "write"), ("target", "alice/app"), ("days", "30"));
        var secret = Secret().Match(made).Value;
        Assert.Contains($"printf %s {secret} | podman login --tls-verify=false --username alice --password-stdin {server.Registry.Authority}", made, StringComparison.Ordinal);
        Assert.Contains($"printf %s {secret} | docker login --username alice --password-stdin {server.Registry.Authority}", made, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>laptop", made, StringComparison.Ordinal);

        var token = server.As("alice", secret);
        Assert.Equal("write", (await token.GetAsync("/me")).GetProperty("token").GetProperty("rights").GetString());
        await token.RefusedAsync(HttpStatusCode.Forbidden, HttpMethod.Post, "/me/tokens", new { name = "more", rights = "admin" });
        using (var json = await browser.GetAsync("/settings", "application/json"))
        {
            var listed = Assert.Single((await json.JsonAsync()).GetProperty("tokens").EnumerateArray());
            Assert.Equal(("write", "alice/app"), (listed.GetProperty("rights").GetString(), listed.GetProperty("target").GetString()));
        }
        var page = await browser.ReadAsync("/settings");
        Assert.DoesNotContain(secret, page, StringComparison.Ordinal);
        var ask = WebUtility.HtmlDecode(Ask().Match(page).Groups[1].Value);
        var question = await browser.ReadAsync(ask);
        Assert.Contains("is shut out at once", question, StringComparison.Ordinal);
        var (action, fields) = Assert.Single(await browser.FormsAsync(ask), form => form.Fields.Contains(("do", "token.delete")));
        Assert.Equal("/settings", await browser.SubmitAsync(action, HttpStatusCode.SeeOther, [.. fields.Where(field => field.Name != "token")]));
        await token.RefusedAsync(HttpStatusCode.Unauthorized, "/me");
        Assert.Contains("None yet", await browser.ReadAsync("/settings"), StringComparison.Ordinal);

        await server.Registry.StopAsync();
        Assert.DoesNotContain(secret, server.Registry.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_wrong_is_said_above_the_form_with_what_was_typed()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "alice");
        using var browser = await SignedInAsync(server, "alice");
        foreach (var (fields, status, says) in ((List<(string, string)>, HttpStatusCode, string)[])
        [
            ([("name", " "), ("role", "read")], HttpStatusCode.BadRequest, "has 1 to 100 characters"),
            ([("name", "x"), ("role", "everything")], HttpStatusCode.BadRequest, "are no rights"),
            ([("name", "x"), ("role", "")], HttpStatusCode.BadRequest, "are no rights"),
            ([("name", "x"), ("role", "read"), ("days", "-1")], HttpStatusCode.BadRequest, "use digits"),
            ([("name", "x"), ("role", "read"), ("days", "99999")], HttpStatusCode.BadRequest, "it must be from 1 to"),
            ([("name", "two\nlines"), ("role", "read")], HttpStatusCode.BadRequest, "control character"),
            ([("name", "<kept> & safe"), ("role", "read"), ("target", "NO/")], HttpStatusCode.BadRequest, "is not a target"),
        ])
        {
            var page = await browser.SubmitAsync("/settings", status, [("do", "token.add"), .. fields]);
            Assert.Contains(says, page, StringComparison.Ordinal);
            Assert.Contains($"value=\"{fields[0].Item2}\"", WebUtility.HtmlDecode(page), StringComparison.Ordinal);
        }
        var single = await browser.SubmitAsync("/settings", HttpStatusCode.OK, ("do", "token.add"), ("name", "single"), ("role", ""), ("right", "pull"), ("right", "delete"));
        Assert.Equal("pull,delete", (await server.As("alice", Secret().Match(single).Value).GetAsync("/me")).GetProperty("token").GetProperty("rights").GetString());
        await browser.SubmitAsync("/settings", HttpStatusCode.BadRequest, ("do", "nothing"));
        await browser.SubmitAsync("/settings", HttpStatusCode.BadRequest, ("do", "token.add"), ("name", "nu\0ll"), ("role", "read"));
        foreach (var path in (string[])["/settings?view=%00", "/settings/alice?view=access&repository=alice/%00", "/search?q=%00"])
        {
            using var refused = await browser.GetAsync(path);
            await refused.ExpectAsync(HttpStatusCode.BadRequest);
        }
        await browser.SubmitAsync("/settings", HttpStatusCode.NotFound, ("do", "token.delete"), ("id", "4711"));
        Assert.Single(await server.As("alice").ListAsync("/me/tokens"));
    }

    [Theory, OnBothEngines]
    public async Task Another_password_ends_everything_but_this_browser(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice");
        var old = ApiServer.Password("alice");
        using var browser = await SignedInAsync(server, "alice");
        using var other = await SignedInAsync(server, "alice");
        var kept = Secret().Match(await browser.SubmitAsync("/settings", HttpStatusCode.OK, ("do", "token.add"), ("name", "kept"), ("role", "read"))).Value;
        foreach (var (typed, password, again, status, says) in ((string, string, string, HttpStatusCode, string)[])
        [
            ("wrong password", "another password", "another password", HttpStatusCode.Forbidden, "old password is not right"),
            (old, "another password", "another passwort", HttpStatusCode.BadRequest, "are not the same"),
            (old, "short", "short", HttpStatusCode.BadRequest, "a password has"),
        ])
        {
            var page = await browser.SubmitAsync("/settings?view=password", status, ("do", "password"), ("old", typed), ("password", password), ("again", again));
            Assert.Contains(says, page, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain($"\"{typed}\"", page, StringComparison.Ordinal);
            Assert.DoesNotContain($"\"{password}\"", page, StringComparison.Ordinal);
        }
        Assert.Contains("Sign out", await other.ReadAsync("/login"), StringComparison.Ordinal);
        await browser.SubmitAsync("/settings?view=password", HttpStatusCode.SeeOther, ("do", "password"), ("old", old), ("password", "another password"), ("again", "another password"));
        Assert.Contains("this browser", await browser.ReadAsync("/settings?view=sessions"), StringComparison.Ordinal);
        Assert.DoesNotContain("Sign out", await other.ReadAsync("/login"), StringComparison.Ordinal);
        await server.As("alice", "another password").GetAsync("/me");
        await server.As("alice", kept).GetAsync("/me");
    }

    [Theory, OnBothEngines]
    public async Task Browsers_are_listed_and_ended(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "carol");
        using var browser = await SignedInAsync(server, "alice");
        using var second = await SignedInAsync(server, "alice");
        using var third = await SignedInAsync(server, "alice");
        using var carol = await SignedInAsync(server, "carol");
        var all = await SessionsAsync(browser);
        Assert.Equal(3, all.Count);
        Assert.Single(all, one => one.IsThis);
        var others = all.Where(one => !one.IsThis).Select(one => one.Id).ToList();

        // those of somebody else cannot be ended, nor seen
        await carol.SubmitAsync("/settings?view=sessions", HttpStatusCode.NotFound, ("do", "session.end"), ("id", others[0]));
        Assert.Single(await SessionsAsync(carol));
        var newest = (await SessionsAsync(third)).Single(one => one.IsThis).Id;
        var ask = $"/settings?view=sessions&ask=session.end&id={newest}";
        Assert.Contains(ask, WebUtility.HtmlDecode(await browser.ReadAsync("/settings?view=sessions")), StringComparison.Ordinal);
        Assert.DoesNotContain("That browser is signed out", await third.ReadAsync(ask), StringComparison.Ordinal); // nobody is asked about their own
        var (action, fields) = Assert.Single(await browser.FormsAsync(ask), form => form.Fields.Contains(("do", "session.end")));
        await browser.SubmitAsync(action, HttpStatusCode.SeeOther, [.. fields.Where(field => field.Name != "token")]);
        Assert.DoesNotContain("Sign out", await third.ReadAsync("/login"), StringComparison.Ordinal);
        Assert.Contains("Sign out", await second.ReadAsync("/login"), StringComparison.Ordinal);
        Assert.Contains("End all others?", await browser.ReadAsync("/settings?view=sessions&ask=session.end-others"), StringComparison.Ordinal);
        await browser.SubmitAsync("/settings?view=sessions", HttpStatusCode.SeeOther, ("do", "session.end-others"));
        Assert.DoesNotContain("Sign out", await second.ReadAsync("/login"), StringComparison.Ordinal);
        Assert.Contains("Sign out", await browser.ReadAsync("/login"), StringComparison.Ordinal);
        Assert.Contains("Sign out", await carol.ReadAsync("/login"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Organizations_are_made_and_spaces_that_are_offered_taken()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "alice", "carol");
        using var alice = await SignedInAsync(server, "alice");
        using var carol = await SignedInAsync(server, "carol");
        Assert.Equal("/settings/harbour", await alice.SubmitAsync("/settings?view=spaces", HttpStatusCode.SeeOther, ("do", "organization.add"), ("name", "harbour"), ("visibility", "internal")));
        Assert.Contains("href=\"/settings/harbour\"", await alice.ReadAsync("/settings?view=spaces"), StringComparison.Ordinal);
        Assert.Contains("is taken", await carol.SubmitAsync("/settings?view=spaces", HttpStatusCode.Conflict, ("do", "organization.add"), ("name", "harbour"), ("visibility", "private")), StringComparison.Ordinal);
        await server.As("alice").PostAsync("/spaces/harbour/owner", new { user = "carol", kind = "organization" }, HttpStatusCode.OK);
        Assert.Contains("Take harbour", await carol.ReadAsync("/settings?view=spaces"), StringComparison.Ordinal);
        await carol.SubmitAsync("/settings?view=spaces", HttpStatusCode.SeeOther, ("do", "offer.accept"), ("space", "harbour"));
        Assert.Contains("href=\"/settings/harbour\"", await carol.ReadAsync("/settings?view=spaces"), StringComparison.Ordinal);
        Assert.DoesNotContain("href=\"/settings/harbour\"", await alice.ReadAsync("/settings?view=spaces"), StringComparison.Ordinal);
    }

    internal static async Task<Browser> SignedInAsync(ApiServer server, string user)
    {
        var browser = new Browser(server.Registry.Url);
        await browser.SignInAsync(user, ApiServer.Password(user));
        return browser;
    }

    static async Task<List<(string Id, bool IsThis)>> SessionsAsync(Browser browser)
    {
        using var json = await browser.GetAsync("/settings?view=sessions", "application/json");
        return [.. (await json.JsonAsync()).GetProperty("all").EnumerateArray().Select(one => (one.GetProperty("id").ToString(), one.GetProperty("isThis").GetBoolean()))];
    }

    [GeneratedRegex("stp_[a-z2-7]{52}")]
    private static partial Regex Secret();

    [GeneratedRegex("href=\"(/settings[^\"]*ask=token\\.delete[^\"]*)\"")]
    private static partial Regex Ask();
}
