using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Staithe.Oci;

namespace Staithe.Federation;

/// <summary>
/// A public key of an issuer (RFC 7517), for one or two algorithms: RSA of 2048 to 8192 bits for RS256 and PS256, P-256 for ES256. Nothing else
/// is ever checked with it, least of all a keyed hash.
/// </summary>
internal sealed class IssuerKey
{
    /// <summary>The algorithms that a token may be signed with.</summary>
    public static readonly IReadOnlyList<string> Algorithms = ["RS256", "PS256", "ES256"];

    const int MaxKeys = 100;
    const int MinRsaBits = 2048, MaxRsaBits = 8192;
    const int MaxExponentBytes = 8;

    readonly RSAParameters? rsa;
    readonly ECParameters? ec;
    readonly string? algorithm;

    IssuerKey(string? id, string? algorithm, RSAParameters? rsa, ECParameters? ec) => (Id, this.algorithm, this.rsa, this.ec) = (id, algorithm, rsa, ec);

    /// <summary>What tokens call it.</summary>
    public string? Id { get; }

    /// <summary>Whether it is a key for an algorithm.</summary>
    public bool IsFor(string wanted) => wanted switch
    {
        "RS256" or "PS256" => rsa is not null,
        "ES256" => ec is not null,
        _ => false,
    } && (algorithm is null || algorithm == wanted);

    /// <summary>Whether the key that belongs to it signed the bytes with an algorithm that it <see cref="IsFor"/>.</summary>
    public bool Verify(string wanted, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> signature)
    {
        if (!IsFor(wanted))
            return false;
        if (wanted == "ES256")
        {
            using var curve = ECDsa.Create(ec!.Value);
            return curve.VerifyData(bytes, signature, HashAlgorithmName.SHA256);
        }
        using var key = RSA.Create(rsa!.Value);
        return key.VerifyData(bytes, signature, HashAlgorithmName.SHA256, wanted == "PS256" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
    }

    /// <summary>The keys of a set that can be of use here; others are passed over, as RFC 7517 section 5 wants.</summary>
    /// <exception cref="FederationException">It is no set of keys.</exception>
    public static IReadOnlyList<IssuerKey> ReadAll(byte[] json)
    {
        using var document = Json.Parse(json, "the issuer's set of keys");
        if (document.RootElement.Member("keys") is not { ValueKind: JsonValueKind.Array } keys)
            throw new FederationException("the issuer's set of keys holds none", isOutage: true);
        return [.. keys.EnumerateArray().Take(MaxKeys).Where(key => key.ValueKind == JsonValueKind.Object).Select(Read).OfType<IssuerKey>()];
    }

    static IssuerKey? Read(JsonElement key)
    {
        if (Json.Text(key, "use") is not (null or "sig") || (key.Member("key_ops") is not null && !Json.Texts(key, "key_ops").Contains("verify")))
            return null;
        var (id, algorithm) = (Json.Text(key, "kid"), Json.Text(key, "alg"));
        try
        {
            switch (Json.Text(key, "kty"))
            {
                case "RSA" when (Number(key, "n"), Number(key, "e")) is ({ } modulus, { Length: > 0 and <= MaxExponentBytes } exponent):
                    var parameters = new RSAParameters { Modulus = modulus, Exponent = exponent };
                    using (var rsa = RSA.Create(parameters))
                        return rsa.KeySize is >= MinRsaBits and <= MaxRsaBits ? new IssuerKey(id, algorithm, parameters, null) : null;
                case "EC" when Json.Text(key, "crv") == "P-256" && (Number(key, "x"), Number(key, "y")) is ({ Length: 32 } x, { Length: 32 } y):
                    var point = new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = x, Y = y } };
                    using (ECDsa.Create(point)) // throws for a point that is not on the curve
                        return new IssuerKey(id, algorithm, null, point);
                default:
                    return null;
            }
        }
        catch (Exception fault) when (fault is CryptographicException or FormatException)
        {
            return null;
        }
    }

    static byte[]? Number(JsonElement key, string member) => Json.Text(key, member) is { Length: <= MaxRsaBits / 4 } text ? Base64Url.DecodeFromChars(text) : null;
}
