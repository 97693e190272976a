using System.Data.Common;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Events;

/// <summary>
/// What has happened, a row for each event, written in the transaction of the deed. Rows are few and go after some minutes: who listens is
/// quicker.
/// </summary>
/// <remarks>
/// The order is that of (tx, id). PostgreSQL gives out ids before it commits, so a row can appear behind one that was read; but none appears any more
/// with a transaction older than the oldest that runs. So who keeps a place (<see cref="ListAfterAsync"/>) reads as far as that transaction, and who has to
/// know at once (<see cref="ListSinceAsync"/>) reads everything from there on again. SQLite has one writer: the id tells the order, and stands for the transaction.
/// </remarks>
internal static class EventTable
{
    const string Trimmed = "trimmed"; // in the place of a listener: how far events were deleted

    /// <summary>In the transaction of the deed. Everybody who remembers something on this node is told before the deed is acknowledged.</summary>
    public static async Task AddAsync(DbSession session, ContentEvent one)
    {
        await session.ExecuteAsync(
            AddSql,
            session.Origin,
            one.Kind,
            one.Space,
            one.RepoId,
            one.Name?.Value,
            one.Former,
            one.Digest?.Value,
            one.ManifestId,
            one.IsImage ? 1L : 0L,
            string.Join(' ', one.Tags.Select(tag => tag.Value)));
        session.Note(one);
    }

    /// <summary>Where the next event begins: every one before that place has been committed by now, or never is. And up to where events were deleted.</summary>
    public static async Task<(long Next, long Trimmed)> FindPlaceAsync(DbSession session) =>
        await session.FindAsync(PlaceSql, row => (row.GetInt64(0), row.IsDBNull(1) ? -1 : row.GetInt64(1)), Trimmed);

    /// <summary>What other processes have committed at a place or behind it, some of which may have been read before.</summary>
    public static Task<List<StoredEvent>> ListSinceAsync(DbSession session, long place, long origin, int limit) =>
        session.ListAsync(SinceSql, Map, place, origin, (long)limit);

    /// <summary>Whether there is anything behind the place of a listener, be it that it cannot be read in its order yet.</summary>
    public static async Task<bool> IsBehindAsync(DbSession session, string listener) => await session.FindNumberAsync(BehindSql, listener) is not null;

    /// <summary>The place of a listener, which nobody else can move until the transaction ends.</summary>
    public static async Task<(long Tx, long Id)> HoldPlaceAsync(DbSession session, string listener) =>
        await session.FindAsync(HoldSql, row => (row.GetInt64(0), row.GetInt64(1)), listener);

    /// <summary>What comes behind a place and cannot be preceded by anything any more.</summary>
    public static Task<List<StoredEvent>> ListAfterAsync(DbSession session, (long Tx, long Id) place, int limit) =>
        session.ListAsync(AfterSql, Map, place.Tx, place.Id, (long)limit);

    /// <summary>The place of the first of these, be it that it cannot be read.</summary>
    public static async Task<(long Tx, long Id)?> FindNextAsync(DbSession session, (long Tx, long Id) place) =>
        await session.FindAsync<(long, long)?>(NextSql, row => (row.GetInt64(0), row.GetInt64(1)), place.Tx, place.Id);

    public static Task MoveAsync(DbSession session, string listener, (long Tx, long Id) place) => session.ExecuteAsync(MoveSql, listener, place.Tx, place.Id);

    /// <summary>Makes the listeners those that there are, the new ones at the first event; and begins anew when the rows come from another PostgreSQL server, whose transactions were counted differently.</summary>
    public static async Task PrepareAsync(DbSession session, string[] listeners)
    {
        if (await session.FindNumberAsync(ForeignSql) is not null)
        {
            await session.ExecuteAsync(AdoptSql);
            await session.ExecuteAsync(BeginAnewSql);
        }
        await session.ExecuteAsync(ForgetListenersSql, [(string[])[.. listeners, Trimmed]]);
        foreach (var listener in listeners)
            await session.ExecuteAsync(AddListenerSql, listener);
    }

