using Microsoft.Win32.SafeHandles;
using Staithe.Telemetry;

namespace Staithe.Distribution;

/// <summary>Moves the bytes of a file to the client, as fast as it takes them and holding no more than one piece of them.</summary>
internal static class BlobBody
{
    const int PieceBytes = 64 * 1024;

    /// <exception cref="EndOfStreamException">The file is shorter than its row says.</exception>
    public static async Task SendAsync(HttpContext http, SafeFileHandle file, long offset, long length, RequestFacts facts)
    {
        var body = http.Response.BodyWriter;
        var end = offset + length;
        while (offset < end)
        {
            var piece = body.GetMemory(PieceBytes);
            var read = RandomAccess.Read(file, piece.Span[..(int)Math.Min(piece.Length, end - offset)], offset);
            if (read == 0)
                throw new EndOfStreamException("the blob's file is shorter than its row says: run staithe fsck");
            body.Advance(read);
            offset += read;
            facts.BytesSent += read;
            var result = await body.FlushAsync(http.RequestAborted);
            if (result.IsCompleted)
                throw new OperationCanceledException("the client is gone", http.RequestAborted);
        }
    }
}
