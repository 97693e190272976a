using System.Data.Common;
using Staithe.Database;

namespace Staithe.Jobs;

/// <summary>A unit of work as one runner has taken it.</summary>
/// <param name="Data">What its kind has to know of it beside its name.</param>
/// <param name="Attempts">How often it was taken since it went well, with this time.</param>
/// <param name="Seq">Moves when it is asked for again.</param>
/// <param name="Lease">The runner's number, by which it changes the row only while it still has it.</param>
/// <param name="Cause">Why it failed the last time.</param>
internal sealed record LeasedJob(string Kind, string Unit, string Label, string? Data, long Attempts, long Seq, long Lease, string? Cause);

/// <summary>A unit of background work that failed and has not gone well since.</summary>
/// <param name="Kind">One of <see cref="WorkKind"/>.</param>
/// <param name="Unit">Which unit, as the work names it.</param>
/// <param name="Label">The same for people.</param>
/// <param name="Cause">Why it failed the last time, in one line.</param>
/// <param name="Attempts">How often it failed.</param>
/// <param name="FailedAt">When it failed the last time, in milliseconds since 1970.</param>
/// <param name="NotBefore">When it is tried again.</param>
internal sealed record FailedWork(string Kind, string Unit, string Label, string Cause, long Attempts, long FailedAt, long NotBefore);

/// <summary>How many units of a kind there are.</summary>
/// <param name="Waiting">That nobody has.</param>
/// <param name="Running">That somebody has.</param>
/// <param name="Failed">That failed, and wait to be tried again.</param>
/// <param name="OldestAt">Since when the one waits that has waited longest.</param>
internal sealed record JobQueue(string Kind, long Waiting, long Running, long Failed, long? OldestAt);

/// <summary>Says that a runner may have been waited for.</summary>
internal sealed record JobNote : CommitNote
{
    public static JobNote Added { get; } = new();
}

/// <summary>
/// What is to be done away from any request: a row for each unit of a kind of work, until it has gone well. Also the failures of work that has no rows here
/// (<see cref="UnitRunner"/>); nobody takes those.
/// </summary>
/// <remarks>Whoever takes a unit has it for the time of a lease. Should it be asked for again meanwhile, it is done again.</remarks>
internal static class JobTable
{
    /// <summary>Of a unit that somebody waits for.</summary>
    public const long Urgent = 1;

    const long Report = -1; // nobody takes it

    const string Columns = "kind, unit, label, cause, attempts, failed_at, not_before";

    /// <summary>Asks for a unit: in the transaction that makes it necessary. One that has failed keeps its time.</summary>
    public static async Task AddAsync(DbSession session, string kind, string unit, string label, string? data = null)
    {
        await session.ExecuteAsync(AddSql, kind, unit, label, data);
        session.Note(JobNote.Added);
    }

    /// <summary>Asks for a unit before all others, and at once.</summary>
    public static async Task AddUrgentAsync(DbSession session, string kind, string unit, string label)
    {
        await session.ExecuteAsync(AddUrgentSql, kind, unit, label, Urgent);
        session.Note(JobNote.Added);
    }

    /// <summary>Of these kinds, those of which something is due and that are not paused.</summary>
    public static Task<List<string>> ListDueAsync(DbSession session, string[] kinds) => session.ListAsync(ListDueSql, row => row.GetString(0), [kinds]);

    /// <summary>Whether something of these kinds is due and not paused, or is being done.</summary>
    public static async Task<bool> IsBusyAsync(DbSession session, string[] kinds) =>
        (await ListDueAsync(session, kinds)).Count > 0 || await session.FindNumberAsync(BusySql, [kinds]) is not null;

    /// <summary>Takes some that are due: the urgent ones first, then those that have waited longest.</summary>
    public static async Task<List<LeasedJob>> LeaseAsync(DbSession session, string kind, long lease, TimeSpan time, int most)
    {
        var taken = await session.ListAsync(
            LeaseSql,
            row => (
                Job: new LeasedJob(kind, row.GetString(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2), row.GetInt64(3), row.GetInt64(4), lease, row.IsDBNull(5) ? null : row.GetString(5)),
                Turn: (-row.GetInt64(6), row.GetInt64(7), row.GetString(0))),
            kind,
            lease,
            (long)time.TotalMilliseconds,
            (long)most);
        return [.. taken.OrderBy(one => one.Turn).Select(one => one.Job)];
    }

    /// <summary>Whoever works at them needs more time; the units that are still theirs.</summary>
    public static Task<List<string>> ExtendAsync(DbSession session, string kind, long lease, string[] units, TimeSpan time) =>
        session.ListAsync(ExtendSql, row => row.GetString(0), kind, units, lease, (long)time.TotalMilliseconds);

    /// <summary>It went well. False when somebody else has it by now, or it was cancelled.</summary>
    public static async Task<bool> CompleteAsync(DbSession session, LeasedJob job)
    {
        if (await session.ExecuteAsync(CompleteSql, job.Kind, job.Unit, job.Lease, job.Seq) == 1)
            return true;
        session.Note(JobNote.Added);
        return await session.ExecuteAsync(AgainSql, job.Kind, job.Unit, job.Lease) == 1;
    }

