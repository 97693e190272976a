using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Staithe.Tests.Api;

namespace Staithe.Tests.Browsing;

/// <summary>
/// Every page in a real browser: with and without script, light and dark, wide and narrow. Nothing is wrong by the rules of WCAG 2.2 AA, nothing is said
/// in the console, nobody else is asked, nothing hangs over at the side, the keyboard reaches all of it, and it is light.
/// </summary>
[Trait("Kind", "client")]
public sealed partial class BrowsingTests(Chromium chromium, ShownRegistry shown) : IClassFixture<Chromium>, IClassFixture<ShownRegistry>
{
    static readonly SemaphoreSlim SigningIn = new(1);
    static IReadOnlyList<Cookie>? signedIn;

    [Theory]
    [MemberData(nameof(SeenPages.All), MemberType = typeof(SeenPages))]
    public async Task A_page_is_for_everybody(string name, Viewer who, string path, int status)
    {
        path = Hole().Replace(path, hole => shown.Names[hole.Groups[1].Value]);
        var url = who == Viewer.Starter ? shown.FreshUrl : shown.Url;
        var problems = new List<string>();
        foreach (var hasScript in (bool[])[true, false])
        {
            await using var context = await chromium.OpenAsync(url, hasScript, who == Viewer.Admin ? await SignInAsync() : null);
            problems.AddRange(await chromium.InspectAsync(context, path, status, name, hasScript));
        }
        Assert.Empty(problems);
    }

    // Each thing that is looked for is found on a page that has it.
    [Fact]
    public async Task What_is_wrong_is_seen()
    {
        await using var context = await chromium.OpenAsync(shown.Url, hasScript: true);
        await context.RouteAsync("**/wrong", route => route.FulfillAsync(new()
        {
            ContentType = "text/html",
            Body = """
                <!doctype html><html><head><title>Wrong</title><style>:focus { outline: none !important }</style></head><body>
                <p style="color: #aaa; background: #fff">pale</p><img src="http://third.example/x.png"><input><div style="width: 2000px">wide</div><a href="/x">a link</a>
                <a href="/y" style="display: inline-block" tabindex="-1">another</a><script>console.error('oh'); setTimeout(() => { throw new Error('ah') })</script>
                """ + new string(' ', 61_000),
        }));
        await context.RouteAsync("http://third.example/**", route => route.FulfillAsync(new() { Status = 200, ContentType = "image/png", BodyBytes = [1] }));
        var problems = await chromium.InspectAsync(context, "/wrong", 404, "wrong", hasScript: true);
        foreach (var expected in (string[])["answers 200", "console: oh", "script: Error: ah", "asks a third party", "color-contrast", "image-alt", "label", "html-has-lang", "390: is 2008 wide", "the key reaches what nobody sees: a a link", "the key does not reach a another"])
            Assert.Contains(problems, problem => problem.Contains(expected, StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.StartsWith("weighs ", StringComparison.Ordinal));
    }

    // What the pages promise to somebody who cannot run scripts: to find, look and sign in with forms alone.
    [Fact]
    public async Task Without_script_all_of_it_works()
    {
        await using var context = await chromium.OpenAsync(shown.Url, hasScript: false);
        var page = await context.NewPageAsync();
        await page.GotoAsync("/");
        await page.Locator("main input[type=search]").FillAsync("web");
        await page.Locator("main button.main").ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "team/web", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "1.0", Exact = true }).ClickAsync();
        await page.GetByLabel("What has changed since").SelectOptionAsync("team/web:1.1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Compare" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "What is different" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Files (", Exact = false }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "/usr/bin/server" }).ClickAsync();
        Assert.Contains("version 0", await page.ContentAsync(), StringComparison.Ordinal);
        await page.GotoAsync("/login");
        await page.GetByLabel("Name").FillAsync(ShownRegistry.Admin);
        await page.GetByLabel("Password").FillAsync(ApiServer.Password(ShownRegistry.Admin));
        await page.Locator("main button.main").ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Sign out" })).ToBeVisibleAsync();
    }

    // Once: a password costs a while to check.
    async Task<IReadOnlyList<Cookie>> SignInAsync()
    {
        await SigningIn.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (signedIn is not null)
                return signedIn;
            await using var context = await chromium.OpenAsync(shown.Url, hasScript: true);
            var page = await context.NewPageAsync();
            await page.GotoAsync("/login");
            await page.GetByLabel("Name").FillAsync(ShownRegistry.Admin);
            await page.GetByLabel("Password").FillAsync(ApiServer.Password(ShownRegistry.Admin));
            await page.Locator("main button.main").ClickAsync();
            await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Sign out" })).ToBeVisibleAsync();
            return signedIn = [.. (await context.CookiesAsync()).Select(cookie => new Cookie { Name = cookie.Name, Value = cookie.Value, Domain = cookie.Domain, Path = cookie.Path, HttpOnly = cookie.HttpOnly, SameSite = cookie.SameSite })];
        }
        finally
        {
            SigningIn.Release();
        }
    }

    [GeneratedRegex(@"\{([a-z]+)\}")]
    private static partial Regex Hole();
}
