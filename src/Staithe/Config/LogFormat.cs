namespace Staithe.Config;

/// <summary>How the log is written.</summary>
internal enum LogFormat
{
    /// <summary><see cref="Quiet"/> on a terminal, <see cref="Json"/> elsewhere.</summary>
    Auto,

    /// <summary>Lines for people.</summary>
    Text,

    /// <summary>One JSON object a line.</summary>
    Json,

    /// <summary>Warnings and errors only, as text.</summary>
    Quiet,
}
