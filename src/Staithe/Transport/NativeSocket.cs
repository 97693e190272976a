using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Staithe.Transport;

/// <summary>The two calls on sockets that the framework does not offer without a copy or a wait.</summary>
internal static partial class NativeSocket
{
    /// <summary>The kernel's buffer for the connection is full: the client must take something first.</summary>
    public const int Again = 11;

    const int Interrupted = 4;
    const int DoNotWait = 0x40;
    const int NoSignal = 0x4000;
    const int MoreFollows = 0x8000;

    /// <summary>Sends what fits without waiting: bytes sent, or minus an error number.</summary>
    public static unsafe nint Send(SafeHandle socket, ReadOnlySpan<byte> bytes, bool moreFollows)
    {
        fixed (byte* source = bytes)
        {
            while (true)
            {
                var sent = send(socket, source, (nuint)bytes.Length, DoNotWait | NoSignal | (moreFollows ? MoreFollows : 0));
                if (sent >= 0)
                    return sent;
                if (Marshal.GetLastPInvokeError() is var error && error != Interrupted)
                    return -error;
            }
        }
    }

    /// <summary>Has the kernel move bytes from a file to a socket that does not block: bytes moved, 0 at the file's end, or minus an error number.</summary>
    public static nint SendFile(SafeHandle socket, SafeFileHandle file, long offset, long count)
    {
        while (true)
        {
            var position = offset;
            var sent = sendfile(socket, file, ref position, (nuint)count);
            if (sent >= 0)
                return sent;
            if (Marshal.GetLastPInvokeError() is var error && error != Interrupted)
                return -error;
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint send(SafeHandle socket, byte* bytes, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint sendfile(SafeHandle socket, SafeFileHandle file, ref long offset, nuint count);
}