    /// <summary>Deletes events that every listener has heard and that are old; how many.</summary>
    public static async Task<int> TrimAsync(DbSession session, TimeSpan age, int limit)
    {
        var (tx, id) = await session.FindAsync(LastSql, row => (row.GetInt64(0), row.GetInt64(1)), Trimmed);
        var gone = await session.ListAsync(TrimSql, row => (Tx: row.GetInt64(0), Id: row.GetInt64(1)), (long)age.TotalMilliseconds, tx, id, (long)limit);
        if (gone.Count > 0)
            await session.ExecuteAsync(TrimmedSql, Trimmed, gone.Max().Tx);
        return gone.Count;
    }

    static StoredEvent Map(DbDataReader row) => new(row.GetInt64(0), row.GetInt64(1), new ContentEvent(row.GetString(2))
    {
        Space = Text(row, 3),
        RepoId = row.IsDBNull(4) ? null : row.GetInt64(4),
        Name = Text(row, 5) is { } name ? RepositoryName.Parse(name) : null,
        Former = Text(row, 6),
        Digest = Text(row, 7) is { } digest ? Digest.Parse(digest) : null,
        ManifestId = row.IsDBNull(8) ? null : row.GetInt64(8),
        IsImage = row.GetInt64(9) == 1,
        Tags = [.. row.GetString(10).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(TagName.Parse)],
    });

    static string? Text(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    const string Columns = "kind, space, repo_id, name, former, digest, manifest_id, is_image, tags";

    static readonly Sql AddSql = new($$"""
        insert into events (tx, at, origin, {{Columns}}) values ({transaction}, {now}, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """);

    static readonly Sql PlaceSql = new(
        "select coalesce((select seq from sqlite_sequence where name = 'events'), 0) + 1, (select c.tx from event_cursors c where c.listener = $1)",
        "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint, (select c.tx from event_cursors c where c.listener = $1)");

    static readonly Sql SinceSql = new(
        $"select id, id, {Columns} from events where id >= $1 and origin <> $2 order by id limit $3",
        $"select tx, id, {Columns} from events where tx >= $1 and origin <> $2 order by tx, id limit $3");

    static readonly Sql BehindSql = new(
        "select 1 from event_cursors c where c.listener = $1 and exists (select 1 from events e where e.id > c.id)",
        "select 1 from event_cursors c where c.listener = $1 and exists (select 1 from events e where (e.tx, e.id) > (c.tx, c.id))");

    static readonly Sql HoldSql = new("select tx, id from event_cursors where listener = $1 {for update}");

    static readonly Sql AfterSql = new(
        $"select id, id, {Columns} from events where id > $2 and $1 >= 0 order by id limit $3",
        $"""
         select tx, id, {Columns} from events
         where (tx, id) > ($1, $2) and tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint order by tx, id limit $3
         """);

    static readonly Sql NextSql = new(
        "select id, id from events where id > $2 and $1 >= 0 order by id limit 1",
        "select tx, id from events where (tx, id) > ($1, $2) and tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint order by tx, id limit 1");

    static readonly Sql MoveSql = new("update event_cursors set tx = $2, id = $3 where listener = $1");

    // A row that is seen was committed by a transaction before the end of the snapshot, if it was one of this server.
    static readonly Sql ForeignSql = new(
        "select 1 from events where id < 0",
        """
        select 1 from (select max(tx) as tx from events union all select max(tx) from event_cursors) x
        where x.tx >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint limit 1
        """);

    static readonly Sql AdoptSql = new("update events set tx = 0");

    static readonly Sql BeginAnewSql = new("update event_cursors set tx = 0, id = 0");

    static readonly Sql ForgetListenersSql = new("delete from event_cursors where not (listener {any $1})");

    static readonly Sql AddListenerSql = new("insert into event_cursors (listener, tx, id) values ($1, 0, 0) on conflict (listener) do nothing");

    static readonly Sql LastSql = new("""
        select tx, id from event_cursors where listener <> $1 union all select 9223372036854775807, 9223372036854775807 order by 1, 2 limit 1
        """);

    static readonly Sql TrimSql = new(
        """
        delete from events where id in (select id from events where at < {now} - $1 and $2 >= 0 and id <= $3 order by id limit $4) returning id, id
        """,
        """
        delete from events where (tx, id) in (
            select tx, id from events
            where at < {now} - $1 and (tx, id) <= ($2, $3) and tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint order by tx, id limit $4)
        returning tx, id
        """);

    static readonly Sql TrimmedSql = new("""
        insert into event_cursors (listener, tx, id) values ($1, $2, 0) on conflict (listener) do update set tx = excluded.tx
        """);
}
