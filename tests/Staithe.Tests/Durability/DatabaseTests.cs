using System.Data.Common;
using Microsoft.Data.Sqlite;
using Staithe.Config;
using Staithe.Database;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Durability;

/// <summary>A transaction is all or nothing, whoever else is in it.</summary>
public sealed class DatabaseTests
{
    static readonly Sql CreateTable = new("create table things (id bigint primary key, value bigint not null)");
    static readonly Sql Insert = new("insert into things (id, value) values ($1, 0)");
    static readonly Sql Increment = new("update things set value = value + 1 where id = $1");
    static readonly Sql Count = new("select count(*) from things");
    static readonly Sql Sum = new("select cast(sum(value) as bigint) from things");
    static readonly Sql Rollback = new("rollback");

    [Theory, OnBothEngines]
    public async Task Work_that_throws_leaves_nothing_and_hurts_nobody(Engine engine)
    {
        await using var world = await World.CreateAsync(engine);
        var works = Enumerable.Range(0, 500).Select(id => world.Db.WriteAsync(
            async session =>
            {
                await session.ExecuteAsync(Insert, (long)id);
                if (id % 7 == 0)
                    throw new InvalidOperationException($"work {id}");
            },
            Cancel)).ToList();
        for (var id = 0; id < works.Count; id++)
        {
            if (id % 7 == 0)
                Assert.Equal($"work {id}", (await Assert.ThrowsAsync<InvalidOperationException>(() => works[id])).Message);
            else
                await works[id];
        }
        Assert.Equal(works.Count - ((works.Count + 6) / 7), await world.CountAsync());
    }

    [Theory, OnBothEngines]
    public async Task A_statement_that_fails_is_told_and_leaves_nothing(Engine engine)
    {
        await using var world = await World.CreateAsync(engine);
        var works = Enumerable.Range(0, 100).Select(work => world.Db.WriteAsync(
            async session =>
            {
                await session.ExecuteAsync(Insert, 1000L + work);
                await session.ExecuteAsync(Insert, 1L); // one of them is the first
            },
            Cancel)).ToList();
        var failures = 0;
        foreach (var work in works)
        {
            try
            {
                await work;
            }
            catch (DbException)
            {
                failures++;
            }
        }
        Assert.Equal(99, failures);
        Assert.Equal(2, await world.CountAsync());
    }

    [Theory, OnBothEngines]
    public async Task What_is_read_at_once_is_of_one_moment(Engine engine)
    {
        await using var world = await World.CreateAsync(engine);
        var id = 0L;
        async Task<(long? Before, long? After)> LookTwiceAsync(DbSession session)
        {
            var before = await session.FindNumberAsync(Count);
            await world.Db.WriteAsync(other => other.ExecuteAsync(Insert, ++id), Cancel);
            return (before, await session.FindNumberAsync(Count));
        }
        Assert.Equal((0L, 1L), await world.Db.ReadAsync(LookTwiceAsync, Cancel));
        Assert.Equal((1L, 1L), await world.Db.ReadAtOnceAsync(LookTwiceAsync, Cancel));
        await Assert.ThrowsAsync<InvalidOperationException>(() => world.Db.ReadAtOnceAsync<int>(_ => throw new InvalidOperationException(), Cancel));
        Assert.Equal((2L, 3L), await world.Db.ReadAsync(LookTwiceAsync, Cancel)); // nobody is left in the past
    }

    // As SQLite itself does when the disk is full in the middle: the whole transaction is gone, with the work of everybody in it.
    [Fact]
    public async Task A_batch_that_is_lost_runs_again_one_by_one()
    {
        await using var world = await World.CreateAsync(Engine.Sqlite);
        using var holding = new ManualResetEventSlim();
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = Task.Run(
            () => world.Db.WriteAsync(
                session =>
                {
                    held.SetResult();
                    holding.Wait(Cancel); // until the others wait in the queue together
                    return Task.CompletedTask;
                },
                Cancel),
            Cancel);
        await held.Task;
        var runs = 0;
        var works = Enumerable.Range(0, 20).Select(id => world.Db.WriteAsync(
            async session =>
            {
                Interlocked.Increment(ref runs);
                await session.ExecuteAsync(Insert, (long)id);
                if (id == 10)
                    await session.ExecuteAsync(Rollback);
            },
            Cancel)).ToList();
        holding.Set();
        await first;
        for (var id = 0; id < works.Count; id++)
        {
            if (id == 10)
                await Assert.ThrowsAnyAsync<DbException>(() => works[id]);
            else
                await works[id];
        }
        Assert.Equal(19, await world.CountAsync());
        Assert.Equal(11 + 20, runs);
    }

