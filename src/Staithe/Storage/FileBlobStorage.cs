using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace Staithe.Storage;

/// <summary>
/// Blobs as files of one directory. An upload is appended to the file that will be the blob, so its row has nothing to remember but the
/// count of bytes.
/// </summary>
internal sealed class FileBlobStorage : IBlobStorage, IDisposable
{
    const string ProbeName = "probe";

    readonly string root;
    readonly DiskReserve? reserve;
    readonly BlobDisk disk;
    readonly SyncThreads sync;

    /// <param name="root">The directory of the bytes.</param>
    /// <param name="reserve">What is set aside on the disk of the data directory; null for nothing.</param>
    /// <param name="disk">The file system; null for the real one.</param>
    public FileBlobStorage(string root, DiskReserve? reserve = null, BlobDisk? disk = null)
    {
        (this.root, this.reserve, this.disk) = (root, reserve, disk ?? BlobDisk.Real);
        sync = new SyncThreads(this.disk);
    }

    /// <summary>Makes the directory and its 256 parts, if need be.</summary>
    public void Create()
    {
        if (Directory.Exists(Path.Combine(root, "ff")))
            return;
        PrivateFile.CreateDirectory(root);
        for (var i = 0; i < 256; i++)
            PrivateFile.CreateDirectory(Path.Combine(root, i.ToString("x2", CultureInfo.InvariantCulture)));
        disk.SyncDirectory(root);
        disk.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(root))!);
    }

    /// <inheritdoc/>
    public ValueTask<BlobWriter> OpenWriterAsync(StoredKey upload, long offset, long? expected, CancellationToken cancel)
    {
        reserve?.RequireWhole();
        var path = PathOf(upload.Key);
        var file = disk.OpenWrite(path);
        try
        {
            var length = disk.GetLength(file);
            if (length < offset)
                throw new IOException($"{upload.Key} has {length} bytes, {offset} were acknowledged");
            if (length > offset)
                disk.SetLength(file, offset); // written, and never acknowledged
            return new ValueTask<BlobWriter>(new FileBlobWriter(disk, sync, reserve, file, path, offset, expected));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public OpenBlob OpenRead(string key)
    {
        try
        {
            return new FileBlob(disk.OpenRead(PathOf(key)), disk);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FileNotFoundException($"the bytes under {key} are gone: run staithe fsck", e);
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> DeleteAsync(
        IReadOnlyCollection<StoredKey> keys,
        Action<string, Exception> failed,
        CancellationToken cancel)
    {
        var deleted = keys.Select(one => one.Key).Where(key => TryDelete(key, failed)).ToList();
        foreach (var directory in deleted.Select(key => Path.GetDirectoryName(PathOf(key))!).Distinct().Where(Directory.Exists))
            disk.SyncDirectory(directory);
        reserve?.TryRefill();
        return Task.FromResult<IReadOnlyList<string>>(deleted);
    }

    /// <inheritdoc/>
    public ValueTask<long?> FindLengthAsync(StoredKey key, CancellationToken cancel) =>
        new(new FileInfo(PathOf(key.Key)) is { Exists: true } file ? file.Length : null);

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListKeysAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        await Task.CompletedTask;
        if (!Directory.Exists(root))
            yield break;
        foreach (var file in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
        {
            cancel.ThrowIfCancellationRequested();
            if (Path.GetRelativePath(root, file) is not ProbeName and var key)
                yield return key;
        }
    }

    /// <inheritdoc/>
    public Task ProbeReadAsync(CancellationToken cancel) => Directory.EnumerateDirectories(root).Any()
        ? Task.CompletedTask
        : throw new DirectoryNotFoundException($"{root} has nothing in it: is its disk mounted?");

    /// <inheritdoc/>
    public Task ProbeWriteAsync(CancellationToken cancel)
    {
        reserve?.RequireWhole();
        var path = Path.Combine(root, ProbeName);
        using var probe = PrivateFile.Open(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, 1, FileOptions.DeleteOnClose);
        probe.WriteByte(0);
        return Task.CompletedTask;
    }

    /// <summary>True when less is free than what is set aside, or that is in use.</summary>
    public bool IsShortOfRoom() =>
        reserve is not null && (!reserve.TryRefill() || new DriveInfo(Path.GetFullPath(root)).AvailableFreeSpace < reserve.Bytes);

    public void Dispose() => sync.Dispose();

    public ValueTask DisposeAsync()
    {
        Dispose();
        return default;
    }

    bool TryDelete(string key, Action<string, Exception> failed)
    {
        while (true)
        {
            try
            {
                disk.Delete(PathOf(key));
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

/// <summary>A blob that is a file. Reading takes the time of the disk, on the caller's thread.</summary>
internal sealed class FileBlob(SafeFileHandle file, BlobDisk disk) : OpenBlob
{
    /// <inheritdoc/>
    public override SafeFileHandle File => file;

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer, long offset) => disk.Read(file, buffer, offset);

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancel) =>
        new(disk.Read(file, buffer.Span, offset));

    public override void Dispose() => file.Dispose();
}
