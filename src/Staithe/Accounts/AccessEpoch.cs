using Staithe.Database;
using Staithe.Events;

namespace Staithe.Accounts;

/// <summary>
/// Tells whoever remembers an answer about rights whether it still holds. Each change moves <see cref="Stamp"/> before it is acknowledged; one
/// by another process, such as a command at a shell, moves it when the event is heard. While the database cannot be asked, it moves on and on.
/// </summary>
/// <param name="db">Where rights are.</param>
internal sealed class AccessEpoch(Db db) : IEventListener
{
    static readonly ContentEvent Changed = new(EventKind.Rights);

    long stamp = 1;

    /// <summary>What an answer is remembered with: to be asked for before the rows are read.</summary>
    public long Stamp => Volatile.Read(ref stamp);

    /// <summary>Changes rows on which rights depend.</summary>
    public Task<T> ChangeAsync<T>(Func<DbSession, Task<T>> change, CancellationToken cancel = default) => ChangeAsync(SpaceUse.Small, change, cancel);

    /// <summary>The same, and says what the change does to a disk that is full.</summary>
    public Task<T> ChangeAsync<T>(SpaceUse use, Func<DbSession, Task<T>> change, CancellationToken cancel = default) => db.WriteAsync(
        use,
        async session =>
        {
            await MoveAsync(session);
            return await change(session);
        },
        cancel);

    /// <summary>Changes such rows and answers nothing.</summary>
    public Task ChangeAsync(Func<DbSession, Task> change, CancellationToken cancel = default) => ChangeAsync<object?>(
        async session =>
        {
            await change(session);
            return null;
        },
        cancel);

    /// <summary>Does something that changes such rows only sometimes; the work says whether it did.</summary>
    public Task<T> MayChangeAsync<T>(Func<DbSession, Task<(T Result, bool Changed)>> work, CancellationToken cancel = default) => db.WriteAsync(
        SpaceUse.Small,
        async session =>
        {
            var (result, changed) = await work(session);
            if (changed)
                await MoveAsync(session);
            return result;
        },
        cancel);

    /// <summary>Moves it with the transaction, and lets no other change of rights run until that ends.</summary>
    public static async Task MoveAsync(DbSession session)
    {
        if (session.HasNoted(Changed))
            return;
        await session.ExecuteAsync(LockSql);
        await EventTable.AddAsync(session, Changed);
    }

    /// <summary>Reads such rows as they are now.</summary>
    public Task<T> ReadAsync<T>(Func<DbSession, Task<T>> work, CancellationToken cancel = default) => db.ReadAsync(work, cancel);

    public void Hear(ContentEvent one)
    {
        if (one.Kind == EventKind.Rights)
            Interlocked.Increment(ref stamp);
    }

    public void MissSome() => Interlocked.Increment(ref stamp);

    public void MissOneUnderWay() => Interlocked.Increment(ref stamp);

    public void HearNothing() => Interlocked.Increment(ref stamp);

    static readonly Sql LockSql = new("select {lock rights}");
}
