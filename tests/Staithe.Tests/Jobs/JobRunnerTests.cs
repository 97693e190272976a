using System.Collections.Concurrent;
using Staithe.Database;
using Staithe.Jobs;
using Staithe.Storage;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Jobs;

/// <summary>A unit of work is done until it has gone well, by one server at a time, whoever dies and whatever happens meanwhile.</summary>
public sealed class JobRunnerTests
{
    [Theory, OnBothEngines]
    public async Task Servers_share_the_units_and_none_is_done_by_two_at_once(Engine engine)
    {
        await using var world = await BareDatabase.CreateAsync(engine);
        var (running, done, clashes) = (new ConcurrentDictionary<string, bool>(), new ConcurrentBag<string>(), 0);
        var rules = new JobRules { Batch = 7, Concurrency = 3 };
        async Task DoAsync(JobRun run)
        {
            if (!running.TryAdd(run.Unit, true))
                Interlocked.Increment(ref clashes);
            await Task.Yield();
            done.Add(run.Unit);
            running.TryRemove(run.Unit, out _);
        }
        var db = world.Open();
        string[] units = [.. Enumerable.Range(0, 200).Select(i => $"u{i:D3}")];
        await AddAsync(db, units);
        var servers = Enumerable.Range(0, 3).Select(_ => Runner(world.Open(), rules, DoAsync)).ToList();
        await Task.WhenAll(servers.Select(server => server.RunDueAsync(Cancel)));
        Assert.Equal(units, done.Order());
        await AddAsync(db, units);
        for (var left = units.Length; left > 0; left -= 7)
            Assert.Equal(Math.Min(7, left), (await db.WriteAsync(session => JobTable.LeaseAsync(session, "test", 1, TimeSpan.FromMinutes(1), 7), Cancel)).Count); // no more than were asked for
        await db.WriteAsync(session => session.ExecuteAsync(new Sql("delete from jobs")), Cancel);
        Assert.Equal((0, 0L), (clashes, await CountAsync(db)));
        servers.ForEach(server => server.Dispose());
    }

    [Theory, OnBothEngines]
    public async Task What_a_dead_server_had_is_taken_over_and_should_it_live_it_changes_nothing(Engine engine)
    {
        await using var world = await BareDatabase.CreateAsync(engine);
        var db = world.Open();
        await AddAsync(db, "a");
        var lost = Assert.Single(await db.WriteAsync(session => JobTable.LeaseAsync(session, "test", 1, TimeSpan.FromMinutes(5), 10), Cancel));
        var attempts = new List<long>();
        using var runner = Runner(db, JobRules.Usual, run =>
        {
            attempts.Add(run.Attempts);
            return Task.CompletedTask;
        });
        Assert.Equal(0, await runner.RunDueAsync(Cancel)); // the other one may live
        await db.WriteAsync(session => session.ExecuteAsync(new Sql("update jobs set not_before = 0, leased_until = 0")), Cancel); // its time is over
        var second = Assert.Single(await db.WriteAsync(session => JobTable.LeaseAsync(session, "test", 2, TimeSpan.FromMinutes(5), 10), Cancel));
        Assert.Equal(2, second.Attempts);
        Assert.False(await db.WriteAsync(session => JobTable.CompleteAsync(session, lost), Cancel));
        Assert.Empty(await db.WriteAsync(session => JobTable.ExtendAsync(session, "test", 1, ["a"], TimeSpan.FromMinutes(5)), Cancel));
        await db.WriteAsync(session => JobTable.FailAsync(session, lost, "late", TimeSpan.Zero), Cancel);
        using (var late = new JobRun(lost, Cancel))
            await Assert.ThrowsAsync<LeaseLostException>(() => db.WriteAsync(late.CompleteAsync, Cancel));
        Assert.Equal(1, await CountAsync(db));
        Assert.Equal(["a"], await db.WriteAsync(session => JobTable.ExtendAsync(session, "test", 2, ["a"], TimeSpan.FromMinutes(5)), Cancel));
        await db.WriteAsync(session => session.ExecuteAsync(new Sql("update jobs set not_before = 0, leased_until = 0")), Cancel);
        Assert.Equal(1, await runner.RunDueAsync(Cancel));
        Assert.Equal([3], attempts);
        Assert.Equal(0, await CountAsync(db));
    }

