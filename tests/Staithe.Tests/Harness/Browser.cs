using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Staithe.Tests.Harness;

/// <summary>What a browser does with pages and forms: it keeps cookies, and sends with a form what the page put into it.</summary>
internal sealed partial class Browser(Uri url) : IDisposable
{
    readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = url };

    public Task<HttpResponseMessage> GetAsync(string path, string accept = "text/html")
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        return http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request) => http.SendAsync(request, TestContext.Current.CancellationToken);

    /// <summary>A page's text, which must be there.</summary>
    public async Task<string> ReadAsync(string path)
    {
        using var page = await GetAsync(path);
        await page.ExpectAsync(HttpStatusCode.OK);
        return await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Fills in a form and sends it.</summary>
    public async Task<HttpResponseMessage> PostAsync(string path, params (string Name, string Value)[] fields)
    {
        var token = await TokenAsync();
        return await PostTextAsync(path, string.Join('&', fields.Append(("token", token)).Select(field => $"{field.Item1}={Uri.EscapeDataString(field.Item2)}")), "application/x-www-form-urlencoded");
    }

    public async Task<HttpResponseMessage> PostTextAsync(string path, string body, string contentType)
    {
        using var content = new ByteArrayContent(Encoding.ASCII.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        return await http.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
    }

    /// <summary>Signs in.</summary>
    public async Task SignInAsync(string name, string password)
    {
        using var answer = await PostAsync("/login", ("name", name), ("password", password));
        await answer.ExpectAsync(HttpStatusCode.SeeOther);
    }

    /// <summary>The token that the forms of this browser carry now.</summary>
    public async Task<string> TokenAsync() => Token().Match(await ReadAsync("/login")).Groups[1].Value;

    public void Dispose() => http.Dispose();

    [GeneratedRegex("name=\"token\" value=\"([^\"]+)\"")]
    private static partial Regex Token();
}
