namespace Staithe.Transport;

/// <summary>
/// The connections that may be open at a time, and the share of them that one address has: nobody can take all. When the connections, or those of
/// an address, are used up, a new one takes the place of one that nothing happens on: first of those without a request, one that never had any, then the
/// ones that wait for the next; then of those on which a transfer stands still. If there is none of these, the new one is refused.
/// </summary>
/// <param name="limit">Connections in all; at least 1.</param>
/// <param name="perNetwork">Connections of one network; at least 1.</param>
/// <param name="now">Milliseconds from some moment on.</param>
internal sealed class ConnectionShares(int limit, int perNetwork, Func<long> now)
{
    /// <summary>An address has at least so many connections, if there are so many at all: a pull uses half a dozen.</summary>
    public const int LeastPerNetwork = 16;

    /// <summary>Without a request for so long, a connection may have to make room: it is not one that is about to send.</summary>
    public const long IdleMilliseconds = 1_000;

    /// <summary>A transfer that stands still for so long may have to make room; where there is room, it has far longer.</summary>
    public const long StalledMilliseconds = 60_000;

    const long LookAgainMilliseconds = 100; // looking through all takes time, which whoever knocks without end shall not have
    const int MadeAtOnce = 32; // of so many connections one goes, so that the next to come find room without another look

    readonly Lock gate = new();
    readonly HashSet<ConnectionSeat> taken = [];
    readonly Dictionary<ulong, Share> networks = [];
    long nextLook;

    /// <summary>What one address has where nothing else is set: a quarter.</summary>
    public static int DefaultShare(int limit) => Math.Min(limit, Math.Max(LeastPerNetwork, limit / 4));

    /// <summary>Takes a place; null when there is none and none can be made.</summary>
    /// <param name="network">Stands for the address; null for a proxy, whose connections are many people's.</param>
    /// <param name="close">Ends the connection.</param>
    public ConnectionSeat? TryTake(ulong? network, Action close)
    {
        List<ConnectionSeat> closing = [];
        ConnectionSeat? seat = null;
        lock (gate)
        {
            var share = network is { } number ? networks.GetValueOrDefault(number) ?? new Share(number) : null;
            var hasRoom = (share is null || share.Count < perNetwork || MakeRoom(share, closing)) && (taken.Count < limit || MakeRoom(null, closing));
            if (hasRoom)
            {
                seat = new ConnectionSeat(share, close, now);
                taken.Add(seat);
                if (share is not null && ++share.Count == 1)
                    networks[share.Network] = share;
            }
        }
        foreach (var one in closing)
            one.Close();
        return seat;
    }

    /// <summary>The connection has ended.</summary>
    public void Leave(ConnectionSeat seat)
    {
        lock (gate)
            Remove(seat);
    }

    // Of one address, or of all. What is to be closed counts no longer.
    bool MakeRoom(Share? share, List<ConnectionSeat> closing)
    {
        var time = now();
        ref var next = ref share is null ? ref nextLook : ref share.NextLook;
        if (time < next)
            return false;
        var candidates = taken.Where(seat => share is null || seat.Network == share).ToList();
        var idle = candidates.Where(seat => !seat.IsBusy && seat.QuietMilliseconds >= IdleMilliseconds).ToList();
        var chosen = (idle.Count > 0 ? idle : candidates.Where(seat => seat.QuietMilliseconds >= StalledMilliseconds))
            .OrderBy(seat => seat.WasUsed)
            .ThenByDescending(seat => seat.Network?.Count ?? 0)
            .ThenByDescending(seat => seat.QuietMilliseconds)
            .Take(Math.Max(1, candidates.Count / MadeAtOnce))
            .ToList();
        if (chosen.Count == 0)
            next = time + LookAgainMilliseconds;
        chosen.ForEach(Remove);
        closing.AddRange(chosen);
        return chosen.Count > 0;
    }

    void Remove(ConnectionSeat seat)
    {
        if (taken.Remove(seat) && seat.Network is { } share && --share.Count == 0)
            networks.Remove(share.Network);
    }

    /// <summary>The connections of one network.</summary>
    internal sealed class Share(ulong network)
    {
        public ulong Network { get; } = network;

        public int Count { get; set; }

        /// <summary>Before this time nobody looks for room in it again.</summary>
        public ref long NextLook => ref nextLook;

        long nextLook;
    }
}