    [Theory, OnBothEngines]
    public async Task One_that_is_asked_for_while_it_is_done_is_done_again(Engine engine)
    {
        await using var world = await BareDatabase.CreateAsync(engine);
        var (db, runs) = (world.Open(), 0);
        await AddAsync(db, "self", "own");
        using var runner = Runner(db, new JobRules { Batch = 5 }, async run =>
        {
            if (Interlocked.Increment(ref runs) <= 2)
                await AddAsync(db, run.Unit);
            if (run.Unit == "own")
                await db.WriteAsync(run.CompleteAsync, run.Cancel);
        });
        Assert.Equal(4, await runner.RunDueAsync(Cancel));
        Assert.Equal((4, 0L), (runs, await CountAsync(db)));
    }

    [Theory, OnBothEngines]
    public async Task One_that_fails_waits_while_the_others_go_on(Engine engine)
    {
        await using var world = await BareDatabase.CreateAsync(engine);
        var (db, fails) = (world.Open(), true);
        await AddAsync(db, "a", "bad", "c");
        using var runner = Runner(db, new JobRules { Batch = 2 }, run => run.Unit == "bad" && fails ? throw new InvalidDataException("it is bad\n") : Task.CompletedTask);
        await runner.RunDueAsync(Cancel);
        var failed = Assert.Single(await FailedAsync(db));
        Assert.Equal(("test", "bad", "InvalidDataException: it is bad", 1), (failed.Kind, failed.Unit, failed.Cause, failed.Attempts));
        Assert.InRange(failed.NotBefore - failed.FailedAt, 9_000, 13_000);
        Assert.Equal(1, await CountAsync(db));
        await AddAsync(db, "bad"); // that it is asked for again does not make it due
        Assert.Equal(0, await runner.RunDueAsync(Cancel));
        Assert.True(await db.WriteAsync(session => JobTable.RetryAsync(session, "test", "bad"), Cancel));
        await runner.RunDueAsync(Cancel);
        Assert.Equal(2, Assert.Single(await FailedAsync(db)).Attempts);
        fails = false;
        Assert.True(await db.WriteAsync(session => JobTable.RetryAsync(session, "test", "bad"), Cancel));
        await runner.RunDueAsync(Cancel);
        Assert.Equal(0, await CountAsync(db));
    }

    [Fact]
    public async Task A_disk_that_is_full_is_no_fault_of_a_unit()
    {
        await using var world = await BareDatabase.CreateAsync(Engine.Sqlite);
        var db = world.Open();
        await AddAsync(db, "a");
        using var runner = Runner(db, JobRules.Usual, _ => throw new DiskException(DiskFault.Full, new IOException()));
        await Assert.ThrowsAsync<InvalidOperationException>(() => runner.RunDueAsync(Cancel));
        Assert.Empty(await FailedAsync(db));
        Assert.Equal(1, await db.ReadAsync(session => session.FindNumberAsync(new Sql("select count(*) from jobs where attempts = 0 and lease = 0 and not_before > created_at")), Cancel));
    }

    [Theory, OnBothEngines]
    public async Task A_kind_is_paused_and_goes_on(Engine engine)
    {
        await using var world = await BareDatabase.CreateAsync(engine);
        var db = world.Open();
        using var runner = Runner(db, JobRules.Usual, _ => Task.CompletedTask);
        await db.WriteAsync(session => JobKindTable.PauseAsync(session, "test"), Cancel);
        await AddAsync(db, "a");
        Assert.Equal(0, await runner.RunDueAsync(Cancel));
        Assert.Empty(await db.WriteAsync(session => JobTable.LeaseAsync(session, "test", 1, TimeSpan.FromMinutes(1), 1), Cancel)); // whoever asked before it was paused
        Assert.NotNull(Assert.Single(await db.ReadAsync(JobKindTable.ListAsync, Cancel)).PausedAt);
        Assert.True(await db.WriteAsync(session => JobKindTable.ResumeAsync(session, "test"), Cancel));
        Assert.False(await db.WriteAsync(session => JobKindTable.ResumeAsync(session, "test"), Cancel));
        Assert.Equal(1, await runner.RunDueAsync(Cancel));
    }

