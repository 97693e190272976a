using System.Net;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>Signing in with a browser: the cookie, the forms, and what somebody else's page cannot do with them.</summary>
public sealed class SignInPageTests(ClosedRegistries registries)
{
    [Theory, OnBothEngines]
    public async Task A_browser_signs_in_and_out(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (_, _, name, password) = await closed.AddUserAsync();
        using var browser = new Browser(closed.Registry.Url);
        using (var signedIn = await browser.PostAsync("/login", ("name", name), ("password", password), ("next", "/search?q=x")))
        {
            await signedIn.ExpectAsync(HttpStatusCode.SeeOther);
            Assert.Equal("/search?q=x", signedIn.Headers.Location!.OriginalString);
            var cookie = Assert.Single(signedIn.Headers.GetValues("Set-Cookie"), cookie => cookie.StartsWith("staithe-session=stw_", StringComparison.Ordinal));
            Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        }
        Assert.Contains("Sign out", await browser.ReadAsync("/login"), StringComparison.Ordinal);
        using (var signedOut = await browser.PostAsync("/logout"))
            await signedOut.ExpectAsync(HttpStatusCode.SeeOther);
        Assert.DoesNotContain("Sign out", await browser.ReadAsync("/login"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_ends_with_the_password_and_with_the_account()
    {
        var closed = await registries.GetAsync(Engine.Sqlite);
        foreach (var end in (Func<string, Task>[])[
            name => closed.Registry.App.Users.SetPasswordAsync(Staithe.Audit.Actor.Shell, name, "another password", TestContext.Current.CancellationToken),
            name => closed.Registry.App.Users.SetDisabledAsync(Staithe.Audit.Actor.Shell, name, true, TestContext.Current.CancellationToken)])
        {
            var (_, _, name, password) = await closed.AddUserAsync();
            using var browser = new Browser(closed.Registry.Url);
            await browser.SignInAsync(name, password);
            Assert.Contains("Sign out", await browser.ReadAsync("/login"), StringComparison.Ordinal);
            await end(name);
            Assert.DoesNotContain("Sign out", await browser.ReadAsync("/login"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_form_that_another_site_sends_does_nothing()
    {
        var closed = await registries.GetAsync(Engine.Sqlite);
        var (_, _, name, password) = await closed.AddUserAsync();
        using var victim = new Browser(closed.Registry.Url);
        using var attacker = new Browser(closed.Registry.Url);
        var before = await victim.TokenAsync();
        await victim.SignInAsync(name, password);
        foreach (var token in (string[])["", "x", await attacker.TokenAsync(), before, new string('A', 86)])
        {
            using var refused = await victim.PostTextAsync("/logout", $"token={Uri.EscapeDataString(token)}", "application/x-www-form-urlencoded");
            await refused.ExpectAsync(HttpStatusCode.Forbidden);
        }
        using (var request = new HttpRequestMessage(HttpMethod.Post, "/logout"))
        {
            request.Headers.TryAddWithoutValidation("Origin", "http://elsewhere.example");
            using var content = new FormUrlEncodedContent([new("token", await victim.TokenAsync())]);
            request.Content = content;
            using var refused = await victim.SendAsync(request);
            await refused.ExpectAsync(HttpStatusCode.Forbidden);
        }
        Assert.Contains("Sign out", await victim.ReadAsync("/login"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_is_sent_elsewhere_or_told_who_exists()
    {
        var closed = await registries.GetAsync(Engine.Sqlite);
        var (_, _, name, password) = await closed.AddUserAsync();
        using var browser = new Browser(closed.Registry.Url);
        foreach (var next in (string[])["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)", "/a\r\nSet-Cookie: x=y"])
        {
            using var signedIn = await browser.PostAsync("/login", ("name", name), ("password", password), ("next", next));
            Assert.Equal("/", signedIn.Headers.Location!.OriginalString);
        }
        var pages = new List<string>();
        foreach (var wrong in (string[])[name, "nobody-of-that-name"])
        {
            using var stranger = new Browser(closed.Registry.Url);
            using var refused = await stranger.PostAsync("/login", ("name", wrong), ("password", "not the password"));
            await refused.ExpectAsync(HttpStatusCode.Forbidden);
            Assert.DoesNotContain(refused.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies : [], cookie => cookie.StartsWith("staithe-session=stw_", StringComparison.Ordinal));
            var page = await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            pages.Add(page[page.IndexOf("role=\"alert\"", StringComparison.Ordinal)..].Split("</p>")[0]);
        }
        Assert.Equal(pages[0], pages[1]);
    }

    [Fact]
    public async Task Pages_are_strict_and_programs_get_what_they_ask_for()
    {
        var closed = await registries.GetAsync(Engine.Sqlite);
        using var browser = new Browser(closed.Registry.Url);
        using (var page = await browser.GetAsync("/login"))
        {
            Assert.Equal("nosniff", page.Header("X-Content-Type-Options"));
            Assert.StartsWith("default-src 'none'; style-src 'self'; script-src 'self';", page.Header("Content-Security-Policy"), StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", page.Header("Content-Security-Policy"), StringComparison.Ordinal);
        }
        using (var nothing = await browser.GetAsync("/nothing-here", "application/json"))
        {
            await nothing.ExpectAsync(HttpStatusCode.NotFound);
            Assert.Equal("application/json", nothing.Content.Headers.ContentType!.MediaType);
        }
        using (var plain = await browser.GetAsync("/nothing-here", "*/*"))
            Assert.Equal("text/plain", plain.Content.Headers.ContentType!.MediaType);
        using (var style = await browser.GetAsync(Staithe.Web.PageFiles.Style))
        {
            await style.ExpectAsync(HttpStatusCode.OK);
            Assert.Contains("immutable", style.Header("Cache-Control"), StringComparison.Ordinal);
        }
    }
}
