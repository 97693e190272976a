using Staithe.Database;

namespace Staithe.Access;

/// <summary>The failures of a key.</summary>
/// <param name="At">When the last one was, in milliseconds since 1970.</param>
internal readonly record struct GuessRow(string Key, long Failed, long At);

/// <summary>Failures by key, for all servers of a registry: a row for each key that has any.</summary>
internal static class GuessTable
{
    /// <summary>The rows of these keys, as far as there are any.</summary>
    public static Task<List<GuessRow>> ListAsync(DbSession session, string[] keys) => session.ListAsync(ListSql, Read, [keys]);

    /// <summary>Counts a failure under each key; the rows as they are then.</summary>
    /// <param name="session">The database.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="now">The time.</param>
    /// <param name="forgiven">What failed before this time counts no longer.</param>
    public static Task<List<GuessRow>> FailAsync(DbSession session, string[] keys, long now, long forgiven) =>
        session.ListAsync(FailSql, Read, keys, now, forgiven);

    /// <summary>Counts an attempt as a failure before it is made, unless others were quicker: false, and then nothing is counted.</summary>
    /// <param name="session">The database.</param>
    /// <param name="seen">The row as it was read; with no failures where there was none.</param>
    /// <param name="now">The time.</param>
    /// <param name="forgiven">What failed before this time counts no longer.</param>
    /// <param name="room">So many failures may there be for one more.</param>
    public static async Task<bool> TryCountAsync(DbSession session, GuessRow seen, long now, long forgiven, long room) =>
        await session.ExecuteAsync(TryCountSql, seen.Key, now, forgiven, room, seen.Failed, seen.At) > 0;

    /// <summary>Takes an attempt back that was counted and did not fail.</summary>
    /// <param name="session">The database.</param>
    /// <param name="before">The row as it was before.</param>
    /// <param name="countedAt">When it was counted.</param>
    public static async Task TakeBackAsync(DbSession session, GuessRow before, long countedAt)
    {
        await session.ExecuteAsync(TakeBackSql, before.Key, countedAt, before.At);
        await session.ExecuteAsync(DropEmptySql, before.Key);
    }

    /// <summary>Forgets what failed under these keys.</summary>
    public static Task ForgiveAsync(DbSession session, string[] keys) => session.ExecuteAsync(ForgiveSql, [keys]);

    /// <summary>Drops what counts no longer; and of more rows than there may be, those whose loss helps a guesser least.</summary>
    public static async Task TrimAsync(DbSession session, long forgiven, long most)
    {
        await session.ExecuteAsync(DropForgivenSql, forgiven);
        if (await session.FindNumberAsync(CountSql) is { } rows && rows > most)
            await session.ExecuteAsync(DropLeastSql, rows - most + (most / 4));
    }

    static GuessRow Read(System.Data.Common.DbDataReader row) => new(row.GetString(0), row.GetInt64(1), row.GetInt64(2));

    static readonly Sql ListSql = new("select key, failed, failed_at from guesses where key {any $1}");

    static readonly Sql FailSql = new("""
        insert into guesses (key, failed, failed_at) select value, 1, $2 from {each $1} where true
        on conflict (key) do update set failed = case when guesses.failed_at < $3 then 1 else guesses.failed + 1 end, failed_at = $2
        returning key, failed, failed_at
        """);

    static readonly Sql TryCountSql = new("""
        insert into guesses (key, failed, failed_at) values ($1, 1, $2)
        on conflict (key) do update set failed = case when guesses.failed_at < $3 then 1 else guesses.failed + 1 end, failed_at = $2
        where guesses.failed_at < $3 or guesses.failed < $4 or (guesses.failed = $5 and guesses.failed_at = $6)
        """);

    static readonly Sql TakeBackSql = new("""
        update guesses set failed = failed - 1, failed_at = case when failed_at = $2 then $3 else failed_at end where key = $1
        """);

    static readonly Sql DropEmptySql = new("delete from guesses where key = $1 and failed <= 0");
    static readonly Sql ForgiveSql = new("delete from guesses where key {any $1}");
    static readonly Sql DropForgivenSql = new("delete from guesses where failed_at < $1");
    static readonly Sql CountSql = new("select count(*) from guesses");
    static readonly Sql DropLeastSql = new("delete from guesses where key in (select key from guesses order by failed, failed_at limit $1)");
}
