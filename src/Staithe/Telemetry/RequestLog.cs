using System.Diagnostics;

namespace Staithe.Telemetry;

/// <summary>What the log tells of a request, besides what HTTP itself tells; filled in on the way.</summary>
internal sealed class RequestFacts
{
    /// <summary>The kind of a probe.</summary>
    public const string Health = "health";

    /// <summary>The kind of what reads the metrics.</summary>
    public const string Metrics = "metrics";

    /// <summary>The kind of the endpoint that gives tokens.</summary>
    public const string Token = "token";

    /// <summary>The kind of the API of accounts and rights.</summary>
    public const string Api = "api";

    /// <summary>The kind of the endpoint that shows what is inside of images.</summary>
    public const string Files = "files";

    /// <summary>The kind of the endpoint that tells how to run images.</summary>
    public const string Recipes = "recipes";

    /// <summary>The kind of what clients search with.</summary>
    public const string Search = "search";

    /// <summary>The kind of what feed readers ask for.</summary>
    public const string Feed = "feed";

    /// <summary>The kind of what people look at.</summary>
    public const string Page = "page";

    /// <summary>The kind of what is no endpoint.</summary>
    public const string Other = "other";

    /// <summary>Every kind there is besides those of <see cref="Staithe.Oci.OciRoute.Kinds"/>.</summary>
    public static IReadOnlyList<string> Kinds { get; } = [Token, Api, Files, Recipes, Search, Feed, Page, Health, Metrics, Other];

    /// <summary>The kind of endpoint.</summary>
    public string Kind { get; set; } = Other;

    /// <summary>The repository that it was about.</summary>
    public string? Repository { get; set => field = SecretPath.HideName(value); }

    /// <summary>Who it was, where somebody was asked.</summary>
    public string? Caller { get; set; }

    /// <summary>Bytes of content that were handed to the connection.</summary>
    public long BytesSent { get; set; }
}

/// <summary>Counts each request, and writes one line of it when it has ended. On a terminal only what went wrong on our side is worth one.</summary>
internal sealed class RequestLog(RequestMetrics metrics, LogOutput output, Func<HttpContext, RequestFacts, Task> next)
{
    const int ClientGone = 499; // what proxies log for a client that did not wait for its answer

    public async Task RunAsync(HttpContext http)
    {
        var started = Stopwatch.GetTimestamp();
        var facts = new RequestFacts();
        try
        {
            await next(http, facts);
        }
        finally
        {
            var took = Stopwatch.GetElapsedTime(started);
            var status = http.Response.HasStarted || !http.RequestAborted.IsCancellationRequested ? http.Response.StatusCode : ClientGone;
            metrics.Count(facts, status, took);
            var level = status >= 500 ? LogLevel.Warning : LogLevel.Information;
            if (level >= output.Minimum)
                Write(http, facts, level, status, took);
        }
    }

    void Write(HttpContext http, RequestFacts facts, LogLevel level, int status, TimeSpan took) => output.Write(
        level,
        "request",
        ("method", http.Request.Method),
        ("route", facts.Kind),
        ("repository", facts.Repository),
        ("caller", facts.Caller),
        ("status", status),
        ("bytes", facts.BytesSent),
        ("ms", Math.Round(took.TotalMilliseconds, 3)),
        ("trace", http.TraceIdentifier));
}
