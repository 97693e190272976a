using Microsoft.Win32.SafeHandles;
using Staithe.Telemetry;
using Staithe.Transport;

namespace Staithe.Distribution;

/// <summary>
/// Moves the bytes of a file to the client, as fast as it takes them. The one place that chooses the way: where the connection can, the
/// kernel moves them; else they pass through this process, a piece at a time.
/// </summary>
internal static class BlobBody
{
    const int DirectPieceBytes = 16 * 1024 * 1024;
    const int PieceBytes = 64 * 1024;

    /// <exception cref="EndOfStreamException">The file is shorter than its row says.</exception>
    public static async Task SendAsync(HttpContext http, SafeFileHandle file, long offset, long length, RequestFacts facts)
    {
        var direct = http.Features.Get<IFileOutput>();
        if (direct is not null)
            await http.Response.StartAsync(http.RequestAborted);
        var body = http.Response.BodyWriter;
        var end = offset + length;
        while (offset < end)
        {
            int sent;
            if (direct is not null)
            {
                sent = (int)Math.Min(DirectPieceBytes, end - offset);
                direct.QueueFile(file, offset, sent);
                body.GetMemory(1);
            }
            else
            {
                var piece = body.GetMemory(PieceBytes);
                sent = RandomAccess.Read(file, piece.Span[..(int)Math.Min(piece.Length, end - offset)], offset);
                if (sent == 0)
                    throw new EndOfStreamException("the blob's file is shorter than its row says: run staithe fsck");
            }
            body.Advance(sent);
            var result = await body.FlushAsync(http.RequestAborted);
            if (result.IsCompleted)
                throw new OperationCanceledException("the client is gone", http.RequestAborted);
            offset += sent;
            facts.BytesSent += sent;
        }
    }
}