    /// <summary>It failed.</summary>
    public static Task FailAsync(DbSession session, LeasedJob job, string cause, TimeSpan wait) =>
        session.ExecuteAsync(FailSql, job.Kind, job.Unit, job.Lease, cause, (long)wait.TotalMilliseconds);

    /// <summary>It was not tried after all.</summary>
    public static Task ReleaseAsync(DbSession session, LeasedJob job, TimeSpan wait) => session.ExecuteAsync(ReleaseSql, job.Kind, job.Unit, job.Lease, (long)wait.TotalMilliseconds);

    /// <summary>Whether a unit has ended, one way or another, since it was asked for: it is not there any more, or has failed and waits.</summary>
    public static async Task<bool> HasEndedAsync(DbSession session, string kind, string unit) => await session.FindNumberAsync(OpenSql, kind, unit) is null;

    /// <summary>Takes a unit away that nobody is to do any more; false when there is none. Who is at it notices, and stops.</summary>
    public static async Task<bool> CancelAsync(DbSession session, string kind, string unit) => await session.ExecuteAsync(RemoveSql, kind, unit) == 1;

    /// <summary>Has the unit tried again now; false when there is none.</summary>
    public static async Task<bool> RetryAsync(DbSession session, string kind, string unit)
    {
        session.Note(JobNote.Added);
        return await session.ExecuteAsync(RetrySql, kind, unit) == 1;
    }

    /// <summary>The condition, for the statement that takes the work of a kind, that a unit has not failed or is due again.</summary>
    /// <param name="kind">One of <see cref="WorkKind"/>.</param>
    /// <param name="unit">An expression of the statement: the unit as text.</param>
    public static string IsDue(string kind, string unit) =>
        $"not exists (select 1 from jobs f where f.kind = '{kind}' and f.unit = {unit} and f.not_before > {{now}})";

    /// <summary>How often the unit has failed so far.</summary>
    public static async Task<long> CountAttemptsAsync(DbSession session, string kind, string unit) => await session.FindNumberAsync(AttemptsSql, kind, unit) ?? 0;

    /// <summary>Keeps a failure of work that has no row here.</summary>
    public static Task ReportAsync(DbSession session, FailedWork failed, TimeSpan wait) =>
        session.ExecuteAsync(AddFailedSql, failed.Kind, failed.Unit, failed.Label, failed.Cause, failed.Attempts, (long)wait.TotalMilliseconds, Report, null);

    /// <summary>The work went well after all.</summary>
    public static Task RemoveReportAsync(DbSession session, string kind, string unit) => session.ExecuteAsync(RemoveReportSql, kind, unit, Report);

    /// <summary>Keeps what has failed once, and is a unit to be tried again from now on.</summary>
    public static Task AddFailedAsync(DbSession session, FailedWork failed, string? data, TimeSpan wait) =>
        session.ExecuteAsync(AddFailedSql, failed.Kind, failed.Unit, failed.Label, failed.Cause, failed.Attempts, (long)wait.TotalMilliseconds, 0L, data);

    /// <summary>How many units have failed.</summary>
    public static async Task<long> CountFailedAsync(DbSession session, int most) => await session.FindNumberAsync(CountFailedSql, (long)most) ?? 0;

    /// <summary>Which units have failed.</summary>
    public static Task<List<(string Kind, string Unit)>> ListFailedUnitsAsync(DbSession session, int limit) =>
        session.ListAsync(ListFailedUnitsSql, row => (row.GetString(0), row.GetString(1)), (long)limit);

    /// <summary>A page of those that failed, in the order of kind and unit, behind one.</summary>
    public static Task<List<FailedWork>> ListFailedAsync(DbSession session, string afterKind, string afterUnit, int limit) => session.ListAsync(
        ListFailedSql,
        Map,
        afterKind,
        afterUnit,
        (long)limit);

    /// <summary>How many units of a kind there are.</summary>
    public static async Task<long> CountAsync(DbSession session, string kind) => await session.FindNumberAsync(CountSql, kind) ?? 0;

    /// <summary>How long the queues are.</summary>
    public static Task<List<JobQueue>> ListQueuesAsync(DbSession session) => session.ListAsync(
        ListQueuesSql,
        row => new JobQueue(row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.IsDBNull(4) ? null : row.GetInt64(4)));

    /// <summary>Forgets failures of other work that has not been tried for so long: the units are gone.</summary>
    public static Task<int> DeleteOldAsync(DbSession session, TimeSpan age, int limit) => session.ExecuteAsync(DeleteOldSql, (long)age.TotalMilliseconds, (long)limit);

