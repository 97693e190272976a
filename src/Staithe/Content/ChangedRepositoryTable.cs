using Staithe.Database;

namespace Staithe.Content;

/// <summary>The repositories that have changed since whoever follows them has looked: written in the transaction of the change.</summary>
internal static class ChangedRepositoryTable
{
    public static Task AddAsync(DbSession session, long repoId) => session.ExecuteAsync(AddSql, repoId);

    /// <summary>Everything in a space.</summary>
    public static Task AddSpaceAsync(DbSession session, string space) => session.ExecuteAsync(AddSpaceSql, space);

    /// <summary>Some of them, and at which change.</summary>
    public static Task<List<(long RepoId, long Seq)>> ListAsync(DbSession session, int limit) => session.ListAsync(ListSql, row => (row.GetInt64(0), row.GetInt64(1)), (long)limit);

    /// <summary>It was looked at as of this change; a later one stays news.</summary>
    public static Task RemoveAsync(DbSession session, long repoId, long seq) => session.ExecuteAsync(RemoveSql, repoId, seq);

    static readonly Sql AddSql = new("""
        insert into changed_repositories (repo_id, seq) values ($1, 1) on conflict (repo_id) do update set seq = changed_repositories.seq + 1
        """);

    static readonly Sql AddSpaceSql = new("""
        insert into changed_repositories (repo_id, seq) select id, 1 from repositories where space = $1
        on conflict (repo_id) do update set seq = changed_repositories.seq + 1
        """);

    static readonly Sql ListSql = new("select repo_id, seq from changed_repositories order by repo_id limit $1");
    static readonly Sql RemoveSql = new("delete from changed_repositories where repo_id = $1 and seq = $2");
}
