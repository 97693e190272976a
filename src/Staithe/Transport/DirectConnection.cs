using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Staithe.Transport;

/// <summary>Puts <see cref="SocketOutput"/> under the plain connections of an endpoint, where the platform has it.</summary>
internal static class DirectConnection
{
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <param name="endpoint">A plain endpoint: what TLS encrypts has to pass through the process anyway.</param>
    /// <param name="stall">After how long without progress a client is cut off.</param>
    public static void UseDirectOutput(this ListenOptions endpoint, TimeSpan stall) => endpoint.Use(next => async connection =>
    {
        if (connection.Features.Get<IConnectionSocketFeature>()?.Socket is not { } socket)
        {
            await next(connection);
            return;
        }
        var original = connection.Transport;
        var output = new SocketOutput(socket, original.Output, stall, connection.Features.Get<ConnectionSeat>());
        connection.Features.Set<IFileOutput>(output);
        connection.Transport = new Duplex(original.Input, output);
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = original;
        }
    });

    sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
