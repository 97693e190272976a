using Staithe.Database;

namespace Staithe.Content;

/// <summary>What a page about a repository shows besides its content.</summary>
internal sealed record RepositoryPageRow(long Id, string Visibility, string Title, string Description, long Stars, long Pulls, bool IsStarred);

/// <summary>A repository's page of text.</summary>
/// <param name="Text">Markdown; empty for none.</param>
/// <param name="Html">The same as HTML; null where it has not been rendered by the present rules, or cannot be.</param>
internal sealed record ReadmeRow(string Text, string? Html);

/// <summary>A page of text that has not been rendered by the present rules.</summary>
/// <param name="ChangedAt">When somebody wrote it.</param>
internal sealed record StaleReadme(long RepoId, string Text, long ChangedAt);

/// <summary>What pages about repositories ask.</summary>
internal static class RepositoryPageTable
{
    const int MaxLookedForIndexes = 500, MaxFirstIndexes = 3;

    public static Task<RepositoryPageRow?> FindAsync(DbSession session, string name, long userId) => session.FindAsync(
        FindSql,
        row => new RepositoryPageRow(
            row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6) != 0),
        name,
        userId);

    /// <summary>The tags that a page begins with: the one that speaks for the repository, the newest for several platforms, the newest.</summary>
    public static async Task<List<TagRow>> ListFirstTagsAsync(DbSession session, long repoId, string? main, int limit)
    {
        var newest = await ListTagNamesAsync(session, repoId, limit);
        var indexes = await session.ListAsync(NewestIndexesSql, row => row.GetString(0), repoId, (long)MaxLookedForIndexes, (long)MaxFirstIndexes);
        return await TagListing.DescribeAsync(session, repoId, [.. (main is null ? [] : (string[])[main]).Concat(indexes).Concat(newest).Distinct().Take(limit)]);
    }

    /// <summary>The names of the tags that moved last.</summary>
    public static Task<List<string>> ListTagNamesAsync(DbSession session, long repoId, int limit) => session.ListAsync(ListTagNamesSql, row => row.GetString(0), repoId, (long)limit);

    /// <summary>The tag that speaks for the repository: latest, or else the one that moved last.</summary>
    public static Task<string?> FindMainTagAsync(DbSession session, long repoId) => session.FindAsync(FindMainTagSql, row => row.IsDBNull(0) ? null : row.GetString(0), repoId);

    /// <summary>What people wrote about it in one line; empty for nothing.</summary>
    public static async Task<string> FindDescriptionAsync(DbSession session, long repoId) =>
        await session.FindAsync(FindDescriptionSql, row => row.GetString(0), repoId) ?? "";

    /// <summary>Sets that.</summary>
    public static Task SetDescriptionAsync(DbSession session, long repoId, string description) =>
        session.ExecuteAsync(SetDescriptionSql, repoId, description);

    /// <summary>Its page of text; null where nobody wrote anything.</summary>
    /// <param name="session">The database.</param>
    /// <param name="repoId">The repository.</param>
    /// <param name="version">The version of the rules by which the HTML has to be rendered.</param>
    public static Task<ReadmeRow?> FindReadmeAsync(DbSession session, long repoId, long version) =>
        session.FindAsync(FindReadmeSql, row => new ReadmeRow(row.GetString(0), row.IsDBNull(1) ? null : row.GetString(1)), repoId, version);

    /// <summary>The same as it was written; empty where nobody wrote anything.</summary>
    public static async Task<string> FindReadmeTextAsync(DbSession session, long repoId) =>
        await session.FindAsync(FindReadmeTextSql, row => row.GetString(0), repoId) ?? "";

    /// <summary>Sets that, with what it is rendered as.</summary>
    public static Task SetReadmeAsync(DbSession session, long repoId, string text, string html, long version) =>
        session.ExecuteAsync(SetReadmeSql, repoId, text, html, version);

    /// <summary>Some texts that were rendered by older rules or not at all.</summary>
    public static Task<List<StaleReadme>> ListStaleReadmesAsync(DbSession session, long version, int limit) => session.ListAsync(
        ListStaleReadmesSql, row => new StaleReadme(row.GetInt64(0), row.GetString(1), row.GetInt64(2)), version, (long)limit);

    /// <summary>Keeps what a text is rendered as, unless somebody has written another one meanwhile.</summary>
    /// <param name="session">The database.</param>
    /// <param name="stale">The text.</param>
    /// <param name="html">The HTML; null for one that cannot be rendered.</param>
    /// <param name="version">By which rules.</param>
    public static Task KeepHtmlAsync(DbSession session, StaleReadme stale, string? html, long version) =>
        session.ExecuteAsync(html is null ? KeepNoHtmlSql : KeepHtmlSql, html is null
            ? [stale.RepoId, stale.ChangedAt, version]
            : [stale.RepoId, stale.ChangedAt, version, html]);

    public static Task SetStarAsync(DbSession session, long userId, long repoId, bool isStarred) => session.ExecuteAsync(isStarred ? StarSql : UnstarSql, userId, repoId);

    static readonly Sql FindSql = new("""
        select r.id, r.visibility, coalesce(d.title, ''), coalesce(x.description, d.description, ''),
            (select count(*) from stars s where s.repo_id = r.id),
            (select cast(coalesce(sum(p.count), 0) as bigint) from pulls p where p.repo_id = r.id),
            (select count(*) from stars s where s.repo_id = r.id and s.user_id = $2)
        from repositories r left join search_documents d on d.repo_id = r.id left join repository_texts x on x.repo_id = r.id
        where r.name = $1
        """);

    static readonly Sql NewestIndexesSql = new("""
        select t.name from (select name, manifest_id, moved_at from tags where repo_id = $1 and is_attachment = 0 order by moved_at desc limit $2) t
            join manifests m on m.id = t.manifest_id
        where m.media_type in ('application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json')
        order by t.moved_at desc, t.name limit $3
        """);

    static readonly Sql ListTagNamesSql = new("select name from tags where repo_id = $1 and is_attachment = 0 order by moved_at desc, name limit $2");

    static readonly Sql FindMainTagSql = new("""
        select coalesce((select name from tags where repo_id = $1 and name = 'latest'), (select name from tags where repo_id = $1 and is_attachment = 0 order by moved_at desc, name limit 1))
        """);

    static readonly Sql FindDescriptionSql = new("select description from repository_texts where repo_id = $1");

    static readonly Sql SetDescriptionSql = new("""
        insert into repository_texts (repo_id, description, readme, changed_at) values ($1, $2, '', {now})
        on conflict (repo_id) do update set description = excluded.description
        """);

    static readonly Sql FindReadmeSql = new("select readme, case when html_version = $2 then html end from repository_texts where repo_id = $1");

    static readonly Sql FindReadmeTextSql = new("select readme from repository_texts where repo_id = $1");

    static readonly Sql SetReadmeSql = new("""
        insert into repository_texts (repo_id, description, readme, html, html_version, changed_at) values ($1, '', $2, $3, $4, {now})
        on conflict (repo_id) do update
        set readme = excluded.readme, html = excluded.html, html_version = excluded.html_version, changed_at = excluded.changed_at
        """);

    static readonly Sql ListStaleReadmesSql = new("""
        select repo_id, readme, changed_at from repository_texts where html_version < $1 order by html_version, repo_id limit $2
        """);

    static readonly Sql KeepHtmlSql = new("update repository_texts set html = $4, html_version = $3 where repo_id = $1 and changed_at = $2 and html_version < $3");

    static readonly Sql KeepNoHtmlSql = new("""
        update repository_texts set html = null, html_version = $3 where repo_id = $1 and changed_at = $2 and html_version < $3
        """);

    static readonly Sql StarSql = new("insert into stars (user_id, repo_id) values ($1, $2) on conflict (user_id, repo_id) do nothing");
    static readonly Sql UnstarSql = new("delete from stars where user_id = $1 and repo_id = $2");
}
