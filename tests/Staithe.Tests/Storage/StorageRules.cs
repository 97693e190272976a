using Staithe.Storage;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Storage;

/// <summary>What every <see cref="IBlobStorage"/> has to do, whatever it is made of. Each rule is given a place without a byte.</summary>
internal static class StorageRules
{
    const int KiB = 1024;
    const int MiB = 1024 * 1024;

    /// <summary>The rules by their names.</summary>
    public static IReadOnlyDictionary<string, Func<StorageSide, Random, Task>> All { get; } =
        new Dictionary<string, Func<StorageSide, Random, Task>>
        {
            [nameof(Chunks_of_any_size_on_any_node_are_one_blob)] = Chunks_of_any_size_on_any_node_are_one_blob,
            [nameof(An_empty_blob_is_a_blob)] = An_empty_blob_is_a_blob,
            [nameof(What_is_not_acknowledged_does_not_count)] = What_is_not_acknowledged_does_not_count,
            [nameof(Many_upload_at_once)] = Many_upload_at_once,
            [nameof(Ranges_are_read_as_they_are_asked_for)] = Ranges_are_read_as_they_are_asked_for,
            [nameof(An_unknown_key_is_absent)] = An_unknown_key_is_absent,
            [nameof(Deleting_leaves_nothing_and_can_be_repeated)] = Deleting_leaves_nothing_and_can_be_repeated,
            [nameof(A_key_that_cannot_be_deleted_is_told_and_the_others_go)] = A_key_that_cannot_be_deleted_is_told_and_the_others_go,
            [nameof(Every_key_is_listed)] = Every_key_is_listed,
            [nameof(A_blob_whose_row_was_lost_is_completed_again)] = A_blob_whose_row_was_lost_is_completed_again,
            [nameof(Other_bytes_for_a_blob_whose_row_was_lost_are_noticed)] = Other_bytes_for_a_blob_whose_row_was_lost_are_noticed,
            [nameof(A_crash_at_any_call_loses_nothing_that_was_acknowledged)] = A_crash_at_any_call_loses_nothing_that_was_acknowledged,
            [nameof(A_call_that_fails_leaves_the_upload_where_its_row_says)] = A_call_that_fails_leaves_the_upload_where_its_row_says,
            [nameof(It_is_ready_when_it_can_be_reached)] = It_is_ready_when_it_can_be_reached,
        };

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Small ones, a large one in the middle, and a rest for the end.
    static int[] Chunks(StorageSide side) => [1000, 0, side.PartBytes / 5 * 2, 100, side.PartBytes + 3];

    static async Task Chunks_of_any_size_on_any_node_are_one_blob(StorageSide side, Random random)
    {
        foreach (var most in new[] { 40, 70 * KiB, MiB, 12 * MiB })
        {
            var upload = new StoredUpload(random.Bytes(Math.Min(most * 20, 40 * MiB) + random.Next(1000)));
            var chunks = Enumerable.Range(0, 15).Select(_ => random.Next(5) == 0 ? random.Next(2) : random.Next(most));
            await upload.RunAsync(side, chunks, random);
            await upload.ExpectBlobAsync(side.Open());
            side.LosePower(random);
            await upload.ExpectBlobAsync(side.Open());
        }
    }

    static async Task An_empty_blob_is_a_blob(StorageSide side, Random random)
    {
        foreach (var appends in new[] { 0, 1, 2 })
        {
            var upload = new StoredUpload([]);
            await upload.RunAsync(side, new int[appends], random);
            side.LosePower(random);
            await upload.ExpectBlobAsync(side.Open());
        }
    }

    static async Task What_is_not_acknowledged_does_not_count(StorageSide side, Random random)
    {
        foreach (var size in new[] { 10 * KiB, 9 * MiB })
        {
            var upload = new StoredUpload(random.Bytes(2 * size));
            var other = random.Bytes(3 * size); // more than there will be
            await upload.AppendAsync(side.Open(), size / 2, random);
            using (var writer = await upload.OpenAsync(side.Open()))
                await writer.WriteAsync(new(other)); // and the client is gone
            using (var writer = await upload.OpenAsync(side.Open()))
            {
                await writer.WriteAsync(new(other));
                writer.Forget();
                Assert.Equal(upload.Received, writer.Position);
                await upload.WriteAsync(writer, size, random);
                await writer.AcknowledgeAsync(); // and the row cannot be written
                writer.Forget();
                Assert.Equal(upload.Received, writer.Position);
            }
            await upload.AppendAsync(side.Open(), size / 3, random);
            await upload.ExpectReceivedAsync(side.Open());
            await upload.FinishAsync(side.Open(), random);
            await upload.ExpectBlobAsync(side.Open());
        }
    }

