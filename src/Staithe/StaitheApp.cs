using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Api;
using Staithe.Audit;
using Staithe.Config;
using Staithe.Content;
using Staithe.Database;
using Staithe.Distribution;
using Staithe.Files;
using Staithe.GarbageCollection;
using Staithe.Ldap;
using Staithe.Oci;
using Staithe.Recipes;
using Staithe.Search;
using Staithe.Sharing;
using Staithe.Storage;
using Staithe.Telemetry;
using Staithe.Transport;
using Staithe.Web;

namespace Staithe;

/// <summary>The composition root: a configuration in, a running registry out. Every object that lives as long as the server is made here.</summary>
internal sealed class StaitheApp : IAsyncDisposable
{
    const int MaxRequestLineBytes = 16 * 1024; // a push may name a hundred tags
    const int MinBodyBytesPerSecond = 240;
    const int MinAnswerBytesPerSecond = 1024;

    readonly WebApplication web;
    readonly DataDirectory directory;
    readonly Db db;
    readonly FileBlobStorage storage;
    readonly ContentCache cache;
    readonly LogOutput log;
    readonly TokenKeys keys;
    readonly SetupHandler setup;
    readonly PageRenderer pages;

    StaitheApp(WebApplication web, DataDirectory directory, Db db, FileBlobStorage storage, ContentCache cache, LogOutput log, Sweep sweep, Indexer indexer, PullCounts pulls, ContentWorker contents, TokenKeys keys, Users users, SetupHandler setup, PageRenderer pages)
    {
        (this.web, this.directory, this.db, this.storage, this.cache, this.log, this.keys, this.setup, this.pages) = (web, directory, db, storage, cache, log, keys, setup, pages);
        (Sweep, Indexer, Pulls, Contents, Users) = (sweep, indexer, pulls, contents, users);
    }

    /// <summary>Where it listens, as URLs.</summary>
    public IReadOnlyCollection<string> Addresses => web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToList();

    public Db Database => db;

    public Sweep Sweep { get; }

    public Indexer Indexer { get; }

    public PullCounts Pulls { get; }

    public Users Users { get; }

    /// <summary>Where the first account is made, while there is none.</summary>
    public string SetupPath => setup.Path;

    /// <summary>Who looks into images.</summary>
    public ContentWorker Contents { get; }

    /// <summary>Runs until told to stop, then lets running transfers end. The exit code.</summary>
    public static async Task<int> RunAsync(StaitheConfig config, CancellationToken cancel)
    {
        var started = Stopwatch.GetTimestamp();
        await using var app = await StartAsync(config, Console.Out, !Console.IsOutputRedirected);
        await app.GreetAsync(config, Stopwatch.GetElapsedTime(started));
        await app.web.WaitForShutdownAsync(cancel);
        return 0;
    }

