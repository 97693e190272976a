using System.Buffers;
using Staithe.Oci;
using Staithe.Storage;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Storage;

/// <summary>The tests that every implementation of <see cref="IBlobStorage"/> passes.</summary>
public abstract class BlobStorageContract
{
    public static TheoryData<string> Rules => [.. StorageRules.All.Keys];

    [Theory, MemberData(nameof(Rules))]
    public async Task It_keeps_the_rule(string rule)
    {
        await using var side = CreateSide();
        await StorageRules.All[rule](side, Seed.Random());
    }

    private protected abstract StorageSide CreateSide();
}

/// <summary>Files.</summary>
public sealed class FileBlobStorageTests : BlobStorageContract
{
    // Nothing of it is written: the file has a hole.
    [Fact]
    public async Task A_blob_may_be_larger_than_a_number_of_32_bits()
    {
        const long offset = 5L * 1024 * 1024 * 1024;
        await using var side = new FileSide();
        using var real = new FileBlobStorage(side.Root);
        var key = StorageKey.For(UploadId.Create());
        using (var file = new FileStream(Path.Combine(side.Root, key), FileMode.Create))
            file.SetLength(offset);
        using (var writer = await real.OpenWriterAsync(new StoredKey(key), offset, 5, TestContext.Current.CancellationToken))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>("hello"u8.ToArray()));
            Assert.True(await writer.CompleteAsync());
        }
        Assert.Equal(offset + 5, await real.FindLengthAsync(new StoredKey(key), TestContext.Current.CancellationToken));
        using var blob = real.OpenRead(key);
        var end = new byte[10];
        Assert.Equal(5, blob.ReadFully(end, offset));
        Assert.Equal("hello"u8, end.AsSpan(0, 5));
    }

    [Fact]
    public async Task Acknowledged_bytes_that_are_gone_are_not_written_over()
    {
        await using var side = new FileSide();
        var upload = new StoredUpload(Seed.Random().Bytes(1000));
        await upload.AppendAsync(side.Open(), 500, Seed.Random());
        using (var file = new FileStream(Path.Combine(side.Root, upload.Key), FileMode.Open))
            file.SetLength(499);
        await Assert.ThrowsAsync<IOException>(() => upload.AppendAsync(side.Open(), 100, Seed.Random()));
    }

    private protected override StorageSide CreateSide() => new FileSide();
}

/// <summary>An object store: an interface that fits both fits S3.</summary>
public sealed class ObjectBlobStorageTests : BlobStorageContract
{
    private protected override StorageSide CreateSide() => new ObjectSide();
}

/// <summary>The rules see what they are there to see: a side with one fault each breaks the rule that is about it.</summary>
public sealed class FaultySideTests
{
    const string Rounds = "Chunks_of_any_size_on_any_node_are_one_blob";
    const string Crash = "A_crash_at_any_call_loses_nothing_that_was_acknowledged";

    [Theory]
    [InlineData("acknowledges bytes that are not durable", Crash)]
    [InlineData("completes a blob that is not durable", Crash)]
    [InlineData("forgets the name of a new file", Crash)]
    [InlineData("returns a stale state", Rounds)]
    [InlineData("returns no state", Rounds)]
    [InlineData("keeps bytes that were never acknowledged", "What_is_not_acknowledged_does_not_count")]
    [InlineData("says that what it found is what it was given", "Other_bytes_for_a_blob_whose_row_was_lost_are_noticed")]
    [InlineData("leaves parts behind", "Deleting_leaves_nothing_and_can_be_repeated")]
    public async Task A_side_breaks_a_rule(string fault, string rule)
    {
        await using StorageSide side = fault switch
        {
            "acknowledges bytes that are not durable" => new FaultyFiles(acknowledge: (inner, _) => default),
            "completes a blob that is not durable" => new FaultyFiles(complete: inner => new ValueTask<bool>(true)),
            "forgets the name of a new file" => new FileSide(syncsNames: false),
            "returns a stale state" => new FaultyObjects(acknowledge: async (inner, former) =>
            {
                await inner.AcknowledgeAsync();
                return former;
            }),
            "returns no state" => new FaultyObjects(acknowledge: async (inner, _) =>
            {
                await inner.AcknowledgeAsync();
                return null;
            }),
            "keeps bytes that were never acknowledged" => new FileSide(cuts: false),
            "says that what it found is what it was given" => new FaultyObjects(complete: async inner =>
            {
                await inner.CompleteAsync();
                return true;
            }),
            _ => new FaultyObjects(deletesOnlyKeys: true),
        };
        await Assert.ThrowsAnyAsync<Exception>(() => StorageRules.All[rule](side, Seed.Random()));
    }

