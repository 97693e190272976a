using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Staithe.Transport;

/// <summary>
/// A thread for each processor, for what keeps one busy but never waits: small files that are in the system's memory, and answers from memory
/// while many connections are busy. Whatever comes is done in the order in which it came. On the pool, which has as many threads as may
/// wait for disks, each answer would have one of its own, and all would end late, because the kernel gives every one its share by the clock.
/// </summary>
internal static class AnswerThreads
{
    static readonly ConcurrentQueue<Action> Work = new();
    static readonly object Idle = new();
    static volatile int idleCount;

    [ThreadStatic]
    static bool isOne;

    static AnswerThreads()
    {
        for (var i = 0; i < Environment.ProcessorCount; i++)
            new Thread(Run) { IsBackground = true, Name = "answers" }.UnsafeStart();
    }

    /// <summary>Whether this thread is one of them.</summary>
    public static bool IsCurrent => isOne;

    /// <summary>What follows the await runs on one of them, behind what came before it.</summary>
    public static Turn EnterAsync() => default;

    static void Run()
    {
        isOne = true;
        while (true)
        {
            if (Work.TryDequeue(out var next))
                next();
            else
                WaitForWork();
        }
    }

    static void WaitForWork()
    {
        lock (Idle)
        {
            idleCount++;
            Interlocked.MemoryBarrier(); // as in Add: either that one sees that somebody waits, or this one that there is work
            while (Work.IsEmpty)
                Monitor.Wait(Idle);
            idleCount--;
        }
    }

    static void Add(Action next)
    {
        Work.Enqueue(next);
        Interlocked.MemoryBarrier();
        if (idleCount == 0)
            return;
        lock (Idle)
            Monitor.Pulse(Idle);
    }

    /// <summary>To be awaited at once.</summary>
    public readonly struct Turn : ICriticalNotifyCompletion
    {
        public bool IsCompleted => isOne && Work.IsEmpty;

        public Turn GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => Add(continuation);

        public void UnsafeOnCompleted(Action continuation) => Add(continuation);
    }
}
