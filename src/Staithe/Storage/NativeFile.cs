using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Staithe.Storage;

/// <summary>The calls on files that the framework does not offer: sync the data, sync a directory, set blocks aside, give a new file its mode.</summary>
internal static partial class NativeFile
{
    const int KeepSize = 1;
    const int ReadOnly = 0;
    const int ReadWrite = 2;
    const int CreateFile = 0x40;
    const int DirectoryOnly = 0x10000;
    const int CloseOnExec = 0x80000;
    const int CurrentDirectory = -100; // AT_FDCWD
    const uint StatxOwner = 0x18; // STATX_UID | STATX_GID
    const int StatxBytes = 256;
    const int StatxUser = 20;
    const int StatxGroup = 24;
    const int NotSupported = 95; // EOPNOTSUPP
    const int NotImplemented = 38; // ENOSYS

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

    /// <summary>Makes a file so long and takes the blocks for it; false where the file system cannot do that.</summary>
    /// <exception cref="IOException">There are not so many.</exception>
    public static bool TryAllocate(SafeFileHandle file, long length)
    {
        if (!OperatingSystem.IsLinux())
            return false;
        if (length == 0 || fallocate(file, 0, 0, length) == 0)
            return true;
        return Marshal.GetLastPInvokeError() is NotSupported or NotImplemented ? false : throw Failure("fallocate");
    }

    /// <summary>Opens a file for reading and writing; one that is made gets the mode, less what the umask takes.</summary>
    public static SafeFileHandle OpenOrCreate(string path, int mode)
    {
        var file = open(path, ReadWrite | CreateFile | CloseOnExec, mode);
        return file.IsInvalid ? throw Failure($"open of {path}") : file;
    }

    /// <summary>Sets which rights new files of this process never get.</summary>
    public static void SetUmask(uint mask)
    {
        if (!OperatingSystem.IsWindows())
            _ = umask(mask);
    }

    /// <summary>True when the process may give files to others.</summary>
    public static bool IsRoot { get; } = OperatingSystem.IsLinux() && geteuid() == 0;

    /// <summary>The user and the group that a file or directory belongs to; null where nobody can say.</summary>
    public static (uint User, uint Group)? FindOwner(string path)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        Span<byte> found = stackalloc byte[StatxBytes];
        return statx(CurrentDirectory, path, 0, StatxOwner, found) == 0
            ? (BitConverter.ToUInt32(found[StatxUser..]), BitConverter.ToUInt32(found[StatxGroup..]))
            : null;
    }

    /// <summary>Gives a file or directory to somebody.</summary>
    public static void SetOwner(string path, uint user, uint group)
    {
        if (lchown(path, user, group) != 0)
            throw Failure($"chown of {path}");
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
    private static partial SafeFileHandle open(string path, int flags, int mode = 0);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fallocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc")]
    private static partial uint umask(uint mask);

    [LibraryImport("libc")]
    private static partial uint geteuid();

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int lchown(string path, uint user, uint group);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int directory, string path, int flags, uint mask, Span<byte> found);
}
