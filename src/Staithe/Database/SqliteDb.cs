using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Staithe.Storage;

namespace Staithe.Database;

/// <summary>
/// The embedded engine: one writer connection behind a queue, and as many readers as are wanted at once, held open with their prepared
/// commands while they are. WAL with full sync: a commit survives the loss of power. Whoever comes to an idle writer does the work itself;
/// what arrives meanwhile is committed together after it, each in a savepoint of its own, so many clients share one sync.
/// </summary>
internal sealed partial class SqliteDb : Db
{
    const int MaxBatch = 256;
    const int MaxReaders = 16;
    const int ReadOnly = 8;
    const int InputOutput = 10;
    const int Full = 13;
    const int CannotOpen = 14;
    const int NeededToOpen = 64 * 1024; // the index of the log, and its first pages
    const int BusyMilliseconds = 30_000; // fsck looks at the same file from another process

    static readonly TimeSpan UnneededLimit = TimeSpan.FromMinutes(1); // a reader that nobody needed for so long, among many, is closed

    readonly string file;
    readonly DiskReserve? reserve;
    readonly TimeProvider clock;
    readonly ConcurrentQueue<Work> queue = [];
    readonly SemaphoreSlim readerSlots = new(MaxReaders);
    readonly List<SqliteSession> idleReaders = []; // and its lock; who came last goes first, so those that are not needed gather in front
    readonly SqliteSession writer;
    int unneededReaders; // so many in front have not been taken since lookedForUnneeded
    long lookedForUnneeded;
    bool closed; // read and set under the lock of idleReaders
    int writing; // 1 while somebody has the writer

    /// <param name="file">Where it is.</param>
    /// <param name="reserve">What a full disk has left for writes that may use it; null for nothing.</param>
    /// <param name="clock">Tells when a reader is not needed any more.</param>
    public SqliteDb(string file, DiskReserve? reserve = null, TimeProvider? clock = null)
    {
        this.file = file;
        this.reserve = reserve;
        this.clock = clock ?? TimeProvider.System;
        lookedForUnneeded = this.clock.GetTimestamp();
        using (PrivateFile.OpenHandle(file))
        {
            // SQLite gives the other files that it makes the mode and the owner of this one
        }
        writer = OpenWriter();
    }

    public override async Task<T> ReadAsync<T>(Func<DbSession, Task<T>> work, CancellationToken cancel = default)
    {
        await readerSlots.WaitAsync(cancel);
        try
        {
            var reader = TakeIdleReader() ?? Open(cacheKiB: 2 * 1024);
            try
            {
                return await work(reader);
            }
            finally
            {
                GiveBack(reader);
            }
        }
        finally
        {
            readerSlots.Release();
        }
    }

    public override Task<T> ReadAtOnceAsync<T>(Func<DbSession, Task<T>> work, CancellationToken cancel = default) => ReadAsync(
        async session =>
        {
            await session.ExecuteAsync(Begin);
            try
            {
                return await work(session);
            }
            finally
            {
                await session.ExecuteAsync(Commit);
            }
        },
        cancel);

    public override Task<T> WriteAsync<T>(SpaceUse use, Func<DbSession, Task<T>> work, CancellationToken cancel = default)
    {
        cancel.ThrowIfCancellationRequested();
        var item = new Work<T>(work, use);
        queue.Enqueue(item);
        if (Interlocked.CompareExchange(ref writing, 1, 0) == 0)
            CommitWaiting();
        return item.Task;
    }

    public override Task RunScriptAsync(string template) => WriteAsync(
        SpaceUse.Small,
        session =>
        {
            ((SqliteSession)session).RunScript(Dialect.Sqlite.Expand(template));
            return Task.CompletedTask;
        });

    // The lock file of the data directory already keeps a second server out.
    public override Task<IAsyncDisposable> LockMigrationsAsync() => Task.FromResult<IAsyncDisposable>(new MemoryStream());

