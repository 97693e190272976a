using System.Runtime.CompilerServices;

namespace Staithe.Transport;

/// <summary>
/// Connections are served on the threads that wait for the network: an answer from memory goes out from there, without a change of thread,
/// which would cost more than the answer. Whatever may wait or compute has to leave such a thread first, because half of all
/// connections hang on it: reading the database or a file, hashing, parsing what a client sent. The same holds for
/// <see cref="AnswerThreads"/>.
/// </summary>
internal static class WorkerThread
{
    const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
    const int Crowd = 8; // connections of a thread, which is 16 in all on two processors
    const int Patience = 16; // turns
    const int BytesOfTurn = 128 * 1024;

    [ThreadStatic]
    static Turns? turns;

    /// <summary>Has connections served on the threads that wait for the network; to be called before the process opens its first socket.</summary>
    public static void ServeOnNetworkThreads(this IWebHostBuilder host)
    {
        if (Environment.GetEnvironmentVariable(InlineCompletions) is null)
            Environment.SetEnvironmentVariable(InlineCompletions, "1");
        host.UseSockets(options => options.UnsafePreferInlineScheduling = true);
    }

    /// <summary>
    /// Whether the next answer should be given on <see cref="AnswerThreads"/>. While few connections are busy that is dear, and nobody waits for
    /// long. When many are, a thread that the kernel takes off its processor would keep all of its connections waiting, where one of several goes
    /// on with whatever is next. And a client that is always quicker with its next request than the others would keep the thread for as long as it likes.
    /// </summary>
    public static bool IsCrowdedFor(HttpContext connection) => (turns ??= new Turns()).Take(connection);

    /// <summary>The answer that is given now is a large one: as much as several others.</summary>
    public static void Charge(long bytes) => turns?.Add((int)Math.Min(bytes / BytesOfTurn, Patience));

    /// <summary>What follows the await runs on a thread of the pool.</summary>
    public static ConfiguredTaskAwaitable SwitchAsync() => Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);

    // The answers that were given on one thread. Between two of a connection there are as many others as connections are busy.
    sealed class Turns
    {
        const int Places = 1024; // a power of two; to connections that share one it seems that fewer others are busy

        readonly bool isOfNetwork = !Thread.CurrentThread.IsThreadPoolThread && !AnswerThreads.IsCurrent;
        readonly int[] lastTurns = new int[Places];
        int now;
        HttpContext? served;
        int servedSince;

        public bool Take(HttpContext connection)
        {
            // The server uses one object for all requests of a connection.
            ref var last = ref lastTurns[RuntimeHelpers.GetHashCode(connection) & (Places - 1)];
            var others = now - last;
            last = ++now;
            if (served != connection)
                (served, servedSince) = (connection, now);
            if (now - servedSince < Patience)
                return others > Crowd && isOfNetwork;
            servedSince = now;
            return true;
        }

        public void Add(int more) => now += more;
    }
}
