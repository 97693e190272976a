using Staithe.Oci;

namespace Staithe.Accounts;

/// <summary>The names of what is inside a space: one part of a repository name.</summary>
internal static class PartName
{
    /// <summary>The most characters.</summary>
    public const int MaxLength = 64;

    /// <exception cref="AccountException">It cannot be a name.</exception>
    public static void Check(string what, string name)
    {
        if (name.Length > MaxLength || name.Contains('/', StringComparison.Ordinal) || !RepositoryName.TryParse(name, out _))
            throw new AccountException(AccountProblem.Invalid, $"\"{OciException.Quote(name)}\" cannot be a {what}'s name: use lower-case letters and digits, joined by . _ or -, at most {MaxLength} characters");
    }
}
