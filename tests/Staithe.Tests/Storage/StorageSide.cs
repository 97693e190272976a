using Staithe.Storage;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Storage;

/// <summary>One side of <see cref="IBlobStorage"/> under test: the place of the bytes, which outlives the processes that use it.</summary>
internal abstract class StorageSide : IAsyncDisposable
{
    readonly List<IBlobStorage> opened = [];

    /// <summary>The calls below the storage.</summary>
    public Faults Faults { get; } = new();

    /// <summary>A process that uses the place: one more node, or one that starts after another has ended.</summary>
    public IBlobStorage Open()
    {
        var storage = Create();
        opened.Add(storage);
        return storage;
    }

    /// <summary>Chunks of this size are treated in another way than smaller ones.</summary>
    public abstract int PartBytes { get; }

    /// <summary>The power goes, for all nodes and for the place.</summary>
    public virtual void LosePower(Random random)
    {
        // an object store has what it has answered
    }

    /// <summary>From now on the calls take different times.</summary>
    public abstract void BeSlow(Random random);

    /// <summary>How many things there are at the place, whatever they are called: files, objects, parts.</summary>
    public abstract int CountThings();

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var storage in opened)
            await storage.DisposeAsync();
    }

    protected abstract IBlobStorage Create();
}

/// <summary>Files, on a file system that can fail.</summary>
internal class FileSide : StorageSide
{
    readonly TempDirectory directory = new();
    readonly FaultyDisk disk;

    /// <param name="syncsNames">Whether syncing a directory does anything.</param>
    /// <param name="cuts">Whether files can be made shorter.</param>
    public FileSide(bool syncsNames = true, bool cuts = true)
    {
        disk = new FaultyDisk(Faults, Root) { SyncsNames = syncsNames, Cuts = cuts };
        using var first = new FileBlobStorage(Root);
        first.Create();
    }

    public override int PartBytes => 1024 * 1024; // from here on, blocks are set aside

    public string Root => directory["blobs"];

    public override void LosePower(Random random) => disk.LosePower(random);

    public override void BeSlow(Random random) => disk.Slowness = random;

    public override int CountThings() => Directory.GetFiles(Root, "*", SearchOption.AllDirectories).Length;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        directory.Dispose();
    }

    protected override IBlobStorage Create() => new FileBlobStorage(Root, disk: disk);
}

/// <summary>An object store in memory.</summary>
internal class ObjectSide : StorageSide
{
    readonly ObjectBucket bucket;

    public override int PartBytes => ObjectBucket.MinPartBytes;

    public ObjectSide() => bucket = new ObjectBucket(Faults);

    public override void BeSlow(Random random) => bucket.Slowness = random;

    public override int CountThings() => bucket.Count();

    protected override IBlobStorage Create() => new ObjectBlobStorage(bucket);
}
