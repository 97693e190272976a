namespace Staithe.Commands;

/// <summary>What the process ends with.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>It could not be done: the port is taken, the disk is full, or a fault that nobody foresaw.</summary>
    public const int Fault = 1;

    /// <summary>The command line or the configuration is refused; nothing was begun.</summary>
    public const int Refused = 2;

    /// <summary>Stopped by a signal before it was done, as shells count it for Ctrl-C.</summary>
    public const int Interrupted = 130;
}
