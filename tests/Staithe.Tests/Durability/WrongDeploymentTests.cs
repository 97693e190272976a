using Npgsql;
using Staithe.Audit;
using Staithe.Config;
using Staithe.Database;
using Staithe.Fsck;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Durability;

/// <summary>A server that was given what belongs to another one does not start, and says why; what belongs together starts.</summary>
public sealed class WrongDeploymentTests
{
    [Fact]
    public async Task A_second_server_on_one_PostgreSQL_is_refused_also_after_its_session_was_ended()
    {
        using var directory = new TempDirectory();
        await using var first = await Registry.StartAsync(Engine.Postgres);
        var second = first.Config with { Data = directory["other"] };
        await ExpectRefusalAsync(second, "another staithe serves from this database");

        await using var source = NpgsqlDataSource.Create(PostgresUrl.Parse(first.Config.Database!).ConnectionString);
        await using (var command = source.CreateCommand(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name like 'staithe %' and datname = current_database()"))
        {
            Assert.Equal(1L, await command.ExecuteScalarAsync(Cancel));
        }
        await Eventually.IsAsync(1L, async () =>
        {
            await using var held = source.CreateCommand("select count(*) from pg_locks where locktype = 'advisory' and objid = 5742975 and database = (select oid from pg_database where datname = current_database())");
            return (long)(await held.ExecuteScalarAsync(Cancel))!;
        });
        await ExpectRefusalAsync(second, "another staithe serves from this database");
        await first.PushImageAsync("a/b", "1");

        // A command beside the server works in its directory, and in no other.
        await using (var beside = await StaitheApp.OpenBesideAsync(first.Config))
            Assert.NotNull(beside.Db);
        var refused = await Assert.ThrowsAsync<ConfigException>(() => StaitheApp.OpenBesideAsync(second));
        Assert.Contains("holds none of the bytes", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_database_of_one_registry_and_the_directory_of_another_are_refused()
    {
        using var directory = new TempDirectory();
        var one = await StopAsync(Engine.Postgres, directory["one"]);
        var two = await StopAsync(Engine.Postgres, directory["two"]);
        await ExpectRefusalAsync(one with { Data = two.Data }, "another data directory");
        await ExpectRefusalAsync(one with { Data = directory["new"] }, "holds none of the bytes");
        await ExpectRefusalAsync(one with { Database = await Postgres.CreateDatabaseAsync() }, "belongs to another database");
        await ExpectRefusalAsync(one with { Database = null }, "belongs to another database");
        var refused = await Assert.ThrowsAsync<ConfigException>(() => FsckRun.RunAsync(one with { Data = two.Data }, rehash: false, TextWriter.Null, Cancel));
        Assert.Contains("another data directory", refused.Message, StringComparison.Ordinal);
        foreach (var right in (StaitheConfig[])[one, two])
        {
            await using var registry = await Registry.StartAsync(Engine.Postgres, _ => right);
            using var pulled = await registry.GetAsync("/v2/a/b/manifests/1");
            await pulled.ExpectAsync(System.Net.HttpStatusCode.OK);
        }
    }

    /// <summary>A registry that has no bytes yet is worth as much: accounts and what they may do.</summary>
    [Fact]
    public async Task A_registry_with_accounts_and_no_images_keeps_its_directory()
    {
        using var directory = new TempDirectory();
        await using var emptied = await Registry.StartAsync(Engine.Postgres, config => config with { Data = directory["right"], Open = false });
        await emptied.App.Users.AddAsync(Actor.Shell, "alice", "correct horse", isAdmin: true, Cancel);
        var right = emptied.Config;
        var wrong = right with { Data = directory["made/for/this"] };

        // A command beside the server, and one beside nobody.
        Assert.Contains("no id", (await Assert.ThrowsAsync<ConfigException>(() => StaitheApp.OpenBesideAsync(wrong))).Message, StringComparison.Ordinal);
        Assert.Contains("holds no registry", (await Assert.ThrowsAsync<ConfigException>(() => StaitheApp.OpenBesideAsync(right with { Database = null }))).Message, StringComparison.Ordinal);
        await emptied.StopAsync();
        Assert.Contains("no id", (await Assert.ThrowsAsync<ConfigException>(() => StaitheApp.OpenBesideAsync(wrong))).Message, StringComparison.Ordinal);
        await ExpectRefusalAsync(wrong, "another data directory");
        await ExpectRefusalAsync(right with { Database = null }, "belongs to another database");
        await ExpectRefusalAsync(right with { Database = await Postgres.CreateDatabaseAsync() }, "belongs to another database");
        Assert.False(Directory.Exists(directory["made"]));
        Assert.Empty(Directory.EnumerateFiles(right.Data, "staithe.db*"));

        // The message tells how a directory that was restored without its id gets in.
        var told = await Assert.ThrowsAsync<ConfigException>(() => Registry.StartAsync(Engine.Postgres, _ => wrong));
        Assert.Contains($"echo {(await File.ReadAllTextAsync(Path.Combine(right.Data, "id"), Cancel)).Trim()} > ", told.Message, StringComparison.Ordinal);
        await using var again = await Registry.StartAsync(Engine.Postgres, _ => right);
        Assert.True(await again.App.Users.AnyAsync(Cancel));
    }

    [Fact]
    public async Task A_command_pairs_nothing_anew_while_a_server_runs()
    {
        using var directory = new TempDirectory();
        await using (var empty = await Registry.StartAsync(Engine.Postgres, config => config with { Data = directory["right"], Open = false }))
        {
            var wrong = empty.Config with { Data = directory["wrong"] };
            Assert.Contains("no id", (await Assert.ThrowsAsync<ConfigException>(() => StaitheApp.OpenBesideAsync(wrong))).Message, StringComparison.Ordinal);
            Assert.False(Directory.Exists(wrong.Data));
        }
        // and a copy of the bytes without the id is no better
        var full = await StopAsync(Engine.Postgres, directory["full"]);
        var copy = full with { Data = directory["copy"] };
        foreach (var file in Directory.EnumerateFiles(Path.Combine(full.Data, "blobs"), "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(copy.Data, Path.GetRelativePath(full.Data, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
        await using var running = await Registry.StartAsync(Engine.Postgres, _ => full);
        Assert.Contains("no id", (await Assert.ThrowsAsync<ConfigException>(() => StaitheApp.OpenBesideAsync(copy))).Message, StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task What_was_restored_without_images_starts(Engine engine)
    {
        using var directory = new TempDirectory();
        var config = default(StaitheConfig)!;
        await using (var first = await Registry.StartAsync(engine, given => config = given with { Data = directory["data"], Open = false }))
            await first.App.Users.AddAsync(Actor.Shell, "alice", "correct horse", isAdmin: true, Cancel);
        var id = await File.ReadAllTextAsync(Path.Combine(config.Data, "id"), Cancel);
        File.Delete(Path.Combine(config.Data, "id"));
        if (engine == Engine.Postgres)
        {
            await ExpectRefusalAsync(config, "echo");
            await File.WriteAllTextAsync(Path.Combine(config.Data, "id"), id, Cancel);
        }
        await using var again = await Registry.StartAsync(engine, _ => config);
        Assert.True(await again.App.Users.AnyAsync(Cancel));
    }

    /// <summary>A start that ended between the two writes is finished by the next one, or was never begun.</summary>
    [Theory, OnBothEngines]
    public async Task A_pair_that_was_half_made_is_made(Engine engine)
    {
        using var directory = new TempDirectory();
        var config = default(StaitheConfig)!;
        await using (var first = await Registry.StartAsync(engine, given => config = given with { Data = directory["data"], Open = false }))
            await first.App.Users.AddAsync(Actor.Shell, "alice", "correct horse", isAdmin: true, Cancel);
        var (id, next) = (Path.Combine(config.Data, "id"), Path.Combine(config.Data, "id.next"));
        File.Move(id, next);
        await using (var second = await Registry.StartAsync(engine, _ => config))
            Assert.Equal((true, false), (File.Exists(id), File.Exists(next)));
        await File.WriteAllTextAsync(next, "never told to the database\n", Cancel);
        await using var third = await Registry.StartAsync(engine, _ => config);
        Assert.Equal((true, false), (File.Exists(id), File.Exists(next)));
    }

    [Fact]
    public async Task A_start_that_fails_before_it_has_a_registry_leaves_nothing()
    {
        using var directory = new TempDirectory();
        await Assert.ThrowsAsync<IOException>(() => Registry.StartAsync(
            Engine.Sqlite, config => config with { Data = directory["made/here"], Database = "postgres://u:p@127.0.0.1:1/x" }));
        Assert.Empty(Directory.EnumerateFileSystemEntries(directory.Path));
        Directory.CreateDirectory(directory["there"]);
        await File.WriteAllTextAsync(directory["there/notes"], "mine", Cancel);
        await Assert.ThrowsAsync<IOException>(() => Registry.StartAsync(
            Engine.Sqlite, config => config with { Data = directory["there"], Database = "postgres://u:p@127.0.0.1:1/x" }));
        Assert.Equal("mine", await File.ReadAllTextAsync(Assert.Single(Directory.EnumerateFileSystemEntries(directory["there"])), Cancel));
    }

    // As docs/operating.md says: the database and the blobs. And one from before there were ids.
    [Theory, OnBothEngines]
    public async Task What_was_restored_from_a_backup_starts(Engine engine)
    {
        using var directory = new TempDirectory();
        var config = await StopAsync(engine, directory["data"]);
        File.Delete(Path.Combine(config.Data, "id"));
        File.Delete(Path.Combine(config.Data, "reserve"));
        await using (var restored = await Registry.StartAsync(engine, _ => config))
        {
            using var pulled = await restored.GetAsync("/v2/a/b/manifests/1");
            await pulled.ExpectAsync(System.Net.HttpStatusCode.OK);
            await restored.App.Database.WriteAsync(session => session.ExecuteAsync(ForgetId), Cancel);
        }
        await using var again = await Registry.StartAsync(engine, _ => config);
        using var same = await again.GetAsync("/v2/a/b/manifests/1");
        await same.ExpectAsync(System.Net.HttpStatusCode.OK);
    }

    static readonly Sql ForgetId = new("delete from data_directory");

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // A registry with an image that is not running any more.
    static async Task<StaitheConfig> StopAsync(Engine engine, string data)
    {
        await using var registry = await Registry.StartAsync(engine, config => config with { Data = data });
        await registry.PushImageAsync("a/b", "1");
        return registry.Config;
    }

    static async Task ExpectRefusalAsync(StaitheConfig config, string reason)
    {
        var refused = await Assert.ThrowsAsync<ConfigException>(async () =>
        {
            await using var registry = await Registry.StartAsync(Engine.Sqlite, _ => config);
        });
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.Contains("--", refused.Message, StringComparison.Ordinal);
    }
}
