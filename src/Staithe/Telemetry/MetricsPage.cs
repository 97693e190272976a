using System.Globalization;
using System.Text;

namespace Staithe.Telemetry;

/// <summary><c>/metrics</c>: the counters in the text format that Prometheus reads.</summary>
internal sealed class MetricsPage(RequestMetrics requests, Func<long> cacheBytes)
{
    /// <summary>Whether the path is this one.</summary>
    public static bool Takes(string path) => path == "/metrics";

    public Task HandleAsync(HttpContext http, string path, RequestFacts facts)
    {
        facts.Kind = RequestFacts.Health;
        var text = new StringBuilder();
        requests.Write(text);
        Gauge(text, "staithe_cache_bytes", "Manifests held in memory.", cacheBytes());
        Gauge(text, "staithe_heap_bytes", "Managed memory in use.", GC.GetTotalMemory(forceFullCollection: false));
        Gauge(text, "process_resident_memory_bytes", "Resident memory of the process.", Environment.WorkingSet);
        http.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        return http.Response.WriteAsync(text.ToString());
    }

    static void Gauge(StringBuilder text, string name, string help, long value) =>
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
}
