using System.Diagnostics.CodeAnalysis;

namespace Staithe.Accounts;

/// <summary>
/// The name of a space, and so of its user or organization: the first part of repository names. Two names that a hurried eye takes for
/// each other have the same <see cref="Skeleton"/>, and only one of them can be had.
/// </summary>
internal sealed record SpaceName
{
    /// <summary>The most characters.</summary>
    public const int MaxLength = PartName.MaxLength;

    // What has a meaning of its own in a path, or would pass for the registry itself.
    static readonly HashSet<string> Reserved =
    [
        "s", "v1", "v2", "api", "anybody", "anonymous", "everybody", "everyone", "nobody", "shell", "staithe", "registry", "catalog", "system", "support", "security", "official",
    ];

    SpaceName(string value) => Value = value;

    /// <summary>The name as it is written.</summary>
    public string Value { get; }

    /// <summary>The same for all names that look alike: without separators, and with one letter for those that are mistaken for each other.</summary>
    public string Skeleton
    {
        get
        {
            var letters = string.Concat(Value.Where(char.IsAsciiLetterOrDigit)).Replace("rn", "m", StringComparison.Ordinal).Replace("vv", "w", StringComparison.Ordinal);
            return string.Concat(letters.Select(c => c switch { '0' => 'o', '1' or 'i' => 'l', '5' => 's', _ => c }));
        }
    }

    /// <summary>Reads a name; false when it cannot be one.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out SpaceName? name)
    {
        name = text is not null && PartName.Is(text) && !Reserved.Contains(text) ? new SpaceName(text) : null;
        return name is not null;
    }

    /// <summary>What a name must be like, for messages.</summary>
    public const string Rule = "use lower-case letters and digits, joined by . _ or -, at most 64 characters, and none of the few reserved words";

    /// <inheritdoc/>
    public override string ToString() => Value;
}
