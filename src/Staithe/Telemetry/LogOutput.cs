using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Staithe.Config;

namespace Staithe.Telemetry;

/// <summary>
/// Where log lines go: one JSON object a line for machines, one sentence a line for people. Whoever logs only leaves the line in a queue;
/// a task of its own writes. A reader that has stopped costs lines (they are counted), never a request.
/// </summary>
internal sealed class LogOutput : IAsyncDisposable
{
    const int MaxWaiting = 16 * 1024;

    readonly Channel<LogLine> waiting;
    readonly TextWriter output;
    readonly TimeProvider clock;
    readonly Task writing;
    long dropped;

    /// <param name="format">How lines look; <see cref="LogFormat.Auto"/> is quiet text on a terminal and JSON elsewhere.</param>
    /// <param name="output">Where they go.</param>
    /// <param name="isTerminal">Whether a person is likely to be reading.</param>
    /// <param name="clock">Dates the lines.</param>
    public LogOutput(LogFormat format, TextWriter output, bool isTerminal, TimeProvider clock)
    {
        (this.output, this.clock) = (output, clock);
        IsJson = format == LogFormat.Json || (format == LogFormat.Auto && !isTerminal);
        Minimum = format == LogFormat.Quiet || (format == LogFormat.Auto && isTerminal) ? LogLevel.Warning : LogLevel.Information;
        waiting = Channel.CreateBounded<LogLine>(
            new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true },
            _ => Interlocked.Increment(ref dropped));
        writing = Task.Run(WriteAsync);
    }

    /// <summary>Lines below this level are not wanted; ask before making one.</summary>
    public LogLevel Minimum { get; }

    bool IsJson { get; }

    public void Write(LogLevel level, string message, params ReadOnlySpan<(string Name, object? Value)> fields)
    {
        if (level >= Minimum)
            waiting.Writer.TryWrite(new LogLine(clock.GetUtcNow(), level, message, fields.ToArray()));
    }

    public async ValueTask DisposeAsync()
    {
        waiting.Writer.TryComplete();
        await writing;
    }

    async Task WriteAsync()
    {
        var text = new StringBuilder();
        while (await waiting.Reader.WaitToReadAsync())
        {
            while (text.Length < 64 * 1024 && waiting.Reader.TryRead(out var line))
                Render(line, text);
            if (Interlocked.Exchange(ref dropped, 0) is > 0 and var count)
                Render(new LogLine(clock.GetUtcNow(), LogLevel.Warning, "log lines were dropped, because nobody took them", [("lines", count)]), text);
            await output.WriteAsync(text);
            await output.FlushAsync();
            text.Clear();
        }
    }

    void Render(LogLine line, StringBuilder text)
    {
        if (IsJson)
            text.Append(RenderJson(line)).Append('\n');
        else
            RenderText(line, text);
    }

    static string RenderJson(LogLine line)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("at", line.At);
            json.WriteString("level", Name(line.Level));
            json.WriteString("message", line.Message);
            foreach (var (name, value) in line.Fields)
            {
                json.WritePropertyName(name);
                switch (value)
                {
                    case null:
                        json.WriteNullValue();
                        break;
                    case long number:
                        json.WriteNumberValue(number);
                        break;
                    case int number:
                        json.WriteNumberValue(number);
                        break;
                    case double number:
                        json.WriteNumberValue(number);
                        break;
                    default:
                        json.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                        break;
                }
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    // Fields are written so that no client can forge a line: anything but plain characters is escaped.
    static void RenderText(LogLine line, StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $"{line.At:HH:mm:ss} ");
        if (line.Level >= LogLevel.Warning)
            text.Append(Name(line.Level)).Append(": ");
        text.Append(line.Message);
        foreach (var (name, value) in line.Fields)
        {
            if (value is not null)
                text.Append(' ').Append(name).Append('=').Append(JsonEncodedText.Encode(Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""));
        }
        text.Append('\n');
    }

    static string Name(LogLevel level) => level switch
    {
        LogLevel.Critical => "critical",
        LogLevel.Error => "error",
        LogLevel.Warning => "warning",
        LogLevel.Information => "info",
        _ => "debug",
    };

    sealed record LogLine(DateTimeOffset At, LogLevel Level, string Message, (string Name, object? Value)[] Fields);
}
