using System.Security.Cryptography;
using System.Text;
using Staithe.Database;

namespace Staithe.Accounts;

/// <summary>
/// The secret of a registry, a row of its database, so that all its servers have the same: what is hashed with it cannot be tried without it, and what is
/// sealed with it, such as a form or a cookie, only its servers can make. It reaches no log.
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

    /// <summary>A new one, of no registry.</summary>
    public static ServerSecret Create() => new(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>
    /// Reads the secret of the database. A database that has none yet takes over the one that older servers kept in a file of the data directory, or gets a
    /// new one. The file stays as it is, for a database that is restored from before.
    /// </summary>
    /// <exception cref="IOException">The database has none, and the file is there and is not a secret.</exception>
    public static async Task<ServerSecret> LoadAsync(Db db, string file)
    {
        if (await db.ReadAsync(FindAsync) is { } root)
            return new ServerSecret(root);
        var offered = Read(file) ?? RandomNumberGenerator.GetBytes(Bytes);
        var taken = await db.WriteAsync(SpaceUse.Small, async session =>
        {
            await session.ExecuteAsync(AddSql, offered);
            return await FindAsync(session); // another server may have been quicker
        });
        return new ServerSecret(taken ?? throw new InvalidOperationException("the secret was added and is not there"));
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

    static byte[]? Read(string file)
    {
        if (!File.Exists(file))
            return null;
        var root = File.ReadAllBytes(file);
        return root.Length == Bytes ? root : throw new IOException($"{file} is not the {Bytes} bytes that Staithe wrote: bring it back from a backup, or remove it, and then all tokens and robots are void");
    }

    static Task<byte[]?> FindAsync(DbSession session) => session.FindAsync(FindSql, row => row.GetFieldValue<byte[]>(0));

    static readonly Sql FindSql = new("select root from server_secret");
    static readonly Sql AddSql = new("insert into server_secret (id, root) values (1, $1) on conflict do nothing");
}
