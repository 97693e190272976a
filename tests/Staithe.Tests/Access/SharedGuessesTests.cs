using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Access;

/// <summary>Servers with one database bound guesses together, as if they were one.</summary>
public sealed class SharedGuessesTests(ClosedRegistries registries)
{
    [Theory, OnBothEngines]
    public async Task What_failed_at_one_server_counts_at_the_other(Engine engine)
    {
        var (one, other, clock) = await TwoAsync(engine);
        for (var i = 0; i < 10; i++)
            await FailAsync(i % 2 == 0 ? one : other, "alice", $"192.0.2.{i}");
        var busy = await Assert.ThrowsAsync<SignInBusyException>(() => BeginAsync(one, "alice", "192.0.2.99"));
        Assert.Equal(1, busy.Wait.TotalSeconds);
        busy = await Assert.ThrowsAsync<SignInBusyException>(() => BeginAsync(other, "ALICE", "192.0.2.98"));
        Assert.Equal(1, busy.Wait.TotalSeconds);
        await FailAsync(other, "bob", "192.0.2.98");

        // after the wait there is one guess for both
        clock.Now += TimeSpan.FromSeconds(1);
        await FailAsync(one, "alice", "192.0.2.97");
        busy = await Assert.ThrowsAsync<SignInBusyException>(() => BeginAsync(other, "alice", "192.0.2.96"));
        Assert.Equal(2, busy.Wait.TotalSeconds);

        // and an hour later all is forgiven
        clock.Now += TimeSpan.FromSeconds(3601);
        for (var i = 0; i < 10; i++)
            await FailAsync(i % 2 == 0 ? one : other, "alice", $"198.51.100.{i}");
        await Assert.ThrowsAsync<SignInBusyException>(() => BeginAsync(one, "alice", "198.51.100.99"));
    }

    [Theory, OnBothEngines]
    public async Task Of_many_at_once_at_two_servers_few_more_are_looked_at_than_of_many_in_a_row(Engine engine)
    {
        var (one, other, clock) = await TwoAsync(engine);
        Assert.InRange(await GuessAtOnceAsync(one, other), 10, 10 + GuessCounts.UncountedAtOnce);
        for (var round = 0; round < 5; round++)
        {
            clock.Now += TimeSpan.FromSeconds(30);
            Assert.Equal(1, await GuessAtOnceAsync(one, other)); // of both servers together
        }
    }

    // The count above must be able to see servers that do not share.
    [Fact]
    public async Task Two_servers_that_share_nothing_look_at_twice_as_many()
    {
        var closed = await registries.GetAsync(Engine.Sqlite);
        var clock = new Clock();
        Assert.Equal(20, await GuessAtOnceAsync(new SignInLimits(closed.Db, ServerSecret.Create(), clock), new SignInLimits(closed.Db, ServerSecret.Create(), clock)));
    }

    [Theory, OnBothEngines]
    public async Task A_right_password_writes_nothing_and_clears_what_failed(Engine engine)
    {
        await using var database = await BareDatabase.CreateAsync(engine);
        var db = database.Open();
        var (secret, clock) = (ServerSecret.Create(), new Clock());
        var (one, other) = (new SignInLimits(db, secret, clock), new SignInLimits(db, secret, clock));
        for (var i = 0; i < 5; i++)
        {
            await using var attempt = await BeginAsync(i % 2 == 0 ? one : other, "alice", "192.0.2.1");
            attempt.Succeed();
        }
        Assert.Empty(await RowsAsync(db));
        for (var i = 0; i < 9; i++)
            await FailAsync(one, "bob", $"192.0.2.{i + 10}");
        Assert.NotEmpty(await RowsAsync(db));
        await using (var attempt = await BeginAsync(other, "bob", "192.0.2.50"))
            attempt.Succeed();
        for (var i = 0; i < 10; i++)
            await FailAsync(one, "bob", $"192.0.2.{i + 60}"); // ten more, as if none had been before

        // a right one that had to be counted first is no failure of its address
        clock.Now += TimeSpan.FromSeconds(1);
        await using (var attempt = await BeginAsync(other, "bob", "203.0.113.1"))
            attempt.Succeed();
        for (var i = 0; i < 10; i++)
            await FailAsync(other, $"user{i}", "203.0.113.1");
        await Assert.ThrowsAsync<SignInBusyException>(() => BeginAsync(one, "somebody", "203.0.113.1"));
    }

