using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Storage;

namespace Staithe.Content;

/// <summary>
/// end-4 to end-6, end-13, end-14: takes a blob in, in one piece or many. The bytes go to the place where they will stay and are hashed
/// as they come. What an answer acknowledges is durable, first the bytes and then the row that counts them; a crash leaves at most bytes
/// behind the count, which the next append drops.
/// </summary>
internal sealed class BlobUpload(Db db, IBlobStorage storage, UploadClaims claims, ContentRules rules)
{
    /// <summary>Begins an upload. Its row comes first, so that no file is ever without one.</summary>
    /// <exception cref="OciException">TOOMANYREQUESTS when there are as many open as there may be.</exception>
    public Task<UploadRow> StartAsync(RepositoryName name, DigestAlgorithm algorithm, Creator creator, CancellationToken cancel) =>
        StartAsync(name, algorithm, creator, claimedBy: null, cancel);

    async Task<UploadRow> StartAsync(
        RepositoryName name,
        DigestAlgorithm algorithm,
        Creator creator,
        string? claimedBy,
        CancellationToken cancel)
    {
        var id = UploadId.Create();
        var upload = new UploadRow(id, StorageKey.For(id), algorithm, 0, null, null, 0);
        var begins = new NewUpload(upload, OwnerOf(creator), rules.UploadExpiry, claimedBy);
        if (!await TryAddAsync(alone: false))
            await TryAddAsync(alone: true);
        return upload;

        Task<bool> TryAddAsync(bool alone) => db.WriteAsync(
            async session =>
            {
                var present = (await RepositoryTable.KeepAsync(session, name))?.Name ?? name;
                return await rules.Uploads.TryAddAsync(session, present, begins, alone);
            },
            cancel);
    }

    static UploadOwner OwnerOf(Creator creator) => creator switch
    {
        { UserId: { } user } => new UploadOwner(string.Create(CultureInfo.InvariantCulture, $"user {user}"), creator.Actor.Name),
        { RobotId: { } robot } => new UploadOwner(string.Create(CultureInfo.InvariantCulture, $"robot {robot}"), creator.Actor.Name),
        _ => new UploadOwner(string.Create(CultureInfo.InvariantCulture, $"address {creator.Network}"), $"the address {creator.Actor.Address}"),
    };

    /// <exception cref="OciException">BLOB_UPLOAD_UNKNOWN.</exception>
    public async Task<UploadRow> GetAsync(RepositoryName name, UploadId id, CancellationToken cancel) =>
        await db.ReadAsync(session => UploadTable.FindAsync(session, name, id), cancel) ?? throw Unknown();

    /// <summary>The upload, if it is there and the database can be asked: for a failure that has a reason of its own.</summary>
    public async Task<UploadRow?> TryFindAsync(RepositoryName name, UploadId id)
    {
        try
        {
            return await db.ReadAsync(session => UploadTable.FindAsync(session, name, id));
        }
        catch (Exception e) when (db.IsAway(e))
        {
            return null;
        }
    }

    /// <summary>Appends a chunk; the bytes received so far. When the client breaks off, what came is kept for it to go on from.</summary>
    /// <param name="name">The repository.</param>
    /// <param name="id">The upload.</param>
    /// <param name="chunk">What the client says of the chunk.</param>
    /// <param name="cancel">Ends with the request.</param>
    /// <exception cref="OciException">BLOB_UPLOAD_UNKNOWN, RANGE_INVALID out of order, SIZE_INVALID when the body is not as long as was said.</exception>
    public async Task<long> AppendAsync(RepositoryName name, UploadId id, Chunk chunk, CancellationToken cancel)
    {
        using var claim = await claims.TakeAsync(id, force: false, cancel);
        return await ClaimedAsync(name, id, claim, AppendAsync, cancel);

        async Task<long> AppendAsync(UploadRow upload)
        {
            using var writing = await OpenAsync(upload, chunk, claim, cancel);
            await ReceiveAsync(writing, chunk);
            await GiveBackWhenFullAsync(writing, () => AcknowledgeAsync(writing));
            return writing.Position;
        }
    }

