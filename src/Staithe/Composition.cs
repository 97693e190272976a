using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Api;
using Staithe.Audit;
using Staithe.Config;
using Staithe.Content;
using Staithe.Database;
using Staithe.Distribution;
using Staithe.Door;
using Staithe.Events;
using Staithe.Federation;
using Staithe.Files;
using Staithe.GarbageCollection;
using Staithe.Jobs;
using Staithe.Ldap;
using Staithe.Managing;
using Staithe.Oci;
using Staithe.Recipes;
using Staithe.Search;
using Staithe.Sharing;
using Staithe.Storage;
using Staithe.Telemetry;
using Staithe.Transport;
using Staithe.Web;

namespace Staithe;

/// <summary>The composition root: every object that lives as long as the server is made here, first what several faces use, then a method for each face.</summary>
internal sealed class Composition : IAsyncDisposable
{
    readonly StaitheConfig config;
    readonly DataDirectory directory;
    readonly Db db;
    readonly IBlobStorage storage;
    readonly LogOutput log;
    readonly TimeProvider clock = TimeProvider.System;

    readonly ContentRules rules;
    readonly ContentCache cache = new();
    readonly UploadClaims claims;
    readonly BlobUpload uploads;
    readonly ManifestPush push;

    readonly ServerSecret secret;
    readonly AccessEpoch epoch;
    readonly AccessLookup access;
    readonly PresentNames names;
    readonly TokenKeys keys;
    readonly BearerTokens tokens;
    readonly UnitRunner runner;
    readonly Refusals refusals;
    readonly Issuers issuers;
    readonly IdTokens idTokens;
    readonly SignIn signIn;
    readonly Sessions sessions;
    readonly CallerLookup callers;
    readonly RequestLimits limits;
    readonly AuditedSpaces auditedSpaces;
    readonly Pulls auditedPulls;
    readonly ShareLinkLookup links;
    readonly Invitations invitations;
    readonly ContentChanges changes;
    readonly OwnAccount account;
    readonly SpaceRobots robots;
    readonly ManifestDelete deletion;
    readonly RepositoryContent content;
    readonly People people;
    readonly StorageReport kept;
    readonly Gate gate;

    readonly BlobReader blobs;
    readonly ImageLookup images;
    readonly ImageContents contents;
    readonly BomAttachment boms;
    readonly RecipeLookup recipes;
    readonly Finder finder;
    readonly PageAccess pageAccess;
    readonly RefusalGuard guard;
    readonly ErrorRendering errors;
    readonly SetupHandler setup;
    readonly BrowserSessions browsers;
    readonly DeviceCookie devices;
    readonly PageRenderer pages = new();