    [Theory, OnBothEngines]
    public async Task One_that_is_cancelled_while_it_is_done_is_stopped(Engine engine)
    {
        await using var world = await BareDatabase.CreateAsync(engine);
        var (db, begun) = (world.Open(), new TaskCompletionSource());
        await AddAsync(db, "long", "waits");
        using var runner = Runner(db, new JobRules { Lease = TimeSpan.FromMilliseconds(300) }, async run =>
        {
            begun.TrySetResult();
            await Task.Delay(Timeout.Infinite, run.Cancel);
        });
        var running = runner.RunDueAsync(Cancel);
        await begun.Task;
        Assert.True(await db.WriteAsync(session => JobTable.CancelAsync(session, "test", "waits"), Cancel));
        Assert.True(await db.WriteAsync(session => JobTable.CancelAsync(session, "test", "long"), Cancel));
        Assert.Equal(1, await running.WaitAsync(TimeSpan.FromSeconds(30), Cancel));
        Assert.Equal(0, await CountAsync(db));
        Assert.False(await db.WriteAsync(session => JobTable.CancelAsync(session, "test", "long"), Cancel));
    }

    [Theory, OnBothEngines]
    public async Task A_long_one_keeps_its_lease(Engine engine)
    {
        await using var world = await BareDatabase.CreateAsync(engine);
        var (db, begun, may) = (world.Open(), new TaskCompletionSource(), new TaskCompletionSource());
        await AddAsync(db, "long");
        using var runner = Runner(db, new JobRules { Lease = TimeSpan.FromMilliseconds(600) }, async _ =>
        {
            begun.SetResult();
            await may.Task;
        });
        var running = runner.RunDueAsync(Cancel);
        await begun.Task;
        var first = await LeasedUntilAsync();
        await Eventually.HoldsAsync(async () => await LeasedUntilAsync() > first + 600);
        Assert.Empty(await db.WriteAsync(session => JobTable.LeaseAsync(session, "test", 5, TimeSpan.FromMinutes(1), 1), Cancel));
        may.SetResult();
        await running;
        Assert.Equal(0, await CountAsync(db));

        async Task<long?> LeasedUntilAsync() => await db.ReadAsync(session => session.FindNumberAsync(new Sql("select leased_until from jobs")), Cancel);
    }

    [Theory, OnBothEngines]
    public async Task What_somebody_waits_for_comes_first(Engine engine)
    {
        await using var world = await BareDatabase.CreateAsync(engine);
        var (db, order) = (world.Open(), new List<string>());
        await AddAsync(db, "a", "b", "c");
        await db.WriteAsync(session => JobTable.AddUrgentAsync(session, "test", "c", ""), Cancel);
        using var runner = Runner(db, JobRules.Usual, run =>
        {
            order.Add(run.Unit);
            return Task.CompletedTask;
        });
        await runner.RunDueAsync(Cancel);
        Assert.Equal(["c", "a", "b"], order);
    }

    [Theory, OnBothEngines]
    public async Task A_schedule_asks_once_for_each_time_however_many_servers_there_are(Engine engine)
    {
        await using var world = await BareDatabase.CreateAsync(engine);
        var (db, runs) = (world.Open(), 0);
        var servers = Enumerable.Range(0, 2).Select(_ => Runner(world.Open(), new JobRules { Schedule = "0 0 1 1 *" }, _ =>
        {
            Interlocked.Increment(ref runs);
            return Task.CompletedTask;
        })).ToList();
        foreach (var server in servers)
            await server.ScheduleAsync(Cancel);
        var first = Assert.Single(await db.ReadAsync(JobKindTable.ListAsync, Cancel));
        var next = DateTimeOffset.FromUnixTimeMilliseconds(first.NextAt!.Value);
        Assert.Equal((1, 1, 0, null), (next.Month, next.Day, next.Hour, first.LastAt));
        await TickAsync();
        Assert.Equal(0, runs);
        await db.WriteAsync(session => session.ExecuteAsync(new Sql("update job_kinds set next_at = 1")), Cancel); // nobody was there when its time came
        foreach (var server in servers)
            await server.ScheduleAsync(Cancel);
        await TickAsync();
        await TickAsync();
        Assert.Equal(1, runs);
        var kind = Assert.Single(await db.ReadAsync(JobKindTable.ListAsync, Cancel));
        Assert.Equal((first.NextAt, true), (kind.NextAt, kind.LastAt > 0));
        servers.ForEach(server => server.Dispose());

        async Task TickAsync()
        {
            await Task.WhenAll(servers.Select(server => server.AddDueAsync(Cancel)));
            await Task.WhenAll(servers.Select(server => server.RunDueAsync(Cancel)));
        }
    }

