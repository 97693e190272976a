using System.Net;
using Staithe.Access;

namespace Staithe.Door;

/// <summary>Too many requests.</summary>
internal sealed class TooManyRequestsException(TimeSpan wait) : Exception("too many requests: wait, then go on")
{
    /// <summary>After how long there is room for the next one.</summary>
    public TimeSpan Wait { get; } = wait;

    /// <summary>The same in whole seconds, as <c>Retry-After</c> takes it.</summary>
    public string RetryAfter { get; } = Math.Ceiling(wait.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>How many requests a minute an account may make, and an address from which nobody says who they are.</summary>
internal sealed class RequestLimits
{
    readonly RequestBuckets? accounts;
    readonly RequestBuckets? addresses;

    /// <param name="perAccount">Requests a minute; 0 for as many as come.</param>
    /// <param name="perAddress">Requests a minute; 0 for as many as come.</param>
    /// <param name="clock">Tells when there is room again.</param>
    public RequestLimits(int perAccount, int perAddress, TimeProvider clock)
    {
        accounts = perAccount == 0 ? null : new RequestBuckets(perAccount, clock);
        addresses = perAddress == 0 ? null : new RequestBuckets(perAddress, clock);
    }

    /// <summary>Whether anything is counted.</summary>
    public bool AreOn => accounts is not null || addresses is not null;

    /// <summary>Counts a request; after how long there is room for it, zero when there is now.</summary>
    public TimeSpan Count(Identity who, IPAddress? address) => who.Kind switch
    {
        IdentityKind.Anonymous or IdentityKind.Anybody => CountStranger(address),
        _ => accounts?.Take(HashCode.Combine(who.Kind, who.Id)) ?? TimeSpan.Zero,
    };

    /// <summary>Counts a request of nobody that is known.</summary>
    public TimeSpan CountStranger(IPAddress? address) => addresses?.Take(Hash(ClientNetwork.Of(address))) ?? TimeSpan.Zero;

    /// <exception cref="TooManyRequestsException">There is no room for the request.</exception>
    public void Require(Identity who, IPAddress? address) => Throw(Count(who, address));

    /// <exception cref="TooManyRequestsException">There is no room for the request.</exception>
    public void RequireStranger(IPAddress? address) => Throw(CountStranger(address));

    static void Throw(TimeSpan wait)
    {
        if (wait > TimeSpan.Zero)
            throw new TooManyRequestsException(wait);
    }

    // Both halves go into a hash that is another one in each process: nobody finds the network that shares a bucket with somebody else.
    static int Hash(ulong network) => HashCode.Combine((uint)network, (uint)(network >> 32));
}

/// <summary>
/// A bucket for each of very many askers: it holds a minute's worth of requests and fills again at an even pace. A bucket is one number, the time
/// at which it will be full again; numbers lie in a table of fixed size, four for each place that a hash leads to, and a newcomer takes the
/// place of the one that is the fullest. So memory is bounded, nothing is locked, and whoever floods the table makes others' limits wider, never
/// narrower.
/// </summary>
internal sealed class RequestBuckets
{
    /// <summary>How many askers are told apart.</summary>
    public const int Capacity = Places * Ways;

    const int Places = 1 << 14;
    const int Ways = 4;
    const int TagBits = 20;
    const int TicksPerMillisecond = 16;
    const long TimeMask = (1L << (64 - TagBits)) - 1;

    readonly long[] buckets = new long[Capacity];
    readonly long each;
    readonly long whole;
    readonly TimeProvider clock;
    readonly long start;

    public RequestBuckets(int perMinute, TimeProvider clock)
    {
        this.clock = clock;
        start = clock.GetTimestamp();
        each = Math.Max(1, 60_000L * TicksPerMillisecond / perMinute);
        whole = each * perMinute;
    }

    /// <summary>Takes one out; after how long there is one to take, zero when there was.</summary>
    /// <param name="asker">A hash of who asks.</param>
    public TimeSpan Take(int asker)
    {
        var now = (long)(clock.GetElapsedTime(start).TotalMilliseconds * TicksPerMillisecond) + 1;
        var spread = (ulong)(uint)asker * 0x9E37_79B9_7F4A_7C15; // a hash of a small number may be that number
        var place = (int)(spread >> 50) * Ways;
        var tag = (long)((spread >> 30) & ((1 << TagBits) - 1)) << (64 - TagBits);
        for (var attempt = 0; attempt < 8; attempt++)
        {
            ref var bucket = ref Find(place, tag);
            var seen = Volatile.Read(ref bucket);
            var full = (seen & ~TimeMask) == tag ? Math.Max(now, seen & TimeMask) : now;
            var then = full + each;
            if (then - now > whole)
                return TimeSpan.FromMilliseconds((double)(then - now - whole) / TicksPerMillisecond);
            if (Interlocked.CompareExchange(ref bucket, tag | (then & TimeMask), seen) == seen)
                return TimeSpan.Zero;
        }
        return TimeSpan.Zero; // so many at once that one more does not matter
    }

    ref long Find(int place, long tag)
    {
        var fullest = place;
        for (var i = place; i < place + Ways; i++)
        {
            var seen = Volatile.Read(ref buckets[i]);
            if (seen != 0 && (seen & ~TimeMask) == tag)
                return ref buckets[i];
            if ((seen & TimeMask) < (Volatile.Read(ref buckets[fullest]) & TimeMask))
                fullest = i;
        }
        return ref buckets[fullest];
    }
}
