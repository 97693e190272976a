using System.Diagnostics.CodeAnalysis;

namespace Staithe.Oci;

/// <summary>
/// The name of content: <c>algorithm:encoded</c> (image-spec, descriptor.md, "Digests"). A digest of a registered algorithm has exactly
/// the length and the lower-case hexadecimal of that algorithm; one of an unknown algorithm only has to follow the grammar, since it may
/// name content that lives elsewhere.
/// </summary>
public sealed record Digest
{
    /// <summary>The most characters a digest may have; the longest registered one, sha512, has 135.</summary>
    public const int MaxLength = 255;

    readonly int colon;

    Digest(string value, int colon) => (Value, this.colon) = (value, colon);

    /// <summary>The digest as it is written.</summary>
    public string Value { get; }

    /// <summary>The part before the colon.</summary>
    public string AlgorithmName => Value[..colon];

    /// <summary>The part after the colon.</summary>
    public string Encoded => Value[(colon + 1)..];

    /// <summary>The algorithm, or null when this registry cannot check content under this digest.</summary>
    public DigestAlgorithm? Algorithm => DigestAlgorithm.Find(AlgorithmName);

    /// <summary>
    /// The tag under which clients keep referrers of this content on registries without the referrers API (distribution-spec,
    /// "Referrers Tag Schema").
    /// </summary>
    public string ReferrersTag
    {
        get
        {
            var tag = $"{AlgorithmName[..Math.Min(colon, 32)]}-{Encoded[..Math.Min(Encoded.Length, 64)]}";
            return string.Create(tag.Length, tag, static (span, source) =>
            {
                for (var i = 0; i < span.Length; i++)
                    span[i] = char.IsAsciiLetterOrDigit(source[i]) || source[i] is '.' or '_' or '-' ? source[i] : '-';
            });
        }
    }

    /// <summary>Reads a digest.</summary>
    /// <exception cref="OciException">DIGEST_INVALID when the text breaks the grammar.</exception>
    public static Digest Parse(string? text) => TryParse(text, out var digest)
        ? digest
        : throw new OciException(OciError.DigestInvalid, $"\"{OciException.Quote(text)}\" is not a digest: expected sha256: and 64, or sha512: and 128, lower-case hexadecimal digits");

    /// <summary>Reads a digest of an algorithm that this registry can check.</summary>
    /// <exception cref="OciException">DIGEST_INVALID when the text breaks the grammar or names another algorithm.</exception>
    public static Digest ParseSupported(string? text)
    {
        var digest = Parse(text);
        return digest.Algorithm is not null
            ? digest
            : throw new OciException(OciError.DigestInvalid, $"digest algorithm \"{OciException.Quote(digest.AlgorithmName)}\" is not supported here: use sha256 or sha512");
    }

    /// <summary>Reads a digest; false when the text breaks the grammar.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out Digest? digest)
    {
        digest = null;
        if (text is null || text.Length > MaxLength)
            return false;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0 || !IsAlgorithm(text.AsSpan(0, colon)))
            return false;
        var encoded = text.AsSpan(colon + 1);
        var valid = DigestAlgorithm.Find(text[..colon]) is { } algorithm
            ? encoded.Length == algorithm.HashBytes * 2 && IsLowerHex(encoded)
            : IsEncoded(encoded);
        if (valid)
            digest = new Digest(text, colon);
        return valid;
    }

    /// <summary>The digest of a raw hash.</summary>
    public static Digest FromHash(DigestAlgorithm algorithm, ReadOnlySpan<byte> hash) =>
        new($"{algorithm.Name}:{Convert.ToHexStringLower(hash)}", algorithm.Name.Length);

    /// <inheritdoc/>
    public bool Equals(Digest? other) => other is not null && Value == other.Value;

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Value;

    // algorithm ::= component ([+._-] component)*, component ::= [a-z0-9]+
    static bool IsAlgorithm(ReadOnlySpan<char> text)
    {
        var afterSeparator = true;
        foreach (var c in text)
        {
            var separator = c is '+' or '.' or '_' or '-';
            if (separator ? afterSeparator : !(char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c)))
                return false;
            afterSeparator = separator;
        }
        return !afterSeparator;
    }

    static bool IsEncoded(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('=' or '_' or '-'))
                return false;
        }
        return text.Length > 0;
    }

    static bool IsLowerHex(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiHexDigitLower(c))
                return false;
        }
        return true;
    }
}