    /// <summary>Takes the last chunk, if any, and makes the upload a blob of the repository.</summary>
    /// <exception cref="OciException">As for <see cref="AppendAsync"/>; DIGEST_INVALID when the content is another, and then the upload is over.</exception>
    public async Task<Digest> FinishAsync(RepositoryName name, UploadId id, Digest digest, Chunk chunk, Creator creator, CancellationToken cancel)
    {
        using var claim = await claims.TakeAsync(id, force: false, cancel);
        return await ClaimedAsync(name, id, claim, upload => FinishAsync(name, upload, digest, chunk, claim, creator, cancel), cancel);
    }

    /// <summary>Takes a blob in whole. Nobody but this call knows the upload, so with the call it ends.</summary>
    /// <exception cref="OciException">As for <see cref="AppendAsync"/>; DIGEST_INVALID when the content is another.</exception>
    public async Task TakeWholeAsync(RepositoryName name, Digest digest, Chunk chunk, Creator creator, CancellationToken cancel)
    {
        var begins = claims.Now;
        var upload = await StartAsync(name, digest.Algorithm!, creator, claims.Server, cancel);
        try
        {
            using var claim = await claims.TakeAsync(upload.Id, force: false, cancel);
            claim.Renewed(begins);
            await FinishAsync(name, upload, digest, chunk, claim, creator, cancel); // it has not changed since it began
        }
        catch
        {
            await DropAsync(upload.Id);
            throw;
        }
    }

    /// <summary>Gives an upload up.</summary>
    /// <exception cref="OciException">BLOB_UPLOAD_UNKNOWN.</exception>
    public async Task CancelAsync(RepositoryName name, UploadId id, CancellationToken cancel)
    {
        await GetAsync(name, id, cancel);
        using var claim = await claims.TakeAsync(id, force: true, cancel);
        await GetAsync(name, id, cancel);
        await DropAsync(id);
    }

    // The row is read, and by the same statement claimed where that is needed. What goes well ends the claim with what it writes to the
    // row.
    async Task<T> ClaimedAsync<T>(
        RepositoryName name,
        UploadId id,
        UploadClaims.Claim claim,
        Func<UploadRow, Task<T>> work,
        CancellationToken cancel)
    {
        if (claims.Server is not { } server)
            return await work(await GetAsync(name, id, cancel));
        claim.Renewed(claims.Now);
        if (await db.WriteAsync(SpaceUse.Small, session => UploadTable.ClaimAsync(session, name, id, server), cancel) is not { } upload)
        {
            await GetAsync(name, id, cancel);
            throw UploadClaims.Taken();
        }
        try
        {
            return await work(upload);
        }
        catch
        {
            await TryReleaseAsync(upload);
            throw;
        }
    }

    async Task TryReleaseAsync(UploadRow upload)
    {
        try
        {
            await db.WriteAsync(SpaceUse.Frees, session => UploadTable.ReleaseAsync(session, upload));
        }
        catch (Exception e) when (db.IsAway(e) || db.IsFull(e))
        {
            // it runs out by itself
        }
    }

    async Task RenewAsync(Writing writing)
    {
        if (!writing.Claim.IsOld)
            return;
        var begins = claims.Now;
        try
        {
            if (!await db.WriteAsync(SpaceUse.Small, session => UploadTable.RenewAsync(session, writing.Row)))
                throw await FindLossAsync(writing);
            writing.Claim.Renewed(begins);
        }
        catch (Exception e) when (db.IsAway(e) && !writing.Claim.HasRunOut)
        {
            // there is time to try again with the next bytes
        }
    }

    // The row is not what it was. From now on the bytes are somebody else's.
    async Task<OciException> FindLossAsync(Writing writing)
    {
        writing.IsLost = true;
        return await db.ReadAsync(session => UploadTable.FindAnywhereAsync(session, writing.Row.Id)) ? UploadClaims.Taken() : Unknown();
    }

