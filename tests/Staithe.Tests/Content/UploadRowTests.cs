using System.Buffers;
using System.IO.Pipelines;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Config;
using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Storage;
using Staithe.Tests.Harness;
using Staithe.Tests.Storage;

namespace Staithe.Tests.Content;

/// <summary>Several servers on one database and one storage: each may take the next chunk of an upload, and never two at once.</summary>
public sealed class UploadRowTests
{
    static readonly Creator Creator = new(new Actor(Actor.Anybody, "127.0.0.1"), null, null, 0);
    static readonly RepositoryName Name = RepositoryName.Parse("uploads/a");

    static readonly Sql ClaimRunsOut = new("update uploads set claimed_until = 0");
    static readonly Sql ClaimIsShort = new("update uploads set claimed_until = {now} + 2000");
    static readonly Sql ClaimLeft = new("select claimed_until - {now} from uploads");
    static readonly Sql TrashWaits = new("select delete_after - {now} from trash");

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory, OnBothEngines]
    public async Task Each_chunk_may_come_to_another_server(Engine engine)
    {
        foreach (var isObjects in new[] { false, true })
        {
            await using var world = await World.CreateAsync(engine, isObjects);
            var random = Seed.Random();
            foreach (var algorithm in new[] { DigestAlgorithm.Sha256, DigestAlgorithm.Sha512 })
            {
                var content = random.Bytes(7_000_000);
                var (nodes, at) = (world.Nodes(3), 0);
                var upload = await nodes[0].StartAsync(Name, algorithm, Creator, Cancel);
                while (at < 6_500_000)
                {
                    var next = Math.Min(content.Length, at + random.Next(random.Pick(10, 100_000, 6_000_000)));
                    at = (int)await random.Pick(nodes).AppendAsync(Name, upload.Id, Chunk(content.AsSpan(at, next - at)), Cancel);
                    Assert.Equal(next, at);
                }
                await random.Pick(nodes).FinishAsync(Name, upload.Id, algorithm.Digest(content), Chunk(content.AsSpan(at)), Creator, Cancel);
                Assert.True((await world.ReadAsync(upload.StorageKey, content.Length)).AsSpan().SequenceEqual(content));
            }
        }
    }

    [Theory, OnBothEngines]
    public async Task While_one_server_receives_no_other_one_writes(Engine engine)
    {
        await using var world = await World.CreateAsync(engine);
        var nodes = world.Nodes(2);
        var upload = await nodes[0].StartAsync(Name, DigestAlgorithm.Sha256, Creator, Cancel);
        var receiving = new Receiving(world, nodes[0], upload);
        await receiving.SendAsync("hello");
        await ExpectTakenAsync(() => nodes[1].AppendAsync(Name, upload.Id, Chunk("x"u8), Cancel));
        await ExpectTakenAsync(() => nodes[1].FinishAsync(Name, upload.Id, DigestAlgorithm.Sha256.Digest("x"u8), Chunk("x"u8), Creator, Cancel));
        Assert.Equal(5, await receiving.EndAsync());
        Assert.Equal(6, await nodes[1].AppendAsync(Name, upload.Id, Chunk(","u8), Cancel)); // the acknowledge ended the claim
        await nodes[0].FinishAsync(Name, upload.Id, DigestAlgorithm.Sha256.Digest("hello,"u8), Chunk([]), Creator, Cancel);
    }

    // The first one may notice by its clock, when more comes, or by the row, when it acknowledges.
    [Theory]
    [InlineData(Engine.Sqlite, true)]
    [InlineData(Engine.Sqlite, false)]
    [InlineData(Engine.Postgres, true)]
    [InlineData(Engine.Postgres, false)]
    public async Task One_that_makes_no_progress_loses_the_upload_and_touches_it_no_more(Engine engine, bool moreComes)
    {
        await using var world = await World.CreateAsync(engine);
        var nodes = world.Nodes(2);
        var upload = await nodes[0].StartAsync(Name, DigestAlgorithm.Sha256, Creator, Cancel);
        var first = new Receiving(world, nodes[0], upload);
        await first.SendAsync("what the first one sends");
        await world.Db.WriteAsync(session => session.ExecuteAsync(ClaimRunsOut), Cancel);
        Assert.Equal(10, await nodes[1].AppendAsync(Name, upload.Id, Chunk("the second"u8), Cancel));
        if (moreComes)
        {
            world.Clocks[0].Now += UploadClaims.Lasts;
            await first.Body.Writer.WriteAsync("and more"u8.ToArray(), Cancel);
        }
        await ExpectTakenAsync(first.EndAsync);
        var content = "the second, and its end"u8.ToArray();
        await nodes[1].FinishAsync(Name, upload.Id, DigestAlgorithm.Sha256.Digest(content), Chunk(content.AsSpan(10)), Creator, Cancel);
        Assert.Equal(content, await world.ReadAsync(upload.StorageKey, content.Length));
    }

    [Theory, OnBothEngines]
    public async Task A_claim_is_renewed_with_the_bytes_that_come(Engine engine)
    {
        await using var world = await World.CreateAsync(engine);
        var nodes = world.Nodes(2);
        var upload = await nodes[0].StartAsync(Name, DigestAlgorithm.Sha256, Creator, Cancel);
        var receiving = new Receiving(world, nodes[0], upload);
        await receiving.SendAsync("a");
        for (var i = 0; i < 3; i++)
        {
            await world.Db.WriteAsync(session => session.ExecuteAsync(ClaimIsShort), Cancel);
            world.Clocks[0].Now += TimeSpan.FromSeconds(6);
            await receiving.SendAsync("b");
            Assert.InRange((await world.NumberAsync(ClaimLeft))!.Value, 5_000, UploadClaims.Lasts.TotalMilliseconds);
            await ExpectTakenAsync(() => nodes[1].AppendAsync(Name, upload.Id, Chunk("x"u8), Cancel));
        }
        Assert.Equal(4, await receiving.EndAsync());
    }

    [Theory, OnBothEngines]
    public async Task One_that_is_cancelled_elsewhere_ends_and_its_bytes_wait_for_that(Engine engine)
    {
        await using var world = await World.CreateAsync(engine);
        var nodes = world.Nodes(2);
        var upload = await nodes[0].StartAsync(Name, DigestAlgorithm.Sha256, Creator, Cancel);
        var receiving = new Receiving(world, nodes[0], upload);
        await receiving.SendAsync("hello");
        await nodes[1].CancelAsync(Name, upload.Id, Cancel);
        Assert.InRange((await world.NumberAsync(TrashWaits))!.Value, 1_000, UploadClaims.Lasts.TotalMilliseconds);
        Assert.Equal(OciError.BlobUploadUnknown, (await Assert.ThrowsAsync<OciException>(receiving.EndAsync)).Error);
        await Assert.ThrowsAsync<OciException>(() => nodes[1].GetAsync(Name, upload.Id, Cancel));
    }

    [Theory, OnBothEngines]
    public async Task A_request_that_fails_ends_its_claim_and_so_does_a_new_start(Engine engine)
    {
        await using var world = await World.CreateAsync(engine);
        var nodes = world.Nodes(2);
        var upload = await nodes[0].StartAsync(Name, DigestAlgorithm.Sha256, Creator, Cancel);
        var tooShort = new Chunk(null, 10, PipeReader.Create(new ReadOnlySequence<byte>(new byte[5])));
        Assert.Equal(OciError.SizeInvalid, (await Assert.ThrowsAsync<OciException>(() => nodes[0].AppendAsync(Name, upload.Id, tooShort, Cancel))).Error);
        Assert.Equal(1, await nodes[1].AppendAsync(Name, upload.Id, Chunk("a"u8), Cancel));

        // A server that was killed comes back under its name; for others its claim has to run out.
        await world.Db.WriteAsync(session => UploadTable.ClaimAsync(session, Name, upload.Id, World.ServerName(0)), Cancel);
        await ExpectTakenAsync(() => nodes[1].AppendAsync(Name, upload.Id, Chunk("b"u8), Cancel));
        Assert.Equal(2, await world.Nodes(1)[0].AppendAsync(Name, upload.Id, Chunk("b"u8), Cancel));
    }

    [Theory, OnBothEngines]
    public async Task However_many_try_the_bytes_are_those_that_the_row_has_hashed(Engine engine)
    {
        await using var world = await World.CreateAsync(engine);
        var nodes = world.Nodes(3);
        var upload = await nodes[0].StartAsync(Name, DigestAlgorithm.Sha256, Creator, Cancel);
        var seed = Seed.Random().Next();
        var taken = 0;
        await Task.WhenAll(nodes.Select((node, index) => Task.Run(
            async () =>
            {
                var random = new Random(seed + index);
                for (var i = 0; i < 30; i++)
                {
                    try
                    {
                        await node.AppendAsync(Name, upload.Id, Chunk(random.Bytes(random.Next(100_000))), Cancel);
                    }
                    catch (OciException e) when (e.Error == OciError.RangeInvalid)
                    {
                        Interlocked.Increment(ref taken);
                    }
                }
            },
            Cancel)));
        var (row, bytes) = await world.FindBytesAsync(upload);
        Assert.InRange(taken, 1, 89);
        Assert.Equal(row, bytes);
        await nodes[1].FinishAsync(Name, upload.Id, bytes, Chunk([]), Creator, Cancel);
    }

    // The checker must be able to see a fault: with the version alone two write at once, and only one of them notices.
    [Theory, OnBothEngines]
    public async Task Without_claims_the_bytes_are_others(Engine engine)
    {
        await using var world = await World.CreateAsync(engine);
        var nodes = world.Nodes(2, areClaimed: false);
        var upload = await nodes[0].StartAsync(Name, DigestAlgorithm.Sha256, Creator, Cancel);
        var (first, second) = (new Receiving(world, nodes[0], upload), new Receiving(world, nodes[1], upload));
        await first.SendAsync("");
        await second.SendAsync("second");
        await first.Body.Writer.WriteAsync("the first one"u8.ToArray(), Cancel);
        await Eventually.HoldsAsync(async () => await world.Storage.FindLengthAsync(upload.Bytes, Cancel) == 13);
        Assert.Equal(6, await second.EndAsync());
        await Assert.ThrowsAsync<OciException>(first.EndAsync);
        var (row, bytes) = await world.FindBytesAsync(upload);
        Assert.NotEqual(row, bytes);
    }

    // So many they were before there were claims: the statement that reads the row claims it, and the one that acknowledges ends the claim.
    [Theory]
    [InlineData(Engine.Sqlite, false)]
    [InlineData(Engine.Sqlite, true)]
    [InlineData(Engine.Postgres, false)]
    [InlineData(Engine.Postgres, true)]
    public async Task A_push_needs_no_more_statements_for_being_claimed(Engine engine, bool isClaimed)
    {
        await using var world = await World.CreateAsync(engine);
        var node = world.Nodes(1, isClaimed)[0];
        await PushWholeAsync("the first one makes the repository");
        Assert.Equal((10, 2), await CountAsync(() => PushWholeAsync("whole")));
        Assert.Equal((11, isClaimed ? 3 : 2), await CountAsync(async () =>
        {
            var upload = await node.StartAsync(Name, DigestAlgorithm.Sha256, Creator, Cancel);
            await node.FinishAsync(Name, upload.Id, DigestAlgorithm.Sha256.Digest("put"u8), Chunk("put"u8), Creator, Cancel);
        }));
        Assert.Equal((13, isClaimed ? 5 : 3), await CountAsync(async () =>
        {
            var upload = await node.StartAsync(Name, DigestAlgorithm.Sha256, Creator, Cancel);
            await node.AppendAsync(Name, upload.Id, Chunk("patch"u8), Cancel);
            await node.FinishAsync(Name, upload.Id, DigestAlgorithm.Sha256.Digest("patch"u8), Chunk([]), Creator, Cancel);
        }));

        Task PushWholeAsync(string text)
        {
            var content = System.Text.Encoding.UTF8.GetBytes(text);
            return node.TakeWholeAsync(Name, DigestAlgorithm.Sha256.Digest(content), Chunk(content), Creator, Cancel);
        }

        async Task<(int Statements, int Writes)> CountAsync(Func<Task> push)
        {
            var (statements, writes) = (world.Db.Statements, world.Db.Writes);
            await push();
            return (world.Db.Statements - statements, world.Db.Writes - writes);
        }
    }

    static async Task ExpectTakenAsync(Func<Task> request)
    {
        var refused = await Assert.ThrowsAsync<OciException>(request);
        Assert.Equal(OciError.RangeInvalid, refused.Error);
        Assert.Contains("another request is writing", refused.Message, StringComparison.Ordinal);
    }

    static Chunk Chunk(ReadOnlySpan<byte> bytes) => new(null, bytes.Length, PipeReader.Create(new ReadOnlySequence<byte>(bytes.ToArray())));

    /// <summary>A request whose body comes when the test says so.</summary>
    sealed class Receiving(World world, BlobUpload node, UploadRow upload)
    {
        readonly Task<long>[] appending = new Task<long>[1];
        long sent;

        public Pipe Body { get; } = new();

        /// <summary>Sends bytes, and waits until they are in the file.</summary>
        public async Task SendAsync(string text)
        {
            appending[0] ??= Task.Run(() => node.AppendAsync(Name, upload.Id, new Chunk(null, null, Body.Reader), Cancel), Cancel);
            sent += text.Length;
            await Body.Writer.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text), Cancel);
            await Eventually.HoldsAsync(async () => await world.Storage.FindLengthAsync(upload.Bytes, Cancel) == sent);
        }

        public async Task<long> EndAsync()
        {
            await Body.Writer.CompleteAsync();
            return await appending[0];
        }
    }

    sealed class World : IAsyncDisposable
    {
        static readonly ContentRules Rules = new(
            SparsePolicy.Refuse, TimeSpan.FromHours(1), TimeSpan.FromHours(1), TimeSpan.FromHours(1), new UploadLimits(1000, 1000, 1000));

        readonly TempDirectory directory = new();
        readonly Db inner;

        World(string? database, bool isObjects)
        {
            inner = database is null ? new SqliteDb(directory["test.db"]) : new PostgresDb(PostgresUrl.Parse(database).ConnectionString);
            Db = new CountingDb(inner);
            if (isObjects)
            {
                Storage = new ObjectBlobStorage(new ObjectBucket(new Faults()));
                return;
            }
            var files = new FileBlobStorage(directory["blobs"]);
            files.Create();
            Storage = files;
        }

        public CountingDb Db { get; }

        public IBlobStorage Storage { get; }

        /// <summary>The clocks of the nodes that were made last.</summary>
        public List<Clock> Clocks { get; } = [];

        public static async Task<World> CreateAsync(Engine engine, bool isObjects = false)
        {
            var world = new World(engine == Engine.Postgres ? await Postgres.CreateDatabaseAsync() : null, isObjects);
            await Migrator.MigrateAsync(world.Db);
            return world;
        }

        public static string ServerName(int index) => $"server {index}";

        public BlobUpload[] Nodes(int count, bool areClaimed = true)
        {
            Clocks.Clear();
            Clocks.AddRange(Enumerable.Range(0, count).Select(_ => new Clock()));
            return [.. Clocks.Select((clock, index) =>
                new BlobUpload(Db, Storage, new UploadClaims(clock, areClaimed ? ServerName(index) : null), Rules))];
        }

        public Task<long?> NumberAsync(Sql sql) => Db.ReadAsync(session => session.FindNumberAsync(sql), Cancel);

        public async Task<byte[]> ReadAsync(string key, int length)
        {
            using var blob = Storage.OpenRead(key);
            var bytes = new byte[length];
            return bytes[..await blob.ReadFullyAsync(bytes, 0, Cancel)];
        }

        /// <summary>The digest of what is acknowledged, as the row knows it and as it lies there.</summary>
        public async Task<(Digest Row, Digest Bytes)> FindBytesAsync(UploadRow upload)
        {
            var row = (await Db.ReadAsync(session => UploadTable.FindAsync(session, Name, upload.Id), Cancel))!;
            using var hash = ContentHash.Import(row.Algorithm, row.HashState, row.Received)!;
            return (hash.Finish(), row.Algorithm.Digest(await ReadAsync(row.StorageKey, (int)row.Received)));
        }

        public async ValueTask DisposeAsync()
        {
            await Storage.DisposeAsync();
            await inner.DisposeAsync();
            directory.Dispose();
        }
    }
}
