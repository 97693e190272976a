using Staithe.Database;

namespace Staithe.Jobs;

/// <summary>What is to be said of a kind of work as a whole.</summary>
/// <param name="PausedAt">Since when nobody takes units of it; null for not at all.</param>
/// <param name="Schedule">By which it is done by itself.</param>
/// <param name="LastAt">When that was done last.</param>
/// <param name="NextAt">When it is done next.</param>
internal sealed record JobKindRow(string Kind, long? PausedAt, string? Schedule, long? LastAt, long? NextAt);

/// <summary>Which kinds of work are paused, and when each comes that runs by a schedule. Servers share it: whoever is first to see that a time has come asks for the unit.</summary>
internal static class JobKindTable
{
    public static Task<List<JobKindRow>> ListAsync(DbSession session) => session.ListAsync(
        ListSql,
        row => new JobKindRow(row.GetString(0), Number(row, 1), row.IsDBNull(2) ? null : row.GetString(2), Number(row, 3), Number(row, 4)));

    /// <summary>Sets by which schedule a kind is done. One that has it already keeps its next time.</summary>
    public static Task ScheduleAsync(DbSession session, string kind, JobSchedule schedule, long next) => session.ExecuteAsync(ScheduleSql, kind, schedule.ToString(), next);

    /// <summary>The kinds whose time has come, and that time.</summary>
    public static Task<List<(string Kind, long At)>> ListDueAsync(DbSession session) => session.ListAsync(ListDueSql, row => (row.GetString(0), row.GetInt64(1)));

    /// <summary>Asks for the unit of a kind whose time has come, once for that time.</summary>
    public static async Task AddDueAsync(DbSession session, string kind, long at, long next)
    {
        if (await session.ExecuteAsync(MoveSql, kind, at, next) == 1)
            await JobTable.AddAsync(session, kind, "", "");
    }

    /// <summary>The unit of such a kind was done.</summary>
    public static Task RanAsync(DbSession session, string kind) => session.ExecuteAsync(RanSql, kind);

    /// <summary>Lets nobody take units of a kind any more; what is being done is done to its end.</summary>
    public static Task PauseAsync(DbSession session, string kind) => session.ExecuteAsync(PauseSql, kind);

    /// <summary>Goes on; false when the kind is not paused.</summary>
    public static async Task<bool> ResumeAsync(DbSession session, string kind)
    {
        session.Note(JobNote.Added);
        return await session.ExecuteAsync(ResumeSql, kind) == 1;
    }

    static long? Number(System.Data.Common.DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);

    static readonly Sql ListSql = new("select kind, paused_at, schedule, last_at, next_at from job_kinds order by kind");

    static readonly Sql ScheduleSql = new("""
        insert into job_kinds (kind, schedule, next_at) values ($1, $2, $3)
        on conflict (kind) do update set next_at = case when job_kinds.schedule = excluded.schedule then job_kinds.next_at else excluded.next_at end, schedule = excluded.schedule
        """);

    static readonly Sql ListDueSql = new("select kind, next_at from job_kinds where next_at <= {now}");

    static readonly Sql MoveSql = new("update job_kinds set next_at = $3 where kind = $1 and next_at = $2");

    static readonly Sql RanSql = new("update job_kinds set last_at = {now} where kind = $1");

    static readonly Sql PauseSql = new("insert into job_kinds (kind, paused_at) values ($1, {now}) on conflict (kind) do update set paused_at = coalesce(job_kinds.paused_at, excluded.paused_at)");

    static readonly Sql ResumeSql = new("update job_kinds set paused_at = null where kind = $1 and paused_at is not null");
}
