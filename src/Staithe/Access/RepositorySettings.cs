using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Events;
using Staithe.Markup;
using Staithe.Oci;

namespace Staithe.Access;

/// <summary>
/// What a repository is set to, changed inside a change (<see cref="AccessEpoch.ChangeAsync"/>) and with its line in the audit. Whether the
/// actor may is decided before, in the same transaction.
/// </summary>
internal static class RepositorySettings
{
    /// <summary>Sets what people wrote about it, one line and a page of Markdown; null leaves either.</summary>
    /// <exception cref="AccountException">There is no such repository, or the line is too long.</exception>
    public static async Task SetTextsAsync(DbSession session, Actor actor, RepositoryName name, string? description, Readme? readme)
    {
        var id = await RepositoryTable.FindIdAsync(session, name) ?? throw Unknown(name);
        if (description is not null)
            await RepositoryPageTable.SetDescriptionAsync(session, id, OneLine.Read(description));
        if (readme is not null)
            await RepositoryPageTable.SetReadmeAsync(session, id, readme.Text, readme.Html, MarkdownText.Version);
        await EventTable.AddAsync(session, ContentEvent.Of(EventKind.RepositoryTexts, id, name));
        await AuditTable.AddAsync(session, actor, new Deed("repository.texts", name.Value, name.Space));
    }

    /// <exception cref="AccountException">There is no such repository.</exception>
    public static async Task SetVisibilityAsync(DbSession session, Actor actor, RepositoryName name, Visibility visibility)
    {
        var id = await RepositoryTable.FindIdAsync(session, name) ?? throw Unknown(name);
        await RepositoryTable.SetVisibilityAsync(session, id, VisibilityText.Format(visibility));
        await EventTable.AddAsync(session, ContentEvent.Of(EventKind.RepositoryVisibility, id, name));
        await AuditTable.AddAsync(session, actor, new Deed("repository.visibility", name.Value, name.Space, VisibilityText.Format(visibility)));
    }

    static AccountException Unknown(RepositoryName name) => new(AccountProblem.Unknown, $"there is no repository {name}");
}
