using System.Diagnostics;

namespace Staithe.Bench;

/// <summary>
/// A plain program that writes a file, 64 KiB at a time, syncs and removes it. What it costs says in which mood the disk and the machine's
/// memory are: a virtual machine may have to get every page back from its host first.
/// </summary>
internal static class DiskProbe
{
    public static (double CpuPerGigabyte, double WallPerGigabyte) Run(string directory, long bytes)
    {
        var piece = new byte[64 * 1024];
        new Random(3).NextBytes(piece);
        var file = Path.Combine(directory, "probe");
        var cpu = Environment.CpuUsage.TotalTime;
        var started = Stopwatch.GetTimestamp();
        using (var handle = File.OpenHandle(file, FileMode.Create, FileAccess.Write))
        {
            for (long written = 0; written < bytes; written += piece.Length)
                RandomAccess.Write(handle, piece, written);
            RandomAccess.FlushToDisk(handle);
        }
        var result = ((Environment.CpuUsage.TotalTime - cpu).TotalSeconds / bytes * 1e9, Stopwatch.GetElapsedTime(started).TotalSeconds / bytes * 1e9);
        File.Delete(file);
        return result;
    }
}
