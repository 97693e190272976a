using System.Runtime.InteropServices;

namespace Staithe.Commands;

/// <summary>Turns the first SIGINT or SIGTERM into a cancelled token, so that work can end well; the second ends the process at once.</summary>
internal sealed class StopSignal : IDisposable
{
    readonly CancellationTokenSource source = new();
    readonly PosixSignalRegistration interrupt;
    readonly PosixSignalRegistration terminate;

    /// <summary>Begins to listen.</summary>
    public StopSignal() => (interrupt, terminate) = (PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop));

    /// <summary>Is cancelled by the signal.</summary>
    public CancellationToken Token => source.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        interrupt.Dispose();
        terminate.Dispose();
        source.Dispose();
    }

    void Stop(PosixSignalContext signal)
    {
        signal.Cancel = !source.IsCancellationRequested;
        source.Cancel();
    }
}
