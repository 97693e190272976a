using System.Diagnostics.CodeAnalysis;
using System.IO.Enumeration;
using Staithe.Oci;

namespace Staithe.Accounts;

/// <summary>
/// Which tags a grant is for: names in which <c>*</c> stands for anything and <c>?</c> for one character, with commas between them. One
/// that begins with <c>!</c> takes tags away again, so <c>*,!v*</c> is every tag but those that begin with v.
/// </summary>
internal sealed record TagPattern
{
    const int MaxLength = 500;

    readonly string[] wanted;
    readonly string[] unwanted;

    TagPattern(string text)
    {
        Text = text;
        var parts = text.Split(',');
        wanted = [.. parts.Where(part => part[0] != '!')];
        unwanted = [.. parts.Where(part => part[0] == '!').Select(part => part[1..])];
    }

    /// <summary>The pattern as it is written.</summary>
    public string Text { get; }

    public bool Matches(TagName tag) =>
        (wanted.Length == 0 || wanted.Any(part => Matches(part, tag))) && !unwanted.Any(part => Matches(part, tag));

    /// <summary>Reads a pattern; false when it holds what no tag can.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out TagPattern? pattern)
    {
        pattern = text is { Length: > 0 and <= MaxLength } && text.Split(',').All(IsPart) ? new TagPattern(text) : null;
        return pattern is not null;
    }

    /// <summary>Reads what a row holds.</summary>
    public static TagPattern? Read(string? text) => text is null ? null : TryParse(text, out var pattern) ? pattern : throw new InvalidDataException($"a grant has the tag pattern {OciException.Quote(text)}, which is none");

    public bool Equals(TagPattern? other) => other is not null && Text == other.Text;

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    static bool Matches(string part, TagName tag) => FileSystemName.MatchesSimpleExpression(part, tag.Value, ignoreCase: false);

    static bool IsPart(string part)
    {
        var body = part.StartsWith('!') ? part[1..] : part;
        return body.Length > 0 && body.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '*' or '?');
    }
}
