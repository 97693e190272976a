namespace Staithe.Accounts;

/// <summary>What a right, a link or an invitation is for: a repository, or with a slash at its end everything from there on. Here is how statements compare two.</summary>
internal static class Target
{
    const string Nothing = "/"; // no target begins with it

    /// <summary>Whether what a column names is the target <c>$2</c>, or lies below it; <c>$3</c> is <see cref="Prefix"/>.</summary>
    public static string Reaches(string column) => $"({column} = $2 or substr({column} || '/', 1, length($3)) = $3)";

    /// <summary>What names below the target begin with; for a single repository what none does.</summary>
    public static string Prefix(string target) => target.EndsWith('/') ? target : Nothing;
}
