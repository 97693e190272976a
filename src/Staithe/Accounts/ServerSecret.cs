using System.Security.Cryptography;
using System.Text;
using Staithe.Storage;

namespace Staithe.Accounts;

/// <summary>
/// The secret of this registry, a file of its data directory: whoever has only the database cannot try secrets against the hashes in it,
/// nor sign tokens with the keys in it.
/// </summary>
internal sealed class ServerSecret
{
    const int Bytes = 32;
    const int NonceBytes = 12;
    const int TagBytes = 16;

    readonly byte[] hashing;
    readonly byte[] sealing;

    ServerSecret(byte[] root)
    {
        hashing = HKDF.DeriveKey(HashAlgorithmName.SHA256, root, Bytes, info: "hash"u8.ToArray());
        sealing = HKDF.DeriveKey(HashAlgorithmName.SHA256, root, Bytes, info: "seal"u8.ToArray());
    }

    /// <summary>Reads the secret, or makes one that only the user of the server can read.</summary>
    /// <exception cref="IOException">The file is there and is not a secret.</exception>
    public static ServerSecret LoadOrCreate(string file)
    {
        if (!File.Exists(file))
            Create(file);
        var root = File.ReadAllBytes(file);
        return root.Length == Bytes ? new ServerSecret(root) : throw new IOException($"{file} is not the {Bytes} bytes that Staithe wrote: bring it back from a backup, or remove it, and then all tokens and robots are void");
    }

    /// <summary>The keyed hash under which a secret is stored.</summary>
    public string Hash(string secret) => Convert.ToHexStringLower(HMACSHA256.HashData(hashing, Encoding.UTF8.GetBytes(secret)));

    /// <summary>Encrypts what the database, or a browser, is to keep.</summary>
    /// <param name="plain">What.</param>
    /// <param name="purpose">What for: what was sealed for one purpose cannot be unsealed for another.</param>
    public byte[] Seal(ReadOnlySpan<byte> plain, string purpose = "")
    {
        var sealedBytes = new byte[NonceBytes + TagBytes + plain.Length];
        RandomNumberGenerator.Fill(sealedBytes.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(sealing, TagBytes);
        aes.Encrypt(sealedBytes.AsSpan(0, NonceBytes), plain, sealedBytes.AsSpan(NonceBytes + TagBytes), sealedBytes.AsSpan(NonceBytes, TagBytes), Encoding.UTF8.GetBytes(purpose));
        return sealedBytes;
    }

    /// <summary>Decrypts it again; null when it was encrypted with another secret or for another purpose, or changed.</summary>
    public byte[]? Unseal(byte[] sealedBytes, string purpose = "")
    {
        if (sealedBytes.Length < NonceBytes + TagBytes)
            return null;
        var plain = new byte[sealedBytes.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(sealing, TagBytes);
        try
        {
            aes.Decrypt(sealedBytes.AsSpan(0, NonceBytes), sealedBytes.AsSpan(NonceBytes + TagBytes), sealedBytes.AsSpan(NonceBytes, TagBytes), plain, Encoding.UTF8.GetBytes(purpose));
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    // Two processes may begin at once; the first to give the file its name wins.
    static void Create(string file)
    {
        var draft = $"{file}.{Guid.NewGuid():N}";
        using (var stream = PrivateFile.Open(draft, FileMode.CreateNew, FileAccess.Write, FileShare.None))
        {
            stream.Write(RandomNumberGenerator.GetBytes(Bytes));
            stream.Flush(flushToDisk: true);
        }
        try
        {
            File.Move(draft, file, overwrite: false);
        }
        catch (IOException) when (File.Exists(file))
        {
            File.Delete(draft);
        }
    }
}
