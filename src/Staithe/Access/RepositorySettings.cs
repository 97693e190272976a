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
    /// <exception cref="AccountException">There is no such repository.</exception>
    public static async Task SetVisibilityAsync(DbSession session, Actor actor, RepositoryName name, Visibility visibility)
    {
        var id = await RepositoryTable.FindIdAsync(session, name) ?? throw new AccountException(AccountProblem.Unknown, $"there is no repository {name}");
        await RepositoryTable.SetVisibilityAsync(session, id, VisibilityText.Format(visibility));
        await AuditTable.AddAsync(session, actor, new Deed("repository.visibility", name.Value, name.Space, VisibilityText.Format(visibility)));
    }
}
