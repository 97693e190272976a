using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Staithe.Access;

/// <summary>
/// Slows down whoever guesses: after some failures each further one doubles the wait. Counted by address and by account, in memory. For an
/// account the wait stays short, so that a stranger's guesses do not keep its owner out. Names are kept as a hash, since they may be as long as a
/// header and nobody is to find a password in memory that was typed where the name belongs.
/// </summary>
internal sealed class SignInLimits(TimeProvider clock)
{
    const int FreeFailures = 10;
    const int MaxEntries = 100_000;
    static readonly TimeSpan MaxWaitOfAddress = TimeSpan.FromMinutes(15);
    static readonly TimeSpan MaxWaitOfAccount = TimeSpan.FromSeconds(30);
    static readonly TimeSpan Forgiven = TimeSpan.FromHours(1);

    readonly ConcurrentDictionary<UInt128, Failures> failures = new();
    readonly byte[] hashKey = RandomNumberGenerator.GetBytes(32);

    /// <summary>How long a caller has to wait before the next attempt; zero when not at all. No account is named with a secret that tells whose it is.</summary>
    public TimeSpan Wait(string? address, string? account)
    {
        var ofAddress = Wait(AddressKey(address), MaxWaitOfAddress);
        var ofAccount = account is null ? TimeSpan.Zero : Wait(AccountKey(account), MaxWaitOfAccount);
        return ofAddress > ofAccount ? ofAddress : ofAccount;
    }

    /// <summary>An attempt has failed.</summary>
    public void Failed(string? address, string? account)
    {
        if (failures.Count >= MaxEntries)
            Forget();
        Count(AddressKey(address));
        if (account is not null)
            Count(AccountKey(account));
    }

    /// <summary>An attempt has succeeded: its account is forgiven, its address is not, since an attacker may have an account too.</summary>
    public void Succeeded(string account) => failures.TryRemove(AccountKey(account), out _);

    void Count(UInt128 key) => failures.AddOrUpdate(key, _ => new Failures(1, clock.GetTimestamp()), (_, known) => new Failures(IsForgiven(known) ? 1 : known.Count + 1, clock.GetTimestamp()));

    TimeSpan Wait(UInt128 key, TimeSpan most)
    {
        if (!failures.TryGetValue(key, out var known) || known.Count < FreeFailures || IsForgiven(known))
            return TimeSpan.Zero;
        var wait = TimeSpan.FromSeconds(Math.Min(most.TotalSeconds, Math.Pow(2, Math.Min(known.Count - FreeFailures, 20))));
        var left = wait - clock.GetElapsedTime(known.LastAt);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    bool IsForgiven(Failures known) => clock.GetElapsedTime(known.LastAt) > Forgiven;

    // Those that wait no longer go first; if an attacker with very many addresses has filled the table, everybody begins anew.
    void Forget()
    {
        foreach (var (key, known) in failures)
        {
            if (known.Count < FreeFailures || IsForgiven(known))
                failures.TryRemove(key, out _);
        }
        if (failures.Count >= MaxEntries)
            failures.Clear();
    }

    static UInt128 AddressKey(string? address) => new(0, ClientNetwork.Of(address));

    // Never 0 in its upper half, which is for addresses.
    UInt128 AccountKey(string account)
    {
        var hash = HMACSHA256.HashData(hashKey, Encoding.UTF8.GetBytes(account));
        return new UInt128(BinaryPrimitives.ReadUInt64LittleEndian(hash) | 1, BinaryPrimitives.ReadUInt64LittleEndian(hash.AsSpan(8)));
    }

    sealed record Failures(int Count, long LastAt);
}