    public override Task<List<string>> CheckIntegrityAsync() => ReadAsync(async session =>
    {
        var faults = await session.ListAsync(IntegrityCheck, row => row.GetString(0));
        faults.RemoveAll(line => line == "ok");
        faults.AddRange(await session.ListAsync(ForeignKeyCheck, row => $"a row of {row.GetString(0)} refers to a row of {row.GetString(2)} that is not there"));
        return faults;
    });

    public override DiskFault? FindFault(Exception exception) =>
        exception is SqliteException { SqliteErrorCode: Full } ? DiskFault.Full : base.FindFault(exception);

    public override bool IsAway(Exception exception) => false;

    // The lock file of the data directory keeps other servers out.
    public override bool IsShared => false;

    public override async ValueTask DisposeAsync()
    {
        while (Interlocked.CompareExchange(ref writing, 1, 0) != 0)
            await Task.Delay(1);
        lock (idleReaders)
        {
            closed = true; // who still reads closes the reader when done
            idleReaders.ForEach(reader => reader.Dispose());
            idleReaders.Clear();
        }
        writer.Dispose();
    }

    static readonly Sql Begin = new("begin");
    static readonly Sql Commit = new("commit");
    static readonly Sql IntegrityCheck = new("pragma integrity_check");
    static readonly Sql ForeignKeyCheck = new("pragma foreign_key_check");

    // With a full disk, too: the files of the log and of its index have to be made first.
    SqliteSession OpenWriter()
    {
        while (true)
        {
            SqliteSession? opened = null;
            try
            {
                opened = Open(cacheKiB: 4 * 1024);
                opened.RunScript("pragma journal_mode = wal");
                opened.RunScript("select 1 from sqlite_schema limit 1");
                return opened;
            }
            catch (SqliteException e)
            {
                var fault = FindFault(e) ?? (MayBeOfDisk(e) ? opened?.FindFault() ?? FaultOfOpening(file) : null);
                opened?.Dispose();
                if (fault is null)
                    throw;
                if (reserve?.TryRelease(all: true) != true)
                    throw new DiskException(fault, e);
            }
        }
    }

    // The connection that could have told the reason is gone: whether there is any room can be seen.
    static DiskFault? FaultOfOpening(string file) =>
        new DriveInfo(Path.GetDirectoryName(Path.GetFullPath(file))!).AvailableFreeSpace < NeededToOpen ? DiskFault.Full : null;

    static bool MayBeOfDisk(SqliteException exception) => exception.SqliteErrorCode is InputOutput or CannotOpen or ReadOnly or Full;

