using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using Staithe.Storage;

namespace Staithe.Files;

/// <summary>
/// The archive inside of a layer's blob, read forwards from the beginning or a checkpoint. On the way it notes new checkpoints, one at the
/// first opportunity after each <see cref="CheckpointBytes"/>.
/// </summary>
internal abstract class LayerStream : Stream
{
    /// <summary>So much is decompressed at most, besides what is wanted, to reach a place: about 20 ms of work. A window of 32 KiB for it is under one per cent.</summary>
    public const long CheckpointBytes = 4 * 1024 * 1024;

    const int InputBytes = 128 * 1024;
    const int MaxCheckpoints = 1024; // beyond, every second one goes, so that a layer of any size has a listing of some megabytes

    readonly OpenBlob blob;
    readonly byte[] input = GC.AllocateUninitializedArray<byte>(InputBytes, pinned: true);
    long position;
    long fetched;
    long spacing = CheckpointBytes;
    int begin;
    int end;

    protected LayerStream(OpenBlob blob, Checkpoint from) => (this.blob, position, fetched) = (blob, from.Out, from.In);

    /// <summary>Takes in every byte of the archive, when it is set before the first one is read.</summary>
    public IncrementalHash? Hash { get; set; }

    /// <summary>The places to read on from that were passed.</summary>
    public List<Checkpoint> Checkpoints { get; private set; } = [];

    /// <summary>The compressed bytes that were used up, those before the beginning included.</summary>
    public long Consumed => fetched - (end - begin);

    public override long Position { get => position; set => throw new NotSupportedException(); }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    /// <summary>What the first bytes of a blob say that it is.</summary>
    public static LayerFormat Detect(OpenBlob blob)
    {
        Span<byte> first = stackalloc byte[4];
        if (blob.ReadFully(first, 0) < 4)
            return LayerFormat.Tar;
        var magic = BinaryPrimitives.ReadUInt32LittleEndian(first);
        return first[0] == 0x1f && first[1] == 0x8b ? LayerFormat.Gzip
            : magic == 0xFD2FB528 || (magic & 0xFFFFFFF0) == 0x184D2A50 ? LayerFormat.Zstd
            : LayerFormat.Tar;
    }

    /// <summary>What a blob is that is none of these, as far as its first bytes tell; null when they do not.</summary>
    public static string? DetectOther(OpenBlob blob)
    {
        Span<byte> first = stackalloc byte[6];
        first = first[..blob.ReadFully(first, 0)];
        return first.StartsWith((ReadOnlySpan<byte>)[0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0]) ? "it is compressed with xz, which is not read here"
            : first.StartsWith("BZh"u8) ? "it is compressed with bzip2, which is not read here"
            : first.StartsWith((ReadOnlySpan<byte>)[0x04, 0x22, 0x4D, 0x18]) ? "it is compressed with lz4, which is not read here"
            : first.StartsWith("PK\x03\x04"u8) ? "it is a zip archive, which is not read here"
            : first.StartsWith("hsqs"u8) ? "it is a squashfs file system, which is not read here"
            : null;
    }

    /// <param name="blob">The blob; stays open afterwards.</param>
    /// <param name="format">How it is compressed.</param>
    /// <param name="from">Where to begin.</param>
    /// <exception cref="LayerRefusedException">A library is missing.</exception>
    public static LayerStream Open(OpenBlob blob, LayerFormat format, Checkpoint from) => format switch
    {
        LayerFormat.Gzip when Libz.IsPresent => new GzipLayerStream(blob, from),
        LayerFormat.Gzip => new PlainGzipLayerStream(blob),
        LayerFormat.Zstd when Libzstd.IsPresent => new ZstdLayerStream(blob, from),
        LayerFormat.Zstd => throw new LayerRefusedException("it is compressed with zstd, and this server lacks the library libzstd.so.1"),
        _ => new PlainLayerStream(blob, from),
    };

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty)
            return 0;
        var read = Decode(buffer);
        position += read;
        Hash?.AppendData(buffer[..read]);
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <summary>Reads on to a place.</summary>
    /// <exception cref="EndOfStreamException">The archive ends before it.</exception>
    public void SkipTo(long target, Span<byte> scratch)
    {
        while (position < target)
        {
            if (Read(scratch[..(int)Math.Min(scratch.Length, target - position)]) == 0)
                throw new EndOfStreamException("the layer ends before the place that its listing names");
        }
    }

    public override void Flush()
    {
        // nothing is written
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>The next bytes of the archive; 0 at its end.</summary>
    protected abstract int Decode(Span<byte> buffer);

    /// <summary>The compressed bytes that are at hand, more of them read if there are none; empty at the end of the blob.</summary>
    protected ReadOnlySpan<byte> Pending()
    {
        if (begin == end)
        {
            begin = 0;
            end = blob.Read(input, fetched);
            fetched += end;
        }
        return input.AsSpan(begin, end - begin);
    }

    protected void Use(int bytes) => begin += bytes;

    protected int ReadRaw(Span<byte> buffer)
    {
        var read = blob.Read(buffer, fetched);
        fetched += read;
        return read;
    }

    protected bool WantsCheckpoint(long at) => at - (Checkpoints.Count == 0 ? 0 : Checkpoints[^1].Out) >= spacing;

    protected void Note(Checkpoint checkpoint)
    {
        Checkpoints.Add(checkpoint);
        if (Checkpoints.Count < MaxCheckpoints)
            return;
        Checkpoints = [.. Checkpoints.Where((_, index) => index % 2 == 1)];
        spacing *= 2;
    }

    /// <summary>The byte before a place in the blob.</summary>
    protected byte ByteBefore(long place)
    {
        Span<byte> one = stackalloc byte[1];
        return blob.ReadFully(one, place - 1) == 1
            ? one[0]
            : throw new EndOfStreamException("the layer's bytes are fewer than its listing says");
    }
}

/// <summary>A layer that is not compressed: every place can be read from.</summary>
internal sealed class PlainLayerStream(OpenBlob blob, Checkpoint from) : LayerStream(blob, new Checkpoint(from.Out, from.Out, 0, null))
{
    protected override int Decode(Span<byte> buffer) => ReadRaw(buffer);
}

/// <summary>gzip without zlib at hand: only from the beginning.</summary>
internal sealed class PlainGzipLayerStream : LayerStream
{
    readonly GZipStream inner;

    public PlainGzipLayerStream(OpenBlob blob)
        : base(blob, Checkpoint.Start) => inner = new GZipStream(new PlainLayerStream(blob, Checkpoint.Start), CompressionMode.Decompress);

    protected override int Decode(Span<byte> buffer)
    {
        try
        {
            return inner.Read(buffer);
        }
        catch (InvalidDataException)
        {
            throw new LayerRefusedException("its gzip data is damaged");
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
