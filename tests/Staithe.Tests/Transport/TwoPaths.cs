using Staithe.Tests.Harness;
using Staithe.Tests.Transport;

[assembly: AssemblyFixture(typeof(TwoPaths))]

namespace Staithe.Tests.Transport;

/// <summary>Two servers with the same content: one lets the kernel move files, the other moves them itself.</summary>
public sealed class TwoPaths : IAsyncDisposable
{
    public const string Name = "two/paths";

    readonly Lazy<Task<(Registry Direct, Registry Ordinary)>> servers = new(StartAsync);

    /// <summary>Sizes of the blobs both have: around the sizes of buffers, and some that no socket takes at once.</summary>
    public static IReadOnlyList<int> Sizes { get; } = [0, 1, 100, 4095, 4096, 16 * 1024, 65535, 65536, 65537, 300_000, 1 << 20, (5 << 20) + 17, 20 << 20];

    static readonly Dictionary<int, byte[]> Contents = Sizes.ToDictionary(size => size, Generate);
    static readonly Dictionary<int, string> Digests = Sizes.ToDictionary(size => size, size => Registry.Digest(Contents[size]));

    public static byte[] Blob(int size) => Contents[size];

    public static string Digest(int size) => Digests[size];

    internal async Task<Registry> DirectAsync() => (await servers.Value).Direct;

    internal async Task<Registry> OrdinaryAsync() => (await servers.Value).Ordinary;

    public async ValueTask DisposeAsync()
    {
        if (!servers.IsValueCreated)
            return;
        await (await DirectAsync()).DisposeAsync();
        await (await OrdinaryAsync()).DisposeAsync();
    }

    static byte[] Generate(int size)
    {
        var content = new byte[size];
        new Random(size).NextBytes(content);
        return content;
    }

    static async Task<(Registry, Registry)> StartAsync()
    {
        var direct = await Registry.StartAsync(Engine.Sqlite, config => config with { StallSeconds = 5 });
        var ordinary = await Registry.StartAsync(Engine.Sqlite, config => config with { StallSeconds = 5, Sendfile = false });
        foreach (var server in new[] { direct, ordinary })
        {
            foreach (var size in Sizes)
                await server.PushBlobAsync(Name, Blob(size));
            using var response = await server.PutManifestAsync(Name, "tag", RegistryClient.Index([]), RegistryClient.OciIndex);
        }
        return (direct, ordinary);
    }
}