    async Task<Digest> FinishAsync(
        RepositoryName name,
        UploadRow upload,
        Digest digest,
        Chunk chunk,
        UploadClaims.Claim claim,
        Creator creator,
        CancellationToken cancel)
    {
        using var writing = await OpenAsync(upload, chunk, claim, cancel);
        await ReceiveAsync(writing, chunk);
        var received = writing.FindDigest(digest.Algorithm!);
        if (received is not null)
            await RequireAsync(upload, received, digest);
        await GiveBackWhenFullAsync(writing, async () =>
        {
            await RenewAsync(writing);
            var isOurs = await writing.Writer.CompleteAsync();
            if (received is null || !isOurs)
                await RequireAsync(upload, await ReadAgainAsync(upload.StorageKey, digest.Algorithm!), digest);
            await CommitAsync(name, writing, digest, creator);
        });
        return digest;
    }

    async Task RequireAsync(UploadRow upload, Digest actual, Digest digest)
    {
        if (actual == digest)
            return;
        await DropAsync(upload.Id);
        throw new OciException(OciError.DigestInvalid, $"the content's digest is {actual}, not {digest}: begin a new upload");
    }

    static OciException Unknown() => new(
        OciError.BlobUploadUnknown,
        "no such upload: it was never begun here, or it has been finished, cancelled or left untouched for too long; "
            + "begin a new one with POST");

    async Task<Writing> OpenAsync(UploadRow upload, Chunk chunk, UploadClaims.Claim claim, CancellationToken cancel)
    {
        if (chunk.Range is { } range)
        {
            if (range.First != upload.Received)
            {
                var told = $"the next byte of this upload is {upload.Received}, the chunk begins at {range.First}";
                throw new OciException(OciError.RangeInvalid, told) { Headers = RangeHeader(upload.Received) };
            }
            if (chunk.Length is { } length && length != range.Length)
            {
                throw new OciException(
                    OciError.SizeInvalid,
                    $"Content-Length is {length}, but Content-Range {range.First}-{range.Last} has {range.Length} bytes");
            }
        }
        var writer = await storage.OpenWriterAsync(upload.Bytes, upload.Received, chunk.Expected, cancel);
        var hash = upload.Received == 0
            ? ContentHash.Create(upload.Algorithm)
            : ContentHash.Import(upload.Algorithm, upload.HashState, upload.Received);
        return new Writing(upload, claim, writer, hash);
    }

    async Task ReceiveAsync(Writing writing, Chunk chunk)
    {
        try
        {
            await CopyAsync(writing, chunk);
            writing.Claim.NothingMoreComes();
        }
        catch (OciException)
        {
            writing.Forget();
            throw;
        }
        catch (IOException e) when (db.IsFull(e))
        {
            writing.Forget();
            throw;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The client broke off, stalled, or came back on another connection.
            writing.Claim.NothingMoreComes();
            if (writing.Position > writing.Row.Received)
                await AcknowledgeAsync(writing);
            throw;
        }
    }

    async Task CopyAsync(Writing writing, Chunk chunk)
    {
        var end = chunk.Expected is { } expected ? writing.Position + expected : long.MaxValue;
        while (true)
        {
            var result = await chunk.Body.ReadAsync(writing.Claim.Token);
            var buffer = result.Buffer;
            try
            {
                if (buffer.Length > end - writing.Position)
                    throw new OciException(OciError.SizeInvalid, $"the body is longer than the {chunk.Expected} bytes it was said to have");
                await RenewAsync(writing);
                await writing.WriteAsync(buffer);
            }
            finally
            {
                chunk.Body.AdvanceTo(buffer.End);
            }
            writing.Claim.Progress();
            if (result.IsCompleted)
                break;
        }
        if (chunk.Expected is not null && writing.Position < end)
        {
            throw new OciException(
                OciError.SizeInvalid,
                $"the body ended {end - writing.Position} bytes before the {chunk.Expected} it was said to have");
        }
    }

    // A full disk has for certain not taken the row that would count the bytes; of any other failure nobody knows.
    async Task GiveBackWhenFullAsync(Writing writing, Func<Task> keep)
    {
        try
        {
            await keep();
        }
        catch (Exception e) when (db.IsFull(e))
        {
            writing.Forget();
            throw;
        }
    }

