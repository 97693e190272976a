namespace Staithe.Accounts;

/// <summary>What somebody is called here whom a directory or an issuer names: one rule for all of them.</summary>
internal static class ForeignName
{
    /// <summary>
    /// The part of a mail address before its @, in lower case. Two people whose names come out alike do not share an account: who
    /// comes second is refused. Whoever wants it otherwise has another attribute or claim looked at.
    /// </summary>
    public static string Reduce(string name)
    {
        var trimmed = name.Trim();
        return (trimmed.IndexOf('@', StringComparison.Ordinal) is > 0 and var at ? trimmed[..at] : trimmed).ToLowerInvariant();
    }
}
