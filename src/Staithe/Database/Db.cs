using Staithe.Config;
using Staithe.Storage;

namespace Staithe.Database;

/// <summary>
/// Where the facts are: SQLite in the data directory, or PostgreSQL. The statements are the same for both. Work given here awaits nothing
/// but its session: on SQLite everybody else who writes waits for it.
/// </summary>
internal abstract class Db : IAsyncDisposable
{
    ICommitListener[] listeners = [];
    long origin = NewOrigin();

    /// <summary>
    /// Which process a row was written by, for a reader who leaves out its own. Another number after a commit with an unknown outcome, so that the
    /// row is news to this process too, should it come.
    /// </summary>
    public long Origin => Volatile.Read(ref origin);

    /// <summary>Has somebody told of every commit here in which something was noted, before whoever asked for it is answered. At the start, before there are any.</summary>
    public void Listen(ICommitListener listener) => listeners = [.. listeners, listener];

    /// <summary>Reads what is committed.</summary>
    public abstract Task<T> ReadAsync<T>(Func<DbSession, Task<T>> work, CancellationToken cancel = default);

    /// <summary>The same for several statements that have to agree: all of them see what was committed when the first one ran.</summary>
    public abstract Task<T> ReadAtOnceAsync<T>(Func<DbSession, Task<T>> work, CancellationToken cancel = default);

    /// <summary>
    /// Runs the work in one transaction; when the task ends well, the transaction is durable. The work may run more than once (a deadlock,
    /// a lost race), so it changes nothing outside the database. What it throws rolls it back and comes out here.
    /// </summary>
    /// <param name="use">What the work does to a disk that is full.</param>
    /// <param name="work">The statements.</param>
    /// <param name="cancel">Gives up before they begin.</param>
    public abstract Task<T> WriteAsync<T>(SpaceUse use, Func<DbSession, Task<T>> work, CancellationToken cancel = default);

    /// <summary>Runs statements that belong together and return nothing.</summary>
    public Task WriteAsync(SpaceUse use, Func<DbSession, Task> work, CancellationToken cancel = default) => WriteAsync<object?>(
        use,
        async session =>
        {
            await work(session);
            return null;
        },
        cancel);

    /// <summary>The same for what adds to what is stored: refused when the disk is full.</summary>
    public Task<T> WriteAsync<T>(Func<DbSession, Task<T>> work, CancellationToken cancel = default) =>
        WriteAsync(SpaceUse.Grows, work, cancel);

    /// <inheritdoc cref="WriteAsync{T}(Func{DbSession, Task{T}}, CancellationToken)"/>
    public Task WriteAsync(Func<DbSession, Task> work, CancellationToken cancel = default) => WriteAsync(SpaceUse.Grows, work, cancel);

    /// <summary>Runs a script of several statements without arguments, all of it or nothing.</summary>
    public abstract Task RunScriptAsync(string template);

    /// <summary>
    /// Keeps other servers off this database until disposed. What is lost with a connection is taken again; when another server was quicker,
    /// <paramref name="lost"/> is called, and this one has to stop.
    /// </summary>
    /// <exception cref="ConfigException">Another server has it.</exception>
    public virtual Task<IAsyncDisposable> ClaimAsync(Action lost) => Task.FromResult<IAsyncDisposable>(new MemoryStream());

    /// <summary>Whether other servers can use this database, even while one stops because another took over.</summary>
    public abstract bool IsShared { get; }

    /// <summary>Keeps other processes from changing the tables until disposed.</summary>
    public abstract Task<IAsyncDisposable> LockMigrationsAsync();

    /// <summary>What the engine itself says of the file or the references: one line per fault, for fsck.</summary>
    public abstract Task<List<string>> CheckIntegrityAsync();

    /// <summary>Why a disk, the database's or that of the bytes, took nothing more; null when the exception says nothing of the kind.</summary>
    public virtual DiskFault? FindFault(Exception exception) => DiskFault.Find(exception);

    /// <summary>True when the exception says that a disk takes nothing more.</summary>
    public bool IsFull(Exception exception) => FindFault(exception) is not null;

    /// <summary>True when the exception says that the database cannot be reached now, so that the same request may go well later.</summary>
    public abstract bool IsAway(Exception exception);

    /// <summary>True when the exception says that others changed the same rows, each time that the work was run.</summary>
    public virtual bool HasLostRace(Exception exception) => false;

    public abstract ValueTask DisposeAsync();

    /// <summary>After a commit, before the task of the work ends.</summary>
    protected void Tell(IReadOnlyList<CommitNote> notes)
    {
        if (notes.Count == 0)
            return;
        foreach (var listener in listeners)
            listener.Committed(notes);
    }

    /// <summary>Nobody knows whether these were committed.</summary>
    protected void TellUnknown(IReadOnlyList<CommitNote> notes)
    {
        if (notes.Count == 0)
            return;
        Interlocked.Exchange(ref origin, NewOrigin());
        foreach (var listener in listeners)
            listener.Unknown();
    }

    static long NewOrigin() => Random.Shared.NextInt64(1, long.MaxValue);
}
