using Staithe.Database;

namespace Staithe.Content;

/// <summary>A layer of an image: its blob, and what is known of what is in it.</summary>
/// <param name="State">Null when nobody has looked yet.</param>
/// <param name="Reason">Why it was refused.</param>
internal sealed record LayerRow(long BlobId, string Digest, string StorageKey, long Size, string? State, string? Reason)
{
    public const string Building = "building";
    public const string Indexed = "indexed";
    public const string Refused = "refused";
}

/// <summary>The layers whose listing was made, and the names in them.</summary>
internal static class LayerTable
{
    /// <summary>Which of the digests the repository has, in no order.</summary>
    public static Task<List<LayerRow>> ListAsync(DbSession session, long repoId, string[] digests) => session.ListAsync(
        ListSql,
        row => new LayerRow(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.IsDBNull(4) ? null : row.GetString(4), row.IsDBNull(5) ? null : row.GetString(5)),
        repoId,
        digests);

    /// <summary>Before the first name.</summary>
    public static Task BeginAsync(DbSession session, long blobId) => session.ExecuteAsync(PutSql, blobId, LayerRow.Building, null, 0L, 0L);

    /// <summary>Some of the names in a layer; given again, nothing happens.</summary>
    public static async Task AddNamesAsync(DbSession session, long blobId, string[] names)
    {
        await session.ExecuteAsync(AddNamesSql, [names]);
        await session.ExecuteAsync(AddLayerNamesSql, blobId, names);
    }

    /// <summary>After the last name, when the listing is durable.</summary>
    public static Task FinishAsync(DbSession session, long blobId, long entries, long size) => session.ExecuteAsync(PutSql, blobId, LayerRow.Indexed, null, entries, size);

    public static Task RefuseAsync(DbSession session, long blobId, string reason) => session.ExecuteAsync(PutSql, blobId, LayerRow.Refused, reason, 0L, 0L);

    /// <summary>Which of the digests are layers with a listing.</summary>
    public static Task<List<string>> ListIndexedAsync(DbSession session, string[] digests) => session.ListAsync(ListIndexedSql, row => row.GetString(0), [digests]);

    static readonly Sql ListSql = new("""
        select b.id, b.digest, b.storage_key, b.size, l.state, l.reason
        from blobs b cross join repo_blobs rb left join layers l on l.blob_id = b.id
        where b.digest {any $2} and rb.blob_id = b.id and rb.repo_id = $1
        """);

    // The blob may have gone meanwhile; then there is nothing to say.
    static readonly Sql PutSql = new("""
        insert into layers (blob_id, state, reason, entries, size, changed_at) select id, $2, $3, $4, $5, {now} from blobs where id = $1
        on conflict (blob_id) do update set state = excluded.state, reason = excluded.reason, entries = excluded.entries, size = excluded.size, changed_at = excluded.changed_at
        """);

    static readonly Sql AddNamesSql = new("""
        insert into file_names (name) select value from {each $1} where true on conflict (name) do nothing
        """);

    static readonly Sql AddLayerNamesSql = new("""
        insert into layer_names (layer_id, name_id) select l.blob_id, n.id from layers l join file_names n on n.name {any $2} where l.blob_id = $1
        on conflict (layer_id, name_id) do nothing
        """);

    static readonly Sql ListIndexedSql = new("""
        select b.digest from blobs b join layers l on l.blob_id = b.id where b.digest {any $1} and l.state <> 'refused'
        """);
}
