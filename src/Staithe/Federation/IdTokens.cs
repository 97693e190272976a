using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Staithe.Oci;

namespace Staithe.Federation;

/// <summary>
/// Reads id tokens: JWTs (RFC 7519) in the compact form, signed with one of three algorithms by a key of an issuer that is trusted. Whatever else
/// a header asks for is refused, and nothing in a token is believed before its signature holds, but the name of the issuer to ask.
/// </summary>
internal sealed class IdTokens(TimeProvider clock)
{
    /// <summary>The longest that is looked at.</summary>
    public const int MaxLength = 16 * 1024;

    const int MaxSubjectLength = 255;
    const long SkewSeconds = 60;

    /// <summary>Whether the text has the form of one, so that it is no password.</summary>
    public static bool Are(string text) => text.Length is > 20 and <= MaxLength && text.StartsWith("eyJ", StringComparison.Ordinal) && text.AsSpan().Count('.') == 2;

    /// <summary>Reads one.</summary>
    /// <exception cref="FederationException">It is none, no issuer of these has made it, or it does not hold now.</exception>
    public async Task<IdToken> ReadAsync(string text, Func<string, Issuer?> find, CancellationToken cancel)
    {
        if (!Are(text))
            throw new FederationException("this is no token");
        var parts = text.Split('.');
        using var header = Json.Parse(Decode(parts[0]), "the token's header");
        var payload = Decode(parts[1]);
        using var document = Json.Parse(payload, "the token");
        var name = Json.Text(document.RootElement, "iss") ?? throw new FederationException("the token does not name its issuer");
        var issuer = find(name) ?? throw new FederationException($"the issuer {OciException.Quote(name)} is not trusted");
        await CheckSignatureAsync(issuer, header.RootElement, parts, cancel);
        var claims = document.RootElement.Clone();
        var subject = Json.Text(claims, "sub");
        if (subject is not { Length: > 0 and <= MaxSubjectLength })
            throw new FederationException("the token does not say whose it is");
        return new IdToken(name, subject, Json.Texts(claims, "aud"), CheckTime(claims), claims);
    }

    static async Task CheckSignatureAsync(Issuer issuer, JsonElement header, string[] parts, CancellationToken cancel)
    {
        if (header.Member("crit") is not null || header.Member("b64") is not null)
            throw new FederationException("the token's header asks for what is not known here");
        if (header.Member("typ") is not null && !"JWT".Equals(Json.Text(header, "typ"), StringComparison.OrdinalIgnoreCase))
            throw new FederationException("this is a token of another kind, not an id token");
        var algorithm = Json.Text(header, "alg");
        if (algorithm is null || !IssuerKey.Algorithms.Contains(algorithm))
            throw new FederationException($"the token is signed with {OciException.Quote(algorithm ?? "nothing")}, which is not one of {string.Join(", ", IssuerKey.Algorithms)}");
        if (header.Member("kid") is not null && Json.Text(header, "kid") is null)
            throw new FederationException("the token's header names its key in no way that is known");
        var key = await issuer.FindKeyAsync(algorithm, Json.Text(header, "kid"), cancel) ?? throw new FederationException($"the issuer has no such key for {algorithm}");
        if (!Verify(key, algorithm, parts))
            throw new FederationException("the token's signature is wrong");
    }

    static bool Verify(IssuerKey key, string algorithm, string[] parts)
    {
        try
        {
            return key.Verify(algorithm, Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Decode(parts[2]));
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    long CheckTime(JsonElement claims)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var expiresAt = Seconds(claims, "exp") ?? throw new FederationException("the token does not say until when it holds");
        if (expiresAt + SkewSeconds <= now)
            throw new FederationException("the token has ended");
        if (Seconds(claims, "nbf") > now + SkewSeconds || Seconds(claims, "iat") > now + SkewSeconds)
            throw new FederationException("the token is from the future: is one of the clocks wrong?");
        return expiresAt;
    }

    static long? Seconds(JsonElement claims, string name)
    {
        if (claims.Member(name) is not { } value)
            return null;
        // A fraction is allowed (RFC 7519 section 2); a time beyond the year 9999 is nonsense.
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && seconds is > 0 and < 253_402_300_800
            ? (long)seconds
            : throw new FederationException($"the token's {name} is no time");
    }

    static byte[] Decode(string part)
    {
        try
        {
            return Base64Url.DecodeFromChars(part);
        }
        catch (FormatException)
        {
            throw new FederationException("this is no token");
        }
    }
}
