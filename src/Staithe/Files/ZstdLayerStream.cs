using Staithe.Storage;

namespace Staithe.Files;

/// <summary>
/// zstd, of one frame or many (RFC 8878; zstd:chunked begins a frame for each file). A place to read on from is the beginning of a frame. A layer
/// that is one frame is read from its beginning, which at the speed of zstd is a second for a gigabyte.
/// </summary>
internal sealed unsafe class ZstdLayerStream : LayerStream
{
    const int MaxWindowLog = 27; // 128 MiB, the most that the command line takes too unless told otherwise

    nint context;
    bool isBetweenFrames = true;

    public ZstdLayerStream(OpenBlob blob, Checkpoint from)
        : base(blob, from)
    {
        context = Libzstd.ZSTD_createDCtx();
        _ = Libzstd.ZSTD_DCtx_setParameter(context, Libzstd.WindowLogMax, MaxWindowLog);
    }

    ~ZstdLayerStream() => Free();

    protected override int Decode(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            var output = new Libzstd.Buffer { Start = start, Size = (nuint)buffer.Length };
            while (output.Position == 0)
            {
                var pending = Pending();
                if (pending.IsEmpty && isBetweenFrames)
                    return 0;
                fixed (byte* first = pending)
                {
                    var input = new Libzstd.Buffer { Start = first, Size = (nuint)pending.Length };
                    var result = Libzstd.ZSTD_decompressStream(context, &output, &input);
                    if (Libzstd.ZSTD_isError(result) != 0)
                        throw new LayerRefusedException("its zstd data is damaged, or needs more than 128 MiB of memory to be read");
                    Use((int)input.Position);
                    isBetweenFrames = result == 0;
                }
                if (pending.IsEmpty && output.Position == 0 && !isBetweenFrames)
                    throw new LayerRefusedException("its zstd data ends in the middle"); // nor was anything left from before
                if (isBetweenFrames && WantsCheckpoint(Position + (long)output.Position))
                    Note(new Checkpoint(Position + (long)output.Position, Consumed, 0, null));
            }
            return (int)output.Position;
        }
    }

    protected override void Dispose(bool disposing)
    {
        Free();
        base.Dispose(disposing);
    }

    void Free()
    {
        if (context != 0)
            _ = Libzstd.ZSTD_freeDCtx(context);
        context = 0;
    }
}
