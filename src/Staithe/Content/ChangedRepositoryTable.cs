using Staithe.Database;
using Staithe.Jobs;

namespace Staithe.Content;

/// <summary>The repositories that have changed since whoever follows them has looked: written in the transaction of the change.</summary>
internal static class ChangedRepositoryTable
{
    public static Task AddAsync(DbSession session, long repoId) => session.ExecuteAsync(AddSql, repoId);

    /// <summary>Everything in a space.</summary>
    public static Task AddSpaceAsync(DbSession session, string space) => session.ExecuteAsync(AddSpaceSql, space);

    /// <summary>A page of those that are due, in the order of their ids, behind <paramref name="after"/>: at which change, and the name, which is empty for one that is gone.</summary>
    public static Task<List<(long RepoId, long Seq, string Name)>> ListAsync(DbSession session, long after, int limit) =>
        session.ListAsync(ListSql, row => (row.GetInt64(0), row.GetInt64(1), row.GetString(2)), after, (long)limit);

    /// <summary>It was looked at as of this change; a later one stays news.</summary>
    public static Task RemoveAsync(DbSession session, long repoId, long seq) => session.ExecuteAsync(RemoveSql, repoId, seq);

    static readonly Sql AddSql = new("""
        insert into changed_repositories (repo_id, seq) values ($1, 1) on conflict (repo_id) do update set seq = changed_repositories.seq + 1
        """);

    static readonly Sql AddSpaceSql = new("""
        insert into changed_repositories (repo_id, seq) select id, 1 from repositories where space = $1
        on conflict (repo_id) do update set seq = changed_repositories.seq + 1
        """);

    static readonly Sql ListSql = new($"""
        select c.repo_id, c.seq, coalesce(r.name, '') from changed_repositories c left join repositories r on r.id = c.repo_id
        where c.repo_id > $1 and {FailedWorkTable.IsDue(WorkKind.Search, "cast(c.repo_id as text)")} order by c.repo_id limit $2
        """);

    static readonly Sql RemoveSql = new("delete from changed_repositories where repo_id = $1 and seq = $2");
}
