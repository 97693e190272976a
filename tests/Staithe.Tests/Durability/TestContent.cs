using Staithe.Tests.Harness;

namespace Staithe.Tests.Durability;

/// <summary>Bytes for blobs, with their digest.</summary>
internal sealed record TestContent(byte[] Bytes, string Digest)
{
    /// <summary>A few dozen contents from 1 byte to 4 MiB, few of them large. All pushers draw from them, so that the same blob comes from many.</summary>
    public static IReadOnlyList<TestContent> Pool { get; } = CreatePool();

    public static TestContent Create(Random random, int size, string algorithm = "sha256")
    {
        var bytes = new byte[size];
        random.NextBytes(bytes);
        return new TestContent(bytes, Registry.Digest(bytes, algorithm));
    }

    static List<TestContent> CreatePool()
    {
        var random = new Random(4711);
        int[] sizes = [1, 2, 63, 64, 65, .. Enumerable.Range(0, 25).Select(_ => random.Next(100, 8_000)), .. Enumerable.Range(0, 8).Select(_ => random.Next(8_000, 300_000)), 1 << 20, 4 << 20];
        return [.. sizes.Select((size, index) => Create(random, size, index % 5 == 0 ? "sha512" : "sha256"))];
    }
}