    /// <summary>Starts a server; it answers when this returns.</summary>
    /// <param name="config">What it is to be.</param>
    /// <param name="logWriter">Where its log goes.</param>
    /// <param name="isTerminal">Whether a person is likely to read it.</param>
    /// <param name="needs">The right that a request for <c>/v2</c> needs; null for what <see cref="Gate"/> says.</param>
    public static async Task<StaitheApp> StartAsync(StaitheConfig config, TextWriter logWriter, bool isTerminal, Func<OciRoute, string, Rights>? needs = null)
    {
        var directory = DataDirectory.Claim(config.Data);
        var db = OpenDatabase(config, directory);
        await Migrator.MigrateAsync(db);
        var storage = new FileBlobStorage(directory.Blobs);
        storage.Create();
        var log = new LogOutput(config.Log, logWriter, isTerminal, TimeProvider.System);

        var rules = new ContentRules(config.Sparse, TimeSpan.FromHours(config.UploadHours), TimeSpan.FromHours(config.LeaseHours), TimeSpan.FromMinutes(config.TrashMinutes));
        var claims = new UploadClaims(TimeProvider.System);
        var cache = new ContentCache();
        var stall = TimeSpan.FromSeconds(config.StallSeconds);

        var secret = ServerSecret.LoadOrCreate(directory.SecretFile);
        var epoch = new AccessEpoch(db);
        var users = new Users(epoch);
        var keys = new TokenKeys(db, secret);
        var access = new AccessLookup(db, epoch);
        var refusals = new Refusals(db, e => log.Write(LogLevel.Error, "refusals could not be written to the audit", ("exception", e.ToString())));
        var signIn = new SignIn(db, epoch, secret, new SignInLimits(TimeProvider.System), refusals, OpenLdap(config, db, epoch, log));
        var tokens = new BearerTokens(keys, TimeProvider.System);
        var limits = new RequestLimits(config.RequestsPerMinute, config.AnonymousRequestsPerMinute, TimeProvider.System);
        var audited = new AuditedSpaces(db, epoch);
        var auditedPulls = new Pulls(db, e => log.Write(LogLevel.Error, "pulls could not be written to the audit", ("exception", e.ToString())));
        var links = new ShareLinkLookup(db, epoch, secret);
        var gate = new Gate(access, new PresentNames(db, epoch), links, signIn, tokens, refusals, limits, needs ?? Gate.Needed, config.Open);

        var layerFiles = new LayerFiles(Path.Combine(directory.Derived, "layers"));
        layerFiles.Create();
        var contentWorker = new ContentWorker(db, storage, layerFiles, new LayerIndexer(db, storage, layerFiles, new LayerLimits()), log, TimeProvider.System);
        var (lookup, contents) = (new ImageLookup(db), new ImageContents(db, storage, layerFiles, contentWorker));

        var pulls = new PullCounts(db);
        var finder = new Finder(db);
        var indexer = new Indexer(db, storage, log);
        var errors = new ErrorRendering(db, log);
        var search = new SearchHandler(finder, gate, errors);
        var recipes = new RecipeFiles(new RecipeLookup(new StoredImages(db, storage)), gate.AdmitToReadAsync, errors.RunAsync);
        var manifests = new ManifestHandler(db, cache, new ManifestPush(db, cache, rules), new ManifestDelete(db, cache), pulls, new PullAudit(audited, auditedPulls), stall);
        var blobs = new BlobHandler(db, storage, cache, new BlobBody(stall), new BlobDelete(db, cache, rules), rules);
        var (tags, referrers) = (new TagListHandler(db), new ReferrerListHandler(db));
        var registry = new RegistryEndpoint(
            gate,
            new TokenHandler(db, access, links, signIn, tokens, secret, limits, config.Open),
            manifests,
            blobs,
            new UploadHandler(new BlobUpload(db, storage, claims, rules), new BlobMount(db, rules), gate, stall),
            tags,
            referrers,
            new RepositoryListHandler(db),
            new ShareLinkHandler(db, gate, links, refusals, manifests, blobs, tags, referrers),
            errors);
        var files = new FileEndpoint(lookup, contents, gate.AdmitToReadAsync, errors.RunAsync);
        var invitations = new Invitations(epoch, secret, refusals, config.SpacesInviteNewUsers);
        var api = new ApiEndpoint(db, epoch, signIn, new OperationTable(signIn, users, secret, new ContentChanges(epoch, cache, rules), new ImageHandlers(lookup, contents, access), finder, invitations), new ApiErrors(db, log), limits, config.Open);
        var sweep = new Sweep(db, storage, claims, TimeSpan.FromDays(config.AuditDays), log, TimeProvider.System);

        var web = BuildWeb(config, log, config.Open ? [sweep, indexer, contentWorker, pulls] : [sweep, indexer, contentWorker, pulls, epoch, signIn, refusals, audited, auditedPulls, links]);
        var health = new Health(db, storage, web.Lifetime, log);
        var metrics = new RequestMetrics();
        var setup = new SetupHandler(users);
        var sessions = new Sessions(db, epoch, secret);
        var pages = new PageRenderer();
        var images = new ImageReader(db, storage, lookup);
        IWebHandler[] shown = [new PageFiles(), new HomeHandler(finder), new SearchPageHandler(finder), new RepositoryPageHandler(db, access, epoch, images), new ImagePageHandler(db, access, images)];
        var face = new WebEndpoint(
            config.Open ? shown : [.. shown, new SignInHandler(signIn, sessions), setup, new ShareHandler(links), new InviteHandler(invitations)],
            sessions,
            new FormTokens(secret),
            pages,
            db,
            log,
            config.Open);
        var metricsPage = new MetricsPage(metrics, () => cache.Bytes);
        BelieveProxies(web, config);
        if (config.TlsCertificate is not null)
            web.Use((http, next) => KeepToTls(http, next));
        (Func<string, bool> Takes, Func<HttpContext, string, RequestFacts, Task> HandleAsync)[] others =
        [
            (ApiEndpoint.Takes, api.HandleAsync),
            (RecipeFiles.Takes, (http, path, _) => recipes.HandleAsync(http, path)),
            (FileEndpoint.Takes, files.HandleAsync),
            (SearchHandler.Takes, search.HandleAsync),
            (path => path is not ("/livez" or "/readyz" or "/metrics"), face.HandleAsync),
        ];
        web.Run(new RequestLog(metrics, log, (http, facts) => RouteAsync(http, facts, registry, others, health, metricsPage)).RunAsync);
        await web.StartAsync();
        return new StaitheApp(web, directory, db, storage, cache, log, sweep, indexer, pulls, contentWorker, keys, users, setup, pages);
    }

