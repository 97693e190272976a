using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Staithe.Config;
using Staithe.Tests.Clients;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Federation;

/// <summary>A certified issuer (tests/issuer) with its own pages, whose people and keys are as a test wants them.</summary>
internal sealed partial class RealIssuer : IDisposable
{
    const string Ready = "issuer listens on ";

    readonly HttpClient http;

    RealIssuer(Uri address)
    {
        http = new HttpClient { BaseAddress = address };
        Url = address.OriginalString.TrimEnd('/');
    }

    /// <summary>What its tokens call it.</summary>
    public string Url { get; }

    public static async Task<RealIssuer> StartAsync(ClientWorld world)
    {
        var script = Repository.File("tests/issuer/issuer.mjs");
        Assert.True(Directory.Exists(Repository.File("tests/issuer/node_modules")), "the issuer is not installed: ./test does that, with \"npm ci\" in tests/issuer");
        var daemon = await world.StartDaemonAsync($"node '{script}'", Ready);
        return new RealIssuer(new Uri(daemon.ReadyLine.Split(Ready)[1].Trim()));
    }

    /// <summary>The setting <c>oidc</c> for it; its people get accounts.</summary>
    public OidcConfig Configure(params GroupMap[] groups) => new()
    {
        Name = "company", Label = "Company account", Issuer = Url, ClientId = "staithe", ClientSecret = "a secret: with + and %",
        Scopes = ["openid", "profile", "groups"], Groups = groups, NewUsers = true,
    };

    /// <summary>What it says of somebody from now on.</summary>
    public Task SetPersonAsync(string id, string name, params string[] groups) => PostAsync("/test/person", new { id, claims = new { preferred_username = name, groups } });

    /// <summary>Gives it other keys; nobody is signed in there any more.</summary>
    public Task RenewAsync(string algorithm, bool nameInToken = false) => PostAsync("/test/renew", new { algorithm, nameInToken });

    /// <summary>A token that says this.</summary>
    public async Task<string> SignAsync(object claims) => (await PostAsync("/test/sign", new { claims })).GetProperty("token").GetString()!;

    /// <summary>Goes through its pages to sign in and to agree, and comes back to a page of the registry.</summary>
    /// <param name="browser">Whose browser.</param>
    /// <param name="person">Who they say they are.</param>
    /// <param name="from">Where on the registry it begins.</param>
    /// <returns>The page that it ends at.</returns>
    public static async Task<HttpResponseMessage> SignInAsync(Browser browser, string person, string from = "/login/oidc/company?next=/login")
    {
        var page = await browser.GetAsync(from);
        for (var step = 0; step < 4 && page.RequestMessage!.RequestUri!.Authority != browser.Home.Authority; step++)
        {
            var text = await Browser.TextAsync(page);
            var (action, prompt) = (Action().Match(text).Groups[1].Value, Prompt().Match(text).Groups[1].Value);
            Assert.True(action.Length > 0 && prompt.Length > 0, text);
            var next = await browser.PostAsync(new Uri(page.RequestMessage.RequestUri, WebUtility.HtmlDecode(action)), ("prompt", prompt), ("login", person), ("password", "any"));
            page.Dispose();
            page = next;
        }
        return page;
    }

    public void Dispose() => http.Dispose();

    async Task<JsonElement> PostAsync(string path, object body)
    {
        using var response = await http.PostAsJsonAsync(new Uri(path, UriKind.Relative), body, TestContext.Current.CancellationToken);
        await response.ExpectAsync(HttpStatusCode.OK);
        return await response.JsonAsync();
    }

    [GeneratedRegex("<form[^>]* action=\"([^\"]+)\"")]
    private static partial Regex Action();

    [GeneratedRegex("name=\"prompt\" value=\"([^\"]+)\"")]
    private static partial Regex Prompt();
}
