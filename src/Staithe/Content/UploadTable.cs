using System.Data.Common;
using Staithe.Database;
using Staithe.Jobs;
using Staithe.Oci;
using Staithe.Storage;

namespace Staithe.Content;

/// <summary>A blob on its way in.</summary>
/// <param name="Received">Bytes that are durable and acknowledged.</param>
/// <param name="HashState">The hash at that place, or null when those bytes must be read again.</param>
/// <param name="StorageState">What the storage asked to remember of the upload at that place.</param>
/// <param name="Version">Moves with every change, so that of two writers one notices.</param>
internal sealed record UploadRow(
    UploadId Id,
    string StorageKey,
    DigestAlgorithm Algorithm,
    long Received,
    byte[]? HashState,
    byte[]? StorageState,
    long Version)
{
    /// <summary>The bytes, as the storage knows them.</summary>
    public StoredKey Bytes => new(StorageKey, StorageState);
}

/// <summary>An upload that begins.</summary>
/// <param name="Row">What it is.</param>
/// <param name="Owner">Whose it is.</param>
/// <param name="Expiry">After how long it is dropped when nobody continues it.</param>
/// <param name="ClaimedBy">The server that writes to it at once; null for none.</param>
internal sealed record NewUpload(UploadRow Row, UploadOwner Owner, TimeSpan Expiry, string? ClaimedBy);

/// <summary>
/// The uploads under way. A row is made before its file, and outlives the process that takes the bytes. Where several servers use the
/// database, the one that writes to an upload claims its row for a while: <see cref="UploadClaims"/> says when.
/// </summary>
internal static class UploadTable
{
    const string InSpace = "substr(repository || '/', 1, length($1) + 1) = $1 || '/'";

    public static Task CreateAsync(DbSession session, RepositoryName name, NewUpload upload) => session.ExecuteAsync(
        CreateSql,
        upload.Row.Id.Value,
        name.Value,
        upload.Row.StorageKey,
        upload.Row.Algorithm.Name,
        (long)upload.Expiry.TotalMilliseconds,
        upload.Owner.Key,
        upload.ClaimedBy,
        upload.ClaimedBy is null ? 0L : ClaimMs);

    /// <summary>
    /// Finds the upload and claims it for a server, in one statement; null when it is not there, or another server has claimed it.
    /// </summary>
    public static Task<UploadRow?> ClaimAsync(DbSession session, RepositoryName name, UploadId id, string server) =>
        session.FindAsync(ClaimSql, row => Map(id, row), id.Value, name.Value, server, ClaimMs);

    /// <summary>Prolongs a claim; false when the upload has ended or another server has claimed it meanwhile.</summary>
    public static async Task<bool> RenewAsync(DbSession session, UploadRow upload) =>
        await session.ExecuteAsync(RenewSql, upload.Id.Value, upload.Version, ClaimMs) == 1;

    /// <summary>Ends a claim without acknowledging anything.</summary>
    public static Task ReleaseAsync(DbSession session, UploadRow upload) =>
        session.ExecuteAsync(ReleaseSql, upload.Id.Value, upload.Version);

    /// <summary>Keeps others from adding an upload until the transaction ends; not alone, only those that want to be alone with it.</summary>
    public static Task LockStartsAsync(DbSession session, bool alone) => session.ExecuteAsync(alone ? LockStartsAloneSql : LockStartsSql);