    /// <summary>Opens the database for a command, whether a server runs on it or not; without one, its tables are made or brought up to date.</summary>
    public static async Task<OpenedBeside> OpenBesideAsync(StaitheConfig config)
    {
        var directory = DataDirectory.TryClaim(config.Data);
        var isOurs = directory is not null;
        directory ??= DataDirectory.Open(config.Data);
        var db = OpenDatabase(config, directory);
        if (isOurs)
            await Migrator.MigrateAsync(db);
        else
            await Migrator.CheckAsync(db);
        return new OpenedBeside(directory, db);
    }

    /// <summary>The database that a configuration names.</summary>
    public static Db OpenDatabase(StaitheConfig config, DataDirectory directory) =>
        config.Database is { } url ? new PostgresDb(PostgresUrl.Parse(url).ConnectionString) : new SqliteDb(directory.DatabaseFile);

    public async ValueTask DisposeAsync()
    {
        await web.StopAsync();
        await web.DisposeAsync();
        cache.Dispose();
        storage.Dispose();
        keys.Dispose();
        await pages.DisposeAsync();
        await db.DisposeAsync();
        await log.DisposeAsync();
        directory.Dispose();
    }

    // RFC 6797: a browser that came over TLS once is to come over nothing else.
    static Task KeepToTls(HttpContext http, RequestDelegate next)
    {
        http.Response.Headers.StrictTransportSecurity = "max-age=31536000";
        return next(http);
    }

    static Task RouteAsync(
        HttpContext http, RequestFacts facts, RegistryEndpoint registry, (Func<string, bool> Takes, Func<HttpContext, string, RequestFacts, Task> HandleAsync)[] others, Health health, MetricsPage metrics)
    {
        var path = RegistryEndpoint.RawPath(http);
        if (HasTwoLengths(http.Request))
            return RefuseAsync(http);
        if (RegistryEndpoint.Takes(path))
            return registry.HandleAsync(http, path, facts);
        foreach (var (takes, handle) in others)
        {
            if (takes(path))
                return handle(http, path, facts);
        }
        facts.Kind = RequestFacts.Health;
        return path switch
        {
            "/livez" => Health.LiveAsync(http),
            "/readyz" => health.ReadyAsync(http),
            _ => metrics.GetAsync(http),
        };
    }

    // RFC 9112 section 6.3: one that says its length in two ways may have been made to pass for two requests with whoever stands in front. The
    // server takes the chunks and puts the other length aside under this name.
    static bool HasTwoLengths(HttpRequest request) => request.Headers.TransferEncoding.Count > 0 && request.Headers.ContainsKey("X-Content-Length");

    static Task RefuseAsync(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status400BadRequest;
        http.Response.Headers.Connection = "close";
        return Task.CompletedTask;
    }

