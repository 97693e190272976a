using System.Net;
using System.Text.RegularExpressions;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Config;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>All ways of signing in share one begin and one end, each step leads to the next, and a page says why it is shown.</summary>
public sealed partial class SigningInTests(ClosedRegistries registries)
{
    [Theory, OnBothEngines]
    public async Task Signing_in_anew_ends_the_browsers_former_session(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (user, other) = (await closed.AddUserAsync(), await closed.AddUserAsync());
        using var browser = new Browser(closed.Registry.Url);
        var sessions = new List<string>();
        foreach (var who in (Account[])[user, user, other])
        {
            using var answer = await browser.PostAsync("/login", ("name", who.Name), ("password", who.Password));
            sessions.Add(SessionOf(answer));
        }
        Assert.Equal([false, false, true], await HoldAsync(closed, sessions));
        using (var changed = await browser.PostAsync("/settings?view=password", ("do", "password"), ("old", other.Password), ("password", "another password"), ("again", "another password")))
            sessions.Add(SessionOf(changed));
        Assert.Equal([false, false, false, true], await HoldAsync(closed, sessions));
        using (var signedOut = await browser.PostAsync("/logout"))
            await signedOut.ExpectAsync(HttpStatusCode.SeeOther);
        Assert.Equal([false, false, false, false], await HoldAsync(closed, sessions));

        var lines = await LinesAsync(closed, user.Name);
        Assert.Equal(["sign-in", "sign-out", "sign-in", "sign-out"], lines.Select(line => line.Action));
        Assert.All(lines, line => Assert.Equal(user.Name, line.Space));
        Assert.Equal(["sign-in", "user.password", "sign-in", "sign-out"], (await LinesAsync(closed, other.Name)).Select(line => line.Action));
    }

