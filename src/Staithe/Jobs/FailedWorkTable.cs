using Staithe.Database;

namespace Staithe.Jobs;

/// <summary>A unit of background work that failed and has not gone well since.</summary>
/// <param name="Kind">Which worker: one of <see cref="WorkKind"/>.</param>
/// <param name="Unit">Which unit, as the worker names it.</param>
/// <param name="Label">The same for people.</param>
/// <param name="Cause">Why it failed the last time, in one line.</param>
/// <param name="Attempts">How often it failed.</param>
/// <param name="FailedAt">When it failed the last time, in milliseconds since 1970.</param>
/// <param name="NotBefore">When it is tried again.</param>
internal sealed record FailedWork(string Kind, string Unit, string Label, string Cause, long Attempts, long FailedAt, long NotBefore);

/// <summary>The units of background work that failed. Workers leave out what is not due yet; admins see all of it.</summary>
internal static class FailedWorkTable
{
    const string Columns = "kind, unit, label, cause, attempts, failed_at, not_before";

    /// <summary>The condition, for the statement that takes the work of a kind, that a unit has not failed or is due again.</summary>
    /// <param name="kind">One of <see cref="WorkKind"/>.</param>
    /// <param name="unit">An expression of the statement: the unit as text.</param>
    public static string IsDue(string kind, string unit) =>
        $"not exists (select 1 from failed_work f where f.kind = '{kind}' and f.unit = {unit} and f.not_before > {{now}})";

    /// <summary>How often the unit has failed so far.</summary>
    public static async Task<long> CountAttemptsAsync(DbSession session, string kind, string unit) => await session.FindNumberAsync(AttemptsSql, kind, unit) ?? 0;

    public static Task PutAsync(DbSession session, FailedWork failed, TimeSpan wait) =>
        session.ExecuteAsync(PutSql, failed.Kind, failed.Unit, failed.Label, failed.Cause, failed.Attempts, (long)wait.TotalMilliseconds);

    public static Task RemoveAsync(DbSession session, string kind, string unit) => session.ExecuteAsync(RemoveSql, kind, unit);

    /// <summary>Has the unit tried again now; false when there is none.</summary>
    public static async Task<bool> RetryAsync(DbSession session, string kind, string unit) => await session.ExecuteAsync(RetrySql, kind, unit) == 1;

    public static async Task<long> CountAsync(DbSession session, int most) => await session.FindNumberAsync(CountSql, (long)most) ?? 0;

    /// <summary>Which units there are.</summary>
    public static Task<List<(string Kind, string Unit)>> ListUnitsAsync(DbSession session, int limit) => session.ListAsync(ListUnitsSql, row => (row.GetString(0), row.GetString(1)), (long)limit);

    /// <summary>A page, in the order of kind and unit, behind one.</summary>
    public static Task<List<FailedWork>> ListAsync(DbSession session, string afterKind, string afterUnit, int limit) => session.ListAsync(
        ListSql,
        row => new FailedWork(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6)),
        afterKind,
        afterUnit,
        (long)limit);

    /// <summary>Forgets units that have not been tried for so long: they are gone.</summary>
    public static Task<int> DeleteOldAsync(DbSession session, TimeSpan age, int limit) => session.ExecuteAsync(DeleteOldSql, (long)age.TotalMilliseconds, (long)limit);

    static readonly Sql AttemptsSql = new("select attempts from failed_work where kind = $1 and unit = $2");

    static readonly Sql PutSql = new("""
        insert into failed_work (kind, unit, label, cause, attempts, failed_at, not_before) values ($1, $2, $3, $4, $5, {now}, {now} + $6)
        on conflict (kind, unit) do update set label = excluded.label, cause = excluded.cause, attempts = excluded.attempts,
            failed_at = excluded.failed_at, not_before = excluded.not_before
        """);

    static readonly Sql RemoveSql = new("delete from failed_work where kind = $1 and unit = $2");
    static readonly Sql RetrySql = new("update failed_work set not_before = {now} where kind = $1 and unit = $2");
    static readonly Sql CountSql = new("select count(*) from (select 1 from failed_work limit $1) x");
    static readonly Sql ListUnitsSql = new("select kind, unit from failed_work order by kind, unit limit $1");
    static readonly Sql ListSql = new($"select {Columns} from failed_work where (kind, unit) > ($1, $2) order by kind, unit limit $3");

    static readonly Sql DeleteOldSql = new("""
        delete from failed_work where (kind, unit) in (select kind, unit from failed_work where failed_at < {now} - $1 order by failed_at limit $2)
        """);
}