    static async Task Many_upload_at_once(StorageSide side, Random random)
    {
        side.BeSlow(new Random(random.Next()));
        var node = side.Open();
        var uploads = Enumerable.Range(0, 8)
            .Select(_ => (Upload: new StoredUpload(random.Bytes(random.Next(MiB))), Random: new Random(random.Next()))).ToList();
        await Task.WhenAll(uploads.Select(one => Task.Run(
            async () =>
            {
                for (var i = 0; i < 10; i++)
                    await one.Upload.AppendAsync(node, Math.Min(one.Random.Next(200 * KiB), one.Upload.Left), one.Random);
                await one.Upload.FinishAsync(node, one.Random);
                await one.Upload.ExpectBlobAsync(node);
            },
            Cancel)));
        foreach (var (upload, _) in uploads)
            await upload.ExpectBlobAsync(side.Open());
    }

    static async Task Ranges_are_read_as_they_are_asked_for(StorageSide side, Random random)
    {
        var upload = new StoredUpload(random.Bytes(300_000));
        await upload.FinishAsync(side.Open(), random);
        using var blob = side.Open().OpenRead(upload.Key);
        for (var i = 0; i < 100; i++)
        {
            var (offset, count) = (random.Next(310_000), random.Next(random.Pick(1, 100, 100_000)));
            var expected = upload.Content.AsSpan(Math.Min(offset, 300_000));
            expected = expected[..Math.Min(count, expected.Length)];
            var buffer = new byte[count];
            Assert.True(expected.SequenceEqual(buffer.AsSpan(0, blob.ReadFully(buffer, offset))), $"{count} at {offset}");
            buffer = new byte[count];
            var read = await blob.ReadFullyAsync(buffer, offset, Cancel);
            expected = upload.Content.AsSpan(Math.Min(offset, 300_000), read);
            Assert.True(expected.SequenceEqual(buffer.AsSpan(0, read)), $"{count} at {offset}");
            Assert.Equal(Math.Min(count, Math.Max(0, 300_000 - offset)), read);
        }
    }

    static async Task An_unknown_key_is_absent(StorageSide side, Random random)
    {
        var unknown = new StoredUpload(random.Bytes(10));
        var node = side.Open();
        Assert.Null(await node.FindLengthAsync(unknown.Bytes, Cancel));
        Assert.Throws<FileNotFoundException>(() =>
        {
            using var blob = node.OpenRead(unknown.Key);
            blob.Read(new byte[10], 0);
        });
        await Assert.ThrowsAsync<FileNotFoundException>(() => unknown.ReadAsync(node));
        Assert.Equal([unknown.Key], await node.DeleteAsync([unknown.Bytes], (key, e) => Assert.Fail($"{key}: {e}"), Cancel));
        Assert.Empty(await node.ListKeysAsync(Cancel).ToListAsync(Cancel));
        Assert.Equal(0, side.CountThings());
    }

    static async Task Deleting_leaves_nothing_and_can_be_repeated(StorageSide side, Random random)
    {
        var uploads = new List<StoredUpload>();
        for (var i = 0; i < 12; i++)
        {
            var upload = new StoredUpload(random.Bytes(side.PartBytes * 8 / 5));
            uploads.Add(upload);
            foreach (var chunk in Chunks(side).Take(i % 6))
                await upload.AppendAsync(side.Open(), chunk, random);
            using (var broken = await upload.OpenAsync(side.Open()))
                await upload.WriteAsync(broken, Math.Min(random.Next(side.PartBytes), upload.Left), random);
            if (i >= 6)
                await upload.FinishAsync(side.Open(), random, commits: i >= 9);
        }
        var keys = uploads.ConvertAll(upload => upload.IsBlob ? new StoredKey(upload.Key) : upload.Bytes);
        for (var round = 0; round < 2; round++)
        {
            var deleted = await side.Open().DeleteAsync(keys, (key, e) => Assert.Fail($"{key}: {e}"), Cancel);
            Assert.Equal(keys.Select(key => key.Key).Order(), deleted.Order());
            side.LosePower(random);
            Assert.Equal(0, side.CountThings());
            foreach (var key in keys)
                Assert.Null(await side.Open().FindLengthAsync(new StoredKey(key.Key), Cancel));
        }
    }

    static async Task A_key_that_cannot_be_deleted_is_told_and_the_others_go(StorageSide side, Random random)
    {
        var uploads = Enumerable.Range(0, 3).Select(_ => new StoredUpload(random.Bytes(1000))).ToList();
        foreach (var upload in uploads)
            await upload.FinishAsync(side.Open(), random);
        side.Faults.Plan(0);
        var failed = new List<string>();
        var deleted = await side.Open().DeleteAsync(uploads.ConvertAll(upload => upload.Bytes), (key, _) => failed.Add(key), Cancel);
        Assert.Equal([uploads[0].Key], failed);
        Assert.Equal([uploads[1].Key, uploads[2].Key], deleted);
        side.Faults.Plan();
        await uploads[0].ExpectBlobAsync(side.Open());
        Assert.Equal([uploads[0].Key], await side.Open().ListKeysAsync(Cancel).ToListAsync(Cancel));
    }

