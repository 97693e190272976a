using System.Data.Common;
using Staithe.Database;

namespace Staithe.Tests.Harness;

/// <summary>A database that somebody else has opened, with a count of what it is asked.</summary>
internal sealed class CountingDb(Db inner) : Db
{
    /// <summary>Statements so far, without what begins and ends transactions.</summary>
    public int Statements { get; private set; }

    /// <summary>Pieces of work that read.</summary>
    public int Reads { get; private set; }

    /// <summary>Transactions that wrote.</summary>
    public int Writes { get; private set; }

    public override Task<T> ReadAsync<T>(Func<DbSession, Task<T>> work, CancellationToken cancel = default)
    {
        Reads++;
        return inner.ReadAsync(session => work(new Session(this, session)), cancel);
    }

    public override Task<T> ReadAtOnceAsync<T>(Func<DbSession, Task<T>> work, CancellationToken cancel = default)
    {
        Reads++;
        return inner.ReadAtOnceAsync(session => work(new Session(this, session)), cancel);
    }

    public override Task<T> WriteAsync<T>(SpaceUse use, Func<DbSession, Task<T>> work, CancellationToken cancel = default)
    {
        Writes++;
        return inner.WriteAsync(
            use,
            async session =>
            {
                var counted = new Session(this, session);
                var result = await work(counted);
                foreach (var note in counted.TakeNotes())
                    session.Note(note);
                return result;
            },
            cancel);
    }

    public override Task RunScriptAsync(string template) => inner.RunScriptAsync(template);

    public override Task<IAsyncDisposable> LockMigrationsAsync() => inner.LockMigrationsAsync();

    public override Task<List<string>> CheckIntegrityAsync() => inner.CheckIntegrityAsync();

    public override bool IsAway(Exception exception) => inner.IsAway(exception);

    public override bool IsShared => inner.IsShared;

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    sealed class Session(CountingDb counts, DbSession inner) : DbSession
    {
        public override long Origin => inner.Origin;

        protected internal override DbCommand Rent(Sql sql, object?[] arguments)
        {
            counts.Statements++;
            return inner.Rent(sql, arguments);
        }

        protected internal override void Return(DbCommand command) => inner.Return(command);
    }
}
