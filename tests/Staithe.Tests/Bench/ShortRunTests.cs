using System.Diagnostics;
using System.Text.Json;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Bench;

/// <summary>That the bench runs, whatever its figures are: they are those of a machine that does other things besides.</summary>
[Trait("Kind", "slow")]
public sealed class ShortRunTests
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task The_short_form_measures_every_server()
    {
        using var directory = new TempDirectory();
        var start = new ProcessStartInfo(Repository.File("bench/run"), ["--short", "--staithe", Path.Combine(AppContext.BaseDirectory, "staithe")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["TMPDIR"] = directory.Path;
        using var bench = Process.Start(start)!;
        var output = Task.WhenAll(bench.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), bench.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        try
        {
            await bench.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Limit, TestContext.Current.CancellationToken);
        }
        finally
        {
            if (!bench.HasExited)
                bench.Kill(entireProcessTree: true);
        }
        Assert.True(bench.ExitCode == 0, string.Concat(await output));

        using var results = JsonDocument.Parse(await File.ReadAllTextAsync(Repository.File("artifacts/bench/results.json"), TestContext.Current.CancellationToken));
        var rows = results.RootElement.GetProperty("rows").EnumerateArray().ToList();
        Assert.InRange(rows.Count, 10, 100);
        Assert.All(rows, row => Assert.All(row.GetProperty("samples").EnumerateArray(), sample => Assert.True(sample.GetProperty("units").GetDouble() > 0)));
        Assert.Equal(["dockerRegistry", "nginx", "staithe", "staitheClosed"], rows.SelectMany(row => row.GetProperty("samples").EnumerateArray()).Select(sample => sample.GetProperty("server").GetString()!).Distinct().Order());
    }
}