    static async Task Every_key_is_listed(StorageSide side, Random random)
    {
        var keys = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            var upload = new StoredUpload(random.Bytes(side.PartBytes * 8 / 5));
            keys.Add(upload.Key);
            await upload.AppendAsync(side.Open(), i < 2 ? 1000 : side.PartBytes + 10, random);
            if (i % 2 == 0)
                await upload.FinishAsync(side.Open(), random);
        }
        Assert.Equal(keys.Order(), await side.Open().ListKeysAsync(Cancel).Order().ToListAsync(Cancel));
    }

    static async Task A_blob_whose_row_was_lost_is_completed_again(StorageSide side, Random random)
    {
        for (var chunks = 0; chunks <= 5; chunks++)
        {
            var upload = new StoredUpload(random.Bytes(side.PartBytes * 8 / 5));
            foreach (var chunk in Chunks(side).Take(chunks))
                await upload.AppendAsync(side.Open(), chunk, random);
            await upload.FinishAsync(side.Open(), random, commits: false);
            await upload.ExpectReceivedAsync(side.Open());
            await upload.FinishAsync(side.Open(), random);
            await upload.ExpectBlobAsync(side.Open());
            await DeleteAsync(side, upload);
        }
    }

    // The second attempt says what it brought, or else that something was there.
    static async Task Other_bytes_for_a_blob_whose_row_was_lost_are_noticed(StorageSide side, Random random)
    {
        foreach (var (size, acknowledged) in new[] { (1000, 0), (1000, 500), (12 * MiB, 0), (12 * MiB, 6 * MiB) })
        {
            var upload = new StoredUpload(random.Bytes(size));
            if (acknowledged > 0)
                await upload.AppendAsync(side.Open(), acknowledged, random);
            await upload.FinishAsync(side.Open(), random, commits: false);
            upload.Content.AsSpan(acknowledged).Reverse();
            if (await upload.FinishAsync(side.Open(), random))
                await upload.ExpectBlobAsync(side.Open());
            await DeleteAsync(side, upload);
        }
    }

    static async Task A_crash_at_any_call_loses_nothing_that_was_acknowledged(StorageSide side, Random random)
    {
        var hasCrashed = true;
        for (var call = 0; hasCrashed; call++)
        {
            var upload = new StoredUpload(random.Bytes(side.PartBytes * 8 / 5));
            side.Faults.Plan(call, Fault.Crash);
            hasCrashed = false;
            try
            {
                await upload.RunAsync(side, Chunks(side), random);
            }
            catch (CrashException)
            {
                hasCrashed = true;
            }
            side.Faults.Plan();
            side.LosePower(random);
            await upload.ExpectReceivedAsync(side.Open());
            if (!upload.IsBlob)
                await upload.FinishAsync(side.Open(), random);
            await upload.ExpectBlobAsync(side.Open());
            await DeleteAsync(side, upload);
            Assert.True(call < 1000, "the upload never ends");
        }
    }

    static async Task A_call_that_fails_leaves_the_upload_where_its_row_says(StorageSide side, Random random)
    {
        foreach (var fault in new[] { Fault.Error, Fault.LostAnswer, Fault.Full })
        {
            var hasFailed = true;
            for (var call = 0; hasFailed; call++)
            {
                var upload = new StoredUpload(random.Bytes(side.PartBytes * 8 / 5));
                var node = side.Open();
                side.Faults.Plan(call, fault);
                var failures = 0;
                foreach (var chunk in Chunks(side))
                    await UntilDoneAsync(() => upload.AppendAsync(node, Math.Min(chunk, upload.Left), random, keepsPart: call % 2 == 0));
                await UntilDoneAsync(() => upload.FinishAsync(node, random));
                hasFailed = failures > 0;
                side.Faults.Plan();
                side.LosePower(random);
                await upload.ExpectBlobAsync(side.Open());
                await DeleteAsync(side, upload);
                Assert.True(call < 1000, "the upload never ends");

                async Task UntilDoneAsync(Func<Task> request)
                {
                    try
                    {
                        await request();
                    }
                    catch (IOException)
                    {
                        failures++;
                        await upload.ExpectReceivedAsync(node);
                        await request();
                    }
                }
            }
        }
    }

    static async Task It_is_ready_when_it_can_be_reached(StorageSide side, Random random)
    {
        var node = side.Open();
        await node.ProbeReadAsync(Cancel);
        await node.ProbeWriteAsync(Cancel);
        Assert.False(node.IsShortOfRoom());
        Assert.Equal(0, side.CountThings());
        await new StoredUpload(random.Bytes(10)).FinishAsync(node, random);
        await node.ProbeReadAsync(Cancel);
    }

    static async Task DeleteAsync(StorageSide side, StoredUpload upload)
    {
        var key = upload.IsBlob ? new StoredKey(upload.Key) : upload.Bytes;
        await side.Open().DeleteAsync([key], (name, e) => Assert.Fail($"{name}: {e}"), Cancel);
        Assert.Equal(0, side.CountThings());
    }
}
