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

    /// <summary>Fills in a form and sends it; the page that comes back, which must have this status.</summary>
    public async Task<string> SubmitAsync(string path, HttpStatusCode status, params (string Name, string Value)[] fields)
    {
        using var answer = await PostAsync(path, fields);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.StatusCode == status, $"POST {path}: {(int)answer.StatusCode} and not {(int)status}\n{text}");
        return status == HttpStatusCode.SeeOther ? answer.Headers.Location!.OriginalString : text;
    }

    /// <summary>The forms of a page that change something: where each goes, and what is in it.</summary>
    public async Task<List<(string Action, List<(string Name, string Value)> Fields)>> FormsAsync(string path)
    {
        var forms = new List<(string, List<(string, string)>)>();
        foreach (Match form in Form().Matches(await ReadAsync(path)))
        {
            var (tag, inside) = (form.Groups["tag"].Value, form.Groups["inside"].Value);
            if (!tag.Contains("method=\"post\"", StringComparison.Ordinal))
                continue;
            var action = Attribute(tag, "action") ?? path;
            var fields = Input().Matches(inside).Select(input => (Attribute(input.Value, "name") ?? "", Attribute(input.Value, "value") ?? "")).Where(field => field.Item1.Length > 0).ToList();
            forms.Add((action, fields));
        }
        return forms;
    }

    static string? Attribute(string tag, string name) => Regex.Match(tag, $"\\b{name}=\"([^\"]*)\"") is { Success: true } match ? WebUtility.HtmlDecode(match.Groups[1].Value) : null;

    /// <summary>Signs in.</summary>
    public async Task SignInAsync(string name, string password)
    {
        using var answer = await PostAsync("/login", ("name", name), ("password", password));
        await answer.ExpectAsync(HttpStatusCode.SeeOther);
    }

    /// <summary>The token that the forms of this browser carry now.</summary>
    public async Task<string> TokenAsync() => Token().Match(await ReadAsync("/login")).Groups[1].Value;

    public void Dispose() => http.Dispose();

    [GeneratedRegex("<form(?<tag>[^>]*)>(?<inside>.*?)</form>", RegexOptions.Singleline)]
    private static partial Regex Form();

    [GeneratedRegex("<(input|button|textarea|select)[^>]*>")]
    private static partial Regex Input();

    [GeneratedRegex("name=\"token\" value=\"([^\"]+)\"")]
    private static partial Regex Token();
}
