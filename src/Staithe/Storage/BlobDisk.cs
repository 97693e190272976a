using Microsoft.Win32.SafeHandles;

namespace Staithe.Storage;

/// <summary>The calls to the file system that <see cref="FileBlobStorage"/> makes. Tests replace them by ones that fail.</summary>
internal class BlobDisk
{
    /// <summary>The file system itself.</summary>
    public static readonly BlobDisk Real = new();

    public virtual SafeFileHandle OpenRead(string path) =>
        File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    public virtual SafeFileHandle OpenWrite(string path) => PrivateFile.OpenHandle(path);

    public virtual long GetLength(SafeFileHandle file) => RandomAccess.GetLength(file);

    public virtual void SetLength(SafeFileHandle file, long length) => RandomAccess.SetLength(file, length);

    public virtual void Reserve(SafeFileHandle file, long offset, long length) => NativeFile.Reserve(file, offset, length);

    public virtual int Read(SafeFileHandle file, Span<byte> buffer, long offset) => RandomAccess.Read(file, buffer, offset);

    public virtual void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(file, bytes, offset);

    public virtual void Write(SafeFileHandle file, IReadOnlyList<ReadOnlyMemory<byte>> bytes, long offset) =>
        RandomAccess.Write(file, bytes, offset);

    public virtual void SyncData(SafeFileHandle file) => NativeFile.SyncData(file);

    public virtual void SyncDirectory(string path) => NativeFile.SyncDirectory(path);

    public virtual void Delete(string path) => File.Delete(path);
}
