using Staithe.Access;
using Staithe.Content;
using Staithe.Database;

namespace Staithe.Managing;

/// <summary>How much a registry keeps.</summary>
/// <param name="Spaces">Those that keep the most.</param>
/// <param name="Trash">Keys whose bytes go soon, and of how many it is time.</param>
/// <param name="CacheBytes">What pulls find in memory.</param>
/// <param name="DiskFree">Of the disk on which the data directory is.</param>
/// <param name="At">When that was.</param>
internal sealed record StorageState(
    IReadOnlyList<SpaceStorageRow> Spaces, (long Count, long Bytes) Blobs, (long Count, long Bytes) Uploads, (long Count, long Due) Trash, long CacheBytes, long DiskFree, long DiskSize, DateTimeOffset At);

/// <summary>Counts what is kept, for admins of the registry. Counting reads every link, so an answer serves everybody for a minute.</summary>
internal sealed class StorageReport(Db db, string directory, Func<long> cacheBytes, TimeProvider clock)
{
    const int Spaces = 50;
    static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);

    readonly Lock held = new();
    Task<StorageState>? count;

    public async Task<StorageState> RunAsync(Identity who, CancellationToken cancel)
    {
        Asker.RequireAdmin(who);
        Task<StorageState> task;
        lock (held)
        {
            if (count is null || (count.IsCompleted && !IsFresh(count)))
                count = CountAsync();
            task = count;
        }
        return await task.WaitAsync(cancel);
    }

    bool IsFresh(Task<StorageState> counted) => counted.IsCompletedSuccessfully && clock.GetUtcNow() - counted.Result.At < Fresh;

    async Task<StorageState> CountAsync()
    {
        await Task.Yield(); // nobody holds the lock meanwhile
        var (spaces, blobs, uploads, trash) = await db.ReadAsync(async session => (
            await StorageTable.ListSpacesAsync(session, Spaces),
            await StorageTable.CountBlobsAsync(session),
            await StorageTable.CountUploadsAsync(session),
            await StorageTable.CountTrashAsync(session)));
        var disk = new DriveInfo(Path.GetFullPath(directory));
        return new StorageState(spaces, blobs, uploads, trash, cacheBytes(), disk.AvailableFreeSpace, disk.TotalSize, clock.GetUtcNow());
    }
}
