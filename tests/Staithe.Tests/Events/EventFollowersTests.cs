using Staithe.Database;
using Staithe.Events;
using Staithe.Jobs;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Events;

/// <summary>Who follows gets each event once, in its order, whatever commits when and whoever crashes.</summary>
public sealed class EventFollowersTests
{
    static readonly Sql NaiveSql = new("select id from events where id > $1 order by id");

    [Fact]
    public async Task An_event_of_a_slow_transaction_is_not_passed_over()
    {
        await using var world = await BareDatabase.CreateAsync(Engine.Postgres);
        var db = world.Open();
        await Followed.MakeAsync(db);
        using var followers = new EventFollowers(db, [new Followed()], BareDatabase.Runner(db), BareDatabase.Quiet, TimeProvider.System);
        var naive = new List<long>();
        var (begun, may) = (new TaskCompletionSource(), new TaskCompletionSource());
        var slow = db.WriteAsync(
            async session =>
            {
                await EventListenersTests.AddAsync(session, "slow");
                begun.SetResult();
                await may.Task;
            },
            Cancel);
        await begun.Task;
        await EventListenersTests.AddAsync(db, "quick"); // the later id is committed first
        Assert.True(await followers.RunOnceAsync(Cancel));
        Assert.Empty(await Followed.ListAsync(db));
        await LookNaivelyAsync();
        may.SetResult();
        await slow;
        await LookNaivelyAsync();
        await DrainAsync(followers);
        Assert.Equal(["slow", "quick"], await Followed.ListAsync(db));
        Assert.Single(naive); // who remembers the last id has missed one for good

        async Task LookNaivelyAsync() =>
            naive.AddRange(await db.ReadAsync(session => session.ListAsync(NaiveSql, row => row.GetInt64(0), naive.LastOrDefault()), Cancel));
    }

    [Theory, OnBothEngines]
    public async Task A_crash_between_commit_and_follower_loses_nothing_and_two_servers_take_each_once(Engine engine)
    {
        await using var world = await BareDatabase.CreateAsync(engine);
        var crashed = world.Open();
        await Followed.MakeAsync(crashed);
        string[] spaces = [.. Enumerable.Range(0, 40).Select(i => $"s{i:D3}")];
        foreach (var space in spaces)
            await EventListenersTests.AddAsync(crashed, space); // and nobody there followed
        var servers = Enumerable.Range(0, 3).Select(_ => world.Open()).Select(db => new EventFollowers(db, [new Followed()], BareDatabase.Runner(db), BareDatabase.Quiet, TimeProvider.System)).ToList();
        await Task.WhenAll(servers.Select(DrainAsync));
        Assert.Equal(spaces, await Followed.ListAsync(crashed));
        await DrainAsync(servers[0]);
        Assert.Equal(spaces, await Followed.ListAsync(crashed));
        servers.ForEach(server => server.Dispose());
    }

    [Theory, OnBothEngines]
    public async Task One_that_cannot_be_taken_is_recorded_and_the_others_come_through_in_few_transactions(Engine engine)
    {
        await using var world = await BareDatabase.CreateAsync(engine);
        var db = world.Open();
        await Followed.MakeAsync(db);
        var follower = new Followed("s150");
        using var followers = new EventFollowers(db, [follower], BareDatabase.Runner(db), BareDatabase.Quiet, TimeProvider.System);
        string[] spaces = [.. Enumerable.Range(0, 400).Select(i => $"s{i:D3}")];
        await db.WriteAsync(
            async session =>
            {
                foreach (var space in spaces)
                    await EventListenersTests.AddAsync(session, space);
            },
            Cancel);
        await DrainAsync(followers);
        Assert.Equal(spaces.Where(space => space != "s150"), await Followed.ListAsync(db));
        var failed = Assert.Single(await db.ReadAsync(session => JobTable.ListFailedAsync(session, "", "", 10), Cancel));
        Assert.Equal((WorkKind.Events, "InvalidDataException: poison"), (failed.Kind, failed.Cause));
        Assert.InRange(follower.Batches, 1, 60);

        // Once it can be taken, it is: from the row that was left.
        using var jobs = new JobRunner(db, [new FailedEventJob(db, [new Followed()])], BareDatabase.Runner(db), BareDatabase.Quiet, TimeProvider.System);
        Assert.Equal(0, await jobs.RunDueAsync(Cancel));
        await db.WriteAsync(session => JobTable.RetryAsync(session, failed.Kind, failed.Unit), Cancel);
        Assert.Equal(1, await jobs.RunDueAsync(Cancel));
        Assert.Equal("s150", (await Followed.ListAsync(db))[^1]);
        Assert.Empty(await db.ReadAsync(session => JobTable.ListFailedAsync(session, "", "", 10), Cancel));
    }

    [Theory, OnBothEngines]
    public async Task Events_go_when_they_are_old_and_everybody_has_them(Engine engine)
    {
        await using var world = await BareDatabase.CreateAsync(engine);
        var db = world.Open();
        await Followed.MakeAsync(db);
        using var followers = new EventFollowers(db, [new Followed()], BareDatabase.Runner(db), BareDatabase.Quiet, TimeProvider.System);
        await DrainAsync(followers);
        await EventListenersTests.AddAsync(db, "one");
        await followers.TrimAsync(Now, Cancel);
        Assert.Equal(1, await CountAsync(db)); // the follower has not got it
        await DrainAsync(followers);
        await followers.TrimAsync(TimeSpan.FromMinutes(5), Cancel);
        Assert.Equal(1, await CountAsync(db)); // it is young
        await EventListenersTests.AddAsync(db, "two");
        await Eventually.IsAsync(1L, async () =>
        {
            await followers.TrimAsync(Now, Cancel);
            return await CountAsync(db);
        });
        await DrainAsync(followers);
        Assert.Equal(["one", "two"], await Followed.ListAsync(db));
    }

    [Fact]
    public async Task Rows_that_come_from_another_database_server_are_all_taken()
    {
        await using var world = await BareDatabase.CreateAsync(Engine.Postgres);
        var db = world.Open();
        await Followed.MakeAsync(db);
        await EventListenersTests.AddAsync(db, "one");
        await EventListenersTests.AddAsync(db, "two");
        await db.RunScriptAsync("update events set tx = 1000000000 + id; insert into event_cursors (listener, tx, id) values ('test', 1000000001, 1)");
        using var followers = new EventFollowers(db, [new Followed()], BareDatabase.Runner(db), BareDatabase.Quiet, TimeProvider.System);
        await DrainAsync(followers);
        Assert.Equal(["one", "two"], await Followed.ListAsync(db)); // one of them once more
        await EventListenersTests.AddAsync(db, "three");
        await DrainAsync(followers);
        Assert.Equal("three", (await Followed.ListAsync(db))[^1]);
    }

    static TimeSpan Now => TimeSpan.FromMilliseconds(-1000);

    static async Task<long> CountAsync(Db db) => await db.ReadAsync(session => session.FindNumberAsync(new Sql("select count(*) from events")), Cancel) ?? 0;

    // What other databases of the server are doing may have to end first.
    static Task DrainAsync(EventFollowers followers) => Eventually.IsAsync(false, () => followers.RunOnceAsync(Cancel));

    static CancellationToken Cancel => TestContext.Current.CancellationToken;
}
