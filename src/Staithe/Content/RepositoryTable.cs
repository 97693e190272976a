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
        await session.ExecuteAsync(CreateSql, name.Value);
        return await FindIdAsync(session, name) ?? throw new InvalidOperationException($"repository {name} was made and is gone");
    }

    /// <summary>Keeps new blobs and manifests out of the repository until the transaction ends.</summary>
    public static Task HoldAsync(DbSession session, long repoId) => session.FindNumberAsync(HoldSql, repoId);

    /// <summary>A page of the names of repositories that have a manifest, in byte order, behind <paramref name="last"/>.</summary>
    public static Task<List<string>> ListAsync(DbSession session, string last, int limit) =>
        session.ListAsync(ListSql, row => row.GetString(0), last, (long)limit);

    static readonly Sql FindIdSql = new("select id from repositories where name = $1");

    // The foreign keys of new links and manifests take a share of this row.
    static readonly Sql HoldSql = new("select id from repositories where id = $1 {for update}");

    static readonly Sql CreateSql = new("insert into repositories (name, created_at) values ($1, {now}) on conflict (name) do nothing");

    static readonly Sql ListSql = new("""
        select r.name from repositories r
        where r.name > $1 and exists (select 1 from manifests m where m.repo_id = r.id)
        order by r.name limit $2
        """);
}
