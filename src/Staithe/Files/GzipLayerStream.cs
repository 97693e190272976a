using System.Runtime.InteropServices;
using Staithe.Storage;

namespace Staithe.Files;

/// <summary>
/// gzip, of one member or many (RFC 1952; estargz begins a member for each file). A place to read on from is the beginning of a member, or the
/// end of a deflate block together with the 32 KiB before it.
/// </summary>
internal sealed unsafe class GzipLayerStream : LayerStream
{
    const int EndOfBlock = 128;
    const int LastBlock = 64;
    const int TrailerBytes = 8; // checksum and length, which a stream without a header does not read by itself

    Libz.State* state;
    bool isRaw;
    bool isEnded;

    public GzipLayerStream(OpenBlob blob, Checkpoint from)
        : base(blob, from)
    {
        isRaw = from.Window is not null;
        state = (Libz.State*)NativeMemory.AllocZeroed((nuint)sizeof(Libz.State));
        Check(Libz.Begin(state, isRaw ? Libz.Raw : Libz.Gzip));
        if (from.Window is null)
            return;
        if (from.Bits > 0)
            Check(Libz.inflatePrime(state, from.Bits, ByteBefore(from.In) >> (8 - from.Bits)));
        if (from.Window.Length == 0)
            return;
        fixed (byte* window = from.Window)
            Check(Libz.inflateSetDictionary(state, window, (uint)from.Window.Length));
    }

    ~GzipLayerStream() => Free();

    protected override int Decode(Span<byte> buffer)
    {
        var written = 0;
        fixed (byte* output = buffer)
        {
            while (written < buffer.Length && !isEnded)
            {
                var pending = Pending();
                if (pending.IsEmpty)
                    throw new LayerRefusedException("its gzip data ends in the middle");
                written += Step(pending, output + written, buffer.Length - written, out var result);
                if (result == Libz.StreamEnd)
                    EndMember(Position + written);
                else
                    NoteBlock(Position + written);
            }
        }
        return written;
    }

    protected override void Dispose(bool disposing)
    {
        Free();
        base.Dispose(disposing);
    }

    int Step(ReadOnlySpan<byte> pending, byte* output, int room, out int result)
    {
        fixed (byte* input = pending)
        {
            state->NextIn = input;
            state->AvailableIn = (uint)pending.Length;
            state->NextOut = output;
            state->AvailableOut = (uint)room;
            result = Libz.inflate(state, Libz.StopBehindBlock);
        }
        if (result is not (Libz.Ok or Libz.StreamEnd or Libz.BufferError))
            throw new LayerRefusedException("its gzip data is damaged");
        Use(pending.Length - (int)state->AvailableIn);
        return room - (int)state->AvailableOut;
    }

    void NoteBlock(long at)
    {
        if ((state->DataType & EndOfBlock) == 0 || (state->DataType & LastBlock) != 0 || !WantsCheckpoint(at))
            return;
        var window = new byte[Libz.WindowBytes];
        var length = (uint)window.Length;
        fixed (byte* target = window)
            Check(Libz.inflateGetDictionary(state, target, &length));
        Note(new Checkpoint(at, Consumed, state->DataType & 7, length == window.Length ? window : window[..(int)length]));
    }

    // Behind a member comes another one, the end, or padding, which nobody minds.
    void EndMember(long at)
    {
        if (isRaw)
        {
            for (var left = TrailerBytes; left > 0 && Pending() is { IsEmpty: false } trailer;)
            {
                var bytes = Math.Min(left, trailer.Length);
                Use(bytes);
                left -= bytes;
            }
        }
        var next = Pending();
        if (next.IsEmpty || next[0] != 0x1f)
        {
            isEnded = true;
            return;
        }
        isRaw = false;
        Check(Libz.inflateReset2(state, Libz.Gzip));
        if (WantsCheckpoint(at))
            Note(new Checkpoint(at, Consumed, 0, null));
    }

    void Free()
    {
        if (state is null)
            return;
        _ = Libz.inflateEnd(state);
        NativeMemory.Free(state);
        state = null;
    }

    static void Check(int result)
    {
        if (result != Libz.Ok)
            throw new InvalidOperationException($"zlib answered {result}");
    }
}
