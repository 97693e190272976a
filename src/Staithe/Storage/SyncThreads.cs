using Microsoft.Win32.SafeHandles;

namespace Staithe.Storage;

/// <summary>A few threads that do nothing but wait for the disk, so that no request's thread does.</summary>
internal sealed class SyncThreads : IDisposable
{
    const int Threads = 4;

    readonly Queue<Job> waiting = new();
    readonly List<Thread> threads = [];
    readonly BlobDisk disk;
    bool ending;

    public SyncThreads(BlobDisk disk)
    {
        this.disk = disk;
        for (var i = 0; i < Threads; i++)
        {
            var thread = new Thread(Run) { IsBackground = true, Name = "disk sync" };
            thread.Start();
            threads.Add(thread);
        }
    }

    /// <summary>Completes when the file's bytes are durable, and, where a directory is given, the names in it too.</summary>
    public Task SyncAsync(SafeFileHandle file, string? directory)
    {
        var job = new Job(file, directory);
        lock (waiting)
        {
            waiting.Enqueue(job);
            Monitor.Pulse(waiting); // a plain wait, without the spinning of the framework's queues: the disk takes longer than any spin
        }
        return job.Done.Task;
    }

    public void Dispose()
    {
        lock (waiting)
        {
            ending = true;
            Monitor.PulseAll(waiting);
        }
        foreach (var thread in threads)
            thread.Join();
    }

    void Run()
    {
        while (Take() is { } job)
        {
            try
            {
                disk.SyncData(job.File);
                if (job.Directory is not null)
                    disk.SyncDirectory(job.Directory);
            }
            catch (Exception e)
            {
                job.Done.SetException(e);
                continue;
            }
            job.Done.SetResult();
        }
    }

    Job? Take()
    {
        lock (waiting)
        {
            Job? job;
            while (!waiting.TryDequeue(out job) && !ending)
                Monitor.Wait(waiting);
            return job;
        }
    }

    sealed record Job(SafeFileHandle File, string? Directory)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
