using System.Text.Json;
using Staithe.Oci;

namespace Staithe.Federation;

/// <summary>What an issuer says of somebody, once its signature and its time have been checked. Whom it was said to is for its reader to check.</summary>
/// <param name="Issuer">Who says it.</param>
/// <param name="Subject">Of whom; the same for ever, and nobody else's at this issuer.</param>
/// <param name="Audiences">To whom.</param>
/// <param name="ExpiresAt">Until when it holds: seconds since 1970.</param>
/// <param name="Claims">All of it.</param>
internal sealed record IdToken(string Issuer, string Subject, IReadOnlyList<string> Audiences, long ExpiresAt, JsonElement Claims)
{
    /// <summary>Holds it against the rules for a person who signs in (OpenID Connect Core 1.0, section 3.1.3.7).</summary>
    /// <exception cref="FederationException">It was not made for this client, or for this attempt.</exception>
    public void CheckIsFor(string clientId, string nonce)
    {
        if (!Audiences.Contains(clientId))
            throw new FederationException($"the token is for {Listed(Audiences)}, not for this client");
        var party = Json.Text(Claims, "azp");
        if (Claims.Member("azp") is not null ? party != clientId : Audiences.Count > 1)
            throw new FederationException($"the token was made for another client{(party is null ? "" : $", {OciException.Quote(party)}")}");
        if (Json.Text(Claims, "nonce") != nonce)
            throw new FederationException("the token belongs to another attempt to sign in");
    }

    public static string Listed(IEnumerable<string> texts) => OciException.Quote(string.Join(", ", texts.Take(5)));

    /// <summary>A claim's values as text: those of an array, or the one that it is. What is an object has none.</summary>
    public static IReadOnlyList<string> Values(JsonElement claims, string name) => claims.Member(name) switch
    {
        { ValueKind: JsonValueKind.True } => ["true"],
        { ValueKind: JsonValueKind.False } => ["false"],
        { ValueKind: JsonValueKind.Number } value => [value.GetRawText()],
        _ => Json.Texts(claims, name),
    };
}