    /// <param name="config">What the server is to be.</param>
    /// <param name="directory">Its data, claimed.</param>
    /// <param name="db">Its database, up to date.</param>
    /// <param name="secret">Its secret.</param>
    /// <param name="storage">Its blobs.</param>
    /// <param name="log">Where it logs to.</param>
    /// <param name="needs">The right that a request for <c>/v2</c> needs.</param>
    /// <exception cref="ConfigException">Something that the configuration names cannot be used.</exception>
    public Composition(
        StaitheConfig config,
        DataDirectory directory,
        Db db,
        ServerSecret secret,
        IBlobStorage storage,
        LogOutput log,
        Func<OciRoute, string, Rights> needs)
    {
        (this.config, this.directory, this.db, this.secret, this.storage, this.log) = (config, directory, db, secret, storage, log);
        rules = new ContentRules(
            config.Sparse,
            TimeSpan.FromHours(config.UploadHours),
            TimeSpan.FromHours(config.LeaseHours),
            TimeSpan.FromMinutes(config.TrashMinutes),
            new UploadLimits(config.OpenUploadsPerAccount, config.OpenUploadsPerSpace, config.OpenUploads));
        claims = new UploadClaims(clock, db.IsShared ? directory.Id ?? Guid.NewGuid().ToString("N") : null);
        uploads = new BlobUpload(db, storage, claims, rules);
        push = new ManifestPush(db, rules);

        runner = new UnitRunner(db, log);
        epoch = new AccessEpoch(db);
        Users = new Users(epoch);
        access = new AccessLookup(db, epoch);
        names = new PresentNames(db, epoch);
        keys = new TokenKeys(db, secret);
        tokens = new BearerTokens(keys, new TokenCheck(db, epoch, access, secret, ShareLinkName.Is), clock);
        refusals = new Refusals(runner);
        issuers = new Issuers(config.Oidc, config.TrustedIssuers, clock);
        idTokens = new IdTokens(clock);
        signIn = new SignIn(db, epoch, secret, new SignInLimits(db, secret, clock), refusals, new KeylessRobots(db, issuers, idTokens, clock), runner, OpenLdap());
        sessions = new Sessions(db, epoch, secret);
        limits = new RequestLimits(config.RequestsPerMinute, config.AnonymousRequestsPerMinute, clock);
        auditedSpaces = new AuditedSpaces(db, epoch, runner);
        auditedPulls = new Pulls(runner);
        links = new ShareLinkLookup(db, epoch, secret, runner);
        invitations = new Invitations(epoch, secret, refusals, config.SpacesInviteNewUsers);
        changes = new ContentChanges(epoch, rules);
        account = new OwnAccount(signIn, Users, epoch, secret);
        robots = new SpaceRobots(secret, new Trusts(issuers));
        deletion = new ManifestDelete(db);
        people = new People(Users, changes);
        kept = new StorageReport(db, directory.Path, () => cache.Bytes, clock);
        content = new RepositoryContent(db, access, names, deletion, refusals);
        callers = new CallerLookup(signIn, sessions, tokens, limits, config.Open);
        gate = new Gate(access, names, links, callers, refusals, needs, config.Open);

        var layers = new LayerFiles(Path.Combine(directory.Derived, "layers"));
        layers.Create();
        blobs = new BlobReader(db, storage);
        var inspection = new InspectionJob(db, storage, blobs, layers, new LayerIndexer(db, storage, layers, new LayerLimits()));
        images = new ImageLookup(db);
        contents = new ImageContents(db, storage, layers, inspection);
        boms = new BomAttachment(db, uploads, push, contents);
        recipes = new RecipeLookup(new StoredImages(db, blobs, new InheritedLabels(db, blobs).FindAsync));
        finder = new Finder(db, config.OfficialSpaces);
        pageAccess = new PageAccess(access, names);
        Pulls = new PullCounts(runner);
        guard = new RefusalGuard(new RefusalTable(db), log);
        errors = new ErrorRendering(guard);

        // Who remembers what was read, and forgets it when an event says that it has changed; and for whom events leave work.
        Listeners = new EventListeners(db, [cache, epoch, access], runner);
        IEventFollower[] followers = [new SearchNews(), inspection];
        Followers = new EventFollowers(db, followers, runner, log, clock);

        // What is done away from any request.
        IJob[] jobs =
        [
            new Indexer(db, blobs),
            inspection,
            new ExpiredUploadsJob(db, claims, runner),
            new TrashJob(db, storage, rules.Trash, runner),
            new LayerCleaningJob(db, layers),
            new OldLinesJob(db, TimeSpan.FromDays(config.AuditDays)),
            new ReadmeJob(db),
            new FailedEventJob(db, followers),
        ];
        Jobs = new JobRunner(db, jobs, runner, log, clock);
        browsers = new BrowserSessions(sessions);
        devices = new DeviceCookie(secret, clock);
        setup = new SetupHandler(Users, browsers, devices, secret, clock);
    }

    public Users Users { get; }

    /// <summary>Where the first account is made, while there is none.</summary>
    public string SetupPath => setup.Path;

    /// <summary>Tells those who remember something of the events.</summary>
    public EventListeners Listeners { get; }

    /// <summary>Gives the events to those for whom they leave work.</summary>
    public EventFollowers Followers { get; }

    /// <summary>Runs what is to be done away from any request.</summary>
    public JobRunner Jobs { get; }

