using Microsoft.Win32.SafeHandles;

namespace Staithe.Storage;

/// <summary>An open file that several pulls read from at once; it is closed when the last of those who hold it lets go.</summary>
internal sealed class SharedFile(SafeFileHandle file) : IDisposable
{
    int holders = 1;

    public SafeFileHandle Handle => file;

    /// <summary>Holds the file open until <see cref="Dispose"/>; false when it has been closed already.</summary>
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
            file.Dispose();
    }
}
