using System.Runtime.InteropServices;

namespace Staithe.Files;

/// <summary>Runs long computations on a thread of their own that gets what processor time others leave.</summary>
internal static partial class NiceThread
{
    const int OfThread = 0; // PRIO_PROCESS with number 0: Linux counts each thread by itself
    const int Lowest = 19;

    public static Task<T> RunAsync<T>(Func<T> work) => Task.Factory.StartNew(
        () =>
        {
            if (OperatingSystem.IsLinux())
                _ = setpriority(OfThread, 0, Lowest); // the thread ends with the work, so nobody inherits it
            return work();
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    [LibraryImport("libc")]
    private static partial int setpriority(int which, int who, int priority);
}
