using System.Diagnostics;

namespace Staithe.Storage;

/// <summary>An open blob that several pulls read at once; it is closed when the last of those who hold it lets go.</summary>
/// <param name="blob">The blob; one with a file.</param>
internal sealed class SharedBlob(OpenBlob blob) : IDisposable
{
    static readonly TimeSpan StaysInMemory = TimeSpan.FromSeconds(10);

    int holders = 1;
    long lastRead;

    public OpenBlob Blob => blob;

    /// <summary>
    /// Whether it was read so lately that its bytes are still in the system's memory, and reading them again will not wait for the disk.
    /// </summary>
    public bool IsWarm => Volatile.Read(ref lastRead) is not 0 and var read && Stopwatch.GetElapsedTime(read) < StaysInMemory;

    /// <summary>It has been read from one end to the other.</summary>
    public void WasRead() => Volatile.Write(ref lastRead, Stopwatch.GetTimestamp());

    /// <summary>Holds the blob open until <see cref="Dispose"/>; false when it has been closed already.</summary>
    public bool TryHold()
    {
        int current;
        do
        {
            current = Volatile.Read(ref holders);
            if (current == 0)
                return false;
        }
        while (Interlocked.CompareExchange(ref holders, current + 1, current) != current);
        return true;
    }

    /// <summary>Lets go; to be called once by the maker and once for each hold.</summary>
    public void Dispose()
    {
        if (Interlocked.Decrement(ref holders) == 0)
            blob.Dispose();
    }
}