    /// <summary>The uploads that have not expired: of an owner, to the repositories of a space, and altogether.</summary>
    public static async Task<(long OfOwner, long OfSpace, long All)> CountOpenAsync(DbSession session, string owner, string space) =>
        await session.FindAsync(CountOpenSql, row => (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)), space, owner);

    /// <summary>The upload, if it is one of this repository.</summary>
    public static Task<UploadRow?> FindAsync(DbSession session, RepositoryName name, UploadId id) =>
        session.FindAsync(FindSql, row => Map(id, row), id.Value, name.Value);

    /// <summary>Whether there is an upload, under whatever repository.</summary>
    public static async Task<bool> FindAnywhereAsync(DbSession session, UploadId id) =>
        await session.FindNumberAsync(FindAnywhereSql, id.Value) is not null;

    /// <summary>Acknowledges bytes and ends the claim; false when the row has gone or moved since it was read.</summary>
    public static async Task<bool> AdvanceAsync(
        DbSession session,
        UploadRow upload,
        long received,
        byte[]? hashState,
        byte[]? storageState,
        TimeSpan expiry) =>
        await session.ExecuteAsync(
            AdvanceSql, upload.Id.Value, upload.Version, received, hashState, (long)expiry.TotalMilliseconds, storageState) == 1;

    /// <summary>
    /// Ends an upload that has become a blob; its key is the caller's to put elsewhere in the same transaction. False when the row has
    /// gone or moved since it was read.
    /// </summary>
    public static async Task<bool> FinishAsync(DbSession session, UploadRow upload) =>
        await session.ExecuteAsync(FinishSql, upload.Id.Value, upload.Version) == 1;

    /// <summary>
    /// Ends an upload wherever it stands; its bytes, which are the caller's to put into the trash, and for how long another server may
    /// still be writing to them. Null when it has ended already.
    /// </summary>
    public static Task<(StoredKey Bytes, TimeSpan Written)?> DeleteAsync(DbSession session, UploadId id, string? server) =>
        session.FindAsync<(StoredKey, TimeSpan)?>(
            DeleteSql,
            row => (MapBytes(row), TimeSpan.FromMilliseconds(Math.Max(0, row.GetInt64(2)))),
            id.Value,
            server ?? "");

    /// <summary>
    /// Uploads whose time is over, some of them; but for those that are being written to, of which <paramref name="except"/> are by this
    /// server.
    /// </summary>
    public static Task<List<string>> ListExpiredAsync(DbSession session, string[] except, int limit) =>
        session.ListAsync(ListExpiredSql, row => row.GetString(0), except, (long)limit);

    /// <summary>Ends these uploads as far as their time is over; their bytes.</summary>
    public static Task<List<StoredKey>> DeleteExpiredAsync(DbSession session, string[] ids, string[] except) =>
        session.ListAsync(DeleteExpiredSql, MapBytes, ids, except);

    /// <summary>Lets the uploads to a repository go on under its new name.</summary>
    public static Task MoveAsync(DbSession session, RepositoryName from, RepositoryName to) => session.ExecuteAsync(MoveSql, from.Value, to.Value);

    /// <summary>Lets the uploads to what is in a space go on under its new name.</summary>
    public static Task RenameSpaceAsync(DbSession session, string from, string to) => session.ExecuteAsync(RenameSpaceSql, from, to);

    /// <summary>Ends the uploads to a repository; their bytes.</summary>
    public static Task<List<StoredKey>> DeleteOfAsync(DbSession session, RepositoryName name) =>
        session.ListAsync(DeleteOfSql, MapBytes, name.Value);

    /// <summary>Ends the uploads to what is or would be in a space; their bytes.</summary>
    public static Task<List<StoredKey>> DeleteOfSpaceAsync(DbSession session, string space) =>
        session.ListAsync(DeleteOfSpaceSql, MapBytes, space);

    static readonly long ClaimMs = (long)UploadClaims.Lasts.TotalMilliseconds;

    static StoredKey MapBytes(DbDataReader row) => new(row.GetString(0), Bytes(row, 1));

    static byte[]? Bytes(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<byte[]>(column);

    static UploadRow Map(UploadId id, DbDataReader row) => new(
        id,
        row.GetString(0),
        DigestAlgorithm.Find(row.GetString(1))!,
        row.GetInt64(2),
        Bytes(row, 3),
        Bytes(row, 4),
        row.GetInt64(5));

    static readonly Sql CreateSql = new("""
        insert into uploads
            (id, repository, storage_key, algorithm, received, hash_state, version, started_at, expires_at, owner, claimed_by, claimed_until)
        values ($1, $2, $3, $4, 0, null, 0, {now}, {now} + $5, $6, $7, {now} + $8)
        """);

    static readonly Sql LockStartsSql = new("select {share starts}");

    static readonly Sql LockStartsAloneSql = new("select {lock starts}");

    // The table is as small as the limits, so it is walked through once rather than kept in an order that each upload would pay for.
    static readonly Sql CountOpenSql = new($$"""
        select coalesce(sum(case when owner = $2 then 1 else 0 end), 0), coalesce(sum(case when {{InSpace}} then 1 else 0 end), 0), count(*)
        from uploads where expires_at > {now}
        """);

    static readonly Sql FindSql = new("""
        select storage_key, algorithm, received, hash_state, storage_state, version from uploads where id = $1 and repository = $2
        """);

    static readonly Sql FindAnywhereSql = new("select version from uploads where id = $1");

    // The version moves, so whoever lost a claim notices whatever they try.
    static readonly Sql ClaimSql = new("""
        update uploads set claimed_by = $3, claimed_until = {now} + $4, version = version + 1
        where id = $1 and repository = $2 and (claimed_until <= {now} or claimed_by = $3)
        returning storage_key, algorithm, received, hash_state, storage_state, version
        """);

    static readonly Sql RenewSql = new("update uploads set claimed_until = {now} + $3 where id = $1 and version = $2");

    static readonly Sql ReleaseSql = new("update uploads set claimed_until = 0 where id = $1 and version = $2");

    static readonly Sql AdvanceSql = new("""
        update uploads
        set received = $3, hash_state = $4, storage_state = $6, version = version + 1, expires_at = {now} + $5, claimed_until = 0
        where id = $1 and version = $2
        """);

    static readonly Sql FinishSql = new("delete from uploads where id = $1 and version = $2");

    static readonly Sql DeleteSql = new("""
        delete from uploads where id = $1
        returning storage_key, storage_state, case when claimed_by = $2 then 0 else claimed_until - {now} end
        """);

    static readonly Sql MoveSql = new("update uploads set repository = $2 where repository = $1");

    static readonly Sql RenameSpaceSql = new($"update uploads set repository = $2 || substr(repository, length($1) + 1) where {InSpace}");

    static readonly Sql DeleteOfSql = new("delete from uploads where repository = $1 returning storage_key, storage_state");

    static readonly Sql DeleteOfSpaceSql = new($"delete from uploads where {InSpace} returning storage_key, storage_state");

    static readonly Sql DeleteExpiredSql = new("""
        delete from uploads where id {any $1} and expires_at <= {now} and claimed_until <= {now} and not (id {any $2})
        returning storage_key, storage_state
        """);

    static readonly Sql ListExpiredSql = new($$"""
        select u.id from uploads u
        where u.expires_at <= {now} and u.claimed_until <= {now} and not (u.id {any $1}) and {{JobTable.IsDue(WorkKind.Uploads, "u.id")}}
        order by u.expires_at limit $2
        """);
}