    async Task AcknowledgeAsync(Writing writing)
    {
        await RenewAsync(writing);
        var storageState = await writing.Writer.AcknowledgeAsync();
        var hashState = writing.ExportHash();
        if (!await db.WriteAsync(
            session => UploadTable.AdvanceAsync(session, writing.Row, writing.Position, hashState, storageState, rules.UploadExpiry)))
            throw await FindLossAsync(writing);
    }

    Task CommitAsync(RepositoryName name, Writing writing, Digest digest, Creator creator) => db.WriteAsync(async session =>
    {
        var repository = await Repositories.GetOrCreateAsync(session, name, creator); // first the repository, as whoever moves it does
        if (!await UploadTable.FinishAsync(session, writing.Row))
            throw await UploadTable.FindAnywhereAsync(session, writing.Row.Id) ? UploadClaims.Taken() : Unknown();
        var blob = await BlobTable.CreateAsync(session, digest, writing.Row.StorageKey, writing.Position);
        if (blob.StorageKey != writing.Row.StorageKey)
            await TrashTable.AddAsync(session, new StoredKey(writing.Row.StorageKey), TimeSpan.Zero);
        await BlobTable.LinkAsync(session, repository.Id, blob.Id, digest, rules.Lease);
    });

    Task DropAsync(UploadId id) => db.WriteAsync(
        SpaceUse.Frees,
        async session =>
        {
            if (await UploadTable.DeleteAsync(session, id, claims.Server) is var (bytes, written))
                await TrashTable.AddAsync(session, bytes, written);
        });

    // What was received could not be hashed on the way: its state was not written down, the client announced another algorithm, or an
    // earlier request has completed the blob.
    async Task<Digest> ReadAgainAsync(string key, DigestAlgorithm algorithm)
    {
        using var blob = storage.OpenRead(key);
        using var hash = ContentHash.Create(algorithm);
        await hash.AppendRestAsync(blob, CancellationToken.None);
        return hash.Finish();
    }

    /// <summary>How <c>Range</c> tells an upload's progress: both ends inclusive, and <c>0-0</c> as well before the first byte.</summary>
    internal static Dictionary<string, string> RangeHeader(long received) => new() { ["Range"] = $"0-{Math.Max(received - 1, 0)}" };

    /// <summary>An upload that is open to append, and its hash as far as it is known.</summary>
    sealed class Writing(UploadRow row, UploadClaims.Claim claim, BlobWriter writer, ContentHash? hash) : IDisposable
    {
        public UploadRow Row => row;

        public UploadClaims.Claim Claim => claim;

        public BlobWriter Writer => writer;

        /// <summary>Another server has the upload now, or it has ended.</summary>
        public bool IsLost { get; set; }

        public long Position => writer.Position;

        public async ValueTask WriteAsync(ReadOnlySequence<byte> bytes)
        {
            await writer.WriteAsync(bytes);
            if (hash is null)
                return;
            foreach (var segment in bytes)
                hash.Append(segment.Span);
        }

        /// <summary>Drops what was not acknowledged, unless the bytes may be another server's by now.</summary>
        public void Forget()
        {
            if (!IsLost && !claim.HasRunOut)
                writer.Forget();
        }

        /// <summary>The hash as a row keeps it; null when it is not known.</summary>
        public byte[]? ExportHash() => hash?.Export();

        /// <summary>The digest of everything that was received, if that was hashed with this algorithm.</summary>
        public Digest? FindDigest(DigestAlgorithm algorithm) => algorithm == row.Algorithm ? hash?.Finish() : null;

        public void Dispose()
        {
            hash?.Dispose();
            writer.Dispose();
        }
    }
}

/// <summary>A request's body as the client describes it.</summary>
/// <param name="Range">Its <c>Content-Range</c>, or null.</param>
/// <param name="Length">Its <c>Content-Length</c>, or null when it is streamed.</param>
/// <param name="Body">Its bytes.</param>
internal sealed record Chunk(ContentRange? Range, long? Length, PipeReader Body)
{
    /// <summary>How many bytes it is said to have; null when nothing says so.</summary>
    public long? Expected => Range?.Length ?? Length;
}