    SqliteSession Open(int cacheKiB)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = file,
            ForeignKeys = true,
            Pooling = false,
            DefaultTimeout = 30,
        }.ToString());
        connection.Open();
        // How a statement is run must not hang on what it is given: else each one with a limit is prepared anew every time.
        SQLitePCL.raw.sqlite3_db_config(connection.Handle, SQLitePCL.raw.SQLITE_DBCONFIG_ENABLE_QPSG, 1, out _);
        var session = new SqliteSession(connection, Origin);
        // No mmap: each connection's mapping would count as memory of the process, up to the size of the file, and a page that the disk
        // cannot give would be a signal that ends the process rather than an error of one statement.
        session.RunScript(string.Create(CultureInfo.InvariantCulture, $"pragma busy_timeout = {BusyMilliseconds}; pragma synchronous = full; pragma cache_size = -{cacheKiB}; pragma temp_store = memory; pragma mmap_size = 0"));
        return session;
    }

    SqliteSession? TakeIdleReader()
    {
        lock (idleReaders)
        {
            ObjectDisposedException.ThrowIf(closed, this);
            if (idleReaders.Count == 0)
                return null;
            var reader = idleReaders[^1];
            idleReaders.RemoveAt(idleReaders.Count - 1);
            unneededReaders = Math.Min(unneededReaders, idleReaders.Count);
            return reader;
        }
    }

    // A moment in which many read at once leaves as many readers, each with its pages; the memory of the process is to follow the load.
    void GiveBack(SqliteSession reader)
    {
        List<SqliteSession> unneeded;
        lock (idleReaders)
        {
            if (closed)
            {
                reader.Dispose();
                return;
            }
            idleReaders.Add(reader);
            if (clock.GetElapsedTime(lookedForUnneeded) < UnneededLimit)
                return;
            unneeded = idleReaders.GetRange(0, unneededReaders);
            idleReaders.RemoveRange(0, unneededReaders);
            unneededReaders = idleReaders.Count;
            lookedForUnneeded = clock.GetTimestamp();
        }
        unneeded.ForEach(one => one.Dispose());
    }

    // Called by the one who has the writer. It commits one batch; if more has come meanwhile, somebody else goes on, since it has its own
    // client to answer.
    void CommitWaiting()
    {
        do
        {
            var batch = new List<Work>();
            while (batch.Count < MaxBatch && queue.TryDequeue(out var next))
                batch.Add(next);
            if (batch.Count == 1 || !TryCommitTogether(batch))
                batch.ForEach(CommitAlone);
            if (!queue.IsEmpty)
            {
                ThreadPool.UnsafeQueueUserWorkItem(static db => db.CommitWaiting(), this, preferLocal: false);
                return;
            }
            Interlocked.Exchange(ref writing, 0); // a full fence: what was queued before somebody saw us writing must be seen below
        }
        while (!queue.IsEmpty && Interlocked.CompareExchange(ref writing, 1, 0) == 0);
    }

    // A full disk is tried again: once with what the log of the database has room for when it begins anew, then with as much of the reserve as
    // the work may have.
    void CommitAlone(Work work)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                RequireRoomFor(work.Use);
                writer.Begin();
                work.Run(writer);
                writer.Commit();
                break;
            }
            catch (Exception e)
            {
                var fault = FindFault(e) ?? (e is SqliteException sqlite && MayBeOfDisk(sqlite) ? writer.FindFault() : null);
                writer.TryRollback();
                if (fault is not null && e is not DiskException && (attempt == 1 || TryReleaseFor(work.Use)))
                {
                    writer.TryCheckpoint();
                    continue;
                }
                work.Fail(fault is null ? e : new DiskException(fault, e));
                return;
            }
        }
        Finish(work);
    }

    // It is committed: who remembers something is told first, and then who asked for it.
    void Finish(Work work)
    {
        try
        {
            Tell(work.Notes);
        }
        catch (Exception e)
        {
            work.Fail(e);
            return;
        }
        work.Succeed();
    }

    void RequireRoomFor(SpaceUse use)
    {
        if (use == SpaceUse.Grows)
            reserve?.RequireWhole();
    }

    bool TryReleaseFor(SpaceUse use) => use != SpaceUse.Grows && reserve?.TryRelease(all: use == SpaceUse.Frees) == true;

    // False when the transaction as a whole was lost; nothing of it is committed and each work is to run alone. So is one that the disk had no
    // room for, after the others.
    bool TryCommitTogether(List<Work> batch)
    {
        var failures = new Dictionary<Work, Exception>();
        var again = new List<Work>();
        try
        {
            writer.Begin();
            foreach (var work in batch)
            {
                writer.Savepoint();
                try
                {
                    RequireRoomFor(work.Use);
                    work.Run(writer);
                }
                catch (Exception e) when (writer.InTransaction)
                {
                    writer.RollbackToSavepoint();
                    if (e is SqliteException sqlite && MayBeOfDisk(sqlite))
                        again.Add(work);
                    else
                        failures.Add(work, e);
                }
                writer.ReleaseSavepoint();
            }
            writer.Commit();
        }
        catch (Exception)
        {
            writer.TryRollback();
            return false;
        }
        foreach (var work in batch)
        {
            if (failures.TryGetValue(work, out var failure))
                work.Fail(failure);
            else if (!again.Contains(work))
                Finish(work);
        }
        again.ForEach(CommitAlone);
        return true;
    }

    abstract class Work(SpaceUse use)
    {
        public SpaceUse Use => use;

        /// <summary>What was noted when it ran the last time.</summary>
        public IReadOnlyList<CommitNote> Notes { get; private set; } = [];

        public void Run(DbSession session)
        {
            session.TakeNotes(); // of one that was rolled back
            RunStatements(session);
            Notes = session.TakeNotes();
        }

        protected abstract void RunStatements(DbSession session);

        public abstract void Succeed();

        public abstract void Fail(Exception exception);
    }

    sealed class Work<T>(Func<DbSession, Task<T>> work, SpaceUse use) : Work(use)
    {
        readonly TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        T result = default!;

        public Task<T> Task => done.Task;

        protected override void RunStatements(DbSession session)
        {
            var task = work(session);
            if (!task.IsCompleted)
                throw new UnreachableException("work on the database awaited something else than its session");
            result = task.GetAwaiter().GetResult();
        }

        public override void Succeed() => done.SetResult(result);

        public override void Fail(Exception exception) => done.SetException(exception);
    }

    [LibraryImport("e_sqlite3")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    private static partial int sqlite3_system_errno(nint connection);

    sealed class SqliteSession(SqliteConnection connection, long origin) : DbSession, IDisposable
    {
        readonly List<SqliteCommand?> prepared = [];
        readonly HashSet<SqliteCommand> rented = [];

        public override long Origin => origin;

        public bool InTransaction => SQLitePCL.raw.sqlite3_get_autocommit(connection.Handle) == 0;

        public void Begin() => RunScript("begin immediate");

        public void Commit() => RunScript("commit");

        public void Savepoint() => RunScript("savepoint work");

        public void ReleaseSavepoint() => RunScript("release work");

        public void RollbackToSavepoint() => RunScript("rollback to work");

        public void TryRollback()
        {
            if (!InTransaction)
                return;
            try
            {
                RunScript("rollback");
            }
            catch (SqliteException e)
            {
                // Nobody could write any more, and what waits would wait for ever. Nothing acknowledged is lost: start again.
                Environment.FailFast("the database cannot end a transaction", e);
            }
        }

        /// <summary>What the system said when a statement failed, if that was of the disk.</summary>
        public DiskFault? FindFault() => DiskFault.Of(sqlite3_system_errno(connection.Handle!.DangerousGetHandle()));

        /// <summary>Moves what is in the log to where it belongs, as far as nobody reads from it, so that the log can begin anew.</summary>
        public void TryCheckpoint()
        {
            try
            {
                RunScript("pragma wal_checkpoint(passive)");
            }
            catch (SqliteException)
            {
                // the disk has no room for that either
            }
        }

        public void RunScript(string text)
        {
            var result = SQLitePCL.raw.sqlite3_exec(connection.Handle, text);
            SqliteException.ThrowExceptionForRC(result, connection.Handle);
        }

        public void Dispose()
        {
            foreach (var command in prepared)
                command?.Dispose();
            connection.Dispose();
        }

        protected internal override DbCommand Rent(Sql sql, object?[] arguments)
        {
            while (prepared.Count <= sql.Id)
                prepared.Add(null);
            var command = prepared[sql.Id] ??= connection.CreateCommand();
            if (!rented.Add(command))
                throw new UnreachableException("a statement was started inside itself");
            if (command.CommandText.Length == 0)
                command.CommandText = sql.Sqlite;
            for (var i = 0; i < arguments.Length; i++)
            {
                if (command.Parameters.Count == i)
                    command.Parameters.Add(new SqliteParameter { ParameterName = string.Create(CultureInfo.InvariantCulture, $"${i + 1}") });
                command.Parameters[i].Value = arguments[i] switch
                {
                    null => DBNull.Value,
                    string[] or long[] => JsonSerializer.Serialize(arguments[i]),
                    var value => value,
                };
            }
            return command;
        }

        protected internal override void Return(DbCommand command) => rented.Remove((SqliteCommand)command);
    }
}
