namespace Staithe.Accounts;

/// <summary>Why something about accounts was refused.</summary>
internal enum AccountProblem
{
    /// <summary>What was given cannot be used as it is.</summary>
    Invalid,

    /// <summary>It is there already, or stands in the way.</summary>
    Taken,

    /// <summary>There is no such thing, as far as the asker may know.</summary>
    Unknown,

    /// <summary>The asker may not do that.</summary>
    Forbidden,
}

/// <summary>A refusal by the accounts: what is wrong, and one sentence for a person that names the fix.</summary>
internal sealed class AccountException(AccountProblem problem, string message) : Exception(message)
{
    public AccountProblem Problem { get; } = problem;
}
