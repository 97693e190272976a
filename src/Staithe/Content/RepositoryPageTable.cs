using Staithe.Database;

namespace Staithe.Content;

/// <summary>A tag as people look at it.</summary>
/// <param name="Size">Bytes of the image's config and layers; 0 for an index.</param>
/// <param name="Children">How many manifests an index has.</param>
/// <param name="MovedBy">Who moved it last; null when that was before anybody kept it.</param>
/// <param name="PulledAt">When it was pulled last.</param>
internal sealed record TagRow(string Name, string Digest, string MediaType, long MovedAt, long Size, long Children, string? MovedBy, long? PulledAt);

/// <summary>What a page about a repository shows besides its content.</summary>
internal sealed record RepositoryPageRow(long Id, string Visibility, string Title, string Description, string Readme, long Stars, long Pulls, bool IsStarred);

/// <summary>What pages about repositories ask.</summary>
internal static class RepositoryPageTable
{
    public static Task<RepositoryPageRow?> FindAsync(DbSession session, string name, long userId) => session.FindAsync(
        FindSql,
        row => new RepositoryPageRow(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7) != 0),
        name,
        userId);

    /// <summary>A page of tags, those that moved last first.</summary>
    public static Task<List<TagRow>> ListTagsAsync(DbSession session, long repoId, int skip, int limit) => session.ListAsync(
        ListTagsSql,
        row => new TagRow(row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), row.IsDBNull(6) ? null : row.GetString(6), row.IsDBNull(7) ? null : row.GetInt64(7)),
        repoId,
        (long)skip,
        (long)limit);

    /// <summary>The names of the tags that moved last.</summary>
    public static Task<List<string>> ListTagNamesAsync(DbSession session, long repoId, int limit) => session.ListAsync(ListTagNamesSql, row => row.GetString(0), repoId, (long)limit);

    /// <summary>The tag that speaks for the repository: latest, or else the one that moved last.</summary>
    public static Task<string?> FindMainTagAsync(DbSession session, long repoId) => session.FindAsync(FindMainTagSql, row => row.IsDBNull(0) ? null : row.GetString(0), repoId);

    public static async Task<long> CountTagsAsync(DbSession session, long repoId) => await session.FindNumberAsync(CountTagsSql, repoId) ?? 0;

    /// <summary>What people wrote about it, in place of what was there.</summary>
    public static Task SetTextsAsync(DbSession session, long repoId, string description, string readme) => session.ExecuteAsync(SetTextsSql, repoId, description, readme);

    public static Task SetStarAsync(DbSession session, long userId, long repoId, bool isStarred) => session.ExecuteAsync(isStarred ? StarSql : UnstarSql, userId, repoId);

    static readonly Sql FindSql = new("""
        select r.id, r.visibility, coalesce(d.title, ''), coalesce(x.description, d.description, ''), coalesce(x.readme, ''),
            (select count(*) from stars s where s.repo_id = r.id),
            (select cast(coalesce(sum(p.count), 0) as bigint) from pulls p where p.repo_id = r.id),
            (select count(*) from stars s where s.repo_id = r.id and s.user_id = $2)
        from repositories r left join search_documents d on d.repo_id = r.id left join repository_texts x on x.repo_id = r.id
        where r.name = $1
        """);

    static readonly Sql ListTagsSql = new("""
        select t.name, m.digest, m.media_type, t.moved_at,
            (select cast(coalesce(sum(b.size), 0) as bigint) from manifest_blobs mb join blobs b on b.id = mb.blob_id where mb.manifest_id = m.id),
            (select count(*) from manifest_children c where c.manifest_id = m.id),
            (select v.actor from tag_moves v where v.repo_id = t.repo_id and v.tag = t.name order by v.id desc limit 1),
            (select p.pulled_at from tag_pulls p where p.repo_id = t.repo_id and p.tag = t.name)
        from (select repo_id, name, manifest_id, moved_at from tags where repo_id = $1 order by moved_at desc, name limit $3 offset $2) t
            join manifests m on m.id = t.manifest_id
        order by t.moved_at desc, t.name
        """);

    static readonly Sql ListTagNamesSql = new("select name from tags where repo_id = $1 and is_attachment = 0 order by moved_at desc, name limit $2");

    static readonly Sql FindMainTagSql = new("""
        select coalesce((select name from tags where repo_id = $1 and name = 'latest'), (select name from tags where repo_id = $1 and is_attachment = 0 order by moved_at desc, name limit 1))
        """);

    static readonly Sql CountTagsSql = new("select count(*) from tags where repo_id = $1");

    static readonly Sql SetTextsSql = new("""
        insert into repository_texts (repo_id, description, readme, changed_at) values ($1, $2, $3, {now})
        on conflict (repo_id) do update set description = excluded.description, readme = excluded.readme, changed_at = excluded.changed_at
        """);

    static readonly Sql StarSql = new("insert into stars (user_id, repo_id) values ($1, $2) on conflict (user_id, repo_id) do nothing");
    static readonly Sql UnstarSql = new("delete from stars where user_id = $1 and repo_id = $2");
}
