using System.Diagnostics;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Staithe.Accounts;
using Staithe.Config;
using Staithe.Content;
using Staithe.Database;
using Staithe.Door;
using Staithe.Events;
using Staithe.Jobs;
using Staithe.Oci;
using Staithe.Storage;
using Staithe.Telemetry;

namespace Staithe;

/// <summary>A configuration in, a running registry out.</summary>
internal sealed class StaitheApp : IAsyncDisposable
{
    readonly WebApplication web;
    readonly DataDirectory directory;
    readonly IBlobStorage storage;
    readonly LogOutput log;
    readonly Composition made;
    readonly IAsyncDisposable claim;
    readonly TaskCompletionSource lost;

    StaitheApp(
        WebApplication web,
        DataDirectory directory,
        (Db Db, IAsyncDisposable Claim, TaskCompletionSource Lost) database,
        IBlobStorage storage,
        LogOutput log,
        Composition made)
    {
        (this.web, this.directory, this.storage, this.log, this.made) = (web, directory, storage, log, made);
        (Database, claim, lost) = database;
    }

    /// <summary>Where it listens, as URLs.</summary>
    public IReadOnlyCollection<string> Addresses => web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToList();

    public Db Database { get; }

    public EventListeners Listeners => made.Listeners;

    public PullCounts Pulls => made.Pulls;

    public JobRunner Jobs => made.Jobs;

    public Users Users => made.Users;

    public string SetupPath => made.SetupPath;

    /// <summary>Runs until told to stop, then lets running transfers end. The exit code.</summary>
    /// <param name="config">What it is to be.</param>
    /// <param name="addUser">The command that makes an account of this registry, and of no other.</param>
    /// <param name="cancel">Tells it to stop.</param>
    public static async Task<int> RunAsync(StaitheConfig config, string addUser, CancellationToken cancel)
    {
        var started = Stopwatch.GetTimestamp();
        await using var app = await StartAsync(config, Console.Out, !Console.IsOutputRedirected);
        await app.GreetAsync(config, addUser, Stopwatch.GetElapsedTime(started));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var stopped = app.web.WaitForShutdownAsync(stop.Token);
        if (await Task.WhenAny(stopped, app.lost.Task) == stopped)
            return 0;
        await Console.Error.WriteLineAsync("staithe: another staithe serves from this database now, so this one stops");
        await stop.CancelAsync();
        await stopped;
        return 1;
    }

    /// <summary>Starts a server; it answers when this returns.</summary>
    /// <param name="config">What it is to be.</param>
    /// <param name="logWriter">Where its log goes.</param>
    /// <param name="isTerminal">Whether a person is likely to read it.</param>
    /// <param name="needs">The right that a request for <c>/v2</c> needs; null for what <see cref="Admission"/> says.</param>
    /// <param name="storage">Where the blobs are; null for what the configuration names.</param>
    public static async Task<StaitheApp> StartAsync(
        StaitheConfig config,
        TextWriter logWriter,
        bool isTerminal,
        Func<OciRoute, string, Rights>? needs = null,
        IBlobStorage? storage = null)
    {
        var directory = DataDirectory.Claim(config.Data);
        var opened = new List<IAsyncDisposable>();
        try
        {
            return await StartAsync(config, directory, opened, logWriter, isTerminal, needs ?? Admission.Needed, storage);
        }
        catch
        {
            opened.Reverse();
            foreach (var one in opened)
                await one.DisposeAsync();
            directory.Dispose();
            throw;
        }
    }

    static async Task<StaitheApp> StartAsync(
        StaitheConfig config,
        DataDirectory directory,
        List<IAsyncDisposable> opened,
        TextWriter logWriter,
        bool isTerminal,
        Func<OciRoute, string, Rights> needs,
        IBlobStorage? given)
    {
        var reserve = OpenReserve(config);
        var db = await OpenDatabaseAsync(config, directory, reserve);
        opened.Add(db);
        var lost = new TaskCompletionSource();
        var claim = await db.ClaimAsync(() => lost.TrySetResult());
        opened.Add(claim);
        await Migrator.MigrateAsync(db);
        var storage = given ?? OpenStorage(directory, reserve);
        opened.Add(storage);
        await DirectoryPair.JoinAsync(db, directory, storage, mayReplace: true);
        (storage as FileBlobStorage)?.Create(); // not in a directory that was refused
        var log = new LogOutput(config.Log, logWriter, isTerminal, TimeProvider.System);
        opened.Add(log);
        if (directory.FindExposed() is { } exposed)
            log.Write(LogLevel.Warning, "the data directory is not private", ("reason", exposed));

        var secret = await ServerSecret.LoadAsync(db, directory.SecretFile);
        var made = new Composition(config, directory, db, secret, storage, log, needs);
        var web = HttpHost.Build(config, log, made.Services);
        web.Run(made.MakeFront(web).RunAsync);
        await HttpHost.StartAsync(web, config);
        return new StaitheApp(web, directory, (db, claim, lost), storage, log, made);
    }