    static FailedWork Map(DbDataReader row) =>
        new(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6));

    static readonly Sql AddSql = new("""
        insert into jobs (kind, unit, label, data, priority, seq, created_at, not_before, leased_until, lease, attempts) values ($1, $2, $3, $4, 0, 1, {now}, {now}, 0, 0, 0)
        on conflict (kind, unit) do update set seq = jobs.seq + 1, label = case when excluded.label = '' then jobs.label else excluded.label end, data = excluded.data
        """);

    static readonly Sql AddUrgentSql = new("""
        insert into jobs (kind, unit, label, priority, seq, created_at, not_before, leased_until, lease, attempts) values ($1, $2, $3, $4, 1, {now}, {now}, 0, 0, 0)
        on conflict (kind, unit) do update set priority = excluded.priority, not_before = case when jobs.leased_until > {now} then jobs.not_before else excluded.not_before end
        """);

    static readonly Sql ListDueSql = new("""
        select value from {each $1} where exists (select 1 from jobs j where j.kind = value and j.priority >= 0 and j.not_before <= {now})
            and not exists (select 1 from job_kinds k where k.kind = value and k.paused_at is not null)
        """);

    static readonly Sql BusySql = new("select 1 from jobs where kind {any $1} and priority >= 0 and leased_until > {now} limit 1");

    // Materialized, so that PostgreSQL does not look for them once more for each row that it compares: then it would take more than were asked for.
    static readonly Sql LeaseSql = new("""
        with due as materialized (
            select j.unit from jobs j
            where j.kind = $1 and j.priority >= 0 and j.not_before <= {now} and not exists (select 1 from job_kinds k where k.kind = $1 and k.paused_at is not null)
            order by j.priority desc, j.not_before, j.unit limit $4 {skip locked})
        update jobs set lease = $2, leased_until = {now} + $3, not_before = {now} + $3, attempts = attempts + 1
        where kind = $1 and unit in (select due.unit from due)
        returning unit, label, data, attempts, seq, cause, priority, created_at
        """);

    static readonly Sql ExtendSql = new("""
        update jobs set leased_until = {now} + $4, not_before = {now} + $4 where kind = $1 and unit {any $2} and lease = $3 returning unit
        """);

    static readonly Sql CompleteSql = new("delete from jobs where kind = $1 and unit = $2 and lease = $3 and seq = $4");

    static readonly Sql AgainSql = new("""
        update jobs set lease = 0, leased_until = 0, not_before = {now}, priority = 0, attempts = 0, cause = null, failed_at = null where kind = $1 and unit = $2 and lease = $3
        """);

    static readonly Sql FailSql = new("""
        update jobs set lease = 0, leased_until = 0, priority = 0, not_before = {now} + $5, cause = $4, failed_at = {now} where kind = $1 and unit = $2 and lease = $3
        """);

    static readonly Sql ReleaseSql = new("""
        update jobs set lease = 0, leased_until = 0, not_before = {now} + $4, attempts = attempts - 1 where kind = $1 and unit = $2 and lease = $3
        """);

    static readonly Sql OpenSql = new("""
        select 1 from jobs where kind = $1 and unit = $2 and (leased_until > {now} or not_before <= {now})
        """);

    static readonly Sql RetrySql = new("update jobs set not_before = {now} where kind = $1 and unit = $2 and leased_until <= {now}");

    static readonly Sql RemoveSql = new("delete from jobs where kind = $1 and unit = $2");

    static readonly Sql AttemptsSql = new("select attempts from jobs where kind = $1 and unit = $2");

    static readonly Sql RemoveReportSql = new("delete from jobs where kind = $1 and unit = $2 and priority = $3");

    static readonly Sql AddFailedSql = new("""
        insert into jobs (kind, unit, label, data, priority, seq, created_at, not_before, leased_until, lease, attempts, cause, failed_at)
        values ($1, $2, $3, $8, $7, 1, {now}, {now} + $6, 0, 0, $5, $4, {now})
        on conflict (kind, unit) do update set label = excluded.label, cause = excluded.cause, attempts = excluded.attempts,
            failed_at = excluded.failed_at, not_before = excluded.not_before
        """);

    static readonly Sql CountFailedSql = new("select count(*) from (select 1 from jobs where failed_at is not null limit $1) x");

    static readonly Sql ListFailedUnitsSql = new("select kind, unit from jobs where failed_at is not null limit $1");

    static readonly Sql ListFailedSql = new($"select {Columns} from jobs where (kind, unit) > ($1, $2) and failed_at is not null order by kind, unit limit $3");

    static readonly Sql CountSql = new("select count(*) from jobs where kind = $1 and priority >= 0");

    static readonly Sql ListQueuesSql = new("""
        select kind, sum(case when leased_until > {now} then 0 else 1 end), sum(case when leased_until > {now} then 1 else 0 end),
            sum(case when failed_at is null then 0 else 1 end), min(case when leased_until > {now} then null else created_at end)
        from jobs where priority >= 0 group by kind
        """);

    static readonly Sql DeleteOldSql = new("""
        delete from jobs where (kind, unit) in (
            select kind, unit from jobs where failed_at is not null and failed_at < {now} - $1 and priority < 0 order by failed_at limit $2)
        """);
}