    [Theory, OnBothEngines]
    public async Task An_attempt_without_a_verdict_that_was_counted_is_taken_back(Engine engine)
    {
        var (one, other, clock) = await TwoAsync(engine);
        for (var i = 0; i < 10; i++)
            await FailAsync(one, "alice", $"192.0.2.{i}");
        clock.Now += TimeSpan.FromSeconds(1);
        for (var i = 0; i < 5; i++)
            await (await BeginAsync(i % 2 == 0 ? other : one, "alice", "192.0.2.50")).DisposeAsync();
        await FailAsync(other, "alice", "192.0.2.51");
        Assert.Equal(2, (await Assert.ThrowsAsync<SignInBusyException>(() => BeginAsync(one, "alice", "192.0.2.52"))).Wait.TotalSeconds);
    }

    [Theory, OnBothEngines]
    public async Task Rows_are_bounded_and_the_ones_that_matter_stay(Engine engine)
    {
        await using var database = await BareDatabase.CreateAsync(engine);
        var db = database.Open();
        var clock = new Clock();
        var guesses = new SharedGuesses(db, clock, capacity: 200);
        for (var i = 0; i < 5; i++)
            await guesses.FailAsync(["matters"]);
        for (var i = 0; i < 1000; i++)
        {
            clock.Now += TimeSpan.FromMilliseconds(1);
            await guesses.FailAsync([$"key {i}"]);
        }
        Assert.InRange((await RowsAsync(db)).Count, 1, 200 + 256);
        Assert.Equal(5, Assert.Single(await guesses.ReadAsync(["matters"], TestContext.Current.CancellationToken)).Failed);
        clock.Now += TimeSpan.FromHours(2);
        for (var i = 0; i < 256; i++)
            await guesses.FailAsync(["later"]);
        Assert.Single(await RowsAsync(db));
    }

    async Task<(SignInLimits One, SignInLimits Other, Clock Clock)> TwoAsync(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (secret, clock) = (ServerSecret.Create(), new Clock());
        return (new SignInLimits(closed.Db, secret, clock), new SignInLimits(closed.Db, secret, clock), clock);
    }

    // From as many addresses, all of them wrong; how many were looked at.
    static async Task<int> GuessAtOnceAsync(SignInLimits one, SignInLimits other)
    {
        var looks = 0;
        await Task.WhenAll(Enumerable.Range(0, 60).Select(i => Task.Run(async () =>
        {
            try
            {
                await using var attempt = await BeginAsync(i % 2 == 0 ? one : other, "alice", $"198.18.{i}.1");
                Interlocked.Increment(ref looks);
                await Task.Yield(); // a hash takes its time
                attempt.Fail();
            }
            catch (SignInBusyException)
            {
                // it was not looked at
            }
        })));
        return looks;
    }

    static Task<List<(string, long)>> RowsAsync(Db db) =>
        db.ReadAsync(session => session.ListAsync(RowsSql, row => (row.GetString(0), row.GetInt64(1))), TestContext.Current.CancellationToken);

    static Task<SignInAttempt> BeginAsync(SignInLimits limits, string name, string address) =>
        limits.BeginAsync(name, new SignInSource(address), TestContext.Current.CancellationToken);

    static async Task FailAsync(SignInLimits limits, string name, string address)
    {
        await using var attempt = await BeginAsync(limits, name, address);
        attempt.Fail();
    }

    static readonly Sql RowsSql = new("select key, failed from guesses order by key");
}
