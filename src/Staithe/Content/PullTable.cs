using Staithe.Database;

namespace Staithe.Content;

/// <summary>Pulls by day, and when tags were last pulled.</summary>
internal static class PullTable
{
    /// <summary>Adds pulls of now; a repository that is gone meanwhile is passed over.</summary>
    public static async Task AddAsync(DbSession session, string repository, string? tag, long count)
    {
        await session.ExecuteAsync(AddSql, repository, count);
        if (tag is not null)
            await session.ExecuteAsync(AddToTagSql, repository, tag, count);
    }

    /// <summary>Pulls of a repository on each of the last days that had any: days since 1970, oldest first.</summary>
    public static Task<List<(long Day, long Count)>> ListDaysAsync(DbSession session, long repoId, int days) =>
        session.ListAsync(ListDaysSql, row => (row.GetInt64(0), row.GetInt64(1)), repoId, (long)days);

    /// <summary>All pulls of a repository.</summary>
    public static async Task<long> CountAsync(DbSession session, long repoId) => await session.FindNumberAsync(CountSql, repoId) ?? 0;

    const string Today = "({now} / 86400000)";

    static readonly Sql AddSql = new($"""
        insert into pulls (repo_id, day, count) select id, {Today}, $2 from repositories where name = $1
        on conflict (repo_id, day) do update set count = pulls.count + excluded.count
        """);

    static readonly Sql AddToTagSql = new("""
        insert into tag_pulls (repo_id, tag, count, pulled_at) select id, $2, $3, {now} from repositories where name = $1
        on conflict (repo_id, tag) do update set count = tag_pulls.count + excluded.count, pulled_at = excluded.pulled_at
        """);

    static readonly Sql ListDaysSql = new($"select day, count from pulls where repo_id = $1 and day > {Today} - $2 order by day");
    static readonly Sql CountSql = new("select cast(coalesce(sum(count), 0) as bigint) from pulls where repo_id = $1");
}
