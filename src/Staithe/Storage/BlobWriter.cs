using System.Buffers;

namespace Staithe.Storage;

/// <summary>
/// Appends to one upload. Only acknowledged bytes count: whoever disposes of a writer, or loses it with the process, is back at the last
/// acknowledge.
/// </summary>
/// <param name="offset">How many bytes are acknowledged.</param>
internal abstract class BlobWriter(long offset) : IDisposable
{
    /// <summary>The bytes of the upload so far, acknowledged or not.</summary>
    public long Position { get; protected set; } = offset;

    /// <summary>
    /// Appends bytes. After a failure the position is where it was before the call, and what came before can still be acknowledged.
    /// </summary>
    /// <exception cref="DiskException">There is no room for them.</exception>
    public abstract ValueTask WriteAsync(ReadOnlySequence<byte> bytes);

    /// <summary>
    /// Makes everything up to the position durable. The state that the row has to remember with the position, null for none.
    /// </summary>
    public abstract ValueTask<byte[]?> AcknowledgeAsync();

    /// <summary>
    /// Makes everything durable and readable as a blob. False when a blob was there already, of an earlier attempt whose end was not
    /// recorded: then only reading it tells what it holds.
    /// </summary>
    public abstract ValueTask<bool> CompleteAsync();

    /// <summary>Goes back to where the writer was opened, because the row does not count what came since, and gives back the room for it.</summary>
    public abstract void Forget();

    public abstract void Dispose();
}
