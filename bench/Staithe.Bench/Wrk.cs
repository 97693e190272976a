using System.Diagnostics;
using System.Globalization;

namespace Staithe.Bench;

/// <summary>GETs driven by the program wrk, which keeps more connections busy with less than any client of ours.</summary>
internal static class Wrk
{
    const string Marker = "bench:";

    const string Script = """
        local requests, turn = {}, 0
        function init(args)
          for path in io.lines(args[1]) do requests[#requests + 1] = wrk.format("GET", path) end
        end
        function request()
          turn = turn % #requests + 1
          return requests[turn]
        end
        function done(summary, latency, _)
          local e = summary.errors
          io.write(string.format("\nbench: %d %d %d %d %d %d %d\n", summary.duration, summary.requests, summary.bytes,
            e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99), latency.max))
        end
        """;

    public static Load Get(Server server, int connections, IReadOnlyList<string> paths, TimeSpan time, string workDirectory, CancellationToken stop, string? authorization = null)
    {
        var (script, list) = (Path.Combine(workDirectory, "wrk.lua"), Path.Combine(workDirectory, "wrk.paths"));
        File.WriteAllText(script, Script);
        File.WriteAllLines(list, paths);
        var start = new ProcessStartInfo("wrk",
        [
            "--latency", $"-t{Math.Min(connections, Environment.ProcessorCount)}", $"-c{connections}", $"-d{Math.Max(1, (int)time.TotalSeconds)}s", "--timeout", "60s",
            "-H", $"Accept: {Content.ManifestType}", .. authorization is null ? (string[])[] : ["-H", $"Authorization: {authorization}"], "-s", script, $"http://{server.Address}", "--", list,
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start) ?? throw new BenchException("wrk cannot be started");
        using var ending = stop.Register(() => process.Kill());
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        stop.ThrowIfCancellationRequested();
        var line = output.Split('\n').FirstOrDefault(line => line.StartsWith(Marker, StringComparison.Ordinal))
            ?? throw new BenchException($"wrk fails: {output}{errors.Result}");
        var numbers = line[Marker.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(number => long.Parse(number, CultureInfo.InvariantCulture)).ToArray();
        if (numbers[3] > 0)
            throw new BenchException($"{numbers[3]} of {numbers[1]} requests of wrk to {Server.Name(server.Kind)} failed");
        return new Load(numbers[1], numbers[2], numbers[0] / 1e6, numbers[4] / 1e6, numbers[5] / 1e6, numbers[6] / 1e6);
    }
}
