using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;

namespace Staithe.Search;

/// <summary>What somebody watches.</summary>
/// <param name="Kind">repository, space or search.</param>
/// <param name="Name">The name of the repository or space, or what is searched for.</param>
/// <param name="TargetId">The row of the repository or space; 0 for a search.</param>
internal sealed record WatchRow(long Id, string Kind, string Name, long TargetId, long CreatedAt)
{
    public const string Repository = "repository", Space = "space", Search = "search";

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<string> Kinds = [Repository, Space, Search];
}

/// <summary>Who watches what. A list shows neither a repository nor a space that its reader may no longer see.</summary>
internal static class WatchTable
{
    /// <summary>Somebody's, in the order in which they began.</summary>
    public static Task<List<WatchRow>> ListAsync(DbSession session, Identity who, long after, int limit) => session.ListAsync(
        ListSql,
        row => new WatchRow(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetInt64(4)),
        [.. VisibleRepositories.Arguments(who), who.Id, after, (long)limit, who.IsAdmin ? 1L : 0L]);

    /// <summary>How many somebody has: all, and of searches.</summary>
    public static Task<(long All, long Searches)> CountAsync(DbSession session, long userId) => session.FindAsync(CountSql, row => (row.GetInt64(0), row.GetInt64(1)), userId);

    /// <summary>Begins; nothing happens where it has begun.</summary>
    public static Task AddAsync(DbSession session, long userId, long? repoId, long? spaceId, string? query) => session.ExecuteAsync(AddSql, userId, repoId, spaceId, query);

    /// <summary>Ends, if it has begun.</summary>
    public static Task RemoveAsync(DbSession session, long userId, long? repoId, long? spaceId, string? query) => session.ExecuteAsync(
        repoId is not null ? RemoveRepositorySql : spaceId is not null ? RemoveSpaceSql : RemoveSearchSql, userId, repoId ?? spaceId ?? (object?)query);

    public static async Task<bool> HasRepositoryAsync(DbSession session, long userId, long repoId) => await session.FindNumberAsync(HasRepositorySql, userId, repoId) is not null;

    public static async Task<bool> HasSpaceAsync(DbSession session, long userId, long spaceId) => await session.FindNumberAsync(HasSpaceSql, userId, spaceId) is not null;

    public static async Task<bool> HasSearchAsync(DbSession session, long userId, string query) => await session.FindNumberAsync(HasSearchSql, userId, query) is not null;

    /// <summary>The repositories that somebody watches or has starred and may pull from, those that changed last first.</summary>
    public static Task<List<long>> ListOwnAsync(DbSession session, Identity who, bool isStarred, int limit) =>
        session.ListAsync(isStarred ? ListStarredSql : ListWatchedSql, row => row.GetInt64(0), [.. VisibleRepositories.Arguments(who), who.Id, (long)limit]);

    /// <summary>Whether there is a repository in a space that one may pull from.</summary>
    public static async Task<bool> IsVisibleSpaceAsync(DbSession session, Identity who, string space) =>
        await session.FindNumberAsync(VisibleSpaceSql, [.. VisibleRepositories.Arguments(who), space]) is not null;

    // A space is seen as Watches.FindSpaceAsync says: by who belongs to it or may pull something in it, and by admins ($9).
    static readonly Sql ListSql = new($$"""
        select w.id, case when w.repo_id is not null then 'repository' when w.space_id is not null then 'space' else 'search' end,
            coalesce(r.name, o.name, w.query), coalesce(w.repo_id, w.space_id, 0), w.created_at
        from watches w left join repositories r on r.id = w.repo_id left join spaces s on s.name = r.space
            left join spaces o on o.id = w.space_id and o.removed_at is null
        where w.user_id = $6 and w.id > $7 and (w.query is not null
            or (r.id is not null and {{VisibleRepositories.Condition}})
            or (o.id is not null and ($9 = 1 or ({{SpaceTable.BelongsTo("o", "$2")}})
                or exists (select 1 from repositories r left join spaces s on s.name = r.space where r.space = o.name and {{VisibleRepositories.Condition}}))))
        order by w.id limit $8
        """);

    static readonly Sql CountSql = new("select count(*), count(query) from watches where user_id = $1");

    static readonly Sql AddSql = new("insert into watches (user_id, repo_id, space_id, query, created_at) values ($1, $2, $3, $4, {now}) on conflict do nothing");

    static readonly Sql RemoveRepositorySql = new("delete from watches where user_id = $1 and repo_id = $2");
    static readonly Sql RemoveSpaceSql = new("delete from watches where user_id = $1 and space_id = $2");
    static readonly Sql RemoveSearchSql = new("delete from watches where user_id = $1 and query = $2");

    static readonly Sql HasRepositorySql = new("select 1 from watches where user_id = $1 and repo_id = $2");
    static readonly Sql HasSpaceSql = new("select 1 from watches where user_id = $1 and space_id = $2");
    static readonly Sql HasSearchSql = new("select 1 from watches where user_id = $1 and query = $2");

    static readonly Sql ListStarredSql = ListOwn("stars");
    static readonly Sql ListWatchedSql = ListOwn("watches");

    static Sql ListOwn(string table) => new($"""
        select r.id from {table} x join repositories r on r.id = x.repo_id join search_documents d on d.repo_id = r.id left join spaces s on s.name = r.space
        where x.user_id = $6 and {VisibleRepositories.Condition} order by d.updated_at desc, r.id desc limit $7
        """);

    static readonly Sql VisibleSpaceSql = new($"""
        select 1 from repositories r left join spaces s on s.name = r.space where r.space = $6 and {VisibleRepositories.Condition} limit 1
        """);
}
