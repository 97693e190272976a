using Staithe.Oci;

namespace Staithe.Accounts;

/// <summary>Names that are one part of a repository name: those of what is inside a space, and the space's own.</summary>
internal static class PartName
{
    /// <summary>The most characters.</summary>
    public const int MaxLength = 64;

    /// <summary>Whether it can be one.</summary>
    public static bool Is(string text) => text.Length <= MaxLength && !text.Contains('/', StringComparison.Ordinal) && RepositoryName.TryParse(text, out _);

    /// <exception cref="AccountException">It cannot be a name.</exception>
    public static void Check(string what, string name)
    {
        if (!Is(name))
            throw new AccountException(AccountProblem.Invalid, $"\"{OciException.Quote(name)}\" cannot be a {what}'s name: use lower-case letters and digits, joined by . _ or -, at most {MaxLength} characters");
    }
}
