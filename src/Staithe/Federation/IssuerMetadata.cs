using System.Net;
using System.Text.Json;
using Staithe.Config;
using Staithe.Oci;

namespace Staithe.Federation;

/// <summary>
/// What an issuer says of itself (OpenID Connect Discovery 1.0). It is believed only where it cannot lead elsewhere than the admin who named the
/// issuer meant: over https, and to an address instead of a name, or to this machine, only if the issuer itself is there.
/// </summary>
/// <param name="Keys">Where its keys are.</param>
/// <param name="Authorization">Where people are sent; null for an issuer of machines.</param>
/// <param name="Token">Where a code is redeemed; null for an issuer of machines.</param>
/// <param name="UserInfo">Where more is told about a person, or null.</param>
/// <param name="SecretInForm">Whether the client's secret is sent in the form, because the issuer does not take it in the header.</param>
/// <param name="NamesItself">Whether it adds its name to its answers (RFC 9207).</param>
internal sealed record IssuerMetadata(Uri Keys, Uri? Authorization, Uri? Token, Uri? UserInfo, bool SecretInForm, bool NamesItself)
{
    /// <summary>Where an issuer says it.</summary>
    public static Uri Place(string issuer) => new($"{issuer.TrimEnd('/')}/.well-known/openid-configuration");

    /// <exception cref="FederationException">It is not this issuer's, or leads where it must not.</exception>
    public static IssuerMetadata Read(string issuer, byte[] json)
    {
        using var document = Json.Parse(json, "what the issuer says of itself");
        var root = document.RootElement;
        if (Json.Text(root, "issuer") != issuer)
            throw new FederationException($"{OciException.Quote(issuer)} calls itself {OciException.Quote(Json.Text(root, "issuer") ?? "nothing")}", isOutage: true);
        var methods = Json.Texts(root, "token_endpoint_auth_methods_supported");
        return new IssuerMetadata(
            Endpoint(issuer, root, "jwks_uri") ?? throw new FederationException($"{OciException.Quote(issuer)} does not say where its keys are", isOutage: true),
            Endpoint(issuer, root, "authorization_endpoint"),
            Endpoint(issuer, root, "token_endpoint"),
            Endpoint(issuer, root, "userinfo_endpoint"),
            methods.Contains("client_secret_post") && !methods.Contains("client_secret_basic"),
            root.Member("authorization_response_iss_parameter_supported") is { ValueKind: JsonValueKind.True });
    }

    static Uri? Endpoint(string issuer, JsonElement root, string name)
    {
        if (Json.Text(root, name) is not { } text)
            return null;
        var home = new Uri(issuer);
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.UserInfo.Length == 0 && url.Fragment.Length == 0 && IsReachable(home, url)
            ? url
            : throw new FederationException($"{OciException.Quote(issuer)} gives for {name} an address that is not followed: {OciException.Quote(text)}", isOutage: true);
    }

    static bool IsReachable(Uri home, Uri url)
    {
        if (IssuerUrl.IsPlainLoopback(home) ? !IssuerUrl.IsPlainLoopback(url) && url.Scheme != Uri.UriSchemeHttps : url.Scheme != Uri.UriSchemeHttps)
            return false;
        return url.Host == home.Host || !(IPAddress.TryParse(url.DnsSafeHost, out _) || url.Host == "localhost") || (url.IsLoopback && home.IsLoopback);
    }
}
