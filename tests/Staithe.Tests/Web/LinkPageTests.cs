using System.Net;
using System.Text.RegularExpressions;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;
using Staithe.Tests.Sharing;

namespace Staithe.Tests.Web;

/// <summary>The pages behind share links and invitations, as a browser sees them.</summary>
public sealed partial class LinkPageTests
{
    [Theory, OnBothEngines]
    public async Task A_share_link_tells_what_it_is_for_and_how_to_pull(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice");
        await server.PushAsync("alice", "alice/web/app");
        var (alice, host) = (server.As("alice"), server.Registry.Authority);
        var (link, all, once) = (await Shared.MakeAsync(alice, "alice/web/app", "1", pulls: 3), await Shared.MakeAsync(alice, "alice/web/app", days: 30), await Shared.MakeAsync(alice, "alice/web/app", pulls: 1));
        using var browser = new Browser(server.Registry.Url);
        Assert.Equal(HttpStatusCode.OK, await link.GetAsync(server.Registry, "manifests/1"));
        foreach (var path in (string[])[$"/s/{link.Secret}", $"/s/{link.Secret}/", $"/s/{link.Secret}/app:1", $"/s/{link.Secret}:1"])
        {
            var page = await browser.ReadAsync(path);
            Assert.Contains("<h1>alice/web/app:1</h1>", page, StringComparison.Ordinal);
            Assert.Contains($"podman pull --tls-verify=false {host}/{link.Name}:1", page, StringComparison.Ordinal);
            Assert.Contains($"docker pull {host}/{link.Name}:1", page, StringComparison.Ordinal);
            Assert.Contains($"podman run --rm --tls-verify=false --name app {host}/{link.Name}:1", page, StringComparison.Ordinal);
            Assert.Matches("for 3 pulls, of which 1 has been used", page);
            Assert.DoesNotContain($"next=%2Fs%2F{link.Secret}", page, StringComparison.Ordinal);
        }
        var whole = await browser.ReadAsync($"/s/{all.Secret}");
        Assert.Contains("<h1>alice/web/app</h1>", whole, StringComparison.Ordinal);
        Assert.Contains("<li><code>1</code></li>", whole, StringComparison.Ordinal);
        Assert.DoesNotContain("of which", whole, StringComparison.Ordinal);
        Assert.Contains($"{DateTimeOffset.UtcNow.AddDays(30):yyyy}", whole, StringComparison.Ordinal);
        using (var page = await browser.GetAsync($"/s/{link.Secret}"))
            Assert.Equal(("same-origin", "no-store", "noindex, nofollow"), (page.Header("Referrer-Policy"), page.Header("Cache-Control"), page.Header("X-Robots-Tag")));
        using (var json = await browser.GetAsync($"/s/{link.Secret}", "application/json"))
            Assert.Equal($"{host}/{link.Name}:1", (await json.JsonAsync()).GetProperty("image").GetString());

        // what browsers send with the forms of a page under that policy
        await browser.SignInAsync("alice", ApiServer.Password("alice"));
        using (var request = new HttpRequestMessage(HttpMethod.Post, "/logout"))
        {
            request.Headers.TryAddWithoutValidation("Origin", server.Registry.Url.GetLeftPart(UriPartial.Authority));
            using var content = new FormUrlEncodedContent([new("token", await browser.TokenAsync())]);
            request.Content = content;
            using var signedOut = await browser.SendAsync(request);
            await signedOut.ExpectAsync(HttpStatusCode.SeeOther);
        }

        // revoked, used up, over, and never one: they look the same
        await alice.DeleteAsync($"/spaces/alice/links/{link.Id}");
        Assert.Equal(HttpStatusCode.OK, await once.GetAsync(server.Registry, "manifests/1"));
        var gone = new HashSet<string>();
        foreach (var path in (string[])[$"/s/{link.Secret}", $"/s/{once.Secret}", $"/s/{Staithe.Accounts.Secret.CreateForPath()}", "/s/x", "/s/"])
        {
            using var page = await browser.GetAsync(path);
            await page.ExpectAsync(HttpStatusCode.NotFound);
            Assert.Equal("same-origin", page.Header("Referrer-Policy"));
            var text = await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.All((Shared[])[link, once], one => Assert.DoesNotContain(one.Secret, text, StringComparison.Ordinal));
            gone.Add(Varying().Replace(text, ""));
        }
        Assert.Contains("This link has ended", Assert.Single(gone), StringComparison.Ordinal);

        await server.Registry.StopAsync();
        Assert.Contains("\"route\":\"page\"", server.Registry.Log, StringComparison.Ordinal);
        Assert.All((Shared[])[link, all, once], one => Assert.DoesNotContain(one.Secret, server.Registry.Log, StringComparison.Ordinal));
    }

