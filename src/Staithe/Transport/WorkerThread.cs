using System.IO.Pipelines;
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

    /// <summary>The body of a request, each piece of which arrives on a thread of the pool.</summary>
    public static PipeReader Receive(PipeReader body) => new Receiver(body);

    sealed class Receiver(PipeReader body) : PipeReader
    {
        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            var reading = body.ReadAsync(cancellationToken);
            return reading.IsCompleted ? reading : SwitchAfterAsync(reading);
        }

        public override bool TryRead(out ReadResult result) => body.TryRead(out result);

        public override void AdvanceTo(SequencePosition consumed) => body.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => body.AdvanceTo(consumed, examined);

        public override void CancelPendingRead() => body.CancelPendingRead();

        public override void Complete(Exception? exception = null) => body.Complete(exception);

        static async ValueTask<ReadResult> SwitchAfterAsync(ValueTask<ReadResult> reading)
        {
            var result = await reading;
            await SwitchAsync();
            return result;
        }
    }
}
