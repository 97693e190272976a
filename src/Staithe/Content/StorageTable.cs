using Staithe.Database;

namespace Staithe.Content;

/// <summary>What a space keeps.</summary>
/// <param name="Bytes">Of the blobs that its repositories have, each counted once.</param>
internal sealed record SpaceStorageRow(string Space, long Repositories, long Blobs, long Bytes);

/// <summary>How much is kept, for who runs the registry. Each statement reads all there is of something.</summary>
internal static class StorageTable
{
    /// <summary>The spaces that keep the most.</summary>
    public static Task<List<SpaceStorageRow>> ListSpacesAsync(DbSession session, int limit) =>
        session.ListAsync(ListSpacesSql, row => new SpaceStorageRow(row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)), (long)limit);

    /// <summary>How many blobs there are, and their bytes, each once.</summary>
    public static Task<(long Count, long Bytes)> CountBlobsAsync(DbSession session) => CountAsync(session, BlobsSql);

    /// <summary>How many uploads are under way, and their bytes.</summary>
    public static Task<(long Count, long Bytes)> CountUploadsAsync(DbSession session) => CountAsync(session, UploadsSql);

    /// <summary>How many keys are in the trash, and of how many the time is over.</summary>
    public static Task<(long Count, long Due)> CountTrashAsync(DbSession session) => CountAsync(session, TrashSql);

    static async Task<(long Count, long Bytes)> CountAsync(DbSession session, Sql sql) => await session.FindAsync(sql, row => (row.GetInt64(0), row.GetInt64(1)));

    static readonly Sql ListSpacesSql = new("""
        select kept.space, (select count(*) from repositories r where r.space = kept.space), count(*), cast(sum(b.size) as bigint)
        from (select distinct r.space as space, rb.blob_id as blob_id from repo_blobs rb join repositories r on r.id = rb.repo_id) kept
            join blobs b on b.id = kept.blob_id
        group by kept.space order by 4 desc, 1 limit $1
        """);

    static readonly Sql BlobsSql = new("select count(*), cast(coalesce(sum(size), 0) as bigint) from blobs");
    static readonly Sql UploadsSql = new("select count(*), cast(coalesce(sum(received), 0) as bigint) from uploads");
    static readonly Sql TrashSql = new("select count(*), cast(coalesce(sum(case when delete_after <= {now} then 1 else 0 end), 0) as bigint) from trash");
}
