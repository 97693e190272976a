using Staithe.Database;
using Staithe.Storage;

namespace Staithe.Fsck;

/// <summary>A manifest as it lies in its row.</summary>
internal sealed record CheckedManifest(long Id, string Repository, string Digest, string MediaType, long Size, string? Subject, byte[] Content);

/// <summary>The questions that only fsck asks; it reads everything, a page at a time.</summary>
internal static class FsckTable
{
    public const int PageRows = 1000;
    public const int ManifestPageRows = 50;

    /// <summary>Blobs behind an id: their place, size and digest.</summary>
    public static Task<List<(long Id, string Digest, string StorageKey, long Size)>> ListBlobsAsync(DbSession session, long behind) =>
        session.ListAsync(BlobsSql, row => (row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3)), behind, (long)PageRows);

    public static Task<List<(string Id, StoredKey Bytes, long Received)>> ListUploadsAsync(DbSession session, string behind) =>
        session.ListAsync(
            UploadsSql,
            row => (row.GetString(0), new StoredKey(row.GetString(1), row.IsDBNull(3) ? null : row.GetFieldValue<byte[]>(3)), row.GetInt64(2)),
            behind,
            (long)PageRows);

    public static Task<List<string>> ListTrashAsync(DbSession session, string behind) =>
        session.ListAsync(TrashSql, row => row.GetString(0), behind, (long)PageRows);

    /// <summary>The size of the blob with that key, or null when no blob has it, or no longer.</summary>
    public static Task<long?> FindBlobSizeAsync(DbSession session, string storageKey) => session.FindNumberAsync(BlobSizeSql, storageKey);

    /// <summary>What is acknowledged of the upload with that key, or null when no upload has it, or no longer.</summary>
    public static Task<long?> FindReceivedAsync(DbSession session, string storageKey) => session.FindNumberAsync(ReceivedSql, storageKey);

    /// <summary>Rows that no foreign key forbids and no operation leaves: a line for each.</summary>
    public static async Task<List<string>> ListContradictionsAsync(DbSession session)
    {
        var found = await session.ListAsync(TwoHomesSql, row => $"{row.GetString(0)} is the key of a blob and of an upload");
        found.AddRange(await session.ListAsync(UnlinkedSql, row => $"{row.GetString(0)}: no repository has it, so nothing will ever take it away"));
        found.AddRange(await session.ListAsync(ForgottenSql, row => $"{row.GetString(0)}: {row.GetString(1)} belongs to no manifest, and the collector does not know of it"));
        found.AddRange(await session.ListAsync(PresentSql, row => $"{row.GetString(0)}@{row.GetString(1)}: {row.GetString(2)} is said to be absent, and the repository has it"));
        found.AddRange(await session.ListAsync(MisfiledSql, row => $"{row.GetString(0)} is said to be in the space {row.GetString(1)}, whose admins it does not belong to"));
        found.AddRange(await session.ListAsync(StraySql, row => $"the space {row.GetString(0)} gives a right on {row.GetString(1)}, which is not in it"));
        found.AddRange(await session.ListAsync(TwiceSql, row => $"{row.GetString(0)} is a repository and a former name of {row.GetString(1)}"));
        found.AddRange(await session.ListAsync(MisfiledAliasSql, row => $"{row.GetString(0)}, a former name, is said to be in the space {row.GetString(1)}, or that space has another name"));
        found.AddRange(await session.ListAsync(OrphanedSql, row => $"{row.GetString(0)} is in the space {row.GetString(1)}, which was removed or has another name"));
        found.AddRange(await session.ListAsync(ChainedSql, row => $"the former name {row.GetString(0)} leads to {row.GetString(1)}, which is one too"));
        return found;
    }

    /// <summary>In how many of the three tables of keys a key is; one is right.</summary>
    public static async Task<long> CountHomesAsync(DbSession session, string storageKey) => await session.FindNumberAsync(HomesSql, storageKey) ?? 0;

    public static Task<List<CheckedManifest>> ListManifestsAsync(DbSession session, long behind) => session.ListAsync(
        ManifestsSql,
        row => new CheckedManifest(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt64(4), row.IsDBNull(5) ? null : row.GetString(5), row.GetFieldValue<byte[]>(6)),
        behind,
        (long)ManifestPageRows);

    /// <summary>The digests that the rows know a manifest to refer to, present or absent.</summary>
    public static Task<List<string>> ListReferencesAsync(DbSession session, long manifestId) => session.ListAsync(ReferencesSql, row => row.GetString(0), manifestId);

    public static async Task<long> CountTagsAsync(DbSession session) => await session.FindNumberAsync(TagsSql) ?? 0;

    static readonly Sql BlobsSql = new("select id, digest, storage_key, size from blobs where id > $1 order by id limit $2");

    static readonly Sql UploadsSql = new("select id, storage_key, received, storage_state from uploads where id > $1 order by id limit $2");

    static readonly Sql TrashSql = new("select storage_key from trash where storage_key > $1 order by storage_key limit $2");

    static readonly Sql BlobSizeSql = new("select size from blobs where storage_key = $1");

    static readonly Sql ReceivedSql = new("select received from uploads where storage_key = $1");

    static readonly Sql TwoHomesSql = new("select b.storage_key from blobs b join uploads u on u.storage_key = b.storage_key");

    static readonly Sql UnlinkedSql = new("""
        select b.digest from blobs b where not exists (select 1 from repo_blobs rb where rb.blob_id = b.id)
        """);

    static readonly Sql ForgottenSql = new("""
        select r.name, b.digest from repo_blobs rb join repositories r on r.id = rb.repo_id join blobs b on b.id = rb.blob_id
        where not exists (select 1 from manifest_blobs mb where mb.repo_id = rb.repo_id and mb.blob_id = rb.blob_id)
          and not exists (select 1 from gc_candidates c where c.repo_id = rb.repo_id and c.blob_id = rb.blob_id)
        """);

    static readonly Sql PresentSql = new("""
        select r.name, m.digest, a.digest from absent_references a join manifests m on m.id = a.manifest_id join repositories r on r.id = a.repo_id
        where (a.kind = 'blob' and exists (select 1 from blobs b join repo_blobs rb on rb.blob_id = b.id where b.digest = a.digest and rb.repo_id = a.repo_id))
           or (a.kind = 'manifest' and exists (select 1 from manifests c where c.repo_id = a.repo_id and c.digest = a.digest))
        """);

    // Who owns a repository follows from its name; the column is there for statements.
    static readonly Sql MisfiledSql = new("select name, space from repositories where substr(name || '/', 1, length(space) + 1) <> space || '/'");

    static readonly Sql StraySql = new("""
        select s.name, g.target from grants g join spaces s on s.id = g.space_id where substr(g.target || '/', 1, length(s.name) + 1) <> s.name || '/'
        """);

    static readonly Sql TwiceSql = new("""
        select a.name, r.name from repository_aliases a join repositories t on t.name = a.name join repositories r on r.id = a.repo_id
        """);

    static readonly Sql MisfiledAliasSql = new("""
        select a.name, a.space from repository_aliases a
        where substr(a.name || '/', 1, length(a.space) + 1) <> a.space || '/' or exists (select 1 from spaces s where s.name = a.space and s.moved_to is not null)
        """);

    static readonly Sql OrphanedSql = new("select r.name, r.space from repositories r join spaces s on s.name = r.space where s.removed_at is not null");

    static readonly Sql ChainedSql = new("select s.name, t.name from spaces s join spaces t on t.id = s.moved_to where t.moved_to is not null");

    static readonly Sql HomesSql = new("""
        select (select count(*) from blobs where storage_key = $1) + (select count(*) from uploads where storage_key = $1)
             + (select count(*) from trash where storage_key = $1)
        """);

    static readonly Sql ManifestsSql = new("""
        select m.id, r.name, m.digest, m.media_type, m.size, m.subject, m.content from manifests m join repositories r on r.id = m.repo_id
        where m.id > $1 order by m.id limit $2
        """);

    static readonly Sql ReferencesSql = new("""
        select b.digest from manifest_blobs mb join blobs b on b.id = mb.blob_id where mb.manifest_id = $1
        union all select m.digest from manifest_children c join manifests m on m.id = c.child_id where c.manifest_id = $1
        union all select a.digest from absent_references a where a.manifest_id = $1
        """);

    static readonly Sql TagsSql = new("select count(*) from tags");
}
