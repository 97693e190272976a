using System.Runtime.InteropServices;

namespace Staithe.Bench;

/// <summary>
/// Has files lie in memory as they do after they were read. What was just written lies there in pieces as large as those that were written, which
/// may make a difference to what sending them costs, and would compare how the servers were filled.
/// </summary>
internal static partial class PageCache
{
    const int DoNotNeed = 4; // POSIX_FADV_DONTNEED
    const int PieceBytes = 64 * 1024;

    /// <summary>Every file below a directory that is not tiny.</summary>
    public static void Renew(string directory)
    {
        var piece = new byte[PieceBytes];
        foreach (var file in new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories).Where(file => file.Length >= PieceBytes))
        {
            using var handle = File.OpenHandle(file.FullName, share: FileShare.ReadWrite | FileShare.Delete);
            _ = fsync(handle); // what is not on the disk yet stays
            _ = posix_fadvise(handle, 0, 0, DoNotNeed);
            for (long offset = 0; RandomAccess.Read(handle, piece, offset) is > 0 and var read;)
                offset += read;
        }
    }

    [LibraryImport("libc")]
    private static partial int fsync(SafeHandle file);

    [LibraryImport("libc")]
    private static partial int posix_fadvise(SafeHandle file, long offset, long length, int advice);
}
