using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Staithe.Bench;

/// <summary>What the servers hold: the same bytes under the same paths. Made from a fixed seed, so that every run has the same.</summary>
internal sealed class Content
{
    public const string ManifestType = "application/vnd.oci.image.manifest.v1+json";
    public const string IndexType = "application/vnd.oci.image.index.v1+json";

    /// <summary>What everything that is pulled is in.</summary>
    public const string Repository = "bench/pull";

    const int Manifests = 100;
    const int ManifestBytes = 2048;

    readonly List<(string Tag, string Digest, byte[] Bytes)> manifests = [];
    readonly List<(string Digest, byte[] Bytes)> blobs = [];

    public Content(bool largeBlobs)
    {
        var random = new Random(1);
        AddBlobs(random, 32, 64 * 1024);
        if (largeBlobs)
        {
            AddBlobs(random, 16, 1024 * 1024);
            AddBlobs(random, 1, 100 * 1024 * 1024);
        }
        for (var i = 0; i < Manifests; i++)
            AddManifest($"t{i:D3}", blobs[i % 32]);
    }

    /// <summary>An index of nothing: the smallest manifest there is, which needs no blobs.</summary>
    public static byte[] EmptyIndex { get; } = Encoding.ASCII.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{IndexType}}","manifests":[]}""");

    /// <summary>What a row asks for, again and again.</summary>
    public IReadOnlyList<string> PathsOf(Row row) => row.Id switch
    {
        "manifest-tag" or "manifest-head" or "mixed" or "token-pull" or "sign-ins-0" or "sign-ins-200" => [.. manifests.Select(manifest => $"/v2/{Repository}/manifests/{manifest.Tag}")],
        "manifest-digest" => [.. manifests.Select(manifest => $"/v2/{Repository}/manifests/{manifest.Digest}")],
        _ => [.. blobs.Where(blob => blob.Bytes.Length == row.Size).Select(blob => $"/v2/{Repository}/blobs/{blob.Digest}")],
    };

    /// <summary>Everything there is, by tag and digest.</summary>
    public IEnumerable<string> Paths => manifests.Select(manifest => $"/v2/{Repository}/manifests/{manifest.Tag}").Concat(blobs.Where(blob => blob.Bytes.Length <= 1024 * 1024).Select(blob => $"/v2/{Repository}/blobs/{blob.Digest}"));

    public string LargestBlobPath => $"/v2/{Repository}/blobs/{blobs.MaxBy(blob => blob.Bytes.Length).Digest}";

    /// <summary>A manifest whose config and only layer are one blob.</summary>
    public static byte[] ImageOf(string digest, long size)
    {
        object Descriptor(string type) => new { mediaType = type, digest, size };
        return JsonSerializer.SerializeToUtf8Bytes(new { schemaVersion = 2, mediaType = ManifestType, config = Descriptor("application/vnd.oci.image.config.v1+json"), layers = new[] { Descriptor("application/vnd.oci.image.layer.v1.tar") } });
    }

    /// <summary>Gives everything to a server that has just been started: to a registry as a client does, to nginx as files.</summary>
    public void Fill(Server server)
    {
        if (server.Kind == ServerKind.Nginx)
            FillFiles(Path.Combine(Server.ContentDirectory(server.Directory), "v2", Repository));
        else
            PushTo(server);
        PageCache.Renew(server.Directory);
    }

    public static string DigestOf(ReadOnlySpan<byte> bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));

    void AddBlobs(Random random, int count, int size)
    {
        for (var i = 0; i < count; i++)
        {
            var bytes = new byte[size];
            random.NextBytes(bytes);
            blobs.Add((DigestOf(bytes), bytes));
        }
    }

    // Any blob serves as config and as layer: a registry does not look into them.
    void AddManifest(string tag, (string Digest, byte[] Bytes) blob)
    {
        object Descriptor(string type) => new { mediaType = type, digest = blob.Digest, size = blob.Bytes.Length };
        byte[] Manifest(string filler) => JsonSerializer.SerializeToUtf8Bytes(new
        {
            schemaVersion = 2,
            mediaType = ManifestType,
            config = Descriptor("application/vnd.oci.image.config.v1+json"),
            layers = new[] { Descriptor("application/vnd.oci.image.layer.v1.tar") },
            annotations = new { tag, filler },
        });
        var bytes = Manifest(new string('x', ManifestBytes - Manifest("").Length));
        manifests.Add((tag, DigestOf(bytes), bytes));
    }

    void PushTo(Server server)
    {
        using var connection = new Connection(server.Address);
        foreach (var (digest, bytes) in blobs)
            Push.Blob(connection, Repository, digest, bytes.Length, bytes, []);
        foreach (var (tag, _, bytes) in manifests)
            Push.Manifest(connection, $"/v2/{Repository}/manifests/{tag}", ManifestType, bytes);
    }

    void FillFiles(string directory)
    {
        Directory.CreateDirectory(Path.Combine(directory, "manifests"));
        Directory.CreateDirectory(Path.Combine(directory, "blobs"));
        foreach (var (digest, bytes) in blobs)
            File.WriteAllBytes(Path.Combine(directory, "blobs", digest), bytes);
        foreach (var (tag, digest, bytes) in manifests)
        {
            File.WriteAllBytes(Path.Combine(directory, "manifests", tag), bytes);
            File.WriteAllBytes(Path.Combine(directory, "manifests", digest), bytes);
        }
    }
}
