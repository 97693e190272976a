using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Staithe.Storage;

/// <summary>Appends to a file, and sets aside blocks in front of it so that they lie together.</summary>
internal sealed class FileBlobWriter(
    BlobDisk disk,
    SyncThreads sync,
    DiskReserve? reserve,
    SafeFileHandle file,
    string path,
    long offset,
    long? expected) : BlobWriter(offset)
{
    const long MaxAhead = 64 * 1024 * 1024;
    const long MinAhead = 1024 * 1024; // below, setting blocks aside costs more than it is worth

    readonly long began = offset;
    readonly long end = expected is null ? long.MaxValue : offset + expected.Value;
    long synced = offset;
    long reserved; // blocks are set aside up to here
    long nextLook = offset + MinAhead; // where to look for room again
    bool hasExcess; // there is something behind the position
    bool isNew = offset == 0; // an empty blob has a file too, whose name has to be made durable

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlySequence<byte> bytes)
    {
        if (bytes.IsEmpty)
            return default;
        var looks = Position + bytes.Length >= nextLook;
        if (looks)
            reserve?.RequireWhole();
        try
        {
            Write(bytes);
        }
        catch (ArgumentOutOfRangeException e)
        {
            hasExcess = true;
            throw DiskFault.TooLargeFor(e);
        }
        catch (IOException)
        {
            hasExcess = true;
            throw;
        }
        Position += bytes.Length;
        if (looks)
            LookAhead();
        return default;
    }

    /// <inheritdoc/>
    public override async ValueTask<byte[]?> AcknowledgeAsync()
    {
        if (hasExcess || reserved > Position)
            disk.SetLength(file, Position);
        (hasExcess, reserved) = (false, 0);
        if (Position > synced || isNew)
            await sync.SyncAsync(file, isNew ? Path.GetDirectoryName(path) : null);
        (synced, isNew) = (Position, false);
        return null;
    }

    /// <inheritdoc/>
    public override async ValueTask<bool> CompleteAsync()
    {
        await AcknowledgeAsync();
        return true;
    }

    /// <inheritdoc/>
    public override void Forget()
    {
        disk.SetLength(file, began);
        (Position, synced, hasExcess, reserved) = (began, began, false, 0);
    }

    public override void Dispose() => file.Dispose();

    void Write(ReadOnlySequence<byte> bytes)
    {
        if (bytes.IsSingleSegment)
        {
            disk.Write(file, bytes.FirstSpan, Position);
            return;
        }
        var segments = new List<ReadOnlyMemory<byte>>();
        foreach (var segment in bytes)
            segments.Add(segment);
        disk.Write(file, segments, Position);
    }

    // As much again as has come, so that the blocks lie together: what a client only says is to come costs nothing.
    void LookAhead()
    {
        var ahead = Math.Min(Math.Min(end - Position, Position - began), MaxAhead);
        nextLook = Position + ahead + MinAhead;
        if (expected is null)
            return;
        disk.Reserve(file, Position, ahead);
        reserved = Position + ahead;
    }
}
