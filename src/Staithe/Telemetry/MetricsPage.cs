using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Staithe.Telemetry;

/// <summary><c>/metrics</c>: the counters in the text format that Prometheus reads.</summary>
/// <param name="requests">The counters of requests.</param>
/// <param name="cacheBytes">How much memory manifests take.</param>
/// <param name="require">Throws for those who may not read them.</param>
/// <param name="guard">Turns what is thrown into the answer.</param>
internal sealed class MetricsPage(RequestMetrics requests, Func<long> cacheBytes, Func<HttpContext, Task> require, Func<HttpContext, Func<Task>, Task> guard)
{
    /// <summary>Whether the path is this one.</summary>
    public static bool Takes(string path) => path == "/metrics";

    public Task HandleAsync(HttpContext http) => guard(http, () => AnswerAsync(http));

    async Task AnswerAsync(HttpContext http)
    {
        await require(http);
        using var process = Process.GetCurrentProcess();
        var text = new StringBuilder();
        requests.Write(text);
        Gauge(text, "staithe_cache_bytes", "Manifests held in memory.", cacheBytes());
        Gauge(text, "staithe_heap_bytes", "Managed memory in use.", GC.GetTotalMemory(forceFullCollection: false));
        Gauge(text, "process_resident_memory_bytes", "Resident memory of the process.", process.WorkingSet64);
        Gauge(text, "process_start_time_seconds", "When the process started, in seconds since 1970.", new DateTimeOffset(process.StartTime).ToUnixTimeSeconds());
        Counter(text, "process_cpu_seconds_total", "Processor time that the process used.", process.TotalProcessorTime);
        Counter(text, "staithe_collection_pause_seconds_total", "How long everything stood still to collect managed memory.", GC.GetTotalPauseDuration());
        Describe(text, "staithe_collections_total", "Collections of managed memory; one of a generation takes in the younger ones.", "counter");
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
            text.Append(CultureInfo.InvariantCulture, $"staithe_collections_total{{generation=\"{generation}\"}} {GC.CollectionCount(generation)}\n");
        http.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        http.Response.Headers.CacheControl = "no-store";
        await http.Response.WriteAsync(text.ToString());
    }

    static void Gauge(StringBuilder text, string name, string help, long value)
    {
        Describe(text, name, help, "gauge");
        text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
    }

    static void Counter(StringBuilder text, string name, string help, TimeSpan value)
    {
        Describe(text, name, help, "counter");
        text.Append(CultureInfo.InvariantCulture, $"{name} {value.TotalSeconds}\n");
    }

    static void Describe(StringBuilder text, string name, string help, string type) =>
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");
}
