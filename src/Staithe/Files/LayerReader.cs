using Staithe.Storage;

namespace Staithe.Files;

/// <summary>Reads parts of layers. It keeps the place in the one it read last: what comes a little behind it is read on to, not looked for anew.</summary>
internal sealed class LayerReader(ImageFiles files, IBlobStorage storage) : IDisposable
{
    readonly byte[] scratch = new byte[128 * 1024];
    int current = -1;
    OpenBlob? blob;
    LayerStream? stream;

    /// <summary>Fills the buffer with a file's bytes from a place in the file.</summary>
    /// <exception cref="EndOfStreamException">The layer is not what its listing says.</exception>
    public void Read(ImageEntry file, long offset, Span<byte> buffer)
    {
        if (buffer.IsEmpty)
            return;
        var target = file.Node.Offset + offset;
        var at = Seek(file.Layer, target);
        try
        {
            at.SkipTo(target, scratch);
            at.ReadExactly(buffer);
        }
        catch (LayerRefusedException e)
        {
            throw new EndOfStreamException($"a layer that was read before cannot be read now: {e.Message}", e);
        }
    }

    /// <summary>A whole file, if it has no more than so many bytes and no holes; else null.</summary>
    public byte[]? ReadAll(ImageEntry file, int maxBytes)
    {
        if (file.Node.Type != EntryType.File || file.Node.Size > maxBytes || file.Node.Flags.HasFlag(NodeFlags.Sparse))
            return null;
        var content = new byte[file.Node.Size];
        Read(file, 0, content);
        return content;
    }

    public void Dispose()
    {
        stream?.Dispose();
        blob?.Dispose();
    }

    LayerStream Seek(int layer, long target)
    {
        var source = files.Layers[layer];
        if (current != layer)
        {
            Dispose();
            (stream, current) = (null, layer);
            blob = storage.OpenRead(source.StorageKey);
        }
        if (source.Listing.Format == LayerFormat.Tar)
        {
            stream?.Dispose();
            return stream = LayerStream.Open(blob!, LayerFormat.Tar, new Checkpoint(target, target, 0, null));
        }
        if (stream is not null && stream.Position <= target && target - stream.Position <= LayerStream.CheckpointBytes)
            return stream;
        var checkpoint = source.Listing.FindCheckpoint(target);
        if (stream is not null && stream.Position <= target && stream.Position >= checkpoint.Out)
            return stream;
        stream?.Dispose();
        return stream = LayerStream.Open(blob!, source.Listing.Format, checkpoint);
    }
}
