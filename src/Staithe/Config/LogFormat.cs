namespace Staithe.Config;

/// <summary>How the log is written to standard error.</summary>
internal enum LogFormat
{
    /// <summary>Text on a terminal, JSON lines elsewhere.</summary>
    Auto,

    /// <summary>Lines for people.</summary>
    Text,

    /// <summary>One JSON object a line.</summary>
    Json,

    /// <summary>Warnings and errors only, as text.</summary>
    Quiet,
}
