using System.Diagnostics;

namespace Staithe.Bench;

/// <summary>
/// What the bench is doing, for whoever waits: on a terminal one line that changes, elsewhere a line when there has been none for a while.
/// </summary>
internal sealed class Progress
{
    static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    readonly bool terminal = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb");
    readonly long started = Stopwatch.GetTimestamp();
    long lastLine = Stopwatch.GetTimestamp();

    /// <summary>A line that stays.</summary>
    public void Line(string text)
    {
        Console.Out.WriteLine(terminal ? $"\r\e[K{text}" : text);
        lastLine = Stopwatch.GetTimestamp();
    }

    /// <summary>What is being done right now.</summary>
    public void Now(string text)
    {
        var elapsed = Stopwatch.GetElapsedTime(started);
        if (terminal)
            Console.Out.Write($"\r\e[K{elapsed:mm\\:ss} {text}"[..Math.Min(text.Length + 10, Math.Max(40, Console.WindowWidth - 1))]);
        else if (Stopwatch.GetElapsedTime(lastLine) >= Silence)
            Line($"    {elapsed:mm\\:ss} {text}");
    }
}
