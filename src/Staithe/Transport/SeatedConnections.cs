using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Staithe.Transport;

/// <summary>Gives each connection of an endpoint its place in <see cref="ConnectionShares"/>, before anything is read from it.</summary>
internal static class SeatedConnections
{
    /// <param name="endpoint">The endpoint; nothing else may be in front of its connections.</param>
    /// <param name="shares">The places.</param>
    /// <param name="networkOf">What stands for an address; null for a proxy.</param>
    public static void UseSeats(this ListenOptions endpoint, ConnectionShares shares, Func<IPAddress?, ulong?> networkOf) => endpoint.Use(next => async connection =>
    {
        var network = networkOf((connection.RemoteEndPoint as IPEndPoint)?.Address);
        if (shares.TryTake(network, () => connection.Abort(new ConnectionAbortedException("others need its place, or no request came"))) is not { } seat)
        {
            connection.Abort(new ConnectionAbortedException("there are too many connections"));
            return;
        }
        connection.Features.Set(seat);
        connection.Features.Get<IConnectionHeartbeatFeature>()?.OnHeartbeat(static state => ((ConnectionSeat)state).CheckFirstRequest(), seat);
        try
        {
            await next(connection);
        }
        finally
        {
            shares.Leave(seat);
        }
    });
}
