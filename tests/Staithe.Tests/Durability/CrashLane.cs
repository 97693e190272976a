using Npgsql;
using Staithe.Config;
using Staithe.Fsck;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Durability;

/// <summary>One data directory, a server that is killed and started again on it, and the clients that know what it acknowledged.</summary>
internal sealed class CrashLane : IAsyncDisposable
{
    const int Clients = 4;
    static readonly TimeSpan LoadPatience = TimeSpan.FromSeconds(60);

    readonly TempDirectory directory = new();
    readonly PushLoad[] loads;
    readonly Random random;
    readonly string seed;

    CrashLane(string? database, int seed)
    {
        this.seed = $"seed {seed}";
        random = new Random(seed);
        Config = new StaitheConfig { Data = directory["data"], Database = database };
        var repositories = Enumerable.Range(0, Clients).Select(client => $"crash{seed}/r{client}").ToArray();
        loads = [.. repositories.Select(name => new PushLoad(name, [.. repositories.Where(other => other != name)], random.Next()))];
    }

    public StaitheConfig Config { get; }

    public static async Task<CrashLane> CreateAsync(Engine engine, int seed) => new(engine == Engine.Postgres ? await Postgres.CreateDatabaseAsync() : null, seed);

    /// <summary>Kills so many times, and checks after each.</summary>
    public async Task RunAsync(int kills, int mostRequests)
    {
        for (var kill = 0; kill < kills; kill++)
        {
            Expect(kill, await KillUnderLoadAsync(random.Next(1, mostRequests)));
            if (kill % 3 == 0)
                Expect(kill, await FsckAsync(rehash: true));
        }
        Expect(kills, await FindLostAsync(readAll: true));
        var (exitCode, output) = await ServerProcess.FsckAsync(Config);
        Assert.True(exitCode == 0, $"{seed}: fsck says {exitCode}: {output}");
    }

    /// <summary>
    /// Starts a server, looks for everything that the one before acknowledged, and kills it once the clients have had about so many answers.
    /// What is lost is a line.
    /// </summary>
    public async Task<List<string>> KillUnderLoadAsync(int requests)
    {
        await using var server = await ServerProcess.StartAsync(Config);
        using var wire = new Wire(server.Url);
        var lost = await CheckAsync(wire, readAll: false);
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answers = 0;
        var killed = false;
        var clients = loads.Select(load => Task.Run(() => load.RunAsync(wire, () => Volatile.Read(ref killed), () =>
        {
            if (Interlocked.Increment(ref answers) >= requests)
                enough.TrySetResult();
        }))).ToList();
        await Task.WhenAny(enough.Task, Task.WhenAll(clients)).WaitAsync(LoadPatience);
        await Task.Delay(random.Next(4)); // the answers come in bursts; a kill is to fall between them as well
        Volatile.Write(ref killed, true);
        await server.KillAsync();
        await Task.WhenAll(clients);
        await UntilDatabaseRestsAsync();
        return [.. lost, .. loads.SelectMany(load => load.Unexpected)];
    }

    /// <summary>Starts a server and holds it against what the clients know; each line is something lost.</summary>
    public async Task<List<string>> FindLostAsync(bool readAll)
    {
        await using var server = await ServerProcess.StartAsync(Config);
        using var wire = new Wire(server.Url);
        return await CheckAsync(wire, readAll);
    }

    /// <summary>What fsck says while no server runs; nothing when it is clean.</summary>
    public async Task<List<string>> FsckAsync(bool rehash)
    {
        var output = new StringWriter();
        return await FsckRun.RunAsync(Config, rehash, output, CancellationToken.None) == 0 ? [] : [output.ToString()];
    }

    public ValueTask DisposeAsync()
    {
        directory.Dispose();
        return ValueTask.CompletedTask;
    }

    async Task<List<string>> CheckAsync(Wire wire, bool readAll)
    {
        var lost = await Task.WhenAll(loads.Select((load, index) => Task.Run(async () =>
        {
            var sample = new Random(index);
            var lines = new List<string>();
            await load.Acknowledged.CheckAsync(wire, () => readAll || sample.Next(10) == 0, lines);
            if (readAll)
                await load.Acknowledged.FinishUploadsAsync(wire, lines);
            return lines;
        })));
        return [.. lost.SelectMany(lines => lines)];
    }

    void Expect(int kill, List<string> lost) => Assert.True(lost.Count == 0, $"{seed}, kill {kill}: {string.Join('\n', lost.Take(20))}");

    // PostgreSQL lives on, and may still be at the last statement of the server that is no more.
    async Task UntilDatabaseRestsAsync()
    {
        if (Config.Database is null)
            return;
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(PostgresUrl.Parse(Config.Database).ConnectionString) { Pooling = false, ApplicationName = "test" });
        await using var command = source.CreateCommand("select count(*) from pg_stat_activity where datname = current_database() and application_name = 'staithe'");
        while ((long)(await command.ExecuteScalarAsync())! > 0)
            await Task.Delay(5);
    }
}
