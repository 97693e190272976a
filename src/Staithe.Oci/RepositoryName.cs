using System.Diagnostics.CodeAnalysis;

namespace Staithe.Oci;

/// <summary>
/// The <c>&lt;name&gt;</c> of the distribution-spec ("Pulling manifests"): path components of lower-case letters and digits, joined inside
/// by one <c>.</c>, one or two <c>_</c>, or any number of <c>-</c>, and between each other by <c>/</c>.
/// </summary>
public sealed record RepositoryName
{
    /// <summary>The most characters a name may have; clients count the registry's host name into the same 255.</summary>
    public const int MaxLength = 255;

    RepositoryName(string value) => Value = value;

    /// <summary>The name as it is written.</summary>
    public string Value { get; }

    /// <summary>The first part, which says whose it is.</summary>
    public string Space => Value.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash ? Value[..slash] : Value;

    /// <summary>Reads a name.</summary>
    /// <exception cref="OciException">NAME_INVALID when the text breaks the grammar or the length limit.</exception>
    public static RepositoryName Parse(string? text) => TryParse(text, out var name)
        ? name
        : throw new OciException(OciError.NameInvalid, $"\"{OciException.Quote(text)}\" is not a repository name: use lower-case letters and digits, joined by . _ __ or -, in parts joined by /, at most {MaxLength} characters");

    /// <summary>Reads a name; false when the text breaks the grammar or the length limit.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out RepositoryName? name)
    {
        name = text is { Length: > 0 and <= MaxLength } && IsName(text) ? new RepositoryName(text) : null;
        return name is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => Value;

    static bool IsName(ReadOnlySpan<char> text)
    {
        foreach (var part in text.Split('/'))
        {
            if (!IsPart(text[part]))
                return false;
        }
        return true;
    }

    // [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*
    static bool IsPart(ReadOnlySpan<char> part)
    {
        if (part.IsEmpty || !IsAlphanumeric(part[0]) || !IsAlphanumeric(part[^1]))
            return false;
        for (var i = 0; i < part.Length; i++)
        {
            if (IsAlphanumeric(part[i]))
                continue;
            var start = i;
            while (part[i + 1] == part[start]) // ends before the last character, which is alphanumeric
                i++;
            var run = i - start + 1;
            if (!(part[start] switch { '.' => run == 1, '_' => run <= 2, '-' => true, _ => false }))
                return false;
            if (!IsAlphanumeric(part[i + 1]))
                return false;
        }
        return true;
    }

    static bool IsAlphanumeric(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c);
}
