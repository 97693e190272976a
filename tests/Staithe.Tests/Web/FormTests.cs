using System.Net;
using System.Text.RegularExpressions;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>
/// What makes a form ours: it holds as long as the session does, however its reader came here and in however many windows, and nobody else can make one. Cookies are
/// written by hand, as browsers send them.
/// </summary>
public sealed partial class FormTests
{
    [Fact]
    public async Task A_visit_from_elsewhere_leaves_the_forms_of_other_windows_alone()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "alice");
        var page = await SendAsync(server, HttpMethod.Get, "/login", "");
        var browser = Cookie(page, "staithe-browser");
        Assert.Contains("samesite=lax", page.Headers.GetValues("Set-Cookie").Single(), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("httponly", page.Headers.GetValues("Set-Cookie").Single(), StringComparison.OrdinalIgnoreCase);
        var early = await TokenAsync(page);

        // a second window: the cookie comes along, and stays
        var second = await SendAsync(server, HttpMethod.Get, "/login", browser);
        Assert.False(second.Headers.Contains("Set-Cookie"));
        var signedIn = await SendAsync(server, HttpMethod.Post, "/login", browser, ("token", early), ("name", "alice"), ("password", ApiServer.Password("alice")));
        Assert.Equal(HttpStatusCode.SeeOther, signedIn.StatusCode);
        var session = Cookie(signedIn, "staithe-session");

        // signed in, a form is bound to the session alone, whatever becomes of the other cookie
        var form = await TokenAsync(await SendAsync(server, HttpMethod.Get, "/settings", $"{browser}; {session}"));
        var arrived = await SendAsync(server, HttpMethod.Get, "/settings", session);
        Assert.False(arrived.Headers.Contains("Set-Cookie"));
        foreach (var (cookies, token) in ((string, string)[])[($"{browser}; {session}", form), (session, form), ($"staithe-browser={new string('a', 26)}; {session}", form), ($"{browser}; {session}", await TokenAsync(arrived))])
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(server, HttpMethod.Post, "/settings", cookies, ("token", token), ("do", "token.add"), ("name", "x"), ("role", "read"))).StatusCode);
    }

    [Fact]
    public async Task A_neighbour_who_sets_a_cookie_or_has_an_account_cannot_make_a_form()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "alice", "eve");
        var session = await SessionAsync(server, "alice");
        // eve knows a cookie, and has its form: she may have put it into alice's browser from below the same domain
        var known = $"staithe-browser={new string('b', 26)}";
        var ofNobody = await TokenAsync(await SendAsync(server, HttpMethod.Get, "/login", known));
        var ofEve = await TokenAsync(await SendAsync(server, HttpMethod.Get, "/settings", await SessionAsync(server, "eve")));
        var ofAlice = await TokenAsync(await SendAsync(server, HttpMethod.Get, "/settings", session));
        (string, string)[] deed = [("do", "token.add"), ("name", "x"), ("role", "admin")];
        foreach (var token in (string[])[ofNobody, ofEve])
            Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(server, HttpMethod.Post, "/settings", $"{known}; {session}", [("token", token), .. deed])).StatusCode);
        // where a form comes from is looked at whatever is in it
        foreach (var (name, value, status) in ((string, string, HttpStatusCode)[])
        [
            ("Origin", "https://elsewhere.example", HttpStatusCode.Forbidden), ("Origin", $"http://evil.{server.Registry.Authority}", HttpStatusCode.Forbidden),
            ("Sec-Fetch-Site", "cross-site", HttpStatusCode.Forbidden), ("Sec-Fetch-Site", "same-site", HttpStatusCode.Forbidden),
            ("Sec-Fetch-Site", "same-origin", HttpStatusCode.OK), ("Origin", $"http://{server.Registry.Authority}", HttpStatusCode.OK), ("Origin", "null", HttpStatusCode.Forbidden),
        ])
            Assert.Equal((name, value, status), (name, value, (await SendAsync(server, HttpMethod.Post, "/settings", session, name, value, [("token", ofAlice), .. deed])).StatusCode));
        Assert.Equal(2, (await server.As("alice").ListAsync("/me/tokens")).Count);
        // as a link from elsewhere can do: nothing that a GET asks for is done
        var asked = await SendAsync(server, HttpMethod.Get, $"/settings?do=token.add&name=y&role=admin&token={ofAlice}", session);
        Assert.Equal(HttpStatusCode.OK, asked.StatusCode);
        Assert.Equal(2, (await server.As("alice").ListAsync("/me/tokens")).Count);
    }

    [Fact]
    public async Task After_a_session_has_ended_the_next_form_works()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "alice");
        using var browser = await OwnSettingsTests.SignedInAsync(server, "alice");
        var old = await browser.TokenAsync();
        await server.Registry.App.Users.SetPasswordAsync(Staithe.Audit.Actor.Shell, "alice", "another password", TestContext.Current.CancellationToken);
        var sent = $"token={Uri.EscapeDataString(old)}&do=token.add&name=x&role=read";
        using (var refused = await browser.PostTextAsync("/settings", sent, "application/x-www-form-urlencoded"))
            await refused.ExpectAsync(HttpStatusCode.Forbidden);
        var token = await browser.TokenAsync();
        using var signedIn = await browser.PostTextAsync("/login", $"token={Uri.EscapeDataString(token)}&name=alice&password=another%20password", "application/x-www-form-urlencoded");
        await signedIn.ExpectAsync(HttpStatusCode.SeeOther);
    }

    [Fact]
    public async Task A_page_about_a_mistake_still_knows_who_is_signed_in()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "alice");
        using var browser = await OwnSettingsTests.SignedInAsync(server, "alice");
        using var refused = await browser.PostTextAsync("/settings", "token=x", "application/x-www-form-urlencoded");
        await refused.ExpectAsync(HttpStatusCode.Forbidden);
        var page = await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("The form is too old", page, StringComparison.Ordinal);
        Assert.Contains(">alice</a>", page, StringComparison.Ordinal);
    }

    static async Task<string> SessionAsync(ApiServer server, string user)
    {
        var page = await SendAsync(server, HttpMethod.Get, "/login", "");
        var signedIn = await SendAsync(server, HttpMethod.Post, "/login", Cookie(page, "staithe-browser"), ("token", await TokenAsync(page)), ("name", user), ("password", ApiServer.Password(user)));
        return Cookie(signedIn, "staithe-session");
    }

    static Task<HttpResponseMessage> SendAsync(ApiServer server, HttpMethod method, string path, string cookies, params (string Name, string Value)[] fields) => SendAsync(server, method, path, cookies, "Accept", "text/html", fields);

    static async Task<HttpResponseMessage> SendAsync(ApiServer server, HttpMethod method, string path, string cookies, string header, string value, params (string Name, string Value)[] fields)
    {
        using var request = new HttpRequestMessage(method, path);
        if (cookies.Length > 0)
            request.Headers.TryAddWithoutValidation("Cookie", cookies);
        request.Headers.TryAddWithoutValidation(header, value);
        if (fields.Length > 0)
            request.Content = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, UseProxy = false }) { BaseAddress = server.Registry.Url };
        return await http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    static string Cookie(HttpResponseMessage response, string name) => response.Headers.GetValues("Set-Cookie").Single(cookie => cookie.StartsWith($"{name}=", StringComparison.Ordinal)).Split(';')[0];

    static async Task<string> TokenAsync(HttpResponseMessage response) => Token().Match(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Groups[1].Value;

    [GeneratedRegex("name=\"token\" value=\"([^\"]+)\"")]
    private static partial Regex Token();
}
