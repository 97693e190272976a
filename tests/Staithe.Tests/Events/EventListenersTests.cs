using System.Net;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Events;
using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Events;

/// <summary>Who remembers something hears of every change: of one's own before the answer, of those of others a moment later, and that something was missed.</summary>
public sealed class EventListenersTests
{
    [Theory, OnBothEngines]
    public async Task What_is_committed_is_heard_before_the_task_ends_and_nothing_else_is(Engine engine)
    {
        await using var world = await BareDatabase.CreateAsync(engine);
        var (db, heard) = (world.Open(), new Heard());
        using var listeners = new EventListeners(db, [heard], BareDatabase.Runner(db));
        var works = Enumerable.Range(0, 300).Select(async i =>
        {
            try
            {
                await db.WriteAsync(
                    async session =>
                    {
                        await AddAsync(session, $"s{i}");
                        if (i % 7 == 0)
                            throw new InvalidOperationException();
                    },
                    Cancel);
            }
            catch (InvalidOperationException)
            {
                return;
            }
            Assert.Contains($"s{i}", heard.Lines);
        });
        await Task.WhenAll(works);
        Assert.Equal(Enumerable.Range(0, 300).Where(i => i % 7 != 0).Select(i => $"s{i}").Order(), heard.Lines.Order());
    }

    [Theory, OnBothEngines]
    public async Task Another_process_is_heard_once_and_one_that_was_slow_too(Engine engine)
    {
        await using var world = await BareDatabase.CreateAsync(engine);
        var (db, other, heard) = (world.Open(), world.Open(), new Heard());
        using var listeners = new EventListeners(db, [heard], BareDatabase.Runner(db));
        await AddAsync(other, "before");
        await listeners.LookAsync(Cancel);
        Assert.Equal(["missed some"], Take(heard)); // what was remembered before it first looked may be old
        await AddAsync(other, "one");
        await AddAsync(db, "own");
        await listeners.LookAsync(Cancel);
        await listeners.LookAsync(Cancel);
        // While another database of the server has a transaction that is older, what was there before it may be told once more.
        Assert.Equal(["own", "one"], Take(heard).Where(line => line != "before").Distinct());
        if (engine == Engine.Sqlite)
            return; // one writer
        var (begun, may) = (new TaskCompletionSource(), new TaskCompletionSource());
        var slow = other.WriteAsync(
            async session =>
            {
                await AddAsync(session, "slow");
                begun.SetResult();
                await may.Task;
            },
            Cancel);
        await begun.Task;
        await AddAsync(other, "quick");
        await listeners.LookAsync(Cancel);
        Assert.Equal(["quick"], Take(heard).Except(["before", "one"])); // it waits for nobody
        may.SetResult();
        await slow;
        await listeners.LookAsync(Cancel);
        await listeners.LookAsync(Cancel);
        Assert.Equal(["slow"], Take(heard).Except(["before", "one", "quick"]));
    }

    [Theory, OnBothEngines]
    public async Task Who_looked_too_late_is_told_that_something_was_missed(Engine engine)
    {
        await using var world = await BareDatabase.CreateAsync(engine);
        var (db, other, heard) = (world.Open(), world.Open(), new Heard());
        using var listeners = new EventListeners(db, [heard], BareDatabase.Runner(db));
        using var followers = new EventFollowers(other, [], BareDatabase.Runner(other), BareDatabase.Quiet, TimeProvider.System);
        await listeners.LookAsync(Cancel);
        await AddAsync(other, "one");
        await listeners.LookAsync(Cancel);
        await TrimAllAsync(other, followers);
        await listeners.LookAsync(Cancel);
        Assert.Equal(["missed some", "one"], Take(heard)); // what was heard may go
        await AddAsync(other, "two");
        await TrimAllAsync(other, followers);
        await listeners.LookAsync(Cancel);
        Assert.Equal(["missed some"], Take(heard));
    }

    [Fact]
    public async Task A_commit_whose_outcome_nobody_knows_is_told_and_heard_should_it_come()
    {
        await using var world = await BareDatabase.CreateAsync(Engine.Postgres);
        var (db, heard) = (world.Open(), new Heard());
        using var listeners = new EventListeners(db, [heard], BareDatabase.Runner(db));
        await listeners.LookAsync(Cancel);
        await db.RunScriptAsync("""
            create function die() returns trigger language plpgsql as 'begin perform pg_terminate_backend(pg_backend_pid()); return new; end';
            create constraint trigger die after insert on events deferrable initially deferred for each row when (new.space = 'lost') execute function die();
            """);
        var origin = db.Origin;
        await Assert.ThrowsAnyAsync<Exception>(() => AddAsync(db, "lost"));
        Assert.Equal(["missed some", "missed one under way"], Take(heard));
        Assert.NotEqual(origin, db.Origin);

        // It may come later: as a row of whom this process was when it wrote it.
        await db.RunScriptAsync($"insert into events (tx, at, origin, kind, space, is_image, tags) values (pg_current_xact_id()::text::bigint, 0, {origin}, 'rights', 'came', 0, '')");
        await listeners.LookAsync(Cancel);
        Assert.Equal(["came"], Take(heard));
    }

    [Theory, OnBothEngines]
    public async Task A_server_stops_serving_from_memory_what_another_process_took_away(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        await using var other = await StaitheApp.OpenDatabaseAsync(registry.Config, Staithe.Storage.DataDirectory.Open(registry.Config.Data));
        foreach (var name in (string[])["far/app", "far/kept"])
        {
            await registry.PushImageAsync(name, "1");
            await ExpectAsync(registry, name, HttpStatusCode.OK);
        }
        await registry.App.Listeners.LookAsync(Cancel);
        await ExpectAsync(registry, "far/app", HttpStatusCode.OK);
        await ExpectAsync(registry, "far/kept", HttpStatusCode.OK);
        await other.WriteAsync(session => session.ExecuteAsync(new Sql("delete from tags where repo_id = (select id from repositories where name = 'far/kept')")), Cancel);
        await new ManifestDelete(other).RunAsync(RepositoryName.Parse("far/app"), Reference.To(TagName.Parse("1")), new Actor("shell", null), Cancel);
        await Eventually.AnswersAsync(HttpStatusCode.NotFound, () => registry.GetAsync("/v2/far/app/manifests/1"));
        await ExpectAsync(registry, "far/kept", HttpStatusCode.OK); // no event tells of it, so it would be served from memory if events were not what is heard
    }

    static async Task ExpectAsync(Registry registry, string name, HttpStatusCode status)
    {
        using var answer = await registry.GetAsync($"/v2/{name}/manifests/1");
        await answer.ExpectAsync(status);
    }

    internal static Task AddAsync(DbSession session, string space) => EventTable.AddAsync(session, new ContentEvent(EventKind.SpaceRemoved) { Space = space });

    internal static Task AddAsync(Db db, string space) => db.WriteAsync(session => AddAsync(session, space), Cancel);

    // Where other databases are busy too, the place moves on with them.
    static Task TrimAllAsync(Db db, EventFollowers followers) => Eventually.IsAsync(0L, async () =>
    {
        await followers.TrimAsync(TimeSpan.FromMilliseconds(-1000), Cancel);
        return await db.ReadAsync(session => session.FindNumberAsync(new Sql("select count(*) from events"))) ?? 0;
    });

    static List<string> Take(Heard heard)
    {
        var lines = new List<string>();
        while (heard.Lines.TryDequeue(out var line))
            lines.Add(line);
        return lines;
    }

    static CancellationToken Cancel => TestContext.Current.CancellationToken;
}
