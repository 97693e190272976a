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

    // Names that nobody is given, by whatever way an account or a space comes to be: the first parts of the paths that the registry
    // answers itself, and words that would pass for it. A name that looks like one of them is as good as one.
    static readonly string[] Words =
    [
        "admin", "api", "assets", "attach-sbom", "auth", "diff", "f", "favicon.ico", "feeds", "following", "healthz", "invite", "livez",
        "login", "logout", "metrics", "oauth", "r", "readyz", "robots.txt", "run", "s", "search", "settings", "setup", "signin", "signout",
        "signup", "spaces", "static", "token", "v1", "v2", "yours",
        "administrator", "anonymous", "anybody", "catalog", "everybody", "everyone", "nobody", "official", "registry", "security", "shell",
        "staithe", "support", "sysadmin", "system",
    ];

    static readonly HashSet<string> Reserved = [.. Words.Select(SkeletonOf)];

    SpaceName(string value) => Value = value;

    /// <summary>The name as it is written.</summary>
    public string Value { get; }

    /// <summary>The same for all names that look alike: without separators, and with one letter for those that are mistaken for each other.</summary>
    public string Skeleton => SkeletonOf(Value);

    /// <summary>Whether it is the registry's own, or looks like that. Who has such a name of old keeps it; nobody is given one
    /// (<see cref="Spaces.CheckFreeAsync"/>).</summary>
    public bool IsReserved => Reserved.Contains(Skeleton);

    /// <summary>Reads a name; false when it cannot be one.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out SpaceName? name)
    {
        name = text is not null && PartName.Is(text) ? new SpaceName(text) : null;
        return name is not null;
    }

    /// <summary>What a name must be like, for messages.</summary>
    public const string Rule = "use lower-case letters and digits, joined by . _ or -, at most 64 characters, and none of the few reserved words";

    /// <inheritdoc/>
    public override string ToString() => Value;

    static string SkeletonOf(string value)
    {
        var letters = string.Concat(value.Where(char.IsAsciiLetterOrDigit))
            .Replace("rn", "m", StringComparison.Ordinal)
            .Replace("vv", "w", StringComparison.Ordinal);
        return string.Concat(letters.Select(c => c switch { '0' => 'o', '1' or 'i' => 'l', '5' => 's', _ => c }));
    }
}
