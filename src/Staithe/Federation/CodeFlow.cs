using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Staithe.Config;
using Staithe.Oci;

namespace Staithe.Federation;

/// <summary>
/// Signs a person in with one issuer: the authorization code flow of OpenID Connect Core 1.0, section 3.1, with PKCE (RFC 7636). The tokens come from
/// the issuer itself and never pass through the browser.
/// </summary>
internal sealed class CodeFlow(OidcConfig config, Issuers issuers, IdTokens tokens)
{
    const int MaxCodeLength = 4000;
    const int MaxAccessTokenLength = 16 * 1024;
    const int MaxGroups = 2000;

    readonly Issuer issuer = issuers.Find(config.Issuer) ?? throw new InvalidOperationException($"{config} is no issuer that is known");

    public OidcConfig Config => config;

    /// <summary>Where to send the browser.</summary>
    /// <exception cref="FederationException">The issuer cannot be asked, or signs nobody in.</exception>
    public async Task<string> BeginAsync(LoginTicket ticket, string callback, CancellationToken cancel)
    {
        var metadata = await issuer.GetMetadataAsync(cancel);
        var url = metadata.Authorization ?? throw new FederationException($"{config} has no page to sign in", isOutage: true);
        return QueryHelpers.AddQueryString(url.AbsoluteUri, new Dictionary<string, string?>
        {
            ["response_type"] = "code",
            ["client_id"] = config.ClientId,
            ["redirect_uri"] = callback,
            ["scope"] = string.Join(' ', config.Scopes),
            ["state"] = ticket.State,
            ["nonce"] = ticket.Nonce,
            ["code_challenge"] = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(ticket.Verifier))),
            ["code_challenge_method"] = "S256",
        });
    }

    /// <summary>Who it is that has come back with a code.</summary>
    /// <param name="ticket">What the browser went with.</param>
    /// <param name="code">What it came back with.</param>
    /// <param name="sentBy">The issuer that the answer names, or null.</param>
    /// <param name="callback">Where it came back to.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="FederationException">The issuer does not take the code, or what it answers is not believed.</exception>
    public async Task<Arrival> CompleteAsync(LoginTicket ticket, string code, string? sentBy, string callback, CancellationToken cancel)
    {
        var metadata = await issuer.GetMetadataAsync(cancel);
        if (sentBy is null ? metadata.NamesItself : sentBy != config.Issuer)
            throw new FederationException($"the answer is from {OciException.Quote(sentBy ?? "nobody")}, not from {config.Issuer}");
        if (code.Length is 0 or > MaxCodeLength)
            throw new FederationException("the answer has no code");
        var (idToken, accessToken) = await RedeemAsync(metadata, ticket, code, callback, cancel);
        var token = await tokens.ReadAsync(idToken, name => name == config.Issuer ? issuer : null, cancel);
        token.CheckIsFor(config.ClientId, ticket.Nonce);

        // Many issuers keep the token short and tell the rest when they are asked.
        var more = (IsIn(token.Claims, config.UserClaim) && (config.Groups.Count == 0 || IsIn(token.Claims, config.GroupsClaim))) || metadata.UserInfo is null || accessToken is null
            ? default(JsonElement?)
            : await GetUserInfoAsync(metadata.UserInfo, accessToken, token.Subject, cancel);
        return new Arrival(token.Subject, Values(config.UserClaim) is [{ Length: > 0 } name] ? name : null, [.. Values(config.GroupsClaim).Take(MaxGroups)]);

        IReadOnlyList<string> Values(string claim) => IsIn(token.Claims, claim) || more is null ? IdToken.Values(token.Claims, claim) : IdToken.Values(more.Value, claim);
    }

    static bool IsIn(JsonElement claims, string name) => claims.Member(name) is not null;

    async Task<(string IdToken, string? AccessToken)> RedeemAsync(IssuerMetadata metadata, LoginTicket ticket, string code, string callback, CancellationToken cancel)
    {
        var url = metadata.Token ?? throw new FederationException($"{config} redeems no codes", isOutage: true);
        var form = new Dictionary<string, string>
        {
            ["grant_type"] = "authorization_code",
            ["code"] = code,
            ["redirect_uri"] = callback,
            ["code_verifier"] = ticket.Verifier,
        };
        AuthenticationHeaderValue? authorization = null;
        if (config.ClientSecret is { } secret && !metadata.SecretInForm)
        {
            // RFC 6749 section 2.3.1: each part in the form's encoding first.
            authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes($"{WebUtility.UrlEncode(config.ClientId)}:{WebUtility.UrlEncode(secret)}")));
        }
        else
        {
            form["client_id"] = config.ClientId;
            if (config.ClientSecret is not null)
                form["client_secret"] = config.ClientSecret;
        }
        var (status, body) = await issuers.Client.PostAsync(url, form, authorization, cancel);
        if (status is not (HttpStatusCode.OK or HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized))
            throw IssuerClient.Refused(url, status);
        using var document = Json.Parse(body, "the issuer's answer to a code");
        if (status != HttpStatusCode.OK)
            throw new FederationException($"{config} does not take the code: {OciException.Quote(Json.Text(document.RootElement, "error") ?? status.ToString())}");
        var accessToken = Json.Text(document.RootElement, "access_token");
        return (
            Json.Text(document.RootElement, "id_token") ?? throw new FederationException($"{config} gives no id token: is openid among its scopes?"),
            accessToken is { Length: > 0 and <= MaxAccessTokenLength } && accessToken.All(c => c is > ' ' and < '\x7f') ? accessToken : null);
    }

    async Task<JsonElement> GetUserInfoAsync(Uri url, string accessToken, string subject, CancellationToken cancel)
    {
        using var document = Json.Parse(await issuers.Client.GetAsync(url, accessToken, cancel), "what the issuer tells of a person");
        // Section 5.3.2: otherwise somebody may have put one person's token in the place of another's.
        return Json.Text(document.RootElement, "sub") == subject ? document.RootElement.Clone() : throw new FederationException($"{config} tells of another person than the one who signed in");
    }
}
