using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Staithe.Storage;

/// <summary>
/// Bytes as files: appended where they will stay, made durable, read, deleted. It knows nothing of digests or rows; that a key is written by
/// one at a time, and never again once it is a blob, is for those above to keep.
/// </summary>
internal sealed class FileBlobStorage : IDisposable
{
    const int FullError = 28; // ENOSPC, as the framework's IOException carries it in HResult
    const int QuotaError = 122; // EDQUOT

    readonly string root;
    readonly SyncThreads sync = new();

    /// <param name="root">The directory of the bytes.</param>
    public FileBlobStorage(string root) => this.root = root;

    /// <summary>Makes the directory and its 256 parts, if need be.</summary>
    public void Create()
    {
        if (Directory.Exists(Path.Combine(root, "ff")))
            return;
        Directory.CreateDirectory(root);
        for (var i = 0; i < 256; i++)
            Directory.CreateDirectory(Path.Combine(root, i.ToString("x2", CultureInfo.InvariantCulture)));
        NativeFile.SyncDirectory(root);
        NativeFile.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(root))!);
    }

    /// <summary>Opens the bytes for a pull, or null when there are none under that key.</summary>
    public SafeFileHandle? OpenRead(string key)
    {
        try
        {
            return File.OpenHandle(PathOf(key), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Opens a key to append at <paramref name="offset"/>. What lies behind, written but never acknowledged, is dropped.</summary>
    /// <exception cref="IOException">The file is shorter than that: acknowledged bytes are gone.</exception>
    public SafeFileHandle OpenAppend(string key, long offset)
    {
        var file = File.OpenHandle(PathOf(key), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            var length = RandomAccess.GetLength(file);
            if (length < offset)
                throw new IOException($"{key} has {length} bytes, {offset} were acknowledged");
            if (length > offset)
                RandomAccess.SetLength(file, offset);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Completes when all that was written to the file is durable, and its name too when the file is new.</summary>
    public Task SyncAsync(string key, SafeFileHandle file, bool isNew) => sync.SyncAsync(file, isNew ? Path.GetDirectoryName(PathOf(key)) : null);

    /// <summary>Deletes bytes, durably; none is as good. The keys under which nothing is any more.</summary>
    /// <param name="keys">Of which bytes.</param>
    /// <param name="failed">Is told which bytes could not be deleted, and why.</param>
    public IReadOnlyList<string> Delete(IReadOnlyCollection<string> keys, Action<string, Exception> failed)
    {
        var deleted = keys.Where(key => TryDelete(key, failed)).ToList();
        foreach (var directory in deleted.Select(key => Path.GetDirectoryName(PathOf(key))!).Distinct())
            NativeFile.SyncDirectory(directory);
        return deleted;
    }

    /// <summary>The length in bytes of what lies under a key, or null when nothing does.</summary>
    public long? FindLength(string key) => new FileInfo(PathOf(key)) is { Exists: true } file ? file.Length : null;

    /// <summary>Every key that has bytes, for fsck.</summary>
    public IEnumerable<string> ListKeys() => Directory.Exists(root)
        ? Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(root, file))
        : [];

    /// <summary>Throws when bytes cannot be written now: for the readiness probe.</summary>
    public void Probe()
    {
        using var probe = new FileStream(Path.Combine(root, "..", "probe"), FileMode.Create, FileAccess.Write, FileShare.ReadWrite, 1, FileOptions.DeleteOnClose);
        probe.WriteByte(0);
    }

    /// <summary>True when the exception says that the disk is full.</summary>
    public static bool IsFull(Exception exception) => exception is IOException && (exception.HResult & 0xFFFF) is FullError or QuotaError;

    public void Dispose() => sync.Dispose();

    bool TryDelete(string key, Action<string, Exception> failed)
    {
        try
        {
            File.Delete(PathOf(key));
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            failed(key, e);
            return false;
        }
    }

    string PathOf(string key) => Path.Combine(root, key);
}
