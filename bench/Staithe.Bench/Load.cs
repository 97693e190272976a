using System.Diagnostics;
using System.Net;

namespace Staithe.Bench;

/// <summary>What a load did. Times are in seconds.</summary>
/// <param name="Units">How many requests, or blobs.</param>
/// <param name="Bytes">How many bytes of bodies.</param>
/// <param name="Wall">How long it took.</param>
internal sealed record Load(long Units, long Bytes, double Wall, double P50, double P99, double Max)
{
    /// <summary>Clients that each do one thing after the other, every one on a thread and a connection of its own.</summary>
    /// <param name="address">The server.</param>
    /// <param name="connections">How many clients.</param>
    /// <param name="time">How long; what has been begun is finished.</param>
    /// <param name="count">How often in all, whatever the time; 0: for the time.</param>
    /// <param name="work">The thing to do, made for each client; it returns how many bytes that were.</param>
    /// <param name="stop">Ends it early, with an exception.</param>
    public static Load Run(IPEndPoint address, int connections, TimeSpan time, int count, Func<Connection, Func<long>> work, CancellationToken stop)
    {
        var left = count;
        var bytes = 0L;
        var latencies = new List<long>[connections];
        Exception? failure = null;
        using var begin = new ManualResetEventSlim();
        using var connected = new CountdownEvent(connections);
        var end = long.MaxValue;

        void Client(int number)
        {
            var mine = latencies[number] = new List<long>(4096);
            Connection? connection = null;
            try
            {
                Func<long> act;
                try
                {
                    connection = new Connection(address);
                    act = work(connection);
                }
                finally
                {
                    connected.Signal();
                }
                begin.Wait(CancellationToken.None);
                while (count > 0 ? Interlocked.Decrement(ref left) >= 0 : Stopwatch.GetTimestamp() < end)
                {
                    stop.ThrowIfCancellationRequested();
                    if (failure is not null)
                        return;
                    var started = Stopwatch.GetTimestamp();
                    Interlocked.Add(ref bytes, act());
                    mine.Add(Stopwatch.GetTimestamp() - started);
                }
            }
            catch (Exception e)
            {
                failure ??= e;
            }
            finally
            {
                connection?.Dispose();
            }
        }

        var threads = Enumerable.Range(0, connections).Select(number => new Thread(() => Client(number), 256 * 1024)).ToList();
        threads.ForEach(thread => thread.Start());
        connected.Wait(CancellationToken.None);
        var started = Stopwatch.GetTimestamp();
        end = started + (long)(time.TotalSeconds * Stopwatch.Frequency);
        begin.Set();
        threads.ForEach(thread => thread.Join());
        var wall = Stopwatch.GetElapsedTime(started).TotalSeconds;
        stop.ThrowIfCancellationRequested();
        if (failure is not null)
            throw new BenchException($"a client failed: {failure.Message}");
        return Of(latencies.SelectMany(one => one), bytes, wall);
    }

    /// <summary>Requests without a body, in turn.</summary>
    public static Load Requests(IPEndPoint address, int connections, string method, IReadOnlyList<string> paths, TimeSpan time, CancellationToken stop, string? authorization = null) =>
        Run(address, connections, time, 0, connection =>
        {
            connection.Authorization = authorization;
            var heads = paths.Select(path => connection.Head(method, path)).ToList();
            var next = 0;
            return () =>
            {
                var answer = connection.Ask(heads[next++ % heads.Count], method == "HEAD");
                if (answer.Status != 200)
                    throw new BenchException($"{method} {paths[(next - 1) % paths.Count]} was answered with {answer.Status}");
                return answer.BodyBytes;
            };
        }, stop);

    static Load Of(IEnumerable<long> latencies, long bytes, double wall)
    {
        var sorted = latencies.Order().ToArray();
        double At(double share) => sorted.Length == 0 ? 0 : sorted[(int)Math.Min(sorted.Length - 1, share * sorted.Length)] / (double)Stopwatch.Frequency;
        return new Load(sorted.Length, bytes, wall, At(0.5), At(0.99), At(1));
    }
}
