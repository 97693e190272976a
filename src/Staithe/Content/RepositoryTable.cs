using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>The repositories: a row for each name that ever held a blob or a manifest.</summary>
internal static class RepositoryTable
{
    public static Task<long?> FindIdAsync(DbSession session, RepositoryName name) => session.FindNumberAsync(FindIdSql, name.Value);

    public static async Task<long> GetOrCreateIdAsync(DbSession session, RepositoryName name)
    {
        if (await FindIdAsync(session, name) is { } id)
            return id;
        await session.ExecuteAsync(CreateSql, name.Value, name.Space);
        return await FindIdAsync(session, name) ?? throw new InvalidOperationException($"repository {name} was made and is gone");
    }

    /// <summary>Who may pull without having been given any right: <c>public</c>, <c>internal</c> or <c>private</c>.</summary>
    public static Task SetVisibilityAsync(DbSession session, long repoId, string visibility) => session.ExecuteAsync(SetVisibilitySql, repoId, visibility);

    /// <summary>Keeps new blobs and manifests out of the repository until the transaction ends.</summary>
    public static Task HoldAsync(DbSession session, long repoId) => session.FindNumberAsync(HoldSql, repoId);

    static readonly Sql FindIdSql = new("select id from repositories where name = $1");

    static readonly Sql SetVisibilitySql = new("update repositories set visibility = $2 where id = $1");

    // The foreign keys of new links and manifests take a share of this row.
    static readonly Sql HoldSql = new("select id from repositories where id = $1 {for update}");

    // A new repository is as visible as its space says; where there is no such space, because nobody was asked who they are, private.
    static readonly Sql CreateSql = new("""
        insert into repositories (name, space, visibility, created_at)
        values ($1, $2, coalesce((select s.visibility from spaces s where s.name = $2 and s.removed_at is null), 'private'), {now})
        on conflict (name) do nothing
        """);
}
