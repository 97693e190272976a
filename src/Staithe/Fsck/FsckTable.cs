using Staithe.Database;

namespace Staithe.Fsck;

/// <summary>A manifest with what the rows say that it refers to.</summary>
internal sealed record CheckedManifest(long Id, string Repository, string Digest, string MediaType, byte[] Content);

/// <summary>The questions that only fsck asks; it reads everything, a page at a time.</summary>
internal static class FsckTable
{
    public const int PageRows = 1000;
    public const int ManifestPageRows = 50;

    /// <summary>Blobs behind an id: their place, size and digest.</summary>
    public static Task<List<(long Id, string Digest, string StorageKey, long Size)>> ListBlobsAsync(DbSession session, long behind) =>
        session.ListAsync(BlobsSql, row => (row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3)), behind, (long)PageRows);

    public static Task<List<(string Id, string StorageKey, long Received)>> ListUploadsAsync(DbSession session, string behind) =>
        session.ListAsync(UploadsSql, row => (row.GetString(0), row.GetString(1), row.GetInt64(2)), behind, (long)PageRows);

    public static Task<List<string>> ListTrashAsync(DbSession session, string behind) =>
        session.ListAsync(TrashSql, row => row.GetString(0), behind, (long)PageRows);

    /// <summary>In how many of the three tables of keys a key is; one is right.</summary>
    public static async Task<long> CountHomesAsync(DbSession session, string storageKey) => await session.FindNumberAsync(HomesSql, storageKey) ?? 0;

    public static Task<List<CheckedManifest>> ListManifestsAsync(DbSession session, long behind) => session.ListAsync(
        ManifestsSql,
        row => new CheckedManifest(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetFieldValue<byte[]>(4)),
        behind,
        (long)ManifestPageRows);

    /// <summary>The digests that the rows know a manifest to refer to, present or absent.</summary>
    public static Task<List<string>> ListReferencesAsync(DbSession session, long manifestId) => session.ListAsync(ReferencesSql, row => row.GetString(0), manifestId);

    public static async Task<long> CountTagsAsync(DbSession session) => await session.FindNumberAsync(TagsSql) ?? 0;

    static readonly Sql BlobsSql = new("select id, digest, storage_key, size from blobs where id > $1 order by id limit $2");

    static readonly Sql UploadsSql = new("select id, storage_key, received from uploads where id > $1 order by id limit $2");

    static readonly Sql TrashSql = new("select storage_key from trash where storage_key > $1 order by storage_key limit $2");

    static readonly Sql HomesSql = new("""
        select (select count(*) from blobs where storage_key = $1) + (select count(*) from uploads where storage_key = $1)
             + (select count(*) from trash where storage_key = $1)
        """);

    static readonly Sql ManifestsSql = new("""
        select m.id, r.name, m.digest, m.media_type, m.content from manifests m join repositories r on r.id = m.repo_id
        where m.id > $1 order by m.id limit $2
        """);

    static readonly Sql ReferencesSql = new("""
        select b.digest from manifest_blobs mb join blobs b on b.id = mb.blob_id where mb.manifest_id = $1
        union all select m.digest from manifest_children c join manifests m on m.id = c.child_id where c.manifest_id = $1
        union all select a.digest from absent_references a where a.manifest_id = $1
        """);

    static readonly Sql TagsSql = new("select count(*) from tags");
}
