using System.Runtime.CompilerServices;

namespace Staithe.Transport;

/// <summary>
/// Connections are served on the threads that wait for the network: an answer from memory goes out from there, without a change of thread,
/// which would cost more than the answer. Whatever may wait or compute has to leave such a thread first, because half of all
/// connections hang on it: reading the database or a file, hashing, parsing what a client sent.
/// </summary>
internal static class WorkerThread
{
    const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
    const int TurnsAtOnce = 8;
    const int BytesOfTurn = 128 * 1024;

    [ThreadStatic]
    static HttpContext? served;

    [ThreadStatic]
    static int turns;

    /// <summary>Has connections served on the threads that wait for the network; to be called before the process opens its first socket.</summary>
    public static void ServeOnNetworkThreads(this IWebHostBuilder host)
    {
        if (Environment.GetEnvironmentVariable(InlineCompletions) is null)
            Environment.SetEnvironmentVariable(InlineCompletions, "1");
        host.UseSockets(options => options.UnsafePreferInlineScheduling = true);
    }

    /// <summary>
    /// Whether a connection has been answered so often in a row on this thread that it is time for the others: a client that is always quicker
    /// with its next request would keep the thread for as long as it likes. Then its next answer leaves the thread, and the connection with it.
    /// </summary>
    public static bool IsHoggedBy(HttpContext connection)
    {
        // The server uses one object for all requests of a connection.
        if (served != connection)
            (served, turns) = (connection, 0);
        if (++turns < TurnsAtOnce)
            return false;
        turns = 0;
        return true;
    }

    /// <summary>The answer that is given now is a large one: as much as several others.</summary>
    public static void Charge(long bytes) => turns += (int)Math.Min(bytes / BytesOfTurn, TurnsAtOnce);

    /// <summary>What follows the await runs on a thread of the pool.</summary>
    public static ConfiguredTaskAwaitable SwitchAsync() => Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
}
