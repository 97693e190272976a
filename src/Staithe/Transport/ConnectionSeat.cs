namespace Staithe.Transport;

/// <summary>One connection among those that may be open: whether a request runs on it, and when something last moved.</summary>
internal sealed class ConnectionSeat
{
    /// <summary>
    /// How long a new connection has for its first request to arrive, TLS included. Clients open some that they only use later. Where others need its place, it
    /// goes far sooner (<see cref="ConnectionShares.IdleMilliseconds"/>).
    /// </summary>
    public const long FirstRequestMilliseconds = 30_000;

    readonly Func<long> now;
    readonly Action close;
    int running;
    long movedAt;

    /// <param name="network">Whose share it is of; null for a proxy, which has none.</param>
    /// <param name="close">Ends the connection.</param>
    /// <param name="now">Milliseconds from some moment on.</param>
    public ConnectionSeat(ConnectionShares.Share? network, Action close, Func<long> now)
    {
        (Network, this.close, this.now) = (network, close, now);
        OpenedAt = movedAt = now();
    }

    public ConnectionShares.Share? Network { get; }

    public long OpenedAt { get; }

    /// <summary>Whether a request has come.</summary>
    public bool WasUsed { get; private set; }

    /// <summary>Whether a request runs; not one whose headers are still coming.</summary>
    public bool IsBusy => Volatile.Read(ref running) > 0;

    /// <summary>For how long nothing has moved.</summary>
    public long QuietMilliseconds => now() - Volatile.Read(ref movedAt);

    /// <summary>The seat of the connection that a request came on; null where connections are not counted.</summary>
    public static ConnectionSeat? Of(HttpContext http) => http.Features.Get<ConnectionSeat>();

    /// <summary>A request begins.</summary>
    public void Begin()
    {
        WasUsed = true;
        Moved();
        Interlocked.Increment(ref running); // HTTP/2 has many at a time
    }

    /// <summary>It ends.</summary>
    public void End()
    {
        Moved();
        Interlocked.Decrement(ref running);
    }

    /// <summary>The client sent or took something.</summary>
    public void Moved() => Volatile.Write(ref movedAt, now());

    /// <summary>Ends a connection on which no request came in time; to be called now and then.</summary>
    public void CheckFirstRequest()
    {
        if (!WasUsed && now() - OpenedAt >= FirstRequestMilliseconds)
            Close();
    }

    /// <summary>Ends the connection.</summary>
    public void Close() => close();
}
