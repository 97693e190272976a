using Microsoft.Win32.SafeHandles;

namespace Staithe.Storage;

/// <summary>
/// How everything below the data directory is made: files for their owner alone (0600), and directories likewise (0700), whatever the process's
/// umask is. What root makes belongs to the owner of the directory that it is made in, so that a command run by root does not shut out the user of
/// the service. What exists keeps its mode and its owner.
/// </summary>
internal static class PrivateFile
{
    /// <summary>What no file of the process gives to anybody else.</summary>
    public const uint Umask = 0b111_111;

    /// <summary>The mode of files.</summary>
    public const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The mode of directories.</summary>
    public const UnixFileMode DirectoryMode = Mode | UnixFileMode.UserExecute;

    /// <summary>Opens a file for reading and writing at offsets; makes it if there is none.</summary>
    public static SafeFileHandle OpenHandle(string path)
    {
        if (!OperatingSystem.IsLinux())
            return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        var isNew = NativeFile.IsRoot && !File.Exists(path);
        var file = NativeFile.OpenOrCreate(path, (int)Mode);
        if (isNew)
            GiveToOwnerOfParent(path);
        return file;
    }

    /// <summary>Opens or makes a file as a stream.</summary>
    public static FileStream Open(
        string path,
        FileMode mode,
        FileAccess access,
        FileShare share,
        int bufferBytes = 4096,
        FileOptions options = FileOptions.None)
    {
        var wanted = new FileStreamOptions { Mode = mode, Access = access, Share = share, BufferSize = bufferBytes, Options = options };
        if (!OperatingSystem.IsWindows() && mode != FileMode.Open)
            wanted.UnixCreateMode = Mode;
        var isNew = NativeFile.IsRoot && !File.Exists(path);
        var file = new FileStream(path, wanted);
        if (isNew)
            GiveToOwnerOfParent(path);
        return file;
    }

    /// <summary>Makes a directory, and those above it that are missing.</summary>
    public static void CreateDirectory(string path)
    {
        if (Directory.Exists(path))
            return;
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } parent)
            CreateDirectory(parent);
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, DirectoryMode);
        if (NativeFile.IsRoot)
            GiveToOwnerOfParent(path);
    }

    static void GiveToOwnerOfParent(string path)
    {
        var parent = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (NativeFile.FindOwner(parent) is { User: not 0 } owner)
            NativeFile.SetOwner(path, owner.User, owner.Group);
    }
}
