using System.Diagnostics;

namespace Staithe.Telemetry;

/// <summary>What the log tells of a request, besides what HTTP itself tells; filled in on the way.</summary>
internal sealed class RequestFacts
{
    /// <summary>The kind of endpoint.</summary>
    public string Kind { get; set; } = "other";

    public string? Repository { get; set; }

    /// <summary>Bytes of the body that were handed to the connection, where the handler counts them.</summary>
    public long BytesSent { get; set; }
}

/// <summary>One line a request, when it has ended. On a terminal only what went wrong on our side is worth one.</summary>
internal sealed class RequestLog(LogOutput output)
{
    public async Task RunAsync(HttpContext http, Func<HttpContext, RequestFacts, Task> next)
    {
        var started = Stopwatch.GetTimestamp();
        var facts = new RequestFacts();
        try
        {
            await next(http, facts);
        }
        finally
        {
            var status = http.RequestAborted.IsCancellationRequested && !http.Response.HasStarted ? 499 : http.Response.StatusCode;
            var level = status >= 500 ? LogLevel.Warning : LogLevel.Information;
            if (level >= output.Minimum)
            {
                output.Write(
                    level,
                    "request",
                    ("method", http.Request.Method),
                    ("route", facts.Kind),
                    ("repository", facts.Repository),
                    ("status", status),
                    ("bytes", facts.BytesSent),
                    ("ms", Math.Round(Stopwatch.GetElapsedTime(started).TotalMilliseconds, 3)),
                    ("trace", http.TraceIdentifier));
            }
        }
    }
}
