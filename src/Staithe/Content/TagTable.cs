using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>The names that point at manifests.</summary>
internal static class TagTable
{
    /// <summary>The digest a tag points at, or null; a tag that is there is held until the transaction ends.</summary>
    public static async Task<string?> HoldAsync(DbSession session, long repoId, TagName tag) =>
        await session.FindNumberAsync(HoldSql, repoId, tag.Value) is { } manifestId
            ? await session.FindAsync(FindDigestSql, row => row.GetString(0), manifestId)
            : null;

    /// <summary>Points a new tag at a manifest; false when there is such a tag.</summary>
    public static async Task<bool> CreateAsync(DbSession session, long repoId, TagName tag, long manifestId) =>
        await session.ExecuteAsync(CreateSql, repoId, tag.Value, manifestId) == 1;

    /// <summary>Points a tag that is held at another manifest.</summary>
    public static Task MoveAsync(DbSession session, long repoId, TagName tag, long manifestId) =>
        session.ExecuteAsync(MoveSql, repoId, tag.Value, manifestId);

    /// <summary>Removes one name; false when there is none.</summary>
    public static async Task<bool> DeleteAsync(DbSession session, long repoId, TagName tag) => await session.ExecuteAsync(DeleteSql, repoId, tag.Value) == 1;

    /// <summary>Removes every name of a manifest; the names.</summary>
    public static Task<List<string>> DeleteAllOfAsync(DbSession session, long repoId, long manifestId) =>
        session.ListAsync(DeleteAllOfSql, row => row.GetString(0), repoId, manifestId);

    /// <summary>Removes every name in a repository; how many.</summary>
    public static Task<int> DeleteAllAsync(DbSession session, long repoId) => session.ExecuteAsync(DeleteAllSql, repoId);

    /// <summary>A page of tags in byte order, behind <paramref name="last"/>.</summary>
    public static Task<List<string>> ListAsync(DbSession session, long repoId, string last, int limit) =>
        session.ListAsync(ListSql, row => row.GetString(0), repoId, last, (long)limit);

    // Two statements: a lock that has to wait sees the tag as it is then, but what is joined to it as it was before.
    static readonly Sql HoldSql = new("select manifest_id from tags where repo_id = $1 and name = $2 {for update}");

    static readonly Sql FindDigestSql = new("select digest from manifests where id = $1");

    static readonly Sql CreateSql = new("""
        insert into tags (repo_id, name, manifest_id, moved_at) values ($1, $2, $3, {now}) on conflict (repo_id, name) do nothing
        """);

    static readonly Sql MoveSql = new("update tags set manifest_id = $3, moved_at = {now} where repo_id = $1 and name = $2");

    static readonly Sql DeleteSql = new("delete from tags where repo_id = $1 and name = $2");

    static readonly Sql DeleteAllOfSql = new("delete from tags where repo_id = $1 and manifest_id = $2 returning name");

    static readonly Sql DeleteAllSql = new("delete from tags where repo_id = $1");

    static readonly Sql ListSql = new("select name from tags where repo_id = $1 and name > $2 order by name limit $3");
}
