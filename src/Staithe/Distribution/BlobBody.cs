using System.IO.Pipelines;
using Microsoft.Win32.SafeHandles;
using Staithe.Oci;
using Staithe.Storage;
using Staithe.Telemetry;
using Staithe.Transport;

namespace Staithe.Distribution;

/// <summary>
/// Moves the bytes of a blob to the client, as fast as it takes them. The one place that chooses the way: where the blob is a file and the
/// connection can, the kernel moves them; else they pass through this process, a piece at a time. Either way a client that takes nothing is
/// cut off.
/// </summary>
/// <param name="stall">After how long without progress.</param>
internal sealed class BlobBody(TimeSpan stall)
{
    /// <summary>What is moved at once; between two pieces an abort is seen.</summary>
    public const int DirectPieceBytes = 2 * 1024 * 1024;

    /// <summary>What goes out so fast that it may go out on a thread for which other connections wait, and needs no turn among the others.</summary>
    public const int FreeBytes = 128 * 1024;

    const int PieceBytes = 64 * 1024;

    // Of the threads that may wait for the disk a few move pieces at a time, in the order in which they came: many would all end late, because the
    // kernel gives each its share of the processors by the clock. Whoever has waited as long as a slow disk may take stops waiting for it.
    static readonly SemaphoreSlim Turns = new(2 * Environment.ProcessorCount);
    static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(20);

    /// <exception cref="EndOfStreamException">The blob is shorter than its row says.</exception>
    public Task SendAsync(HttpContext http, OpenBlob blob, ByteRange range, RequestFacts facts) =>
        blob.File is { } file && http.Features.Get<IFileOutput>() is { } direct
            ? SendDirectlyAsync(http, direct, file, range, facts)
            : SendThroughAsync(http, blob, range, facts);

    static async Task SendDirectlyAsync(HttpContext http, IFileOutput direct, SafeFileHandle file, ByteRange range, RequestFacts facts)
    {
        WorkerThread.Charge(range.Length);
        await http.Response.StartAsync(http.RequestAborted);
        var body = http.Response.BodyWriter;
        for (var sent = 0L; sent < range.Length;)
        {
            var piece = (int)Math.Min(DirectPieceBytes, range.Length - sent);
            direct.QueueFile(file, range.Offset + sent, piece);
            body.GetMemory(1);
            body.Advance(piece);
            var isFree = piece <= FreeBytes || AnswerThreads.IsCurrent;
            var result = await (isFree ? body.FlushAsync(http.RequestAborted) : await FlushInTurnAsync(body, http.RequestAborted));
            if (direct.Failure is IOException)
                throw new IOException("the blob's file cannot be read", direct.Failure);
            if (result.IsCompleted || direct.IsBroken)
                throw Gone(http);
            sent += piece;
            facts.BytesSent += piece;
        }
    }

    // The turn ends when the kernel takes no more for now, not when the client has it all.
    static async Task<ValueTask<FlushResult>> FlushInTurnAsync(PipeWriter body, CancellationToken cancel)
    {
        var isMine = await Turns.WaitAsync(Patience, cancel);
        try
        {
            return body.FlushAsync(cancel);
        }
        finally
        {
            if (isMine)
                Turns.Release();
        }
    }

    async Task SendThroughAsync(HttpContext http, OpenBlob blob, ByteRange range, RequestFacts facts)
    {
        using var stalled = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        var (body, seat) = (http.Response.BodyWriter, ConnectionSeat.Of(http));
        for (var sent = 0L; sent < range.Length;)
        {
            var memory = body.GetMemory(PieceBytes);
            stalled.CancelAfter(stall);
            memory = memory[..(int)Math.Min(memory.Length, range.Length - sent)];
            var read = await blob.ReadAsync(memory, range.Offset + sent, stalled.Token);
            if (read == 0)
                throw new EndOfStreamException("the blob is shorter than its row says: run staithe fsck");
            body.Advance(read);
            var result = await body.FlushAsync(stalled.Token);
            await WorkerThread.SwitchAsync();
            if (result.IsCompleted)
                throw Gone(http);
            seat?.Moved();
            sent += read;
            facts.BytesSent += read;
        }
    }

    static OperationCanceledException Gone(HttpContext http) => new("the client is gone", http.RequestAborted);
}
