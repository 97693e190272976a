using System.Net;
using System.Text.RegularExpressions;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Federation;

/// <summary>A browser without scripts: keeps cookies, and follows where it is sent, if told to.</summary>
internal sealed partial class Browser : IDisposable
{
    readonly CookieContainer cookies = new();
    readonly HttpClient http;

    public Browser(Registry registry, bool follows = false)
    {
        Home = registry.Url;
        http = new HttpClient(new SocketsHttpHandler { CookieContainer = cookies, AllowAutoRedirect = follows, UseProxy = false }) { BaseAddress = Home };
    }

    public Uri Home { get; }

    public Task<HttpResponseMessage> GetAsync(string path) => http.GetAsync(new Uri(path, UriKind.RelativeOrAbsolute), TestContext.Current.CancellationToken);

    public Task<HttpResponseMessage> HeadAsync(string path) => http.SendAsync(new HttpRequestMessage(HttpMethod.Head, path), TestContext.Current.CancellationToken);

    public async Task<string> TextAsync(string path)
    {
        using var response = await GetAsync(path);
        await response.ExpectAsync(HttpStatusCode.OK);
        return await TextAsync(response);
    }

    public static Task<string> TextAsync(HttpResponseMessage response) => response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

    public async Task<HttpResponseMessage> PostAsync(Uri url, params (string Name, string Value)[] fields)
    {
        using var form = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));
        return await http.PostAsync(url, form, TestContext.Current.CancellationToken);
    }

    /// <summary>Sends a form of a page of ours: with the token that is on it.</summary>
    public async Task<HttpResponseMessage> SubmitAsync(string page, string action, params (string Name, string Value)[] fields)
    {
        var token = FormToken().Match(await TextAsync(page)).Groups[1].Value;
        Assert.NotEmpty(token);
        return await PostAsync(new Uri(action, UriKind.Relative), [("token", token), .. fields]);
    }

    /// <summary>Signs in here with a password.</summary>
    public async Task SignInAsync(string name, string password)
    {
        using var response = await SubmitAsync("/login", "/login", ("name", name), ("password", password), ("next", "/"));
        Assert.True(response.StatusCode is HttpStatusCode.SeeOther or HttpStatusCode.OK or HttpStatusCode.NotFound, $"{response.StatusCode}");
    }

    /// <summary>Who the pages say is signed in; null for nobody.</summary>
    public async Task<string?> WhoAsync()
    {
        using var response = await GetAsync("/login");
        return SignedIn().Match(await TextAsync(response)) is { Success: true } match ? match.Groups[1].Value : null;
    }

    /// <summary>The cookies for a path of the registry.</summary>
    public IEnumerable<Cookie> Cookies(string path) => cookies.GetCookies(new Uri(Home, path));

    public void Keep(string path, string name, string value) => cookies.Add(new Uri(Home, path), new Cookie(name, value, path));

    public void Dispose() => http.Dispose();

    [GeneratedRegex("name=\"token\" value=\"([^\"]+)\"")]
    private static partial Regex FormToken();

    [GeneratedRegex("<a href=\"/settings\">([^<]+)</a>")]
    private static partial Regex SignedIn();
}
