using System.Diagnostics.CodeAnalysis;

namespace Staithe.Oci;

/// <summary>A tag (distribution-spec, "Pulling manifests"): <c>[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}</c>.</summary>
public sealed record TagName
{
    /// <summary>The most characters a tag may have.</summary>
    public const int MaxLength = 128;

    TagName(string value) => Value = value;

    /// <summary>The tag as it is written.</summary>
    public string Value { get; }

    /// <summary>Reads a tag that a client wants to set.</summary>
    /// <exception cref="OciException">MANIFEST_INVALID when the text breaks the grammar.</exception>
    public static TagName Parse(string? text) => TryParse(text, out var tag)
        ? tag
        : throw new OciException(OciError.ManifestInvalid, $"\"{OciException.Quote(text)}\" is not a tag: use at most {MaxLength} letters, digits, _ . and -, not starting with . or -");

    /// <summary>Reads a tag; false when the text breaks the grammar.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out TagName? tag)
    {
        tag = text is { Length: > 0 and <= MaxLength } && IsTag(text) ? new TagName(text) : null;
        return tag is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => Value;

    static bool IsTag(string text)
    {
        if (text[0] is '.' or '-')
            return false;
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '.' or '-'))
                return false;
        }
        return true;
    }
}
