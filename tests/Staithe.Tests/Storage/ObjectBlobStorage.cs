using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Staithe.Storage;

namespace Staithe.Tests.Storage;

/// <summary>
/// Blobs in a bucket: the second side of <see cref="IBlobStorage"/>, whose rules have nothing in common with those of files. Large chunks
/// become parts of a multipart upload. A chunk that is too small for a part becomes an object of its own (KEY+OFFSET.…), until there are
/// enough of them for a part. The state in the row names the parts and the small chunks.
/// </summary>
internal sealed class ObjectBlobStorage(ObjectBucket bucket) : IBlobStorage
{
    /// <summary>Where clients may fetch blobs; null when they have to come from the server.</summary>
    public Uri? PublicUrl { get; init; }

    public ValueTask<BlobWriter> OpenWriterAsync(StoredKey upload, long offset, long? expected, CancellationToken cancel)
    {
        var state = upload.State is null ? new State() : JsonSerializer.Deserialize<State>(upload.State)!;
        return state.Length == offset
            ? new ValueTask<BlobWriter>(new Writer(bucket, upload.Key, offset, state))
            : throw new IOException($"the state is of {state.Length} bytes, {offset} were acknowledged");
    }

    public OpenBlob OpenRead(string key) => new Blob(bucket, key, PublicUrl);

    public async Task<IReadOnlyList<string>> DeleteAsync(
        IReadOnlyCollection<StoredKey> keys,
        Action<string, Exception> failed,
        CancellationToken cancel)
    {
        var deleted = new List<string>();
        foreach (var (key, _) in keys)
        {
            try
            {
                foreach (var (id, _) in await bucket.ListMultipartsAsync(key))
                    await bucket.AbortAsync(id);
                foreach (var one in await bucket.ListAsync(key))
                    await bucket.DeleteAsync(one);
                deleted.Add(key);
            }
            catch (IOException e)
            {
                failed(key, e);
            }
        }
        return deleted;
    }

    public async ValueTask<long?> FindLengthAsync(StoredKey key, CancellationToken cancel)
    {
        if (await bucket.FindLengthAsync(key.Key) is { } length)
            return length;
        if (key.State is null)
            return null;
        var state = JsonSerializer.Deserialize<State>(key.State)!;
        var sum = state.Multipart is null ? 0 : await bucket.CountPartBytesAsync(state.Multipart, state.Tags);
        foreach (var small in state.Small)
            sum += await bucket.FindLengthAsync(small) ?? 0;
        return sum;
    }