    [Theory, OnBothEngines]
    public async Task Work_cancelled_before_it_began_is_not_done(Engine engine)
    {
        await using var world = await World.CreateAsync(engine);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.Db.WriteAsync(session => session.ExecuteAsync(Insert, 1L), cancelled.Token));
        Assert.Equal(0, await world.CountAsync());
    }

    // Each pair takes two rows in opposite order, so on PostgreSQL they die of each other, and run again until each has had its turn.
    [Theory, OnBothEngines]
    public async Task Deadlocks_are_run_again(Engine engine)
    {
        await using var world = await World.CreateAsync(engine);
        await world.Db.WriteAsync(
            async session =>
            {
                await session.ExecuteAsync(Insert, 1L);
                await session.ExecuteAsync(Insert, 2L);
            },
            Cancel);
        for (var round = 0; round < 3; round++)
        {
            using var bothHold = new Barrier(2);
            var tries = 0;
            Task RunAsync(long one, long two) => Task.Run(
                () => world.Db.WriteAsync(
                    async session =>
                    {
                        await session.ExecuteAsync(Increment, one);
                        if (engine == Engine.Postgres && Interlocked.Increment(ref tries) <= 2)
                            bothHold.SignalAndWait(TimeSpan.FromSeconds(10), Cancel);
                        await session.ExecuteAsync(Increment, two);
                    },
                    Cancel),
                Cancel);
            await Task.WhenAll(RunAsync(1, 2), RunAsync(2, 1));
            Assert.True(engine == Engine.Sqlite || tries == 3, $"{tries} tries");
        }
        Assert.Equal(12, await world.Db.ReadAsync(session => session.FindNumberAsync(Sum), Cancel));
    }

    [Fact]
    public async Task Both_engines_get_the_same_tables()
    {
        var columns = new List<List<string>>();
        foreach (var engine in Enum.GetValues<Engine>())
        {
            await using var world = await World.CreateAsync(engine, migrate: true);
            columns.Add(await world.Db.ReadAsync(session => session.ListAsync(engine == Engine.Sqlite ? SqliteColumns : PostgresColumns, row => row.GetString(0)), Cancel));
        }
        Assert.True(columns[0].Count > 30);
        Assert.Equal(columns[0], columns[1]);
    }

    [Theory, OnBothEngines]
    public async Task Migrating_twice_changes_nothing(Engine engine)
    {
        await using var world = await World.CreateAsync(engine, migrate: true);
        var before = await world.Db.ReadAsync(session => session.ListAsync(Migrations, row => row.GetString(0)), Cancel);
        await Migrator.MigrateAsync(world.Db);
        Assert.NotEmpty(before);
        Assert.Equal(before, await world.Db.ReadAsync(session => session.ListAsync(Migrations, row => row.GetString(0)), Cancel));
    }

    [Theory, OnBothEngines]
    public async Task Memberships_keep_by_whose_word_they_are(Engine engine)
    {
        await using var world = await World.CreateAsync(engine, upTo: 9);
        await world.Db.RunScriptAsync("""
            insert into users (name, is_admin, created_at) values ('alice', 0, 0), ('bob', 0, 0), ('carol', 0, 0), ('dave', 0, 0);
            insert into spaces (name, skeleton, visibility, created_at) values ('team', 'team', 'private', 0);
            insert into teams (space_id, name, created_at) select id, 'dev', 0 from spaces;
            insert into team_members (team_id, user_id, source) select t.id, u.id, case u.name when 'bob' then 'ldap' end from teams t, users u where u.name <> 'dave';
            insert into external_members (issuer, user_id, team_id) select 'https://issuer.example', u.id, t.id from teams t, users u where u.name in ('carol', 'dave');
            """);
        await Migrator.MigrateAsync(world.Db);
        // dave was taken out by hand
        Assert.Equal(["alice by ", "bob by ldap", "carol by https://issuer.example"], await world.Db.ReadAsync(session => session.ListAsync(Members, row => row.GetString(0)), Cancel));
    }

    [Theory, OnBothEngines]
    public async Task Memberships_learn_from_the_audit_which_person_gave_them(Engine engine)
    {
        await using var world = await World.CreateAsync(engine, upTo: 14);
        await world.Db.RunScriptAsync("""
            insert into users (name, is_admin, created_at) values ('alice', 0, 0), ('bob', 0, 0), ('carol', 0, 0), ('dave', 0, 0);
            insert into spaces (name, skeleton, visibility, created_at) values ('team', 'team', 'private', 0);
            insert into teams (space_id, name, created_at) select id, 'dev', 0 from spaces;
            insert into team_members (team_id, user_id, source) select t.id, u.id, case u.name when 'carol' then 'ldap' else '' end from teams t, users u;
            insert into audit (at, actor, action, target, space, outcome, detail) values
                (1, 'eve', 'team.member.add', 'crew/dev', 'team', 'done', 'bob'), (2, 'alice', 'team.member.add', 'crew/dev', 'team', 'done', 'bob'),
                (3, 'alice', 'team.member.add', 'team/xdev', 'team', 'done', 'dave'), (4, 'dave', 'team.member.add', 'team/dev', 'team', 'done', 'dave'),
                (5, 'alice', 'team.member.add', 'team/dev', 'team', 'done', 'carol');
            """);
        await Migrator.MigrateAsync(world.Db);
        // bob's line was written under the name that the space had; dave has come by himself, with an invitation
        Assert.Equal(["alice: ", "bob: alice", "carol: ", "dave: "], await world.Db.ReadAsync(session => session.ListAsync(Givers, row => row.GetString(0)), Cancel));
    }

    [Theory, OnBothEngines]
    public async Task What_only_looks_like_an_image_is_no_image_that_could_not_be_read(Engine engine)
    {
        await using var world = await World.CreateAsync(engine, upTo: 25);
        const string image = "application/vnd.oci.image.config.v1+json application/vnd.oci.image.layer.v1.tar";
        (string Name, string Content, string State)[] manifests =
        [
            ("attestation", "application/vnd.oci.image.config.v1+json application/vnd.in-toto+json", "refused"),
            ("signature", "application/vnd.oci.image.config.v1+json application/vnd.dev.cosign.simplesigning.v1+json", "waiting"),
            ("broken image", image, "refused"),
            ("image that says spdx", image + " org.spdx.dev", "refused"),
            ("Docker's image", "application/vnd.docker.image.rootfs.diff.tar.gzip spdx", "refused"),
            ("read", "application/vnd.in-toto+json", "done"),
        ];
        await world.Db.RunScriptAsync("insert into repositories (name, space, visibility, created_at) values ('team/app', 'team', 'private', 0)");
        foreach (var (name, content, state) in manifests)
        {
            await world.Db.RunScriptAsync($$"""
                insert into manifests (repo_id, digest, media_type, size, created_at, content) select id, '{{name.Replace("'", "''", StringComparison.Ordinal)}}', 'application/vnd.oci.image.manifest.v1+json', 1, 0, cast('{{content}}' as {bytes}) from repositories;
                insert into image_contents (manifest_id, state, attempts, not_before, changed_at) select max(id), '{{state}}', 0, 0, 0 from manifests;
                """);
        }
        await Migrator.MigrateAsync(world.Db);
        Assert.Equal(
            ["Docker's image", "broken image", "image that says spdx", "read"],
            (await world.Db.ReadAsync(session => session.ListAsync(Looked, row => row.GetString(0)), Cancel)).Order(StringComparer.Ordinal));
    }

    [Theory, OnBothEngines]
    public async Task A_newer_database_is_left_alone(Engine engine)
    {
        await using var world = await World.CreateAsync(engine, migrate: true);
        await world.Db.RunScriptAsync("insert into schema_migrations (number, name, applied_at) values (9999, '9999-later', 0)");
        var refused = await Assert.ThrowsAsync<ConfigException>(() => Migrator.MigrateAsync(world.Db));
        Assert.Contains("its tables are at version 9999", refused.Message, StringComparison.Ordinal);
        Assert.Contains("run the newer staithe", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_servers_that_start_at_once_on_one_empty_PostgreSQL_one_comes_up()
    {
        var database = await Postgres.CreateDatabaseAsync();
        var starting = Enumerable.Range(0, 4).Select(_ => Task.Run(() => Registry.StartAsync(Engine.Sqlite, config => config with { Database = database }), Cancel)).ToList();
        await Task.WhenAll(starting).ContinueWith(_ => { }, TaskScheduler.Default);
        await using var server = await Assert.Single(starting, start => start.IsCompletedSuccessfully);
        Assert.All(starting.Where(start => start.IsFaulted), start => Assert.IsType<Staithe.Config.ConfigException>(start.Exception!.InnerException));
        await server.PushImageAsync("start/a", "1");
    }

    // Where its arguments may change how a statement is run, SQLite prepares it anew for each; with a limit, that was a sixth of what a list cost.
    [Fact]
    public async Task How_a_statement_is_run_does_not_hang_on_what_it_is_given()
    {
        await using var world = await World.CreateAsync(Engine.Sqlite, migrate: true);
        Assert.StartsWith("SCAN", await world.Db.ReadAsync(session => session.FindAsync(NamesLike, row => row.GetString(3), "library/*"), Cancel), StringComparison.Ordinal);

        await using var other = new SqliteConnection($"Data Source={world.File};Pooling=False");
        await other.OpenAsync(Cancel);
        await using var command = other.CreateCommand();
        command.CommandText = NamesLike.Sqlite;
        command.Parameters.AddWithValue("$1", "library/*");
        await using var plan = await command.ExecuteReaderAsync(Cancel);
        Assert.True(await plan.ReadAsync(Cancel));
        Assert.StartsWith("SEARCH", plan.GetString(3), StringComparison.Ordinal); // so it would be noticed
    }

    // Each holds pages and files; what one crowded moment took would stay for ever.
    [Fact]
    public async Task Readers_that_nobody_needs_are_closed()
    {
        var clock = new Clock();
        await using var world = await World.CreateAsync(Engine.Sqlite, clock: clock);
        Task<int> ReadAsync(int atOnce) => world.Db.ReadAsync(
            async session =>
            {
                await session.FindNumberAsync(Count);
                return atOnce == 1 ? world.OpenConnections() : await ReadAsync(atOnce - 1);
            },
            Cancel);

        Assert.Equal(1 + 1, await ReadAsync(1));
        Assert.Equal(1 + 5, await ReadAsync(5));
        Assert.Equal(1 + 5, await ReadAsync(3));
        await PassMinuteAsync(3); // in the minute that ends here all five were needed
        Assert.Equal(1 + 5, world.OpenConnections());
        await PassMinuteAsync(3);
        Assert.Equal(1 + 3, world.OpenConnections());
        Assert.Equal(1 + 4, await ReadAsync(4));
        await PassMinuteAsync(1);
        await PassMinuteAsync(1);
        Assert.Equal(1 + 1, world.OpenConnections());

        async Task PassMinuteAsync(int thenAtOnce)
        {
            clock.Now += TimeSpan.FromSeconds(61);
            await ReadAsync(thenAtOnce);
        }
    }

    static readonly Sql NamesLike = new("explain query plan select id from repositories where name glob $1");

    // The index of words is each engine's own.
    static readonly Sql SqliteColumns = new("""
        select t.name || '.' || c.name || case when c."notnull" or c.pk > 0 then '' else ' null' end from sqlite_schema t join pragma_table_info(t.name) c
        where t.type = 'table' and t.name not like 'sqlite%' and t.name not like 'search_words%' order by 1
        """);

    static readonly Sql PostgresColumns = new("""
        select (table_name || '.' || column_name || case when is_nullable = 'YES' then ' null' else '' end) collate "C"
        from information_schema.columns where table_schema = 'public' and table_name <> 'search_words' order by 1
        """);

    static readonly Sql Members = new("select u.name || ' by ' || m.source from team_members m join users u on u.id = m.user_id order by 1");
    static readonly Sql Looked = new("select m.digest from image_contents i join manifests m on m.id = i.manifest_id");
    static readonly Sql Givers = new("select u.name || ': ' || coalesce(m.given_by, '') from team_members m join users u on u.id = m.user_id order by 1");
    static readonly Sql Migrations = new("select name || ' ' || applied_at from schema_migrations order by number");

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>A database without a server, with a table for playing unless it is migrated, wholly or up to a number.</summary>
    sealed class World : IAsyncDisposable
    {
        readonly TempDirectory directory = new();

        World(string? database, TimeProvider clock) => Db = database is null ? new SqliteDb(File, clock: clock) : new PostgresDb(PostgresUrl.Parse(database).ConnectionString);

        public Db Db { get; }

        public string File => directory["test.db"];

        public static async Task<World> CreateAsync(Engine engine, bool migrate = false, int upTo = 0, TimeProvider? clock = null)
        {
            var world = new World(engine == Engine.Postgres ? await Postgres.CreateDatabaseAsync() : null, clock ?? TimeProvider.System);
            if (migrate)
                await Migrator.MigrateAsync(world.Db);
            else if (upTo > 0)
                await Migrator.MigrateAsync(world.Db, upTo);
            else
                await world.Db.WriteAsync(session => session.ExecuteAsync(CreateTable), Cancel);
            return world;
        }

        /// <summary>To SQLite, each of which has the log open for itself.</summary>
        public int OpenConnections() => Directory.GetFiles("/proc/self/fd").Count(file => new FileInfo(file).LinkTarget == File + "-wal");

        public Task<long?> CountAsync() => Db.ReadAsync(session => session.FindNumberAsync(Count), Cancel);

        public async ValueTask DisposeAsync()
        {
            await Db.DisposeAsync();
            directory.Dispose();
        }
    }
}
