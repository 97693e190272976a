using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace Staithe.Transport;

/// <summary>
/// The sending side of a plain connection, in place of the one that the server brings: what is flushed goes to the socket in the same
/// call, and a piece of a file goes there without passing through this process. To the server above, such a piece is so many bytes that
/// were advanced; it counts them, and knows nothing of the file.
/// </summary>
/// <remarks>
/// When the kernel takes no more, no thread waits: one small piece is handed to the framework's asynchronous send, and when that has gone
/// the direct way goes on. A client that takes nothing for the stall time is cut off.
/// </remarks>
internal sealed class SocketOutput(Socket socket, PipeWriter original, TimeSpan stall, ConnectionSeat? seat) : PipeWriter, IFileOutput
{
    const int SmallestBuffer = 4 * 1024;
    const int WaitingPiece = 16 * 1024;

    byte[] buffer = [];
    int buffered;
    SafeFileHandle? file;
    long fileOffset;
    int filePending;
    bool fileAdvanced;
    bool completed;
    CancellationTokenSource? waiting;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => buffered + (fileAdvanced ? filePending : 0);

    /// <inheritdoc/>
    public bool IsBroken { get; private set; }

    /// <inheritdoc/>
    public Exception? Failure { get; private set; }

    /// <inheritdoc/>
    public void QueueFile(SafeFileHandle source, long offset, int count) => (file, fileOffset, filePending, fileAdvanced) = (source, offset, count, false);

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (buffer.Length - buffered < Math.Max(sizeHint, 1))
            Array.Resize(ref buffer, Math.Max(SmallestBuffer, Math.Max(buffered + sizeHint, buffer.Length * 2)));
        return buffer.AsMemory(buffered);
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        if (file is not null && !fileAdvanced)
            fileAdvanced = true;
        else
            buffered += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (completed)
            return new ValueTask<FlushResult>(new FlushResult(false, isCompleted: true));
        try
        {
            return FlushAtOnce(cancellationToken);
        }
        catch (Exception e) when (e is ObjectDisposedException or IOException)
        {
            return new ValueTask<FlushResult>(Broken(e));
        }
    }

    ValueTask<FlushResult> FlushAtOnce(CancellationToken cancel)
    {
        var sent = 0;
        if (buffered > 0)
        {
            var result = NativeSocket.Send(socket.SafeHandle, buffer.AsSpan(0, buffered), moreFollows: fileAdvanced);
            if (result < 0 && result != -NativeSocket.Again)
                return new ValueTask<FlushResult>(Broken());
            sent = (int)Math.Max(result, 0);
        }
        if (sent == buffered)
        {
            Sent();
            if (!fileAdvanced || TrySendFile() is not { } state)
                return new ValueTask<FlushResult>(default(FlushResult));
            if (state == FileState.Broken)
                return new ValueTask<FlushResult>(Broken());
        }
        return FlushSlowlyAsync(sent, cancel);
    }

    public override void CancelPendingFlush()
    {
        try
        {
            waiting?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // it has just ended by itself
        }
    }

    public override void Complete(Exception? exception = null)
    {
        completed = true;
        original.Complete(exception);
    }

    public override ValueTask CompleteAsync(Exception? exception = null)
    {
        completed = true;
        return original.CompleteAsync(exception);
    }

    enum FileState
    {
        Waiting,
        Broken,
    }

    // Null when the whole piece has gone.
    FileState? TrySendFile()
    {
        while (filePending > 0)
        {
            var moved = NativeSocket.SendFile(socket.SafeHandle, file!, fileOffset, filePending);
            switch (moved)
            {
                case > 0:
                    seat?.Moved();
                    fileOffset += moved;
                    filePending -= (int)moved;
                    break;
                case 0:
                    throw Truncated();
                case -NativeSocket.Again:
                    return FileState.Waiting;
                default:
                    return FileState.Broken;
            }
        }
        (file, fileAdvanced) = (null, false);
        return null;
    }

    async ValueTask<FlushResult> FlushSlowlyAsync(int sent, CancellationToken cancel)
    {
        try
        {
            while (sent < buffered)
                sent += await SendAsync(buffer.AsMemory(sent, buffered - sent), cancel);
            Sent();
            while (fileAdvanced && TrySendFile() is { } state)
            {
                if (state == FileState.Broken)
                    return Broken();
                await SendPieceAsync(cancel);
            }
            return default;
        }
        catch (Exception e)
        {
            // The server above takes an exception from here for a flush that went well. In the middle of an answer nothing else can follow.
            return Broken(e);
        }
    }

    async ValueTask SendPieceAsync(CancellationToken cancel)
    {
        var piece = GetMemory(WaitingPiece)[..Math.Min(filePending, WaitingPiece)];
        var read = RandomAccess.Read(file!, piece.Span, fileOffset);
        if (read == 0)
            throw Truncated();
        var gone = await SendAsync(piece[..read], cancel);
        fileOffset += gone;
        filePending -= gone;
    }

    async ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        wait.CancelAfter(stall);
        waiting = wait;
        try
        {
            var sent = await socket.SendAsync(bytes, SocketFlags.None, wait.Token);
            seat?.Moved();
            return sent;
        }
        finally
        {
            waiting = null;
            await WorkerThread.SwitchAsync(); // what follows may read a file
        }
    }

    // A buffer that once held a large answer is not kept for the life of the connection.
    void Sent()
    {
        buffered = 0;
        if (buffer.Length > 4 * WaitingPiece)
            buffer = [];
    }

    FlushResult Broken(Exception failure)
    {
        Failure = failure;
        socket.Dispose();
        return Broken();
    }

    FlushResult Broken()
    {
        (completed, IsBroken) = (true, true);
        (file, fileAdvanced, buffered) = (null, false, 0);
        return new FlushResult(false, isCompleted: true);
    }

    static EndOfStreamException Truncated() => new("the blob's file is shorter than its row says: run staithe fsck");
}
