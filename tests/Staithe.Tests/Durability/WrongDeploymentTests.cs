using Npgsql;
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
        await ExpectRefusalAsync(one with { Database = await Postgres.CreateDatabaseAsync() }, "the bytes of another database");
        await ExpectRefusalAsync(one with { Database = null }, "the bytes of another database");
        var refused = await Assert.ThrowsAsync<ConfigException>(() => FsckRun.RunAsync(one with { Data = two.Data }, rehash: false, TextWriter.Null, Cancel));
        Assert.Contains("another data directory", refused.Message, StringComparison.Ordinal);
        foreach (var right in (StaitheConfig[])[one, two])
        {
            await using var registry = await Registry.StartAsync(Engine.Postgres, _ => right);
            using var pulled = await registry.GetAsync("/v2/a/b/manifests/1");
            await pulled.ExpectAsync(System.Net.HttpStatusCode.OK);
        }
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
