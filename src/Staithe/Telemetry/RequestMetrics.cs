using System.Globalization;
using System.Text;
using Staithe.Oci;

namespace Staithe.Telemetry;

/// <summary>
/// What requests there were, how long they took and what they sent, since the start. Counting costs no lock: each processor has counters of
/// its own, which are added up when somebody asks.
/// </summary>
internal sealed class RequestMetrics
{
    const int StatusClasses = 6; // by the hundred; 0 is for what has no status
    const int Stripes = 8;

    static readonly double[] BucketSeconds = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 60];
    static readonly string[] Kinds = [.. OciRoute.Kinds, .. RequestFacts.Kinds];
    static readonly int PerKind = StatusClasses + BucketSeconds.Length + 3; // … the bucket above all, the sum of microseconds, the bytes

    readonly long[][] counters = [.. Enumerable.Range(0, Stripes).Select(_ => new long[Kinds.Length * PerKind])];

    public void Count(RequestFacts facts, int status, TimeSpan took)
    {
        var mine = counters[Thread.GetCurrentProcessorId() % Stripes];
        var known = Array.IndexOf(Kinds, facts.Kind);
        var kind = (known < 0 ? Kinds.Length - 1 : known) * PerKind; // the last one is for what is no endpoint
        Interlocked.Increment(ref mine[kind + Math.Clamp(status / 100, 0, StatusClasses - 1)]);
        Interlocked.Increment(ref mine[kind + StatusClasses + Bucket(took.TotalSeconds)]);
        Interlocked.Add(ref mine[kind + PerKind - 2], (long)took.TotalMicroseconds);
        if (facts.BytesSent > 0)
            Interlocked.Add(ref mine[kind + PerKind - 1], facts.BytesSent);
    }

    /// <summary>The text format of Prometheus.</summary>
    public void Write(StringBuilder text)
    {
        text.Append("# HELP staithe_requests_total Requests answered.\n# TYPE staithe_requests_total counter\n");
        for (var kind = 0; kind < Kinds.Length; kind++)
        {
            for (var status = 0; status < StatusClasses; status++)
            {
                if (Sum(kind, status) is > 0 and var count)
                    text.Append(CultureInfo.InvariantCulture, $"staithe_requests_total{{route=\"{Kinds[kind]}\",status=\"{status}xx\"}} {count}\n");
            }
        }
        text.Append("# HELP staithe_sent_bytes_total Bytes of content sent.\n# TYPE staithe_sent_bytes_total counter\n");
        for (var kind = 0; kind < Kinds.Length; kind++)
        {
            if (Sum(kind, PerKind - 1) is > 0 and var bytes)
                text.Append(CultureInfo.InvariantCulture, $"staithe_sent_bytes_total{{route=\"{Kinds[kind]}\"}} {bytes}\n");
        }
        text.Append("# HELP staithe_request_seconds How long requests took.\n# TYPE staithe_request_seconds histogram\n");
        for (var kind = 0; kind < Kinds.Length; kind++)
            WriteHistogram(text, kind);
    }

    void WriteHistogram(StringBuilder text, int kind)
    {
        var counts = Enumerable.Range(0, BucketSeconds.Length + 1).Select(bucket => Sum(kind, StatusClasses + bucket)).ToArray();
        if (counts.Sum() == 0)
            return;
        var below = 0L;
        for (var bucket = 0; bucket < counts.Length; bucket++)
        {
            below += counts[bucket];
            var limit = bucket < BucketSeconds.Length ? BucketSeconds[bucket].ToString(CultureInfo.InvariantCulture) : "+Inf";
            text.Append(CultureInfo.InvariantCulture, $"staithe_request_seconds_bucket{{route=\"{Kinds[kind]}\",le=\"{limit}\"}} {below}\n");
        }
        text.Append(CultureInfo.InvariantCulture, $"staithe_request_seconds_sum{{route=\"{Kinds[kind]}\"}} {Sum(kind, PerKind - 2) / 1e6}\n");
        text.Append(CultureInfo.InvariantCulture, $"staithe_request_seconds_count{{route=\"{Kinds[kind]}\"}} {below}\n");
    }

    long Sum(int kind, int counter) => counters.Sum(stripe => Volatile.Read(ref stripe[(kind * PerKind) + counter]));

    static int Bucket(double seconds)
    {
        for (var bucket = 0; bucket < BucketSeconds.Length; bucket++)
        {
            if (seconds <= BucketSeconds[bucket])
                return bucket;
        }
        return BucketSeconds.Length;
    }
}