    [Theory, OnBothEngines]
    public async Task An_invitation_is_accepted_by_who_is_signed_in(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob", "eve");
        var alice = server.As("alice");
        await alice.PostAsync("/organizations", new { name = "harbour" });
        await alice.PostAsync("/spaces/harbour/teams", new { name = "dev" });
        var path = new Uri((await alice.PostAsync("/spaces/harbour/invitations", new { team = "dev", user = "bob" })).GetProperty("url").GetString()!).AbsolutePath;

        using var browser = new Browser(server.Registry.Url);
        var page = await browser.ReadAsync(path);
        Assert.Contains("<h1>alice invites you</h1>", page, StringComparison.Ordinal);
        Assert.Contains("team <strong>dev</strong> of <strong>harbour</strong>", page, StringComparison.Ordinal);
        Assert.Contains($"/login?next={Uri.EscapeDataString(path)}", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Accept as", page, StringComparison.Ordinal);
        Assert.DoesNotContain("type=\"password\"", page, StringComparison.Ordinal);
        using (var nobody = await browser.PostAsync(path, ("name", "bob"), ("password", "a-long-password")))
            await nobody.ExpectAsync(HttpStatusCode.NotFound);

        using var other = new Browser(server.Registry.Url);
        await other.SignInAsync("eve", ApiServer.Password("eve"));
        using (var refused = await other.GetAsync(path))
            await refused.ExpectAsync(HttpStatusCode.NotFound);
        using (var refused = await other.PostAsync(path))
            await refused.ExpectAsync(HttpStatusCode.NotFound);

        await browser.SignInAsync("bob", ApiServer.Password("bob"));
        Assert.Contains("Accept as bob", await browser.ReadAsync(path), StringComparison.Ordinal);
        using (var forged = await browser.PostTextAsync(path, "token=x", "application/x-www-form-urlencoded"))
            await forged.ExpectAsync(HttpStatusCode.Forbidden);
        using (var accepted = await browser.PostAsync(path))
        {
            await accepted.ExpectAsync(HttpStatusCode.OK);
            Assert.Contains("Welcome to harbour, bob", await accepted.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
        Assert.Equal("bob", (await server.As("bob").GetAsync("/spaces/harbour/teams/dev")).GetProperty("members")[0].GetString());
        var gone = new HashSet<string>();
        foreach (var ended in (string[])[path, $"/invite/{Staithe.Accounts.Secret.CreateForPath()}", "/invite/", "/invite/x"])
        {
            using var replayed = await browser.PostAsync(ended);
            await replayed.ExpectAsync(HttpStatusCode.NotFound);
            gone.Add(Varying().Replace(await replayed.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), ""));
        }
        Assert.Single(gone);
        await server.Registry.StopAsync();
        Assert.DoesNotContain(path.Split('/')[^1], server.Registry.Log, StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task Where_it_says_so_an_invitation_makes_an_account(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root");
        var root = server.As("root");
        await server.PushAsync("root", "root/app");
        var path = new Uri((await root.PostAsync("/spaces/root/invitations", new { target = "root/app", rights = "read", newAccounts = true, uses = 2 })).GetProperty("url").GetString()!).AbsolutePath;
        using var browser = new Browser(server.Registry.Url);
        Assert.Contains("Make the account and accept", await browser.ReadAsync(path), StringComparison.Ordinal);
        foreach (var (name, password, status, says) in ((string, string, HttpStatusCode, string)[])[("ro0t", "a-long-password", HttpStatusCode.Conflict, "looks too much like root"), ("dora", "short", HttpStatusCode.BadRequest, "a password has"), ("<b>", "a-long-password", HttpStatusCode.BadRequest, "&lt;b&gt;")])
        {
            using var refused = await browser.PostAsync(path, ("name", name), ("password", password));
            await refused.ExpectAsync(status);
            var page = await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.Contains(says, page, StringComparison.Ordinal);
            Assert.DoesNotContain(password, page, StringComparison.Ordinal);
            Assert.DoesNotContain("<b>", page, StringComparison.Ordinal);
        }
        using (var made = await browser.PostAsync(path, ("name", "dora"), ("password", "a-long-password")))
        {
            await made.ExpectAsync(HttpStatusCode.SeeOther);
            Assert.Equal("/spaces/root", made.Headers.Location!.OriginalString);
        }
        var home = await browser.ReadAsync("/spaces/root");
        Assert.Contains("<a href=\"/settings\">dora</a>", home, StringComparison.Ordinal);
        Assert.Contains("<p class=\"done\" role=\"status\">Your account is ready, and the invitation is accepted.</p>", home, StringComparison.Ordinal);
        Assert.Equal(["root/app"], await server.As("dora", "a-long-password").ListAsync("/repositories"));
        await browser.SignInAsync("dora", "a-long-password");
        using (var again = await browser.PostAsync(path))
            await again.ExpectAsync(HttpStatusCode.NotFound);
    }

    // What differs from page to page: where it is, and the token of its forms.
    [GeneratedRegex("name=\"token\" value=\"[^\"]+\"|next=[^\"]+")]
    private static partial Regex Varying();
}
