using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Staithe.Storage;

namespace Staithe.Files;

/// <summary>
/// The listing of a layer as a file, made once and read in place: to find a name in it takes a binary search in each directory on the way, and no
/// memory, however large the layer is.
/// <code>
/// "staithe1", then the numbers of the head
/// records      a LayerNode each: the root, then the children of each directory behind one another
/// texts        names and links
/// checkpoints  Out, In, Bits, length of the window, and the window
/// "staithe1"   again: the file is whole
/// </code>
/// </summary>
internal sealed class LayerListing : IDisposable
{
    const int HeadBytes = 64;
    static readonly byte[] Magic = "staithe1"u8.ToArray();

    readonly SafeFileHandle file;
    readonly long textsAt;
    readonly long checkpointsAt;
    readonly int checkpoints;

    LayerListing(SafeFileHandle file, LayerFormat format, int count, long textsAt, long checkpointsAt, int checkpoints)
    {
        (this.file, Format, Count, this.textsAt, this.checkpointsAt, this.checkpoints) = (file, format, count, textsAt, checkpointsAt, checkpoints);
        Root = Read(0);
    }

    public LayerFormat Format { get; }

    public int Count { get; }

    public LayerNode Root { get; }

    /// <summary>Opens a listing; null when there is none, or not a whole one.</summary>
    public static LayerListing? TryOpen(string path)
    {
        SafeFileHandle file;
        try
        {
            file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        Span<byte> head = stackalloc byte[HeadBytes];
        Span<byte> tail = stackalloc byte[Magic.Length];
        if (RandomAccess.Read(file, head, 0) == HeadBytes && head.StartsWith(Magic))
        {
            var length = BinaryPrimitives.ReadInt64LittleEndian(head[40..]);
            if (RandomAccess.GetLength(file) == length && RandomAccess.Read(file, tail, length - tail.Length) == tail.Length && tail.SequenceEqual(Magic))
            {
                return new LayerListing(
                    file,
                    (LayerFormat)BinaryPrimitives.ReadInt32LittleEndian(head[8..]),
                    BinaryPrimitives.ReadInt32LittleEndian(head[12..]),
                    BinaryPrimitives.ReadInt64LittleEndian(head[16..]),
                    BinaryPrimitives.ReadInt64LittleEndian(head[24..]),
                    BinaryPrimitives.ReadInt32LittleEndian(head[32..]));
            }
        }
        file.Dispose();
        return null;
    }

    /// <summary>Writes a listing, durably, under a name that it gets when it is whole.</summary>
    public static void Write(string path, LayerFormat format, LayerTree tree, IReadOnlyList<Checkpoint> checkpoints)
    {
        var nodes = tree.InOrder();
        var temporary = path + ".new";
        PrivateFile.CreateDirectory(Path.GetDirectoryName(path)!);
        using (var stream = PrivateFile.Open(temporary, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 256 * 1024))
        {
            var textsAt = HeadBytes + ((long)nodes.Count * LayerNode.RecordBytes);
            Span<byte> record = stackalloc byte[LayerNode.RecordBytes];
            stream.Position = HeadBytes;
            var textAt = 0L;
            foreach (var node in nodes)
            {
                var (name, link) = (Encoding.UTF8.GetByteCount(node.Name), Encoding.UTF8.GetByteCount(node.Link));
                new LayerNode(0, node.Type, node.Flags, node.Mode, node.UserId, node.GroupId, node.Modified, node.Size, node.Offset, node.FirstChild, node.Children?.Count ?? 0, textAt, name, link) { Hash = node.Hash }.Write(record);
                stream.Write(record);
                textAt += name + link;
            }
            foreach (var node in nodes)
            {
                stream.Write(Encoding.UTF8.GetBytes(node.Name));
                stream.Write(Encoding.UTF8.GetBytes(node.Link));
            }
            var checkpointsAt = textsAt + textAt;
            foreach (var checkpoint in checkpoints)
                WriteCheckpoint(stream, checkpoint);
            stream.Write(Magic);
            var length = stream.Position;
            Span<byte> head = stackalloc byte[HeadBytes];
            head.Clear();
            Magic.CopyTo(head);
            BinaryPrimitives.WriteInt32LittleEndian(head[8..], (int)format);
            BinaryPrimitives.WriteInt32LittleEndian(head[12..], nodes.Count);
            BinaryPrimitives.WriteInt64LittleEndian(head[16..], textsAt);
            BinaryPrimitives.WriteInt64LittleEndian(head[24..], checkpointsAt);
            BinaryPrimitives.WriteInt32LittleEndian(head[32..], checkpoints.Count);
            BinaryPrimitives.WriteInt64LittleEndian(head[40..], length);
            stream.Position = 0;
            stream.Write(head);
            stream.Flush();
            NativeFile.SyncData(stream.SafeFileHandle);
        }
        File.Move(temporary, path, overwrite: true);
    }

    public LayerNode Read(int index)
    {
        Span<byte> record = stackalloc byte[LayerNode.RecordBytes];
        Fill(record, HeadBytes + ((long)index * LayerNode.RecordBytes));
        return LayerNode.Read(index, record);
    }

    /// <summary>A child by its name.</summary>
    public LayerNode? FindChild(LayerNode directory, string name)
    {
        var (low, high) = (directory.FirstChild, directory.FirstChild + directory.Children - 1);
        while (low <= high)
        {
            var middle = low + ((high - low) / 2);
            var node = Read(middle);
            switch (string.CompareOrdinal(Name(node), name))
            {
                case 0:
                    return node;
                case < 0:
                    low = middle + 1;
                    break;
                default:
                    high = middle - 1;
                    break;
            }
        }
        return null;
    }

    /// <summary>The children of a directory in the order of their names.</summary>
    public IEnumerable<LayerNode> Children(LayerNode directory)
    {
        for (var i = 0; i < directory.Children; i++)
            yield return Read(directory.FirstChild + i);
    }

    public string Name(LayerNode node) => Text(node.NameAt, node.NameBytes);

    /// <summary>Where a link points, or the other name of a file that has two.</summary>
    public string Link(LayerNode node) => Text(node.NameAt + node.NameBytes, node.LinkBytes);

    /// <summary>The last place to read on from that is not behind <paramref name="offset"/>.</summary>
    public Checkpoint FindCheckpoint(long offset)
    {
        var found = Checkpoint.Start;
        var (place, windowAt, windowBytes) = (checkpointsAt, 0L, 0);
        Span<byte> head = stackalloc byte[24];
        for (var i = 0; i < checkpoints; i++)
        {
            Fill(head, place);
            var at = BinaryPrimitives.ReadInt64LittleEndian(head);
            if (at > offset)
                break;
            var window = BinaryPrimitives.ReadInt32LittleEndian(head[20..]);
            found = new Checkpoint(at, BinaryPrimitives.ReadInt64LittleEndian(head[8..]), BinaryPrimitives.ReadInt32LittleEndian(head[16..]), window < 0 ? null : []);
            (windowAt, windowBytes) = (place + head.Length, window);
            place += head.Length + Math.Max(window, 0);
        }
        if (found.Window is null)
            return found;
        var bytes = new byte[windowBytes];
        Fill(bytes, windowAt);
        return found with { Window = bytes };
    }

    public void Dispose() => file.Dispose();

    static void WriteCheckpoint(FileStream stream, Checkpoint checkpoint)
    {
        Span<byte> head = stackalloc byte[24];
        BinaryPrimitives.WriteInt64LittleEndian(head, checkpoint.Out);
        BinaryPrimitives.WriteInt64LittleEndian(head[8..], checkpoint.In);
        BinaryPrimitives.WriteInt32LittleEndian(head[16..], checkpoint.Bits);
        BinaryPrimitives.WriteInt32LittleEndian(head[20..], checkpoint.Window?.Length ?? -1);
        stream.Write(head);
        stream.Write(checkpoint.Window);
    }

    string Text(long at, int length)
    {
        if (length == 0)
            return "";
        Span<byte> text = length <= 512 ? stackalloc byte[length] : new byte[length];
        Fill(text, textsAt + at);
        return Encoding.UTF8.GetString(text);
    }

    void Fill(Span<byte> target, long offset)
    {
        if (RandomAccess.Read(file, target, offset) != target.Length)
            throw new EndOfStreamException("a listing is shorter than it says");
    }
}
