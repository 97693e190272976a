using Microsoft.Win32.SafeHandles;

namespace Staithe.Transport;

/// <summary>
/// A connection to which the kernel can move a file by itself; a feature of plain HTTP/1.1 connections on Linux. After the response has been
/// started, for each piece: queue it, take memory, advance by its length, flush.
/// </summary>
internal interface IFileOutput
{
    /// <summary>True when the connection has come to its end; to be asked after each flush, because the server above does not tell.</summary>
    bool IsBroken { get; }

    /// <summary>Why, unless the client just went away.</summary>
    Exception? Failure { get; }

    /// <summary>Says that the next bytes advanced are these of the file, which stays open until they are flushed.</summary>
    void QueueFile(SafeFileHandle source, long offset, int count);
}