    /// <summary>Opens the database for a command, whether a server runs on it or not; without one, its tables are made or brought up to date.</summary>
    public static async Task<OpenedBeside> OpenBesideAsync(StaitheConfig config)
    {
        var directory = DataDirectory.TryClaim(config.Data);
        var isOurs = directory is not null;
        directory ??= DataDirectory.Open(config.Data);
        if (!isOurs)
            RequireDatabase(config, directory);
        Db? db = null;
        try
        {
            db = await OpenDatabaseAsync(config, directory, isOurs ? OpenReserve(config) : null);
            if (isOurs)
            {
                await Migrator.MigrateAsync(db);
                await using var storage = OpenStorage(directory);
                await DirectoryPair.JoinAsync(db, directory, storage, mayReplace: false);
            }
            else
            {
                await Migrator.CheckAsync(db);
                await DirectoryPair.CheckAsync(db, directory);
            }
            return new OpenedBeside(directory, db);
        }
        catch
        {
            if (db is not null)
                await db.DisposeAsync();
            directory.Dispose();
            throw;
        }
    }

    /// <summary>For those who make no database: SQLite would.</summary>
    /// <exception cref="ConfigException">The configuration names no PostgreSQL, and none is in the directory.</exception>
    public static void RequireDatabase(StaitheConfig config, DataDirectory directory)
    {
        if (config.Database is null && !File.Exists(directory.DatabaseFile))
        {
            throw new ConfigException([new ConfigProblem(
                "data", $"{directory.Path} holds no registry: name its directory with --data, and its database with --database if it is PostgreSQL")]);
        }
    }

    /// <summary>The database that a configuration names.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="directory">Its data directory.</param>
    /// <param name="reserve">What is set aside on the disk of the directory, for the one who holds the directory.</param>
    /// <exception cref="IOException">It cannot be reached.</exception>
    public static async Task<Db> OpenDatabaseAsync(StaitheConfig config, DataDirectory directory, DiskReserve? reserve = null)
    {
        if (config.Database is not { } url)
            return new SqliteDb(directory.DatabaseFile, reserve);
        var db = new PostgresDb(PostgresUrl.Parse(url).ConnectionString);
        try
        {
            await db.ReachAsync();
            return db;
        }
        catch
        {
            await db.DisposeAsync();
            throw;
        }
    }

    /// <summary>The blobs that a configuration names.</summary>
    /// <param name="directory">The data directory.</param>
    /// <param name="reserve">What is set aside on its disk, for the one who holds the directory.</param>
    public static IBlobStorage OpenStorage(DataDirectory directory, DiskReserve? reserve = null) =>
        new FileBlobStorage(directory.Blobs, reserve);

    static DiskReserve OpenReserve(StaitheConfig config) => new(config.Data, config.ReserveMegabytes * 1024L * 1024);

    public async ValueTask DisposeAsync()
    {
        await web.StopAsync();
        await web.DisposeAsync();
        await made.DisposeAsync();
        await storage.DisposeAsync();
        await claim.DisposeAsync();
        await Database.DisposeAsync();
        await log.DisposeAsync();
        directory.Dispose();
    }

    /// <summary>Lets everything that has happened have its consequences now, rather than in a moment.</summary>
    public async Task DrainAsync(CancellationToken cancel)
    {
        bool waits;
        do
        {
            waits = await made.Followers.RunOnceAsync(cancel);
            waits |= await made.Jobs.RunDueAsync(cancel) > 0 || await made.Jobs.IsBusyAsync(cancel); // a job may be what follows from another
            await Task.Delay(waits ? 1 : 0, cancel);
        }
        while (waits);
    }

    /// <summary>Takes away now what has no future.</summary>
    public async Task SweepAsync(CancellationToken cancel)
    {
        foreach (var kind in (string[])[WorkKind.Uploads, WorkKind.Trash, WorkKind.AuditAge])
            await DoNowAsync(kind, cancel);
    }

    /// <summary>Has a kind of work done now that runs by a schedule.</summary>
    public async Task DoNowAsync(string kind, CancellationToken cancel)
    {
        await Database.WriteAsync(
            SpaceUse.Frees,
            async session =>
            {
                await JobTable.AddAsync(session, kind, "", ""); // once more, should it be under way
                await JobTable.AddUrgentAsync(session, kind, "", "");
            },
            cancel);
        while (await made.Jobs.RunDueAsync(cancel, kind) > 0 || await made.Jobs.IsBusyAsync(cancel, kind))
            await Task.Delay(1, cancel);
    }

    async Task GreetAsync(StaitheConfig config, string addUser, TimeSpan took)
    {
        await Console.Error.WriteLineAsync($"staithe listens on {string.Join(" and ", Addresses)}, keeps its data in {config.Data}, and was ready after {took.TotalMilliseconds:F0} ms");
        if (config.Open)
            await Console.Error.WriteLineAsync("It is open: whoever reaches the port may read, write and delete everything.");
        else if (!await Users.AnyAsync())
        {
            var address = Addresses.First()
                .Replace("[::]", "localhost", StringComparison.Ordinal)
                .Replace("0.0.0.0", "localhost", StringComparison.Ordinal);
            await Console.Error.WriteLineAsync($"There are no accounts yet. Make the first one at {address}{SetupPath} or with: {addUser}");
        }
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
