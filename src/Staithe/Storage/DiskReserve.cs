using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Staithe.Storage;

/// <summary>
/// Blocks of the data directory's disk that are set aside in a file, <c>DIR/reserve</c>. Even a deletion has to write before it frees: when the
/// disk is full, the reserve is given up in two halves, and set aside again when there is room. Until then nothing is stored, so that whoever pushes cannot take what a deletion needs.
/// </summary>
internal sealed class DiskReserve
{
    const int ShareOfDisk = 8; // a small disk is not to be reserve for the most part
    const int BlockBytes = 4096;

    readonly string file;
    readonly long whole;
    readonly Lock changing = new();
    long held;

    /// <param name="directory">The data directory.</param>
    /// <param name="bytes">How much to set aside; at most an eighth of the disk is.</param>
    public DiskReserve(string directory, long bytes)
    {
        file = Path.Combine(directory, "reserve");
        whole = Math.Min(bytes, new DriveInfo(Path.GetFullPath(directory)).TotalSize / ShareOfDisk) / (2 * BlockBytes) * (2 * BlockBytes);
        held = Math.Min(whole, new FileInfo(file) is { Exists: true } found ? found.Length : 0);
        TrySetAside(whole);
    }

    /// <summary>How large it is when it is whole.</summary>
    public long Bytes => whole;

    /// <summary>True while all of it is set aside.</summary>
    public bool IsWhole => Volatile.Read(ref held) >= whole;

    /// <summary>True when all of it is set aside, or could be just now.</summary>
    public bool TryRefill() => IsWhole || TrySetAside(whole);

    /// <summary>Lets something begin that adds to what is stored.</summary>
    /// <exception cref="DiskException">The reserve is in use, so the disk is full.</exception>
    public void RequireWhole()
    {
        if (!TryRefill())
            throw new DiskException(DiskFault.Full);
    }

    /// <summary>Gives up the first half, or the next if all of it may go; false when nothing is left to give.</summary>
    public bool TryRelease(bool all)
    {
        lock (changing)
        {
            if (held == 0 || (held <= whole / 2 && !all))
                return false;
            var left = held > whole / 2 ? whole / 2 : 0;
            try
            {
                using var handle = Open();
                RandomAccess.SetLength(handle, left);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false;
            }
            Volatile.Write(ref held, left);
            return true;
        }
    }

    bool TrySetAside(long bytes)
    {
        lock (changing)
        {
            try
            {
                using var handle = Open();
                try
                {
                    if (!NativeFile.TryAllocate(handle, bytes))
                        Fill(handle, bytes);
                    RandomAccess.SetLength(handle, bytes); // it was larger under another setting
                }
                catch (IOException)
                {
                    RandomAccess.SetLength(handle, held); // all or nothing: what is left of the disk may be of use to a deletion
                    return false;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false;
            }
            Volatile.Write(ref held, bytes);
            return true;
        }
    }

    // For a file system that cannot set blocks aside. Zeros might be kept as holes, or compressed away.
    static void Fill(SafeFileHandle handle, long bytes)
    {
        var block = RandomNumberGenerator.GetBytes(16 * BlockBytes);
        for (var at = RandomAccess.GetLength(handle); at < bytes; at += block.Length)
            RandomAccess.Write(handle, block.AsSpan(0, (int)Math.Min(block.Length, bytes - at)), at);
        NativeFile.SyncData(handle);
    }

    SafeFileHandle Open() => PrivateFile.OpenHandle(file);
}
