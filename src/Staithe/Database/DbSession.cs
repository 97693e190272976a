using System.Data.Common;

namespace Staithe.Database;

/// <summary>
/// One connection, inside one transaction when it came from <see cref="Db.WriteAsync{T}(SpaceUse, Func{DbSession, Task{T}}, CancellationToken)"/>. Not for use by two at a time, nor after the work
/// it was given to has ended.
/// </summary>
internal abstract class DbSession
{
    List<CommitNote>? notes;

    /// <summary>Which process writes: <see cref="Db.Origin"/>.</summary>
    public abstract long Origin { get; }

    /// <summary>Has the listeners of the database told, once this transaction is committed.</summary>
    public void Note(CommitNote note) => (notes ??= []).Add(note);

    /// <summary>Whether the transaction has noted such a thing.</summary>
    public bool HasNoted(CommitNote note) => notes?.Contains(note) == true;

    /// <summary>What was noted, which is over with that.</summary>
    public IReadOnlyList<CommitNote> TakeNotes()
    {
        var taken = notes;
        notes = null;
        return taken ?? (IReadOnlyList<CommitNote>)[];
    }

    /// <summary>Runs a statement; the number of rows it touched.</summary>
    public async Task<int> ExecuteAsync(Sql sql, params object?[] arguments)
    {
        var command = Rent(sql, arguments);
        try
        {
            return await command.ExecuteNonQueryAsync();
        }
        finally
        {
            Return(command);
        }
    }

    /// <summary>The first row, or the default value when there is none.</summary>
    public async Task<T?> FindAsync<T>(Sql sql, Func<DbDataReader, T> map, params object?[] arguments)
    {
        var command = Rent(sql, arguments);
        try
        {
            await using var reader = await command.ExecuteReaderAsync();
            return await reader.ReadAsync() ? map(reader) : default;
        }
        finally
        {
            Return(command);
        }
    }

    /// <summary>All rows, in the order the statement gives.</summary>
    public async Task<List<T>> ListAsync<T>(Sql sql, Func<DbDataReader, T> map, params object?[] arguments)
    {
        var rows = new List<T>();
        await ForEachAsync(
            sql,
            reader =>
            {
                rows.Add(map(reader));
                return true;
            },
            arguments);
        return rows;
    }

    /// <summary>Each row in turn, for what is too much to hold at once, until the receiver says false.</summary>
    public async Task ForEachAsync(Sql sql, Func<DbDataReader, bool> row, params object?[] arguments)
    {
        var command = Rent(sql, arguments);
        try
        {
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync() && row(reader))
            {
                // the receiver has it
            }
        }
        finally
        {
            Return(command);
        }
    }

    /// <summary>The number in the first column of the first row, or null.</summary>
    public Task<long?> FindNumberAsync(Sql sql, params object?[] arguments) =>
        FindAsync<long?>(sql, reader => reader.IsDBNull(0) ? null : reader.GetInt64(0), arguments);

    protected internal abstract DbCommand Rent(Sql sql, object?[] arguments);

    protected internal abstract void Return(DbCommand command);
}
