using System.Runtime.InteropServices;

namespace Staithe.Telemetry;

/// <summary>
/// Gives memory back to the system that native code, SQLite above all, needed for a moment. glibc keeps it for the next moment, apart for
/// each of up to eight threads per processor, and returns by itself only what lies at an end; so a server would grow with its busiest
/// moment on each of its threads. Other C libraries have no such call and need none.
/// </summary>
internal sealed class FreeMemory : BackgroundService
{
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(15); // a round takes less than a millisecond

    static readonly nint Trim = NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "malloc_trim", out var address) ? address : 0;

    /// <summary>True where there is something to do.</summary>
    public static bool IsKept => Trim != 0;

    /// <summary>Gives back whole pages of which no byte is in use, of every thread.</summary>
    public static unsafe void GiveBack()
    {
        if (IsKept)
            _ = ((delegate* unmanaged<nuint, int>)Trim)(0);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        while (IsKept && await timer.WaitForNextTickAsync(stoppingToken))
            GiveBack();
    }
}