    public async IAsyncEnumerable<string> ListKeysAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        var keys = (await bucket.ListAsync("")).Select(key => key.Split('+')[0]);
        foreach (var key in keys.Concat((await bucket.ListMultipartsAsync("")).Select(one => one.Key)).Distinct())
            yield return key;
    }

    public Task ProbeReadAsync(CancellationToken cancel) => bucket.FindLengthAsync("probe");

    public Task ProbeWriteAsync(CancellationToken cancel) => bucket.DeleteAsync("probe");

    public bool IsShortOfRoom() => false;

    public ValueTask DisposeAsync() => default;

    /// <summary>What the row remembers.</summary>
    sealed record State
    {
        public string? Multipart { get; init; }

        /// <summary>Tags of the parts, in order.</summary>
        public List<string> Tags { get; init; } = [];

        /// <summary>Chunks behind the last part, in order.</summary>
        public List<string> Small { get; init; } = [];

        public int SmallBytes { get; init; }

        public long Length { get; init; }
    }

    sealed class Blob(ObjectBucket bucket, string key, Uri? publicUrl) : OpenBlob
    {
        public override int Read(Span<byte> buffer, long offset)
        {
            var count = buffer.Length;
            var bytes = Task.Run(() => GetAsync(offset, count)).GetAwaiter().GetResult();
            bytes.CopyTo(buffer);
            return bytes.Length;
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancel)
        {
            var bytes = await GetAsync(offset, buffer.Length);
            bytes.CopyTo(buffer);
            return bytes.Length;
        }

        public override ValueTask<Uri?> FindUrlAsync(CancellationToken cancel) => new(publicUrl is null ? null : new Uri(publicUrl, key));

        public override void Dispose()
        {
            // nothing is held open
        }

        async Task<byte[]> GetAsync(long offset, int count)
        {
            try
            {
                return await bucket.GetAsync(key, offset, count);
            }
            catch (ObjectException e)
            {
                throw new FileNotFoundException($"{key}: {e.Message}", e);
            }
        }
    }

    sealed class Writer(ObjectBucket bucket, string key, long offset, State opened) : BlobWriter(offset)
    {
        const int PartBytes = 8 * 1024 * 1024;

        readonly MemoryStream buffer = new();
        readonly State first = opened;
        State state = opened;
        bool isThere; // a blob is under the key already

        public override async ValueTask WriteAsync(ReadOnlySequence<byte> bytes)
        {
            var before = buffer.Length;
            foreach (var segment in bytes)
                buffer.Write(segment.Span);
            if (state.SmallBytes + buffer.Length >= PartBytes)
            {
                try
                {
                    await PutPartAsync();
                }
                catch
                {
                    buffer.SetLength(before);
                    throw;
                }
            }
            Position += bytes.Length;
        }

        public override async ValueTask<byte[]?> AcknowledgeAsync()
        {
            if (state.SmallBytes + buffer.Length >= ObjectBucket.MinPartBytes)
            {
                await PutPartAsync();
            }
            else if (buffer.Length > 0)
            {
                var name = $"{key}+{Position}.{Guid.NewGuid():N}";
                await bucket.PutAsync(name, buffer.ToArray());
                state = state with { Small = [.. state.Small, name], SmallBytes = state.SmallBytes + (int)buffer.Length };
                buffer.SetLength(0);
            }
            state = state with { Length = Position };
            return JsonSerializer.SerializeToUtf8Bytes(state);
        }

        public override async ValueTask<bool> CompleteAsync()
        {
            if (state.Multipart is not null && (state.SmallBytes > 0 || buffer.Length > 0))
                await PutPartAsync();
            try
            {
                if (isThere)
                    throw new ObjectException("PreconditionFailed");
                if (state.Multipart is null)
                    await bucket.PutAsync(key, await GatherAsync());
                else
                    await bucket.CompleteAsync(state.Multipart, state.Tags);
            }
            catch (ObjectException e) when (e.Code is "PreconditionFailed" or "NoSuchUpload" or "NoSuchKey")
            {
                if (await bucket.FindLengthAsync(key) != Position)
                    throw new IOException($"{key} is there and has another length", e);
                isThere = true;
            }
            foreach (var small in await bucket.ListAsync(key + "+"))
                await bucket.DeleteAsync(small);
            return !isThere;
        }

        public override void Forget()
        {
            buffer.SetLength(0);
            state = first with { Multipart = state.Multipart };
            Position = first.Length;
        }

        public override void Dispose() => buffer.Dispose();

        async Task PutPartAsync()
        {
            try
            {
                var bytes = await GatherAsync();
                var id = state.Multipart ?? await bucket.BeginAsync(key);
                state = state with { Multipart = id };
                var tag = await bucket.PutPartAsync(id, state.Tags.Count + 1, bytes);
                state = state with { Tags = [.. state.Tags, tag], Small = [], SmallBytes = 0 };
            }
            catch (ObjectException e) when (e.Code is "NoSuchUpload" or "NoSuchKey")
            {
                isThere = true;
            }
            buffer.SetLength(0);
        }

        // The small chunks behind the last part, and what has come since.
        async Task<byte[]> GatherAsync()
        {
            using var all = new MemoryStream();
            foreach (var small in state.Small)
                all.Write(await bucket.GetAsync(small, 0, int.MaxValue));
            all.Write(buffer.ToArray());
            return all.ToArray();
        }
    }
}
