using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Staithe.Storage;

/// <summary>The three calls on files that the framework does not offer: sync the data, sync a directory, set blocks aside.</summary>
internal static partial class NativeFile
{
    const int KeepSize = 1;
    const int ReadOnly = 0;
    const int DirectoryOnly = 0x10000;
    const int CloseOnExec = 0x80000;

    /// <summary>Makes what was written survive the loss of power, and the file's length where it is needed to read that.</summary>
    /// <exception cref="IOException">The disk said no; nothing written since the last sync may be relied on.</exception>
    public static void SyncData(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
            RandomAccess.FlushToDisk(file);
        else if (fdatasync(file) != 0)
            throw Failure("fdatasync");
    }

    /// <summary>Makes the names in a directory survive the loss of power.</summary>
    public static void SyncDirectory(string path)
    {
        if (!OperatingSystem.IsLinux())
            return; // elsewhere a directory cannot be opened for this; the file systems there journal their names
        using var directory = open(path, ReadOnly | DirectoryOnly | CloseOnExec);
        if (directory.IsInvalid || fsync(directory) != 0)
            throw Failure($"fsync of {path}");
    }

    /// <summary>Asks for the blocks of a file whose length is known, so that they lie together; its length stays. A file system that cannot is no fault.</summary>
    public static void Reserve(SafeFileHandle file, long offset, long length)
    {
        if (OperatingSystem.IsLinux() && length > 0)
            _ = fallocate(file, KeepSize, offset, length);
    }

    static IOException Failure(string what)
    {
        var error = new Win32Exception(Marshal.GetLastPInvokeError());
        return new IOException($"{what} failed: {error.Message}", error) { HResult = error.NativeErrorCode }; // as the framework's own
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(SafeFileHandle file);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(SafeFileHandle file);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fallocate(SafeFileHandle file, int mode, long offset, long length);
}
