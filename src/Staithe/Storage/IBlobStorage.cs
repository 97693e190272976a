namespace Staithe.Storage;

/// <summary>
/// Where the bytes of blobs are: files, or an object store. A storage knows keys, and nothing of digests, repositories or rows. One
/// writer at a time writes to a key; the bytes become a blob where they lie, without a move or a copy, and are never written again.
/// </summary>
/// <remarks>
/// Two facts about an upload are in its row: how many bytes are acknowledged, and the state that the storage returned with them. Whoever
/// has these two can continue the upload: the same process, a later one, or another node. What lies beyond the acknowledged bytes has no
/// meaning. Every implementation passes the tests in <c>BlobStorageContract</c>.
/// </remarks>
internal interface IBlobStorage : IAsyncDisposable
{
    /// <summary>Opens an upload to append behind its acknowledged bytes.</summary>
    /// <param name="upload">Its key, and the state of its last acknowledge; without one, it begins.</param>
    /// <param name="offset">How many bytes are acknowledged.</param>
    /// <param name="expected">How many bytes the client says are to come; null when it does not say.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DiskException">There is no room for more.</exception>
    /// <exception cref="IOException">Acknowledged bytes are gone.</exception>
    ValueTask<BlobWriter> OpenWriterAsync(StoredKey upload, long offset, long? expected, CancellationToken cancel);

    /// <summary>
    /// Opens a blob to read. Waits for no network: a side that would have to notices only at the first read that the bytes are gone.
    /// </summary>
    /// <exception cref="FileNotFoundException">There are no bytes under this key.</exception>
    OpenBlob OpenRead(string key);

    /// <summary>
    /// Deletes blobs and uploads, durably and with everything that belongs to them; deleting what is not there succeeds. The keys under
    /// which nothing is left.
    /// </summary>
    /// <param name="keys">Blobs, and uploads with their state.</param>
    /// <param name="failed">Is told which keys could not be deleted, and why.</param>
    /// <param name="cancel">Gives up between two keys.</param>
    Task<IReadOnlyList<string>> DeleteAsync(
        IReadOnlyCollection<StoredKey> keys,
        Action<string, Exception> failed,
        CancellationToken cancel);

    /// <summary>The durable bytes of a blob or an upload; null when there are none under this key.</summary>
    ValueTask<long?> FindLengthAsync(StoredKey key, CancellationToken cancel);

    /// <summary>Every key under which there is something, whatever its rows say.</summary>
    IAsyncEnumerable<string> ListKeysAsync(CancellationToken cancel);

    /// <summary>Throws when bytes cannot be read now.</summary>
    Task ProbeReadAsync(CancellationToken cancel);

    /// <summary>Throws when bytes cannot be written now.</summary>
    Task ProbeWriteAsync(CancellationToken cancel);

    /// <summary>True when what is in the trash should go before its time. A store without an end is never short.</summary>
    bool IsShortOfRoom();
}

/// <summary>What the rows know of some bytes: their key and, while they are an upload, what the storage asked to remember.</summary>
/// <param name="Key">See <see cref="StorageKey"/>.</param>
/// <param name="State">The state of the last acknowledge, as the storage wrote it; null for a blob, and for a storage that needs
/// none.</param>
internal readonly record struct StoredKey(string Key, byte[]? State = null);
