using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Staithe.Access;
using Staithe.Config;
using Staithe.Telemetry;
using Staithe.Transport;

namespace Staithe;

/// <summary>The web server as the configuration wants it: addresses, limits, TLS, proxies. What it answers is <see cref="Front"/>'s.</summary>
internal static class HttpHost
{
    const int MaxRequestLineBytes = 16 * 1024; // a push may name a hundred tags
    const int MinBodyBytesPerSecond = 240;
    const int MinAnswerBytesPerSecond = 1024;

    // What a client sends before anything is done for it has to come at once, whatever a transfer may take.
    static readonly TimeSpan HeadersTime = TimeSpan.FromSeconds(20);
    static readonly TimeSpan HandshakeTime = TimeSpan.FromSeconds(10);

    /// <summary>A server that does not listen yet.</summary>
    /// <param name="config">What it is to be.</param>
    /// <param name="log">Where it logs to.</param>
    /// <param name="services">What runs beside it as long as it does.</param>
    /// <exception cref="ConfigException">The certificate cannot be used.</exception>
    public static WebApplication Build(StaitheConfig config, LogOutput log, IReadOnlyList<IHostedService> services)
    {
        // An empty builder: the usual one watches the working directory for changes of settings, and each write of a blob below it would wake it.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "staithe" });
        builder.Logging.AddProvider(new LogOutputProvider(log)).SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.Extensions.Hosting", LogLevel.None) // what stops the host comes out of StartAsync
            .AddFilter("Microsoft.AspNetCore.Hosting", LogLevel.None); // it would make an activity for each request, for nobody
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(config.StopSeconds));
        foreach (var service in services)
            builder.Services.AddSingleton(service);
        builder.WebHost.ServeOnNetworkThreads();
        var certificate = OpenCertificate(config, log);
        var share = config.ConnectionsPerAddress > 0 ? config.ConnectionsPerAddress : ConnectionShares.DefaultShare(config.Connections);
        var shares = new ConnectionShares(config.Connections, share, () => Environment.TickCount64);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            var stall = TimeSpan.FromSeconds(config.StallSeconds);
            Limit(options.Limits, stall);
            options.ConfigureEndpointDefaults(endpoint =>
            {
                endpoint.UseSeats(shares, address => NetworkOf(address, config.Proxies));
                if (certificate is not null)
                {
                    endpoint.Protocols = HttpProtocols.Http1AndHttp2;
                    endpoint.UseHttps(new TlsHandshakeCallbackOptions
                    {
                        HandshakeTimeout = HandshakeTime,
                        OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = certificate.Current }),
                    });
                    return;
                }
                endpoint.Protocols = HttpProtocols.Http1;
                if (DirectConnection.IsSupported && config.Sendfile)
                    endpoint.UseDirectOutput(stall);
            });
            foreach (var address in config.Listen)
                Listen(options, address);
        });
        builder.Services.AddSingleton<DiagnosticSource>(new RefusedRequests());
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>>(new BlockPool()); // after the server's own, since the last one counts
        var web = builder.Build();
        BelieveProxies(web, config);
        if (certificate is not null)
            web.Use(KeepToTls);
        return web;
    }

    /// <summary>Begins to listen.</summary>
    /// <exception cref="IOException">It cannot; says why, and what to do.</exception>
    public static async Task StartAsync(WebApplication web, StaitheConfig config)
    {
        try
        {
            await web.StartAsync();
        }
        catch (Exception e) when (FindError(e) is { } error)
        {
            throw new IOException(WhyNot(error, config.Listen), e);
        }
    }

    static SocketError? FindError(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is SocketException socket)
                return socket.SocketErrorCode;
            if (exception is AddressInUseException)
                return SocketError.AddressAlreadyInUse;
        }
        return null;
    }

    static string WhyNot(SocketError error, IReadOnlyList<ListenAddress> addresses)
    {
        var (where, port) = (string.Join(" or ", addresses), addresses[0].Port.ToString(CultureInfo.InvariantCulture));
        var setting = $"{Settings.Listen.Option} {Settings.Listen.OptionValue} ({Settings.Listen.Variable}, or \"{Settings.Listen.Key}\" in the file)";
        return error switch
        {
            SocketError.AddressAlreadyInUse => $"cannot listen on {where}: another program does, perhaps another staithe (\"ss -ltnp sport = :{port}\" names it); stop that one, or choose another address with {setting}",
            SocketError.AccessDenied => $"cannot listen on {where}: this user may not, as ports below 1024 are for root; choose another with {setting}, or give the service AmbientCapabilities=CAP_NET_BIND_SERVICE",
            SocketError.AddressNotAvailable => $"cannot listen on {where}: this machine has no such address; choose one that \"ip address\" shows, or :{port} for all, with {setting}",
            _ => $"cannot listen on {where}: {new SocketException((int)error).Message}; choose another address with {setting}",
        };
    }

    /// <summary>Sets what a request may be and how long it may take. A transfer may pause for as long as the stall time, more than once.</summary>
    /// <param name="limits">The server's.</param>
    /// <param name="stall">After how long without progress a transfer has ended.</param>
    public static void Limit(KestrelServerLimits limits, TimeSpan stall)
    {
        limits.MaxRequestBodySize = null;
        limits.MaxRequestLineSize = MaxRequestLineBytes;
        limits.RequestHeadersTimeout = stall < HeadersTime ? stall : HeadersTime;
        limits.MinRequestBodyDataRate = new MinDataRate(MinBodyBytesPerSecond, 2 * stall);
        limits.MinResponseDataRate = new MinDataRate(MinAnswerBytesPerSecond, stall);
    }

    // A proxy's connections are those of many.
    static ulong? NetworkOf(IPAddress? address, IReadOnlyList<System.Net.IPNetwork> proxies)
    {
        var plain = address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
        return plain is not null && proxies.Any(network => network.Contains(plain)) ? null : ClientNetwork.Of(address);
    }

    static TlsCertificate? OpenCertificate(StaitheConfig config, LogOutput log)
    {
        if (config is not { TlsCertificate: { } certificate, TlsKey: { } key })
            return null;
        try
        {
            return new TlsCertificate(certificate, key, failure => log.Write(LogLevel.Warning, "the changed TLS certificate cannot be used; the one before stays", ("exception", failure.Message)), TimeProvider.System);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new ConfigException([new ConfigProblem("tlsCertificate", $"this user ({Environment.UserName}) may not read {certificate} or {key} ({e.Message}): give it the right to read both")]);
        }
        catch (Exception e) when (e is CryptographicException or IOException)
        {
            throw new ConfigException([new ConfigProblem("tlsCertificate", $"{certificate} and {key} cannot be used: {e.Message}")]);
        }
    }

    // RFC 6797: a browser that came over TLS once is to come over nothing else.
    static Task KeepToTls(HttpContext http, RequestDelegate next)
    {
        http.Response.Headers.StrictTransportSecurity = "max-age=31536000";
        return next(http);
    }

    // What a proxy says of the client and of the address that the client used, and only a proxy that was named.
    static void BelieveProxies(WebApplication web, StaitheConfig config)
    {
        if (config.Proxies.Count == 0)
            return;
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost, ForwardLimit = null };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var network in config.Proxies)
            options.KnownIPNetworks.Add(network);
        web.UseForwardedHeaders(options);
    }

    static void Listen(KestrelServerOptions options, ListenAddress address)
    {
        if (address.Host == ListenAddress.Localhost)
            options.ListenLocalhost(address.Port);
        else if (address.Host == ListenAddress.AnyHost)
            options.ListenAnyIP(address.Port);
        else
            options.Listen(IPAddress.Parse(address.Host), address.Port);
    }
}
