using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;

namespace Staithe.Storage;

/// <summary>
/// A few threads that do nothing but wait for the disk, so that no request's thread does. Syncs of one directory that wait together are
/// done once.
/// </summary>
internal sealed class SyncThreads : IDisposable
{
    const int Threads = 4;

    readonly BlockingCollection<Action> queue = [];
    readonly ConcurrentDictionary<string, TaskCompletionSource> waitingDirectories = new();
    readonly List<Thread> threads = [];

    public SyncThreads()
    {
        for (var i = 0; i < Threads; i++)
        {
            var thread = new Thread(Run) { IsBackground = true, Name = "disk sync" };
            thread.Start();
            threads.Add(thread);
        }
    }

    /// <summary>Completes when the file's bytes are durable.</summary>
    public Task SyncAsync(SafeFileHandle file)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        queue.Add(() => Settle(done, () => NativeFile.SyncData(file)));
        return done.Task;
    }

    /// <summary>Completes when the names in the directory, as they are now, are durable.</summary>
    public Task SyncDirectoryAsync(string path)
    {
        var ours = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var waiting = waitingDirectories.GetOrAdd(path, ours);
        if (waiting == ours)
        {
            queue.Add(() =>
            {
                waitingDirectories.TryRemove(path, out _); // from here on a newcomer may have come too late for this sync
                Settle(ours, () => NativeFile.SyncDirectory(path));
            });
        }
        return waiting.Task;
    }

    public void Dispose()
    {
        queue.CompleteAdding();
        foreach (var thread in threads)
            thread.Join();
        queue.Dispose();
    }

    void Run()
    {
        foreach (var work in queue.GetConsumingEnumerable())
            work();
    }

    static void Settle(TaskCompletionSource done, Action sync)
    {
        try
        {
            sync();
        }
        catch (Exception e)
        {
            done.SetException(e);
            return;
        }
        done.SetResult();
    }
}
