using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>A layer of an image: its blob, and what is known of what is in it.</summary>
/// <param name="State">Null when nobody has looked yet.</param>
/// <param name="Reason">Why it was refused.</param>
internal sealed record LayerRow(long BlobId, string Digest, string StorageKey, long Size, string? State, string? Reason)
{
    public const string Building = "building";
    public const string Indexed = "indexed";
    public const string Refused = "refused";

    /// <summary>The version of the code that reads layers. A layer that older code has read, or refused, is read again.</summary>
    public const long CurrentReader = 1;

    /// <summary>What reading it found out; null when it was not read, or only by older code.</summary>
    public LayerFacts? Facts { get; init; }

    /// <summary>Whether the present code has refused it.</summary>
    public bool IsRefused => State == Refused && Facts is not null;

    /// <summary>A layer that an image names and its repository does not have.</summary>
    public static LayerRow Missing(string digest, long size) =>
        new(0, digest, "", size, Refused, "it is not in this registry") { Facts = new LayerFacts(null, null, 0, null) };
}

/// <summary>What reading a layer found out besides its files.</summary>
/// <param name="DiffId">The digest of the unpacked archive (image-spec, config.md, "Layer DiffID"); null when it was not read to its end.</param>
/// <param name="Incomplete">Why it was not; null when it was.</param>
/// <param name="Skipped">How many entries were left out.</param>
/// <param name="SkippedExample">What was wrong with some of them; null when there are none.</param>
internal sealed record LayerFacts(string? DiffId, string? Incomplete, long Skipped, string? SkippedExample);

/// <summary>The layers whose listing was made, and the names in them.</summary>
internal static class LayerTable
{
    const int MaxReasonLength = 1000;

    /// <summary>Which of the digests the repository has, in no order.</summary>
    public static Task<List<LayerRow>> ListAsync(DbSession session, long repoId, string[] digests) => session.ListAsync(
        ListSql,
        row => new LayerRow(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3), Text(row, 4), Text(row, 5))
        {
            Facts = row.IsDBNull(6) || row.GetInt64(6) != LayerRow.CurrentReader ? null : new LayerFacts(Text(row, 7), Text(row, 8), row.GetInt64(9), Text(row, 10)),
        },
        repoId,
        digests);

    /// <summary>Before the first name.</summary>
    public static Task BeginAsync(DbSession session, long blobId) => session.ExecuteAsync(PutSql, blobId, LayerRow.Building, null, 0L, 0L, null, null, 0L, null, LayerRow.CurrentReader);

    /// <summary>Some of the names in a layer; given again, nothing happens.</summary>
    public static async Task AddNamesAsync(DbSession session, long blobId, string[] names)
    {
        await session.ExecuteAsync(AddNamesSql, [names]);
        await session.ExecuteAsync(AddLayerNamesSql, blobId, names);
    }

    /// <summary>After the last name, when the listing is durable.</summary>
    public static Task FinishAsync(DbSession session, long blobId, long entries, long size, LayerFacts facts) => session.ExecuteAsync(
        PutSql, blobId, LayerRow.Indexed, null, entries, size, facts.DiffId, facts.Incomplete, facts.Skipped, facts.SkippedExample, LayerRow.CurrentReader);

    public static Task RefuseAsync(DbSession session, long blobId, string reason) => session.ExecuteAsync(PutSql, blobId, LayerRow.Refused, ForeignText.Line(reason, MaxReasonLength), 0L, 0L, null, null, 0L, null, LayerRow.CurrentReader);

    /// <summary>Which of the digests are layers with a listing.</summary>
    public static Task<List<string>> ListIndexedAsync(DbSession session, string[] digests) => session.ListAsync(ListIndexedSql, row => row.GetString(0), [digests]);

    static string? Text(System.Data.Common.DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    static readonly Sql ListSql = new("""
        select b.id, b.digest, b.storage_key, b.size, l.state, l.reason, l.reader, l.diff_id, l.incomplete, l.skipped, l.skipped_example
        from blobs b cross join repo_blobs rb left join layers l on l.blob_id = b.id
        where b.digest {any $2} and rb.blob_id = b.id and rb.repo_id = $1
        """);

    // The blob may have gone meanwhile; then there is nothing to say.
    static readonly Sql PutSql = new("""
        insert into layers (blob_id, state, reason, entries, size, diff_id, incomplete, skipped, skipped_example, reader, changed_at)
        select id, $2, $3, $4, $5, $6, $7, $8, $9, $10, {now} from blobs where id = $1
        on conflict (blob_id) do update set state = excluded.state, reason = excluded.reason, entries = excluded.entries, size = excluded.size,
            diff_id = excluded.diff_id, incomplete = excluded.incomplete, skipped = excluded.skipped, skipped_example = excluded.skipped_example,
            reader = excluded.reader, changed_at = excluded.changed_at
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
