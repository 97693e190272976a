using System.Globalization;
using Microsoft.Extensions.Primitives;
using Staithe.Access;
using Staithe.Door;
using Staithe.Oci;
using Staithe.Sharing;
using Staithe.Transport;

namespace Staithe.Distribution;

/// <summary>
/// <c>/v2/auth</c>, where clients get tokens: GET of the Docker Registry token specification, POST of its OAuth2 form, and of the exchange of a
/// token from elsewhere for a keyless robot's. Whoever asks gets a token; what was not granted is simply not in it.
/// </summary>
internal sealed class TokenHandler(
    AccessLookup access,
    ShareLinkLookup links,
    CallerLookup callers,
    SignIn signIn,
    Sessions sessions,
    BearerTokens tokens,
    bool isOpen)
{
    const int MaxScopes = 32;
    const int MaxServiceLength = 300;
    const int MaxFormBytes = 64 * 1024;
    const string TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"; // RFC 8693
    const string IdToken = "urn:ietf:params:oauth:token-type:id_token";
    const string AccessToken = "urn:ietf:params:oauth:token-type:access_token";

    /// <summary>Whether the path is this endpoint's, or its other name's.</summary>
    public static bool Takes(string path) => path is BearerChallenge.TokenPath or "/v2/token";

    public async Task HandleAsync(HttpContext http)
    {
        var stamp = tokens.Stamp;
        http.Response.Headers.CacheControl = "no-store";
        switch (http.Request.Method)
        {
            case "GET":
                var query = http.Request.Query;
                var caller = await callers.MeetAsync(http, Accepts.Nobody | Accepts.Basic, CallerLookup.AskBasic);
                await AnswerAsync(http, (caller.Who, null), stamp, query["service"], query["scope"], query["offline_token"] == "true");
                break;
            case "POST":
                var form = await ReadFormAsync(http);
                await WorkerThread.SwitchAsync();
                var asker = await callers.CountAsync(http, () => IdentifyAsync(http, form), asker => asker.Who);
                await AnswerAsync(http, asker, stamp, form["service"], form["scope"], form["access_type"] == "offline", form["grant_type"] == TokenExchange);
                break;
            default:
                throw new OciException(OciError.Unsupported, "tokens are asked for with GET or POST") { Headers = new Dictionary<string, string> { ["Allow"] = "GET, POST" } };
        }
    }

    async Task<(Identity Who, string? Refresh)> IdentifyAsync(HttpContext http, IFormCollection form)
    {
        if (isOpen)
            return (Identity.Anybody, null);
        switch (form["grant_type"].ToString())
        {
            case "password":
                return (await SignInAsync(() => signIn.TryAsync(form["username"].ToString(), form["password"].ToString(), CallerLookup.AddressOf(http), http.RequestAborted)), null);
            case "refresh_token":
                var token = form["refresh_token"].ToString();
                return (await SignInAsync(() => signIn.TryRefreshAsync(token, CallerLookup.AddressOf(http), http.RequestAborted)), token);
            case TokenExchange:
                if (form["subject_token_type"] != IdToken || form["requested_token_type"] is not ([] or [AccessToken]))
                    throw new OciException(OciError.ParameterInvalid, $"subject_token_type must be {IdToken}, and requested_token_type {AccessToken} or left out");
                var (robot, subject) = (form["username"].ToString(), form["subject_token"].ToString());
                return (await SignInAsync(() => signIn.TryKeylessAsync(robot, subject, CallerLookup.AddressOf(http), http.RequestAborted)), null);
            default:
                throw new OciException(OciError.ParameterInvalid, $"grant_type must be password, refresh_token or {TokenExchange}");
        }
    }

    async Task AnswerAsync(
        HttpContext http,
        (Identity Who, string? Refresh) asker,
        long stamp,
        StringValues service,
        StringValues scopes,
        bool wantsRefresh,
        bool isExchange = false)
    {
        var audience = service is [{ Length: > 0 and <= MaxServiceLength } named] ? named : http.Request.Host.Value ?? "";
        if (!string.Equals(audience, http.Request.Host.Value, StringComparison.OrdinalIgnoreCase))
            throw new OciException(OciError.ParameterInvalid, $"this is {http.Request.Host}, not the service that the token is asked for");
        var repositories = await DecideAsync(asker.Who, scopes, http.Request.Host.Value, http.RequestAborted);
        var (token, issuedAt, seconds) = await tokens.IssueAsync(asker.Who, audience, repositories, stamp, http.RequestAborted);
        if (token.Length > BearerTokens.MaxLength)
            throw new OciException(OciError.ParameterInvalid, "a token for all of that would be too long: ask for fewer scopes at a time");
        var refresh = asker.Refresh;
        if (refresh is null && wantsRefresh && asker.Who.Kind == IdentityKind.User)
            refresh = await sessions.StartClientAsync(asker.Who, CallerLookup.AddressOf(http), http.RequestAborted);
        await WholeBody.SendAsync(http, "application/json", JsonBody.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("token", token);
            json.WriteString("access_token", token);
            json.WriteNumber("expires_in", seconds);
            json.WriteString("issued_at", issuedAt.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
            if (refresh is not null)
                json.WriteString("refresh_token", refresh);
            if (isExchange)
            {
                json.WriteString("token_type", "Bearer");
                json.WriteString("issued_token_type", AccessToken);
            }
            json.WriteEndObject();
        }));
    }

    // A scope that cannot be read is one that is not granted.
    async Task<Dictionary<string, Decision>> DecideAsync(Identity who, StringValues scopes, string? host, CancellationToken cancel)
    {
        var asked = scopes.SelectMany(line => (line ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(text => TokenScope.TryParse(text, host, out var scope) ? scope : null).OfType<TokenScope>().Take(MaxScopes + 1).ToList();
        if (asked.Count > MaxScopes)
            throw new OciException(OciError.ParameterInvalid, $"a token takes at most {MaxScopes} scopes");
        var decisions = new Dictionary<string, Decision>();
        foreach (var scope in asked)
        {
            if (scope.Type != TokenScope.Repository)
                continue; // what belongs to the registry as a whole is decided when it is asked for
            var rights = RepositoryActions.Asked(scope.Actions);
            var decision = (await DecideAsync(who, RepositoryName.Parse(scope.Name), cancel)).Only(rights);
            decisions[scope.Name] = decisions.TryGetValue(scope.Name, out var before) ? before.Plus(decision) : decision;
        }
        return decisions;
    }

    // Whoever asks for it, the secret in a share link's name is what counts.
    async Task<Decision> DecideAsync(Identity who, RepositoryName name, CancellationToken cancel) => ShareLinkName.Is(name) && who.Kind != IdentityKind.Anybody
        ? ShareLinkPass.DecisionOf(await links.FindAsync(ShareLinkName.SecretOf(name), cancel))
        : await access.DecideAsync(who, name, cancel);

    static async Task<IFormCollection> ReadFormAsync(HttpContext http)
    {
        if (!http.Request.HasFormContentType || http.Request.ContentLength > MaxFormBytes)
            throw new OciException(OciError.ParameterInvalid, "send a form (application/x-www-form-urlencoded)");
        try
        {
            return await http.Request.ReadFormAsync(new Microsoft.AspNetCore.Http.Features.FormOptions { BufferBodyLengthLimit = MaxFormBytes, ValueCountLimit = 64, KeyLengthLimit = 256, ValueLengthLimit = MaxFormBytes, MultipartBodyLengthLimit = 1 }, http.RequestAborted);
        }
        catch (InvalidDataException e)
        {
            throw new OciException(OciError.ParameterInvalid, $"the form cannot be read: {e.Message}");
        }
    }

    static Task<Identity> SignInAsync(Func<Task<Identity?>> tryIt) => CallerLookup.SignInAsync(tryIt, CallerLookup.AskBasic);
}
