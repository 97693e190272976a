using System.Security.Cryptography;

namespace Staithe.Oci;

/// <summary>A digest algorithm whose content this registry can check (image-spec, descriptor.md, "Registered algorithms").</summary>
public sealed class DigestAlgorithm
{
    /// <summary>SHA-256, the canonical algorithm: what a manifest pushed by tag is stored under.</summary>
    public static DigestAlgorithm Sha256 { get; } = new("sha256", HashAlgorithmName.SHA256, 32);

    /// <summary>SHA-512.</summary>
    public static DigestAlgorithm Sha512 { get; } = new("sha512", HashAlgorithmName.SHA512, 64);

    DigestAlgorithm(string name, HashAlgorithmName hashName, int hashBytes) => (Name, HashName, HashBytes) = (name, hashName, hashBytes);

    /// <summary>The word before the colon of a digest.</summary>
    public string Name { get; }

    /// <summary>The name the platform's cryptography knows it by.</summary>
    public HashAlgorithmName HashName { get; }

    /// <summary>Length of the raw hash in bytes.</summary>
    public int HashBytes { get; }

    /// <summary>The algorithm of that name, or null when this registry cannot check content with it.</summary>
    public static DigestAlgorithm? Find(string? name) => name switch
    {
        "sha256" => Sha256,
        "sha512" => Sha512,
        _ => null,
    };

    /// <summary>Hashes content that is in memory.</summary>
    public Digest Digest(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[64];
        hash = hash[..CryptographicOperations.HashData(HashName, content, hash)];
        return Oci.Digest.FromHash(this, hash);
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
