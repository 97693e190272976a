using System.Collections.Concurrent;
using System.Security.Cryptography;
using Staithe.Accounts;
using Staithe.Database;

namespace Staithe.Access;

/// <summary>
/// The keys that sign tokens: ECDSA on P-256 (ES256), encrypted in the database so that every server of a registry has the same. The newest
/// signs; a new one is made when it is <see cref="Age"/> old, and the old ones are known for as long as what they signed lasts.
/// </summary>
internal sealed class TokenKeys(Db db, ServerSecret secret) : IDisposable
{
    static readonly TimeSpan Age = TimeSpan.FromDays(30);
    static readonly TimeSpan Afterlife = TimeSpan.FromDays(1);
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    static readonly TimeSpan Freshness = TimeSpan.FromHours(1); // much less than the afterlife: nobody signs with a key that others have dropped

    readonly SemaphoreSlim loading = new(1);
    IReadOnlyDictionary<string, TokenKey> keys = new Dictionary<string, TokenKey>();
    TokenKey? newest;
    long lookedAt;

    /// <summary>The key that signs now; looks from time to time whether it is still the newest, and young enough.</summary>
    public async Task<TokenKey> FindNewestAsync(CancellationToken cancel)
    {
        if (newest is null || TimeProvider.System.GetElapsedTime(Volatile.Read(ref lookedAt)) > Freshness)
            await LoadAsync(cancel);
        return newest ?? throw new InvalidOperationException("the keys were loaded and there is none");
    }

    /// <summary>The key of that id, if it was known when last looked.</summary>
    public TokenKey? Find(string id) => keys.GetValueOrDefault(id);

    /// <summary>The key of that id; one that is not known may have been made by another server just now.</summary>
    public async Task<TokenKey?> FindAsync(string id, CancellationToken cancel)
    {
        if (Find(id) is { } known)
            return known;
        if (newest is not null && TimeProvider.System.GetElapsedTime(Volatile.Read(ref lookedAt)) < Patience)
            return null; // whoever invents ids does not get the database to work
        await LoadAsync(cancel);
        return Find(id);
    }

    /// <summary>Reads the keys, makes one where the newest is too old, and drops those whose tokens have all ended.</summary>
    public async Task LoadAsync(CancellationToken cancel)
    {
        await loading.WaitAsync(cancel);
        try
        {
            Volatile.Write(ref lookedAt, TimeProvider.System.GetTimestamp());
            var rows = await ReadAsync(cancel);
            if (rows.Count == 0 || rows[0].Age >= Age.TotalMilliseconds)
            {
                await MakeAsync(cancel);
                rows = await ReadAsync(cancel);
            }
            newest = Find(rows[0].Id) ?? new TokenKey(rows[0].Id, rows[0].Material);
            keys = rows.ToDictionary(row => row.Id, row => row.Id == newest.Id ? newest : Find(row.Id) ?? new TokenKey(row.Id, row.Material));
        }
        finally
        {
            loading.Release();
        }
    }

    public void Dispose()
    {
        foreach (var key in keys.Values)
            key.Dispose();
        loading.Dispose();
    }

    // Newest first. A key that another secret encrypted is none of ours: the file of the secret was lost, or is another server's.
    async Task<List<(string Id, byte[] Material, long Age)>> ReadAsync(CancellationToken cancel)
    {
        var rows = await db.ReadAsync(session => session.ListAsync(ListSql, row => (Id: row.GetString(0), Sealed: row.GetFieldValue<byte[]>(1), Age: row.GetInt64(2))), cancel);
        return [.. rows.Select(row => (row.Id, Material: secret.Unseal(row.Sealed), row.Age)).Where(row => row.Material is not null).Select(row => (row.Id, row.Material!, row.Age))];
    }

    Task MakeAsync(CancellationToken cancel)
    {
        using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (id, material) = (Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)), secret.Seal(made.ExportPkcs8PrivateKey()));
        return db.WriteAsync(
            SpaceUse.Small,
            async session =>
            {
                await session.ExecuteAsync(AddSql, id, material);
                await session.ExecuteAsync(DropSql, (long)(Age + Afterlife).TotalMilliseconds);
            },
            cancel);
    }

    static readonly Sql ListSql = new("select id, material, {now} - created_at from signing_keys order by created_at desc, id");
    static readonly Sql AddSql = new("insert into signing_keys (id, material, created_at) values ($1, $2, {now})");
    static readonly Sql DropSql = new("delete from signing_keys where created_at < {now} - $1");
}

/// <summary>One of them. The platform's object serves one caller at a time, so each that signs or verifies takes one of its own.</summary>
internal sealed class TokenKey(string id, byte[] material) : IDisposable
{
    readonly ConcurrentBag<ECDsa> idle = [];

    public string Id => id;

    /// <summary>The signature in the form of JWS (RFC 7518 section 3.4).</summary>
    public byte[] Sign(ReadOnlySpan<byte> bytes)
    {
        var key = Take();
        var signature = key.SignData(bytes, HashAlgorithmName.SHA256);
        idle.Add(key);
        return signature;
    }

    public bool Verify(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> signature)
    {
        var key = Take();
        var verified = key.VerifyData(bytes, signature, HashAlgorithmName.SHA256);
        idle.Add(key);
        return verified;
    }

    public void Dispose()
    {
        while (idle.TryTake(out var key))
            key.Dispose();
    }

    ECDsa Take()
    {
        if (idle.TryTake(out var key))
            return key;
        key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(material, out _);
        return key;
    }
}