    public PullCounts Pulls { get; }

    /// <summary>What runs as long as the server.</summary>
    public IReadOnlyList<IHostedService> Services =>
        [Listeners, Followers, Jobs, Pulls, new FreeMemory(), .. config.Open ? (IHostedService[])[] : [signIn, refusals, auditedSpaces, auditedPulls, links]];

    /// <summary>What answers the requests of a server.</summary>
    public RequestLog MakeFront(WebApplication web)
    {
        var metrics = new RequestMetrics();
        var health = new Health(db, storage, web.Lifetime, log);
        var (api, search, people) = (MakeApi(), new SearchHandler(finder, gate, errors), MakePages());
        var recipeFiles = new RecipeFiles(recipes, gate, errors.RunAsync);
        var files = new FileEndpoint(images, contents, gate, errors.RunAsync, people, pageAccess, new AttachmentReader(db));
        var feeds = new FeedEndpoint(new RecentMoves(db, finder), db, gate, callers, errors.RunAsync);
        var metricsReaders = new MetricsReaders(callers, limits, config.MetricsFrom, config.MetricsToken, config.Open);
        var metricsPage = new MetricsPage(metrics, () => cache.Bytes, metricsReaders.RequireAsync, errors.RunAsync);
        var front = new Front(MakeRegistry(),
        [
            new(RequestFacts.Api, ApiEndpoint.Takes, api.HandleAsync, (http, _, refusal) => api.RefuseAsync(http, refusal)),
            new(RequestFacts.Recipes, RecipeFiles.Takes, recipeFiles.HandleAsync, RefuseAsync),
            new(RequestFacts.Files, FileEndpoint.Takes, files.HandleAsync, RefuseAsync),
            new(RequestFacts.Feed, FeedEndpoint.Takes, feeds.HandleAsync, RefuseAsync),
            new(RequestFacts.Search, SearchHandler.Takes, search.HandleAsync, RefuseAsync),
            new(RequestFacts.Health, Health.Takes, (http, path, _) => health.HandleAsync(http, path), RefuseAsync),
            new(RequestFacts.Metrics, MetricsPage.Takes, (http, _, _) => metricsPage.HandleAsync(http), RefuseAsync),
            new(RequestFacts.Page, _ => true, people.HandleAsync, people.RefuseAsync),
        ], new HostNames(config.Hosts, config.Open && config.Listen.All(address => address.IsLoopback), config.Proxies.Count > 0), guard);
        return new RequestLog(metrics, log, front.AnswerAsync);

        Task RefuseAsync(HttpContext http, string path, OciException refusal) => errors.RunAsync(http, () => throw refusal);
    }

    public async ValueTask DisposeAsync()
    {
        cache.Dispose();
        keys.Dispose();
        issuers.Dispose();
        await pages.DisposeAsync();
    }

    RegistryEndpoint MakeRegistry()
    {
        var stall = TimeSpan.FromSeconds(config.StallSeconds);
        var manifests = new ManifestHandler(db, cache, push, deletion, Pulls, new PullAudit(auditedSpaces, auditedPulls), stall);
        var blobHandler = new BlobHandler(db, storage, cache, new BlobBody(stall), new BlobDelete(db, rules), rules);
        var uploadHandler = new UploadHandler(uploads, new BlobMount(db, rules), gate, stall);
        var (tags, referrers, repositories) = (new TagListHandler(db), new ReferrerListHandler(db), new RepositoryListHandler(db));
        var tokenHandler = new TokenHandler(access, links, callers, signIn, sessions, tokens, config.Open);
        var shared = new ShareLinkHandler(db, gate, links, refusals, manifests, blobHandler, tags, referrers);
        return new RegistryEndpoint(gate, tokenHandler, manifests, blobHandler, uploadHandler, tags, referrers, repositories, shared, errors);
    }