    // An empty builder: the usual one watches the working directory for changes of settings, and each write of a blob below it would wake it.
    static WebApplication BuildWeb(StaitheConfig config, LogOutput log, IReadOnlyList<IHostedService> services)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "staithe" });
        builder.Logging.AddProvider(new LogOutputProvider(log)).SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.Extensions.Hosting", LogLevel.None) // what stops the host comes out of StartAsync
            .AddFilter("Microsoft.AspNetCore.Hosting", LogLevel.None); // it would make an activity for each request, for nobody
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(config.StopSeconds));
        foreach (var service in services)
            builder.Services.AddSingleton(service);
        builder.WebHost.ServeOnNetworkThreads();
        var certificate = OpenCertificate(config, log);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxConcurrentConnections = config.Connections;
            options.Limits.MaxRequestBodySize = null;
            options.Limits.MaxRequestLineSize = MaxRequestLineBytes;
            var stall = TimeSpan.FromSeconds(config.StallSeconds);
            options.Limits.RequestHeadersTimeout = stall;
            options.Limits.MinRequestBodyDataRate = new MinDataRate(MinBodyBytesPerSecond, stall);
            options.Limits.MinResponseDataRate = new MinDataRate(MinAnswerBytesPerSecond, stall);
            options.ConfigureEndpointDefaults(endpoint =>
            {
                if (certificate is not null)
                {
                    endpoint.Protocols = HttpProtocols.Http1AndHttp2;
                    endpoint.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = certificate.Current }) });
                    return;
                }
                endpoint.Protocols = HttpProtocols.Http1;
                if (DirectConnection.IsSupported && config.Sendfile)
                    endpoint.UseDirectOutput(stall);
            });
            foreach (var address in config.Listen)
                Listen(options, address);
        });
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>>(new BlockPool()); // after the server's own, since the last one counts
        return builder.Build();
    }

    static TlsCertificate? OpenCertificate(StaitheConfig config, LogOutput log)
    {
        if (config is not { TlsCertificate: { } certificate, TlsKey: { } key })
            return null;
        try
        {
            return new TlsCertificate(certificate, key, failure => log.Write(LogLevel.Warning, "the changed TLS certificate cannot be used; the one before stays", ("exception", failure.Message)), TimeProvider.System);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new ConfigException([new ConfigProblem("tlsCertificate", $"{certificate} and {key} cannot be used: {e.Message}")]);
        }
    }

    static DirectorySignIn? OpenLdap(StaitheConfig config, Db db, AccessEpoch epoch, LogOutput log)
    {
        if (config.LdapUrl is not { } url)
            return null;
        X509Certificate2Collection? authorities = null;
        if (config.LdapCertificates is { } file)
        {
            authorities = [];
            try
            {
                authorities.ImportFromPemFile(file);
            }
            catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
            {
                throw new ConfigException([new ConfigProblem("ldapCertificates", $"{file} cannot be used: {e.Message}")]);
            }
        }
        var settings = new LdapSettings(
            LdapServer.Parse(url, config.LdapStartTls, authorities),
            config.LdapBindDn,
            config.LdapBindPassword,
            config.LdapBase ?? "",
            LdapFilter.Parse(config.LdapUserFilter, LdapSettings.UserWords),
            config.LdapNameAttribute,
            config.LdapGroupBase,
            LdapFilter.Parse(config.LdapGroupFilter, LdapSettings.GroupWords),
            config.LdapGroupAttribute,
            TimeSpan.FromSeconds(config.LdapSeconds));
        var teams = config.LdapTeams.Select(text => new GroupTeam(text[..text.LastIndexOf('=')], text[(text.LastIndexOf('=') + 1)..])).ToList();
        return new DirectorySignIn(new LdapDirectory(settings), db, epoch, teams, config.LdapNewAccounts, (what, e) => log.Write(LogLevel.Warning, what, ("reason", e.Message)));
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

    async Task GreetAsync(StaitheConfig config, TimeSpan took)
    {
        await Console.Error.WriteLineAsync($"staithe listens on {string.Join(" and ", Addresses)}, keeps its data in {config.Data}, and was ready after {took.TotalMilliseconds:F0} ms");
        if (config.Open)
            await Console.Error.WriteLineAsync("It is open: whoever reaches the port may read, write and delete everything.");
        else if (!await Users.AnyAsync())
            await Console.Error.WriteLineAsync($"There are no accounts yet. Make the first one at {Addresses.First().Replace("[::]", "localhost", StringComparison.Ordinal).Replace("0.0.0.0", "localhost", StringComparison.Ordinal)}{SetupPath} or with \"staithe user add NAME --admin\".");
    }
}

/// <summary>A database that a command has opened, perhaps beside a server.</summary>
internal sealed record OpenedBeside(DataDirectory Directory, Db Db) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        await Db.DisposeAsync();
        Directory.Dispose();
    }
}
