using System.Buffers;
using Staithe.Oci;
using Staithe.Storage;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Storage;

/// <summary>
/// An upload as its row knows it, moved on by the rules that servers follow: first the bytes, then what the row says of them.
/// </summary>
internal sealed class StoredUpload(byte[] content)
{
    public string Key { get; } = StorageKey.For(UploadId.Create());

    /// <summary>The state in the row.</summary>
    public byte[]? State { get; private set; }

    /// <summary>The acknowledged bytes in the row.</summary>
    public long Received { get; private set; }

    /// <summary>Whether the row is one of a blob.</summary>
    public bool IsBlob { get; private set; }

    public StoredKey Bytes => new(Key, State);

    public byte[] Content => content;

    /// <summary>Bytes that are not acknowledged.</summary>
    public int Left => (int)(content.Length - Received);

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask<BlobWriter> OpenAsync(IBlobStorage node, long? expected = null) =>
        node.OpenWriterAsync(Bytes, Received, expected, Cancel);

    /// <summary>
    /// One request that brings the next bytes. When its bytes cannot be written, what came before may be kept, as when a client breaks off.
    /// </summary>
    public async Task AppendAsync(IBlobStorage node, int count, Random random, bool keepsPart = false)
    {
        using var writer = await OpenAsync(node, random.Next(2) == 0 ? count : null);
        try
        {
            await WriteAsync(writer, count, random);
        }
        catch (IOException) when (keepsPart)
        {
            await AcknowledgeAsync(writer);
            throw;
        }
        await AcknowledgeAsync(writer);
    }

    /// <summary>The last request: it brings what is left, and makes a blob.</summary>
    /// <returns>What the storage says of it.</returns>
    public async Task<bool> FinishAsync(IBlobStorage node, Random random, bool commits = true)
    {
        using var writer = await OpenAsync(node, random.Next(2) == 0 ? Left : null);
        await WriteAsync(writer, Left, random);
        var isOurs = await writer.CompleteAsync();
        Assert.Equal(content.Length, writer.Position);
        IsBlob = commits;
        return isOurs;
    }

    /// <summary>All of it in so many requests, each on another node.</summary>
    public async Task RunAsync(StorageSide side, IEnumerable<int> chunks, Random random)
    {
        foreach (var chunk in chunks)
            await AppendAsync(side.Open(), Math.Min(chunk, Left), random);
        await FinishAsync(side.Open(), random);
    }

    /// <summary>What the row counts is there.</summary>
    public async Task ExpectReceivedAsync(IBlobStorage node)
    {
        var length = await node.FindLengthAsync(Bytes, Cancel) ?? 0;
        Assert.True(length >= Received, $"{Received} bytes are acknowledged, {length} are there");
    }

    /// <summary>The blob is what was sent.</summary>
    public async Task ExpectBlobAsync(IBlobStorage node)
    {
        Assert.Equal(content.Length, await node.FindLengthAsync(new StoredKey(Key), Cancel));
        Assert.True((await ReadAsync(node)).AsSpan().SequenceEqual(content), "the blob is not what was sent");
    }

    public async Task<byte[]> ReadAsync(IBlobStorage node)
    {
        using var blob = node.OpenRead(Key);
        var read = new byte[content.Length + 10];
        return read[..await blob.ReadFullyAsync(read, 0, Cancel)];
    }

    async Task AcknowledgeAsync(BlobWriter writer)
    {
        var (state, position) = (await writer.AcknowledgeAsync(), writer.Position);
        (State, Received) = (state, position); // the transaction
    }

    /// <summary>In pieces as they come from a network, some of them in several segments.</summary>
    public async Task WriteAsync(BlobWriter writer, int count, Random random)
    {
        var at = (int)writer.Position;
        for (var end = at + count; at < end;)
        {
            var length = Math.Min(end - at, random.Next(random.Pick(1, 100, 70_000, 3_000_000)) + 1);
            await writer.WriteAsync(Segments(content.AsMemory(at, length), random));
            at += length;
            Assert.Equal(at, writer.Position);
        }
    }

    static ReadOnlySequence<byte> Segments(ReadOnlyMemory<byte> bytes, Random random)
    {
        if (bytes.Length < 2 || random.Next(2) == 0)
            return new ReadOnlySequence<byte>(bytes);
        var middle = random.Next(1, bytes.Length);
        var first = new Segment(bytes[..middle], 0);
        var last = first.Append(bytes[middle..]);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> bytes, long index) => (Memory, RunningIndex) = (bytes, index);

        public Segment Append(ReadOnlyMemory<byte> bytes)
        {
            var next = new Segment(bytes, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
