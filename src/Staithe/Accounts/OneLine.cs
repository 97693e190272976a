namespace Staithe.Accounts;

/// <summary>What people say of a space or a repository where there is room for a line.</summary>
internal static class OneLine
{
    /// <summary>The most characters.</summary>
    const int MaxLength = 400;

    /// <summary>The line, without the space around it.</summary>
    /// <exception cref="AccountException">It is no line, or too long.</exception>
    public static string Read(string text)
    {
        text = text.Trim();
        return text.Length <= MaxLength && !text.Any(char.IsControl)
            ? text
            : throw new AccountException(AccountProblem.Invalid, $"the description is one line of at most {MaxLength} characters");
    }
}