    sealed class FaultyFiles(
        Func<BlobWriter, byte[]?, ValueTask<byte[]?>>? acknowledge = null,
        Func<BlobWriter, ValueTask<bool>>? complete = null) : FileSide
    {
        protected override IBlobStorage Create() => new FaultyStorage(base.Create(), acknowledge, complete, false);
    }

    sealed class FaultyObjects(
        Func<BlobWriter, byte[]?, ValueTask<byte[]?>>? acknowledge = null,
        Func<BlobWriter, ValueTask<bool>>? complete = null,
        bool deletesOnlyKeys = false) : ObjectSide
    {
        protected override IBlobStorage Create() => new FaultyStorage(base.Create(), acknowledge, complete, deletesOnlyKeys);
    }

    sealed class FaultyStorage(
        IBlobStorage inner,
        Func<BlobWriter, byte[]?, ValueTask<byte[]?>>? acknowledge,
        Func<BlobWriter, ValueTask<bool>>? complete,
        bool deletesOnlyKeys) : IBlobStorage
    {
        public async ValueTask<BlobWriter> OpenWriterAsync(StoredKey upload, long offset, long? expected, CancellationToken cancel) =>
            new FaultyWriter(await inner.OpenWriterAsync(upload, offset, expected, cancel), offset, upload.State, acknowledge, complete);

        public OpenBlob OpenRead(string key) => inner.OpenRead(key);

        public Task<IReadOnlyList<string>> DeleteAsync(
            IReadOnlyCollection<StoredKey> keys,
            Action<string, Exception> failed,
            CancellationToken cancel) =>
            deletesOnlyKeys
                ? Task.FromResult<IReadOnlyList<string>>([.. keys.Select(key => key.Key)])
                : inner.DeleteAsync(keys, failed, cancel);

        public ValueTask<long?> FindLengthAsync(StoredKey key, CancellationToken cancel) => inner.FindLengthAsync(key, cancel);

        public IAsyncEnumerable<string> ListKeysAsync(CancellationToken cancel) => inner.ListKeysAsync(cancel);

        public Task ProbeReadAsync(CancellationToken cancel) => inner.ProbeReadAsync(cancel);

        public Task ProbeWriteAsync(CancellationToken cancel) => inner.ProbeWriteAsync(cancel);

        public bool IsShortOfRoom() => inner.IsShortOfRoom();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    sealed class FaultyWriter(
        BlobWriter inner,
        long offset,
        byte[]? state,
        Func<BlobWriter, byte[]?, ValueTask<byte[]?>>? acknowledge,
        Func<BlobWriter, ValueTask<bool>>? complete) : BlobWriter(offset)
    {
        public override async ValueTask WriteAsync(ReadOnlySequence<byte> bytes)
        {
            await inner.WriteAsync(bytes);
            Position = inner.Position;
        }

        public override ValueTask<byte[]?> AcknowledgeAsync() => acknowledge?.Invoke(inner, state) ?? inner.AcknowledgeAsync();

        public override ValueTask<bool> CompleteAsync() => complete?.Invoke(inner) ?? inner.CompleteAsync();

        public override void Forget()
        {
            inner.Forget();
            Position = inner.Position;
        }

        public override void Dispose() => inner.Dispose();
    }
}
