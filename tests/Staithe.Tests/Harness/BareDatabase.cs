using Staithe.Config;
using Staithe.Database;
using Staithe.Jobs;
using Staithe.Telemetry;

namespace Staithe.Tests.Harness;

/// <summary>A database with all tables and no server; several processes can be made to use it.</summary>
internal sealed class BareDatabase : IAsyncDisposable
{
    readonly TempDirectory directory = new();
    readonly List<Db> opened = [];
    readonly Func<Db> open;

    BareDatabase(Engine engine, string? url) =>
        open = engine == Engine.Sqlite ? () => new SqliteDb(directory["test.db"]) : () => new PostgresDb(PostgresUrl.Parse(url!).ConnectionString);

    public static async Task<BareDatabase> CreateAsync(Engine engine, int upTo = int.MaxValue)
    {
        var made = new BareDatabase(engine, engine == Engine.Postgres ? await Postgres.CreateDatabaseAsync() : null);
        await Migrator.MigrateAsync(made.Open(), upTo);
        return made;
    }

    /// <summary>As one more process has it.</summary>
    public Db Open()
    {
        var db = open();
        opened.Add(db);
        return db;
    }

    public static LogOutput Quiet { get; } = new(LogFormat.Quiet, TextWriter.Null, isTerminal: false, TimeProvider.System);

    public static UnitRunner Runner(Db db) => new(db, Quiet);

    public async ValueTask DisposeAsync()
    {
        foreach (var db in opened)
            await db.DisposeAsync();
        directory.Dispose();
    }
}
