using Npgsql;
using Staithe.Config;

namespace Staithe.Database;

/// <summary>
/// A lock in the database that one server holds as long as it runs, in a session of its own. When the session ends with the network or with
/// PostgreSQL, it is taken again as soon as that answers.
/// </summary>
internal sealed class PostgresClaim : IAsyncDisposable
{
    const long Key = 0x57A17F;

    // A server that was killed may leave its session behind for a moment; one on a machine that lost power, until these probes end it.
    const string Settings = "set tcp_keepalives_idle = 20; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3;";
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(30);

    readonly string connectionString;
    readonly string name = $"staithe {Guid.NewGuid():N}";
    readonly Action lost;
    readonly CancellationTokenSource stop = new();
    NpgsqlConnection? connection;
    Task keeping = Task.CompletedTask;

    PostgresClaim(string connectionString, Action lost)
    {
        this.connectionString = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, KeepAlive = 15, ApplicationName = name }.ToString();
        this.lost = lost;
    }

    /// <summary>Takes the lock.</summary>
    /// <exception cref="ConfigException">Another server has it, and keeps it.</exception>
    public static async Task<PostgresClaim> TakeAsync(string connectionString, Action lost)
    {
        var claim = new PostgresClaim(connectionString, lost);
        var started = TimeProvider.System.GetTimestamp();
        while (!await claim.TryTakeAsync())
        {
            if (TimeProvider.System.GetElapsedTime(started) < Patience)
            {
                await Task.Delay(Pause);
                continue;
            }
            var holder = await claim.FindHolderAsync();
            await claim.DisposeAsync();
            throw new ConfigException([new ConfigProblem(
                "database",
                $"another staithe serves from this database ({holder}): stop that one, or give this one a database of its own with --database")]);
        }
        claim.keeping = Task.Run(claim.KeepAsync);
        return claim;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await keeping;
        if (connection is not null)
            await connection.DisposeAsync();
        stop.Dispose();
    }

    async Task<bool> TryTakeAsync()
    {
        if (connection is null)
        {
            connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync(stop.Token);
            await using var settings = new NpgsqlCommand(Settings, connection);
            await settings.ExecuteNonQueryAsync(stop.Token);
        }
        await using var command = new NpgsqlCommand($"select pg_try_advisory_lock({Key})", connection);
        return (bool)(await command.ExecuteScalarAsync(stop.Token))!;
    }

    async Task<string> FindHolderAsync()
    {
        await using var command = new NpgsqlCommand(
            $"""
            select coalesce(host(a.client_addr), 'on its own machine') || ', since ' || to_char(a.backend_start, 'YYYY-MM-DD HH24:MI')
            from pg_locks l join pg_stat_activity a on a.pid = l.pid
            where l.locktype = 'advisory' and l.granted and l.database = (select oid from pg_database where datname = current_database())
            and l.classid = 0 and l.objid = {Key}
            """,
            connection);
        return await command.ExecuteScalarAsync(stop.Token) as string ?? "it has just gone: try again";
    }

    // Waits for the end of the session, which no answer would tell.
    async Task KeepAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                while (true)
                {
                    await connection!.WaitAsync(LookEvery, stop.Token);
                    await using var look = new NpgsqlCommand("select 1", connection);
                    await look.ExecuteNonQueryAsync(stop.Token);
                }
            }
            catch (Exception e) when (e is NpgsqlException or InvalidOperationException or IOException or TimeoutException or OperationCanceledException)
            {
                await TakeAgainAsync();
            }
        }
    }

    async Task TakeAgainAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (connection is not null)
                    await connection.DisposeAsync();
                connection = null;
                var started = TimeProvider.System.GetTimestamp();
                while (!await TryTakeAsync())
                {
                    if (TimeProvider.System.GetElapsedTime(started) > LookEvery + LookEvery)
                    {
                        lost();
                        return;
                    }
                    await Task.Delay(Pause, stop.Token);
                }
                return;
            }
            catch (Exception e) when (e is NpgsqlException or InvalidOperationException or IOException or TimeoutException)
            {
                await Task.Delay(Pause, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
