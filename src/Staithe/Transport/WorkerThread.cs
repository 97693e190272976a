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

    /// <summary>Has connections served on the threads that wait for the network; to be called before the process opens its first socket.</summary>
    public static void ServeOnNetworkThreads(this IWebHostBuilder host)
    {
        if (Environment.GetEnvironmentVariable(InlineCompletions) is null)
            Environment.SetEnvironmentVariable(InlineCompletions, "1");
        host.UseSockets(options => options.UnsafePreferInlineScheduling = true);
    }

    /// <summary>What follows the await runs on a thread of the pool.</summary>
    public static ConfiguredTaskAwaitable SwitchAsync() => Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
}
