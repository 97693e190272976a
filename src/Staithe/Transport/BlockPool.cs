using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace Staithe.Transport;

/// <summary>
/// The memory that connections receive into: blocks of 64 KiB rather than the server's 4, so that a pushed blob comes in with one sixteenth
/// of the calls, and is hashed and written in pieces that are worth a call. Blocks are kept for the next connection up to a bound.
/// </summary>
internal sealed class BlockPool : MemoryPool<byte>, IMemoryPoolFactory<byte>
{
    const int BlockBytes = 64 * 1024;
    const int MaxKept = 256;

    readonly ConcurrentQueue<Block> kept = new();
    int count;

    public override int MaxBufferSize => BlockBytes;

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => this;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        if (!kept.TryDequeue(out var block))
            return new Block(this);
        Interlocked.Decrement(ref count);
        return block;
    }

    protected override void Dispose(bool disposing)
    {
        // the blocks are ordinary memory
    }

    void Return(Block block)
    {
        if (Interlocked.Increment(ref count) <= MaxKept)
            kept.Enqueue(block);
        else
            Interlocked.Decrement(ref count);
    }

    sealed class Block(BlockPool pool) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory { get; } = GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true);

        public void Dispose() => pool.Return(this);
    }
}
