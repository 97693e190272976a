using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Access;

/// <summary>
/// What a repository is set to, changed inside a change (<see cref="AccessEpoch.ChangeAsync"/>) and with its line in the audit. Whether the
/// actor may is decided before, in the same transaction.
/// </summary>
internal static class RepositorySettings
{
    /// <summary>The most characters of its page of text.</summary>
    public const int MaxReadme = 40_000;

    /// <summary>What people write about it: one line, and a page of Markdown.</summary>
    /// <exception cref="AccountException">There is no such repository, or it is too much text.</exception>
    public static async Task SetTextsAsync(DbSession session, Actor actor, RepositoryName name, string description, string readme)
    {
        description = OneLine.Read(description);
        if (readme.Length > MaxReadme || readme.Contains('\0', StringComparison.Ordinal))
            throw new AccountException(AccountProblem.Invalid, $"the page of text has at most {MaxReadme} characters; this one has {readme.Length}");
        var id = await RepositoryTable.FindIdAsync(session, name) ?? throw new AccountException(AccountProblem.Unknown, $"there is no repository {name}");
        await RepositoryPageTable.SetTextsAsync(session, id, description, readme);
        await ChangedRepositoryTable.AddAsync(session, id);
        await AuditTable.AddAsync(session, actor, new Deed("repository.texts", name.Value, name.Space));
    }

    /// <exception cref="AccountException">There is no such repository.</exception>
    public static async Task SetVisibilityAsync(DbSession session, Actor actor, RepositoryName name, Visibility visibility)
    {
        var id = await RepositoryTable.FindIdAsync(session, name) ?? throw new AccountException(AccountProblem.Unknown, $"there is no repository {name}");
        await RepositoryTable.SetVisibilityAsync(session, id, VisibilityText.Format(visibility));
        await AuditTable.AddAsync(session, actor, new Deed("repository.visibility", name.Value, name.Space, VisibilityText.Format(visibility)));
    }
}