    ApiEndpoint MakeApi()
    {
        var operations = new OperationTable(new ApiHandlers
        {
            My = new MyHandlers(account),
            Users = new UserHandlers(people),
            Robots = new RobotHandlers(robots),
            Links = new ShareLinkHandlers(secret),
            Invitations = new InvitationHandlers(invitations),
            Owners = new OwnerHandlers(changes),
            Moves = new MoveHandlers(changes),
            Content = new ContentHandlers(content),
            Images = new ImageHandlers(images, contents, boms, access),
            Search = new SearchHandlers(finder),
            Storage = new StorageHandlers(kept),
        });
        return new ApiEndpoint(db, epoch, operations, new ApiErrors(guard), callers, config.Open);
    }

    WebEndpoint MakePages()
    {
        var reader = new ImageReader(blobs, images, new InheritedLabels(db, blobs));
        List<IWebHandler> handlers =
        [
            new PageFiles(),
            new HomeHandler(db, finder, Users),
            new SearchPageHandler(db, finder),
            new YoursHandler(db, finder),
            new SpaceHomeHandler(db, finder),
            new RepositoryPageHandler(db, pageAccess, reader, finder, new ManifestPages(db, content)),
            new ImagePageHandler(db, pageAccess, reader, recipes, contents, new AttachmentReader(db)),
            new DiffHandler(pageAccess, images, contents),
            new AttachHandler(pageAccess, images, boms),
        ];
        if (!config.Open)
        {
            var flows = config.Oidc.Select(one => new CodeFlow(one, issuers, idTokens)).ToArray();
            var own = new OwnSettingsHandler(
                [new TokenSettings(db, epoch, account), new OwnSpaceSettings(db, epoch), new PasswordSettings(db, browsers, account), new SessionSettings(db, epoch, browsers)],
                flows.Length > 0);
            var elsewhere = new ElsewhereHandler(flows, new LoginTickets(db, secret, clock), new Arrivals(epoch, GroupLog()), browsers, epoch, refusals, log) { Menu = own.NavOfElsewhere };
            var shareCommands = new ShareCommands(recipes);
            var (grants, rights, rules) = (new GrantSettings(db, epoch), new AccessSettings(db, epoch), new DefaultSettings(db, epoch));
            var (shares, guests, audit) = (new LinkSettings(db, epoch, secret, shareCommands), new InvitationSettings(db, epoch, invitations), new AuditSettings(db));
            SettingsView[] ofSpaces =
            [
                new SpaceGeneralSettings(epoch),
                new TeamSettings(db, epoch, flows),
                grants,
                rights,
                new PartListSettings(db),
                rules,
                new RobotSettings(db, epoch, robots, issuers),
                shares,
                guests,
                new OfferSettings(db, epoch, changes),
                audit,
                new SpaceOwnerSettings(db, epoch, changes),
            ];
            handlers.AddRange(
            [
                new SignInHandler(signIn, browsers, devices, Users, elsewhere.Links),
                elsewhere,
                own,
                new SpaceSettingsHandler(db, ofSpaces),
                new PartSettingsHandler(db, [grants, rights, rules, shares, guests]),
                new RepositorySettingsHandler(db, [new RepositoryGeneralSettings(db, epoch), grants, rights, shares, new RepositoryMoveSettings(db, epoch, changes)]),
                new AdminHandler([new PeopleSettings(db, people), new AllSpaceSettings(db, epoch), new StorageSettings(kept), new JobSettings(db), audit]),
                setup,
                new ShareHandler(db, links, shareCommands),
                new InviteHandler(invitations, browsers, devices),
            ]);
        }
        return new WebEndpoint(handlers, callers, new FormTokens(secret), pages, guard, config.Open);
    }

    GroupLog GroupLog() => new((message, fields) => log.Write(LogLevel.Warning, message, fields));

    DirectorySignIn? OpenLdap()
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
        var teams = config.LdapTeams.Select(GroupMap.Parse).Select(map => new GroupTeam(map.Group, map.FullName)).ToList();
        return new DirectorySignIn(new LdapDirectory(settings), db, epoch, teams, config.LdapNewAccounts, GroupLog());
    }
}