    [Theory, OnBothEngines]
    public async Task A_refresh_token_has_its_line(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var user = await closed.AddUserAsync();
        using (var asked = await closed.As(user).GetAsync($"/v2/auth?service={closed.Registry.Authority}&offline_token=true"))
            await asked.ExpectAsync(HttpStatusCode.OK);
        using (var pulled = await closed.As(user).GetAsync($"/v2/auth?service={closed.Registry.Authority}&scope=repository:{user.Name}/app:pull"))
            await pulled.ExpectAsync(HttpStatusCode.OK);
        var line = Assert.Single(await LinesAsync(closed, user.Name));
        Assert.Equal("sign-in", line.Action);
        Assert.Contains("refresh token", line.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_cookie_is_bound_to_the_host_over_tls()
    {
        var made = Directory.GetFiles(Repository.File("src/Staithe"), "*.cs", SearchOption.AllDirectories).Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .Where(file => File.ReadAllText(file) is var text && (text.Contains("Cookies.Append", StringComparison.Ordinal) || text.Contains("Cookies.Delete", StringComparison.Ordinal) || text.Contains("Request.Cookies", StringComparison.Ordinal)));
        Assert.Equal("BrowserCookie.cs", Path.GetFileName(Assert.Single(made)));
        var http = new Microsoft.AspNetCore.Http.DefaultHttpContext { Request = { Scheme = "https", Host = new("registry.example") } };
        new Staithe.Door.BrowserCookie("staithe-test").Set(http, "value", TimeSpan.FromMinutes(1));
        Assert.Equal("__Host-staithe-test=value; max-age=60; path=/; secure; samesite=lax; httponly", http.Response.Headers.SetCookie.ToString());
    }

    [Theory, OnBothEngines]
    public async Task After_the_first_account_one_is_signed_in(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine, config => config with { Open = false });
        using var browser = new Browser(registry.Url);
        var page = await browser.ReadAsync("/login");
        Assert.Contains("There are no accounts yet", page, StringComparison.Ordinal);
        Assert.Contains("set-up link", page, StringComparison.Ordinal);
        Assert.Contains("set-up link", await browser.ReadAsync("/"), StringComparison.Ordinal);
        foreach (var shown in (string[])[page, await browser.ReadAsync("/")])
        {
            Assert.DoesNotContain(registry.App.SetupPath, shown, StringComparison.Ordinal);
            Assert.DoesNotContain(registry.Config.Data, shown, StringComparison.Ordinal);
        }
        Assert.Equal("/", await browser.SubmitAsync(registry.App.SetupPath, HttpStatusCode.SeeOther, ("name", "alice"), ("password", "correct horse")));
        Assert.Contains("<a href=\"/settings\">alice</a>", await browser.ReadAsync("/"), StringComparison.Ordinal);
        await browser.ReadAsync("/admin");
        using var stranger = new Browser(registry.Url);
        foreach (var path in (string[])["/login", "/"])
            Assert.DoesNotContain("no accounts yet", await stranger.ReadAsync(path), StringComparison.Ordinal);
        var lines = await registry.App.Database.ReadAsync(session => AuditTable.ListOldestAsync(session, null, 0, 100), TestContext.Current.CancellationToken);
        Assert.Equal(["user.add", "sign-in"], lines.Select(line => line.Action));
    }

    [Theory]
    [InlineData("/r/{space}/{name}")]
    [InlineData("/r/{space}/{name}:1")]
    [InlineData("/f/{space}/{name}:1/")]
    [InlineData("/run/{space}/{name}:1/run.sh")]
    [InlineData("/r/{space}/{name}/settings")]
    [InlineData("/diff?from={space}/{name}:1&to={space}/{name}:1")]
    public async Task Who_is_asked_to_sign_in_is_told_why_alike_for_what_is_private_and_what_is_not(string path)
    {
        var closed = await registries.GetAsync(Engine.Sqlite);
        var owner = await closed.AddUserAsync();
        await closed.As(owner).PushImageAsync($"{owner.Name}/secret", "1");
        var seen = new HashSet<string>();
        foreach (var (space, name) in ((string, string)[])[(owner.Name, "secret"), (owner.Name, "nope"), ("nobody-at-all", "nope")])
        {
            var asked = path.Replace("{space}", space, StringComparison.Ordinal).Replace("{name}", name, StringComparison.Ordinal);
            using var browser = new Browser(closed.Registry.Url);
            using var answer = await browser.GetAsync(asked);
            Assert.True(answer.StatusCode == HttpStatusCode.SeeOther, $"{asked}: {answer.StatusCode}");
            var to = answer.Headers.Location!.OriginalString;
            Assert.StartsWith($"/login?next={Uri.EscapeDataString(asked.Split('?')[0])}", to, StringComparison.Ordinal);
            var page = await browser.ReadAsync(to);
            Assert.Contains("not public, or does not exist", page, StringComparison.Ordinal);
            seen.Add(page[page.IndexOf("<main", StringComparison.Ordinal)..page.IndexOf("<form method", StringComparison.Ordinal)]);
        }
        Assert.Single(seen);
    }

    [Theory]
    [InlineData("/settings")]
    [InlineData("/admin")]
    [InlineData("/yours")]
    [InlineData("/spaces/nobody-at-all")]
    public async Task Pages_of_ones_own_say_it_too_and_what_has_ended_is_called_so(string path)
    {
        var closed = await registries.GetAsync(Engine.Sqlite);
        var user = await closed.AddUserAsync();
        using var browser = new Browser(closed.Registry.Url);
        Assert.Contains("not public, or does not exist", await FollowAsync(browser, path), StringComparison.Ordinal);
        await browser.SignInAsync(user.Name, user.Password);
        await closed.Registry.App.Users.SetPasswordAsync(Actor.Shell, user.Name, "another password", TestContext.Current.CancellationToken);
        Assert.Contains("Your session has ended", await FollowAsync(browser, path), StringComparison.Ordinal);
        Assert.DoesNotContain("role=\"status\"", await browser.ReadAsync("/login?next=%2Fsearch&why=own"), StringComparison.Ordinal); // who goes there of their own accord knows why
    }

    /// <summary>However deep the pages to sign in are in each other, one comes out where one wanted to be.</summary>
    [Theory]
    [InlineData("/login", "/")]
    [InlineData("/login?next=%2Flogin%2F", "/")]
    [InlineData("/login?next=%2Fr%2Fa%2Fb%3Fview%3Dtags", "/r/a/b?view=tags")]
    [InlineData("/login?next=%2Flogin%3Fnext%3D%252Fsearch%26why%3Down&why=own", "/search")]
    [InlineData("/login?next=%2Flogin%3Fnext%3Dhttps%253A%252F%252Fevil.example", "/")]
    [InlineData("/login?next=%2Flogout", "/")]
    [InlineData("/login?next=%2Flogin%2Foidc", "/login/oidc")]
    [InlineData("/login?next=%2Flogin&next=%2Fsearch", "/")]
    public async Task Signing_in_never_leads_back_to_signing_in(string path, string end)
    {
        var closed = await registries.GetAsync(Engine.Sqlite);
        var user = await closed.AddUserAsync();
        using var browser = new Browser(closed.Registry.Url);
        for (var i = 0; i < 3; i++) // the link of the header, again and again
        {
            var page = await browser.ReadAsync(path);
            Assert.Equal(end, WebUtility.HtmlDecode(NextField().Match(page).Groups[1].Value));
            path = WebUtility.HtmlDecode(HeaderLink().Match(page).Groups[1].Value);
        }
        var next = WebUtility.HtmlDecode(NextField().Match(await browser.ReadAsync(path)).Groups[1].Value);
        Assert.Equal(end, await browser.SubmitAsync("/login", HttpStatusCode.SeeOther, ("name", user.Name), ("password", user.Password), ("next", next)));
        Assert.Equal("/", await browser.SubmitAsync("/login", HttpStatusCode.SeeOther, ("name", user.Name), ("password", user.Password), ("next", "/login")));
    }

    [Fact]
    public async Task Whoever_is_signed_in_is_told_so_and_signing_out_is_confirmed()
    {
        var closed = await registries.GetAsync(Engine.Sqlite);
        var user = await closed.AddUserAsync();
        using var browser = new Browser(closed.Registry.Url);
        await browser.SignInAsync(user.Name, user.Password);
        Assert.Contains($"You are signed in as {user.Name}. <a href=\"/search?q=x\">", await browser.ReadAsync("/login?next=%2Fsearch%3Fq%3Dx"), StringComparison.Ordinal);
        Assert.Equal("/", await browser.SubmitAsync("/logout", HttpStatusCode.SeeOther));
        Assert.Contains("<p class=\"done\" role=\"status\">You are signed out.</p>", await browser.ReadAsync("/"), StringComparison.Ordinal);
        Assert.DoesNotContain("You are signed", await browser.ReadAsync("/login"), StringComparison.Ordinal);
    }

    [GeneratedRegex("name=\"next\" value=\"([^\"]*)\"")]
    private static partial Regex NextField();

    [GeneratedRegex("href=\"(/login[^\"]*)\">Sign in</a>")]
    private static partial Regex HeaderLink();

    static async Task<string> FollowAsync(Browser browser, string path)
    {
        using var answer = await browser.GetAsync(path);
        await answer.ExpectAsync(HttpStatusCode.SeeOther);
        return await browser.ReadAsync(answer.Headers.Location!.OriginalString);
    }

    static string SessionOf(HttpResponseMessage answer) =>
        Assert.Single(answer.Headers.GetValues("Set-Cookie"), cookie => cookie.StartsWith("staithe-session=stw_", StringComparison.Ordinal)).Split('=', ';')[1];

    static async Task<List<bool>> HoldAsync(ClosedRegistry closed, List<string> sessions)
    {
        var hold = new List<bool>();
        foreach (var session in sessions)
        {
            using var answer = await closed.Registry.As(null).GetAsync("/settings", ("Cookie", $"staithe-session={session}"), ("Accept", "text/html"));
            hold.Add(answer.StatusCode == HttpStatusCode.OK);
        }
        return hold;
    }

    static async Task<List<AuditLine>> LinesAsync(ClosedRegistry closed, string space) =>
        await closed.Db.ReadAsync(session => AuditTable.ListOldestAsync(session, space, 0, 100), TestContext.Current.CancellationToken);
}
