using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>A tag that is named after the digest of what it is attached to.</summary>
internal sealed record AttachmentTagRow(string Name, string Digest, string? ArtifactType, long Size, long MovedAt);

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
        await session.ExecuteAsync(CreateSql, repoId, tag.Value, manifestId, IsAttachment(tag.Value)) == 1;

    /// <summary>Points a tag that is held at another manifest.</summary>
    public static Task MoveAsync(DbSession session, long repoId, TagName tag, long manifestId) =>
        session.ExecuteAsync(MoveSql, repoId, tag.Value, manifestId, IsAttachment(tag.Value));

    /// <summary>1 for a tag that is no release by its name: see <see cref="AttachmentTag"/>.</summary>
    public static long IsAttachment(string tag) => AttachmentTag.TryParse(tag) is null ? 0 : 1;

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

    /// <summary>The tags that are named after a digest, with something behind it or nothing.</summary>
    /// <param name="session">The database.</param>
    /// <param name="repoId">The repository.</param>
    /// <param name="name">The digest as tags have it: <c>sha256-HEX</c>.</param>
    /// <param name="limit">The most to give.</param>
    public static Task<List<AttachmentTagRow>> ListAttachmentsAsync(DbSession session, long repoId, string name, int limit) => session.ListAsync(
        ListAttachmentsSql,
        row => new AttachmentTagRow(row.GetString(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2), row.GetInt64(3), row.GetInt64(4)),
        repoId,
        name,
        $"{name}/", // behind the dot
        (long)limit);

    static readonly Sql ListAttachmentsSql = new("""
        select t.name, m.digest, m.artifact_type, m.size, t.moved_at from tags t join manifests m on m.id = t.manifest_id
        where t.repo_id = $1 and t.name >= $2 and t.name < $3 and t.is_attachment = 1 order by t.name limit $4
        """);

    // Two statements: a lock that has to wait sees the tag as it is then, but what is joined to it as it was before.
    static readonly Sql HoldSql = new("select manifest_id from tags where repo_id = $1 and name = $2 {for update}");

    static readonly Sql FindDigestSql = new("select digest from manifests where id = $1");

    static readonly Sql CreateSql = new("""
        insert into tags (repo_id, name, manifest_id, moved_at, is_attachment)
        select $1, $2, m.id, {now}, case when $4 = 1 or m.subject is not null then 1 else 0 end from manifests m where m.id = $3 on conflict (repo_id, name) do nothing
        """);

    static readonly Sql MoveSql = new("""
        update tags set manifest_id = $3, moved_at = {now},
            is_attachment = case when $4 = 1 or exists (select 1 from manifests m where m.id = $3 and m.subject is not null) then 1 else 0 end
        where repo_id = $1 and name = $2
        """);

    static readonly Sql DeleteSql = new("delete from tags where repo_id = $1 and name = $2");

    static readonly Sql DeleteAllOfSql = new("delete from tags where repo_id = $1 and manifest_id = $2 returning name");

    static readonly Sql DeleteAllSql = new("delete from tags where repo_id = $1");

    static readonly Sql ListSql = new("select name from tags where repo_id = $1 and name > $2 order by name limit $3");
}
