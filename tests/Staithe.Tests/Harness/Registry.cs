using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Staithe.Accounts;
using Staithe.Config;
using Staithe.Oci;
using Staithe.Storage;
using Staithe.Transport;

namespace Staithe.Tests.Harness;

/// <summary>The production composition on real Kestrel, on a free port of the loopback address, in this process.</summary>
internal sealed class Registry : IAsyncDisposable
{
    static readonly ConcurrentDictionary<string, SocketsHttpHandler> Handlers = new();
    static int names;

    readonly TempDirectory directory;
    readonly LogText log;
    bool stopped;

    Registry(StaitheApp app, StaitheConfig config, TempDirectory directory, LogText log)
    {
        (App, Config, this.directory, this.log) = (app, config, directory, log);
        Url = new Uri(app.Addresses.Single());
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, MaxConnectionsPerServer = 256 };
        if (config.TlsCertificate is { } file)
        {
            var own = X509Certificate2.CreateFromPem(File.ReadAllText(file)).Thumbprint; // nobody else has signed it
            handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == own;
        }
        Http = new HttpClient(handler) { BaseAddress = Url, Timeout = TimeSpan.FromMinutes(2) };
    }

    public StaitheApp App { get; }

    public StaitheConfig Config { get; }

    public Uri Url { get; }

    public HttpClient Http { get; }

    Registry(Registry same, HttpClient http)
    {
        (App, Config, directory, log, Url, stopped) = (same.App, same.Config, same.directory, same.log, same.Url, true);
        Http = http;
    }

    /// <summary>Host and port, as clients write it before a repository name.</summary>
    public string Authority => Url.Authority;

    /// <summary>What the server has logged so far.</summary>
    public string Log => log.Read();

    /// <summary>A server of its own for one test, or one that many share.</summary>
    public static async Task<Registry> StartAsync(
        Engine engine,
        Func<StaitheConfig, StaitheConfig>? change = null,
        Func<OciRoute, string, Rights>? needs = null,
        IBlobStorage? storage = null)
    {
        var directory = new TempDirectory();
        var config = new StaitheConfig
        {
            Data = directory["data"],
            Database = engine == Engine.Postgres ? await Postgres.CreateDatabaseAsync() : null,
            Listen = [ListenAddress.Parse("127.0.0.1:0")],
            Open = true,
            Log = LogFormat.Json,
            StopSeconds = 5,
            Hosts = [HostNames.Any], // requests by hand are for "a"
        };
        config = change?.Invoke(config) ?? config;
        var log = new LogText();
        var app = await StaitheApp.StartAsync(config, log, isTerminal: false, needs, storage);
        return new Registry(app, config, directory, log);
    }

    /// <summary>The same server, asked by somebody else: with another <c>Authorization</c>, or none, and from another address of the loopback network.</summary>
    public Registry As(string? authorization, string address = "127.0.0.1")
    {
        var http = new HttpClient(HandlerFrom(address), disposeHandler: false) { BaseAddress = Url, Timeout = TimeSpan.FromMinutes(2) };
        if (authorization is not null)
            http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", authorization);
        return new Registry(this, http);
    }

    /// <summary>A repository name that no other test uses.</summary>
    public static string NewRepository(string prefix = "test") => $"{prefix}/r{Interlocked.Increment(ref names)}";

    /// <summary>The digest of content in the way clients write it.</summary>
    public static string Digest(ReadOnlySpan<byte> content, string algorithm = "sha256") =>
        $"{algorithm}:{Convert.ToHexStringLower(algorithm == "sha512" ? SHA512.HashData(content) : SHA256.HashData(content))}";

    /// <summary>Ends the server in its own time; afterwards its log is whole.</summary>
    public async Task StopAsync()
    {
        if (!Interlocked.Exchange(ref stopped, true))
            await App.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await StopAsync();
        directory.Dispose();
    }

    static SocketsHttpHandler HandlerFrom(string address) => Handlers.GetOrAdd(address, static from => new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ConnectCallback = async (context, cancel) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Bind(new IPEndPoint(IPAddress.Parse(from).MapToIPv6(), 0));
            await socket.ConnectAsync(context.DnsEndPoint, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        },
    });
}
