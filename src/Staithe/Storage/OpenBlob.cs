using Microsoft.Win32.SafeHandles;

namespace Staithe.Storage;

/// <summary>A blob that is open for reading. One reader at a time, unless it has a <see cref="File"/>.</summary>
internal abstract class OpenBlob : IDisposable
{
    /// <summary>
    /// The file that the bytes are, for whoever can do more with one, such as have the kernel send it; null for other storages.
    /// </summary>
    public virtual SafeFileHandle? File => null;

    /// <summary>Reads bytes at an offset, on a thread that may wait; 0 only at the end.</summary>
    /// <exception cref="FileNotFoundException">The bytes are gone.</exception>
    public abstract int Read(Span<byte> buffer, long offset);

    /// <summary>The same, for a thread that may not wait for a network; a file is read at once.</summary>
    /// <exception cref="FileNotFoundException">The bytes are gone.</exception>
    public abstract ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancel);

    /// <summary>Where clients may fetch the bytes themselves, for a while; null when they have to come from here.</summary>
    public virtual ValueTask<Uri?> FindUrlAsync(CancellationToken cancel) => default;

    /// <summary>Fills the buffer as far as there are bytes; how many.</summary>
    public int ReadFully(Span<byte> buffer, long offset)
    {
        var filled = 0;
        while (filled < buffer.Length && Read(buffer[filled..], offset + filled) is > 0 and var read)
            filled += read;
        return filled;
    }

    /// <inheritdoc cref="ReadFully"/>
    public async ValueTask<int> ReadFullyAsync(Memory<byte> buffer, long offset, CancellationToken cancel)
    {
        var filled = 0;
        while (filled < buffer.Length && await ReadAsync(buffer[filled..], offset + filled, cancel) is > 0 and var read)
            filled += read;
        return filled;
    }

    public abstract void Dispose();
}
