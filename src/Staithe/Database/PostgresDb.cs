using System.Data;
using System.Data.Common;
using Npgsql;
using NpgsqlTypes;
using Staithe.Storage;

namespace Staithe.Database;

/// <summary>PostgreSQL, over the network. A transaction that lost a race is run again.</summary>
internal sealed class PostgresDb(string connectionString) : Db
{
    const int MaxTries = 8;
    // An answer of the database arrives on a thread that serves connections too: what is done with it is done elsewhere.
    const ConfigureAwaitOptions LeaveNetworkThread = ConfigureAwaitOptions.ForceYielding;

    const long MigrationLock = 0x57A17E;

    readonly NpgsqlDataSource source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString)
    {
        MaxAutoPrepare = 100,
        AutoPrepareMinUsages = 2,
        NoResetOnClose = true,
        ApplicationName = "staithe",
    });

    public override async Task<T> ReadAsync<T>(Func<DbSession, Task<T>> work, CancellationToken cancel = default)
    {
        await using var connection = await source.OpenConnectionAsync(cancel);
        return await work(new PostgresSession(connection, Origin)).ConfigureAwait(LeaveNetworkThread);
    }

    public override async Task<T> ReadAtOnceAsync<T>(Func<DbSession, Task<T>> work, CancellationToken cancel = default)
    {
        await using var connection = await source.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancel);
        var result = await work(new PostgresSession(connection, Origin));
        await transaction.CommitAsync(cancel).ConfigureAwait(LeaveNetworkThread);
        return result;
    }

    // Its disk is the database server's own: there is no reserve here.
    public override async Task<T> WriteAsync<T>(SpaceUse use, Func<DbSession, Task<T>> work, CancellationToken cancel = default)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(cancel);
                await using var transaction = await connection.BeginTransactionAsync(cancel);
                var session = new PostgresSession(connection, Origin);
                var result = await work(session);
                await CommitAsync(transaction, session.TakeNotes()).ConfigureAwait(LeaveNetworkThread);
                return result;
            }
            catch (PostgresException e) when (attempt < MaxTries && LostRace(e))
            {
                await Task.Delay(Random.Shared.Next(1, 1 << attempt), cancel);
            }
        }
    }

    async Task CommitAsync(NpgsqlTransaction transaction, IReadOnlyList<CommitNote> notes)
    {
        try
        {
            await transaction.CommitAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is not PostgresException refused || !LostRace(refused))
        {
            TellUnknown(notes);
            throw;
        }
        Tell(notes);
    }

    public override async Task RunScriptAsync(string template)
    {
        await using var command = source.CreateCommand(Dialect.Postgres.Expand(template));
        await command.ExecuteNonQueryAsync();
    }

    public override async Task<IAsyncDisposable> ClaimAsync(Action lost) => await PostgresClaim.TakeAsync(connectionString, lost);

    public override async Task<IAsyncDisposable> LockMigrationsAsync()
    {
        var connection = await source.OpenConnectionAsync();
        await using var command = new NpgsqlCommand($"select pg_advisory_lock({MigrationLock})", connection);
        await command.ExecuteNonQueryAsync();
        return new HeldMigrationLock(connection);
    }

    // The server checks its own references at every statement.
    public override Task<List<string>> CheckIntegrityAsync() => Task.FromResult<List<string>>([]);

    public override DiskFault? FindFault(Exception exception) =>
        exception is PostgresException { SqlState: PostgresErrorCodes.DiskFull } ? DiskFault.Full : base.FindFault(exception);

    public override bool HasLostRace(Exception exception) => exception is PostgresException e && LostRace(e);

    // What the server itself did not say is a broken connection.
    public override bool IsAway(Exception exception) =>
        exception is NpgsqlException and not PostgresException or PostgresException { IsTransient: true } or PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName };

    public override bool IsShared => true;

    public override ValueTask DisposeAsync() => source.DisposeAsync();

    // A foreign key or a unique key that fails says that somebody else committed between our look and our deed: look again.
    static bool LostRace(PostgresException e) => e.SqlState
        is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected
        or PostgresErrorCodes.ForeignKeyViolation or PostgresErrorCodes.RestrictViolation or PostgresErrorCodes.UniqueViolation;

    sealed class HeldMigrationLock(NpgsqlConnection connection) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await using (var command = new NpgsqlCommand($"select pg_advisory_unlock({MigrationLock})", connection))
                await command.ExecuteNonQueryAsync();
            await connection.DisposeAsync();
        }
    }

    sealed class PostgresSession(NpgsqlConnection connection, long origin) : DbSession
    {
        public override long Origin => origin;

        protected internal override DbCommand Rent(Sql sql, object?[] arguments)
        {
            var command = new NpgsqlCommand(sql.Postgres, connection);
            foreach (var argument in arguments)
            {
                command.Parameters.Add(argument is string text
                    ? new NpgsqlParameter<string> { TypedValue = text, NpgsqlDbType = NpgsqlDbType.Text }
                    : new NpgsqlParameter { Value = argument ?? DBNull.Value });
            }
            return command;
        }

        protected internal override void Return(DbCommand command) => command.Dispose();
    }
}
