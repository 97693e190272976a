namespace Staithe.Database;

/// <summary>
/// Where the facts are: SQLite in the data directory, or PostgreSQL. The statements are the same for both. Work given here awaits nothing
/// but its session: on SQLite everybody else who writes waits for it.
/// </summary>
internal abstract class Db : IAsyncDisposable
{
    /// <summary>Reads what is committed.</summary>
    public abstract Task<T> ReadAsync<T>(Func<DbSession, Task<T>> work, CancellationToken cancel = default);

    /// <summary>The same for several statements that have to agree: all of them see what was committed when the first one ran.</summary>
    public abstract Task<T> ReadAtOnceAsync<T>(Func<DbSession, Task<T>> work, CancellationToken cancel = default);

    /// <summary>
    /// Runs the work in one transaction; when the task ends well, the transaction is durable. The work may run more than once (a deadlock,
    /// a lost race), so it changes nothing outside the database. What it throws rolls it back and comes out here.
    /// </summary>
    public abstract Task<T> WriteAsync<T>(Func<DbSession, Task<T>> work, CancellationToken cancel = default);

    /// <summary>Runs statements that belong together and return nothing.</summary>
    public Task WriteAsync(Func<DbSession, Task> work, CancellationToken cancel = default) => WriteAsync<object?>(
        async session =>
        {
            await work(session);
            return null;
        },
        cancel);

    /// <summary>Runs a script of several statements without arguments, all of it or nothing.</summary>
    public abstract Task RunScriptAsync(string template);

    /// <summary>Keeps other processes from changing the tables until disposed.</summary>
    public abstract Task<IAsyncDisposable> LockMigrationsAsync();

    /// <summary>What the engine itself says of the file or the references: one line per fault, for fsck.</summary>
    public abstract Task<List<string>> CheckIntegrityAsync();

    /// <summary>True when the exception says that the disk below the database is full.</summary>
    public abstract bool IsFull(Exception exception);

    /// <summary>True when the exception says that the database cannot be reached now, so that the same request may go well later.</summary>
    public abstract bool IsAway(Exception exception);

    public abstract ValueTask DisposeAsync();
}
