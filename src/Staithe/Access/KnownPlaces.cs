namespace Staithe.Access;

/// <summary>
/// From which networks the password of an account was right lately. Whoever guesses from elsewhere does not hold up its owner
/// there. Kept in memory: after a start of the server the first sign-in from each network counts as a stranger's again. Whoever
/// uses it holds a lock.
/// </summary>
internal sealed class KnownPlaces(TimeProvider clock, int maxAccounts = 50_000)
{
    const int MaxPerAccount = 16; // each is one more place to guess from
    static readonly TimeSpan Remembered = TimeSpan.FromDays(30);

    readonly Dictionary<UInt128, List<(ulong Network, long At)>> accounts = [];

    public bool Has(UInt128 account, ulong network) =>
        accounts.TryGetValue(account, out var places)
        && places.Exists(place => place.Network == network && clock.GetElapsedTime(place.At) < Remembered);

    public void Add(UInt128 account, ulong network)
    {
        if (!accounts.TryGetValue(account, out var places))
        {
            if (accounts.Count >= maxAccounts)
                Evict();
            accounts[account] = places = [];
        }
        places.RemoveAll(place => place.Network == network);
        if (places.Count >= MaxPerAccount)
            places.RemoveAt(0); // the one that was used longest ago
        places.Add((network, clock.GetTimestamp()));
    }

    void Evict()
    {
        foreach (var (account, _) in accounts.OrderBy(one => one.Value[^1].At).Take(Math.Max(1, maxAccounts / 4)).ToList())
            accounts.Remove(account);
    }
}
