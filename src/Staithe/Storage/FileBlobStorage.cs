using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Staithe.Storage;

/// <summary>
/// Bytes as files: appended where they will stay, made durable, read, deleted. It knows nothing of digests or rows; that a key is written by
/// one at a time, and never again once it is a blob, is for those above to keep.
/// </summary>
internal sealed class FileBlobStorage : IDisposable
{
    const string ProbeName = "probe";

    readonly string root;
    readonly DiskReserve? reserve;
    readonly SyncThreads sync = new();

    /// <param name="root">The directory of the bytes.</param>
    /// <param name="reserve">What is set aside on the disk of the data directory; null for nothing.</param>
    public FileBlobStorage(string root, DiskReserve? reserve = null) => (this.root, this.reserve) = (root, reserve);

    /// <summary>Lets bytes come in.</summary>
    /// <exception cref="DiskException">The reserve is in use: what is free is for deletions.</exception>
    public void RequireRoom() => reserve?.RequireWhole();

    /// <summary>True when less is free than what is set aside, or that is in use.</summary>
    public bool IsShortOfRoom() => reserve is not null && (!reserve.TryRefill() || new DriveInfo(Path.GetFullPath(root)).AvailableFreeSpace < reserve.Bytes);

    /// <summary>Sets the reserve aside again where there is room; false while it is in use.</summary>
    public bool TryRefillReserve() => reserve?.TryRefill() != false;

    /// <summary>Makes the directory and its 256 parts, if need be.</summary>
    public void Create()
    {
        if (Directory.Exists(Path.Combine(root, "ff")))
            return;
        PrivateFile.CreateDirectory(root);
        for (var i = 0; i < 256; i++)
            PrivateFile.CreateDirectory(Path.Combine(root, i.ToString("x2", CultureInfo.InvariantCulture)));
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
        var file = PrivateFile.OpenHandle(PathOf(key));
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
        ? Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(root, file)).Where(file => file != ProbeName)
        : [];

    /// <summary>Throws when bytes cannot be read now: for the readiness probe.</summary>
    public void ProbeRead()
    {
        if (!Directory.EnumerateDirectories(root).Any())
            throw new DirectoryNotFoundException($"{root} has nothing in it: is its disk mounted?");
    }

    /// <summary>Throws when bytes cannot be written now: for the readiness probe.</summary>
    public void ProbeWrite()
    {
        RequireRoom();
        var path = Path.Combine(root, ProbeName);
        using var probe = PrivateFile.Open(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, 1, FileOptions.DeleteOnClose);
        probe.WriteByte(0);
    }

    public void Dispose() => sync.Dispose();

    bool TryDelete(string key, Action<string, Exception> failed)
    {
        while (true)
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
            catch (IOException e) when (DiskFault.Find(e) is not null && reserve?.TryRelease(all: true) == true)
            {
                // a file system that copies on write needs blocks even to free some
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                failed(key, e);
                return false;
            }
        }
    }

    string PathOf(string key) => Path.Combine(root, key);
}
