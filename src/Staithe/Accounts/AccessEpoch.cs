using Staithe.Database;
using Staithe.Jobs;

namespace Staithe.Accounts;

/// <summary>
/// Tells whoever remembers an answer about rights whether it still holds. Each change moves <see cref="Stamp"/> before it is acknowledged;
/// a change by another process, such as a command at a shell, is seen within <see cref="Patience"/>.
/// </summary>
/// <param name="db">Where changes are counted.</param>
/// <param name="runner">Records why it cannot look; null for a command, which does not look.</param>
internal sealed class AccessEpoch(Db db, UnitRunner? runner = null) : BackgroundService
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    long stamp = 1;
    long stored;

    /// <summary>What an answer is remembered with: to be asked for before the rows are read.</summary>
    public long Stamp => Volatile.Read(ref stamp);

    /// <summary>Changes rows on which rights depend.</summary>
    public Task<T> ChangeAsync<T>(Func<DbSession, Task<T>> change, CancellationToken cancel = default) => ChangeAsync(SpaceUse.Small, change, cancel);

    /// <summary>The same, and says what the change does to a disk that is full.</summary>
    public async Task<T> ChangeAsync<T>(SpaceUse use, Func<DbSession, Task<T>> change, CancellationToken cancel = default)
    {
        try
        {
            return await db.WriteAsync(
                use,
                async session =>
                {
                    await MoveAsync(session);
                    return await change(session);
                },
                cancel);
        }
        finally
        {
            Interlocked.Increment(ref stamp); // also when nobody knows whether it was committed
        }
    }

    /// <summary>Changes such rows and answers nothing.</summary>
    public Task ChangeAsync(Func<DbSession, Task> change, CancellationToken cancel = default) => ChangeAsync<object?>(
        async session =>
        {
            await change(session);
            return null;
        },
        cancel);

    /// <summary>Does something that changes such rows only sometimes; the work says whether it did.</summary>
    public async Task<T> MayChangeAsync<T>(Func<DbSession, Task<(T Result, bool Changed)>> work, CancellationToken cancel = default)
    {
        var changed = true;
        try
        {
            (var result, changed) = await db.WriteAsync(
                SpaceUse.Small,
                async session =>
                {
                    var done = await work(session);
                    if (done.Changed)
                        await session.ExecuteAsync(MoveSql);
                    return done;
                },
                cancel);
            return result;
        }
        finally
        {
            if (changed)
                Interlocked.Increment(ref stamp);
        }
    }

    /// <summary>Moves it in a transaction that is not one of <see cref="ChangeAsync"/>: everybody notices within <see cref="Patience"/>.</summary>
    public static Task MoveAsync(DbSession session) => session.ExecuteAsync(MoveSql);

    /// <summary>Reads such rows as they are now.</summary>
    public Task<T> ReadAsync<T>(Func<DbSession, Task<T>> work, CancellationToken cancel = default) => db.ReadAsync(work, cancel);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Patience);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var now = await db.ReadAsync(session => session.FindNumberAsync(ReadSql), stoppingToken) ?? 0;
                if (now != stored)
                    Interlocked.Increment(ref stamp);
                stored = now;
            }
            catch (Exception e) when (!(e is OperationCanceledException && stoppingToken.IsCancellationRequested))
            {
                Interlocked.Increment(ref stamp); // while nobody can tell, nothing is remembered
                if (runner is not null && !db.IsAway(e))
                    await runner.TryFailAsync(WorkKind.Rights, e, stoppingToken);
            }
        }
    }

    static readonly Sql MoveSql = new("update access_epoch set epoch = epoch + 1");
    static readonly Sql ReadSql = new("select epoch from access_epoch");
}