    [Theory, OnBothEngines]
    public async Task What_waited_in_the_queues_of_an_older_version_waits_here(Engine engine)
    {
        await using var world = await BareDatabase.CreateAsync(engine, upTo: 30);
        var db = world.Open();
        await db.RunScriptAsync("""
            insert into repositories (name, space, visibility, created_at) values ('a/app', 'a', 'private', 1), ('a/bad', 'a', 'private', 1);
            insert into manifests (repo_id, digest, media_type, size, created_at, content) select id, 'sha256:1', 'x', 1, 1, '' from repositories where name = 'a/app';
            insert into manifests (repo_id, digest, media_type, size, created_at, content) select id, 'sha256:2', 'x', 1, 1, '' from repositories where name = 'a/app';
            insert into image_contents (manifest_id, state, reason, attempts, not_before, changed_at) select id, 'waiting', 'it broke', 2, 77, 5 from manifests where digest = 'sha256:1';
            insert into image_contents (manifest_id, state, attempts, not_before, changed_at) select id, 'done', 0, 0, 5 from manifests where digest = 'sha256:2';
            insert into changed_repositories (repo_id, seq) select id, 3 from repositories;
            insert into changed_repositories (repo_id, seq) values (4711, 1);
            insert into failed_work select 'search index', cast(id as text), 'a/bad', 'bad', 4, 9, 88 from repositories where name = 'a/bad';
            insert into failed_work values ('trash', 'aa/key', 'aa/key', 'stuck', 1, 9, 99);
            """);
        await Migrator.MigrateAsync(db);
        var moved = await db.ReadAsync(
            session => session.ListAsync(
                new Sql("select kind, label, priority, attempts, cause, case when not_before > 100 then 0 else not_before end from jobs order by kind, label, unit"),
                row => (row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetInt64(3), row.IsDBNull(4) ? null : row.GetString(4), row.GetInt64(5))),
            Cancel);
        Assert.Equal(
            [
                ("layer inspection", "a/app@sha256:1", 0, 2, "it broke", 77),
                ("search index", "", 0, 0, null, 0), // of a repository that is gone
                ("search index", "a/app", 0, 0, null, 0),
                ("search index", "a/bad", 0, 4, "bad", 88),
                ("trash", "aa/key", -1, 1, "stuck", 99),
            ],
            moved);
    }

    static JobRunner Runner(Db db, JobRules rules, Func<JobRun, Task> work) => new(db, [new TestJob(rules, work)], BareDatabase.Runner(db), BareDatabase.Quiet, TimeProvider.System);

    static Task AddAsync(Db db, params string[] units) => db.WriteAsync(
        async session =>
        {
            foreach (var unit in units)
                await JobTable.AddAsync(session, "test", unit, unit);
        },
        Cancel);

    static Task<long> CountAsync(Db db) => db.ReadAsync(session => JobTable.CountAsync(session, "test"), Cancel);

    static Task<List<FailedWork>> FailedAsync(Db db) => db.ReadAsync(session => JobTable.ListFailedAsync(session, "", "", 10), Cancel);

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    sealed class TestJob(JobRules rules, Func<JobRun, Task> work) : IJob
    {
        public string Kind => "test";

        public JobRules Rules => rules;

        public Task RunAsync(JobRun run, CancellationToken cancel) => work(run);
    }
}
