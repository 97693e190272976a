using System.Data.Common;
using Staithe.Database;
using Staithe.Storage;

namespace Staithe.Content;

/// <summary>Bytes that nothing names any more, waiting for their time.</summary>
internal static class TrashTable
{
    /// <summary>In the transaction that drops the last row that named the key.</summary>
    public static Task AddAsync(DbSession session, StoredKey bytes, TimeSpan keepFor) =>
        session.ExecuteAsync(AddSql, bytes.Key, (long)keepFor.TotalMilliseconds, bytes.State);

    /// <summary>The keys whose time is over, the oldest first.</summary>
    /// <param name="session">Where to ask.</param>
    /// <param name="early">Zero, or how long before their time: then only keys that wait for longer than <paramref name="grace"/>.</param>
    /// <param name="grace">What is due within this waits for it.</param>
    /// <param name="limit">How many at most.</param>
    public static Task<List<StoredKey>> ListDueAsync(DbSession session, TimeSpan early, TimeSpan grace, int limit) => early > grace
        ? session.ListAsync(ListEarlySql, Map, (long)early.TotalMilliseconds, (long)grace.TotalMilliseconds, (long)limit)
        : session.ListAsync(ListDueSql, Map, (long)limit);

    /// <summary>After the bytes are gone.</summary>
    public static Task RemoveAsync(DbSession session, string[] storageKeys) => session.ExecuteAsync(RemoveSql, [storageKeys]);

    /// <summary>The bytes could not be deleted: they are tried again after a while.</summary>
    public static Task PostponeAsync(DbSession session, string storageKey, TimeSpan wait) => session.ExecuteAsync(PostponeSql, storageKey, (long)wait.TotalMilliseconds);

    static StoredKey Map(DbDataReader row) => new(row.GetString(0), row.IsDBNull(1) ? null : row.GetFieldValue<byte[]>(1));

    static readonly Sql PostponeSql = new("update trash set delete_after = {now} + $2 where storage_key = $1");

    static readonly Sql AddSql = new("insert into trash (storage_key, delete_after, storage_state) values ($1, {now} + $2, $3)");

    static readonly Sql ListDueSql = new("""
        select storage_key, storage_state from trash where delete_after <= {now} order by delete_after limit $1
        """);

    static readonly Sql ListEarlySql = new("""
        select storage_key, storage_state from trash where delete_after <= {now} + $1 and delete_after > {now} + $2
        order by delete_after limit $3
        """);

    static readonly Sql RemoveSql = new("delete from trash where storage_key {any $1}");
}
