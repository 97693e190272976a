using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Staithe.Config;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Durability;

/// <summary>The real executable in a process of its own, which a test can kill at any moment.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    /// <summary>The program.</summary>
    public static readonly string Executable = Find();

    readonly Process process;
    readonly TaskCompletionSource<Uri> ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly List<string> lines = [];
    TaskCompletionSource moreLines = new(TaskCreationOptions.RunContinuationsAsynchronously);

    ServerProcess(Process process)
    {
        this.process = process;
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) =>
        {
            Take(line.Data);
            if (Greeting().Match(line.Data ?? "") is { Success: true } match)
                ready.TrySetResult(new Uri(match.Groups["url"].Value));
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Where it listens.</summary>
    public Uri Url => ready.Task.Result;

    /// <summary>What it has written so far.</summary>
    public string Output
    {
        get
        {
            lock (lines)
                return string.Join('\n', lines);
        }
    }

    /// <summary>Starts a server, perhaps below another program such as a tracer; it listens when this returns.</summary>
    public static Task<ServerProcess> StartAsync(StaitheConfig config, params string[] below) => StartAsync(config, isOpen: true, below);

    /// <summary>Starts a server that asks who is there.</summary>
    public static Task<ServerProcess> StartClosedAsync(StaitheConfig config) => StartAsync(config, isOpen: false, []);

    static async Task<ServerProcess> StartAsync(StaitheConfig config, bool isOpen, string[] below)
    {
        var server = new ServerProcess(Start([.. below, Executable, "serve"], config, isOpen));
        if (await Task.WhenAny(server.ready.Task, server.process.WaitForExitAsync(), Task.Delay(Patience)) != server.ready.Task)
        {
            await server.DisposeAsync();
            Assert.Fail($"the server did not start: {server.Output}");
        }
        return server;
    }

    /// <summary>Runs <c>staithe fsck --rehash</c> to its end.</summary>
    public static async Task<(int ExitCode, string Output)> FsckAsync(StaitheConfig config)
    {
        await using var fsck = new ServerProcess(Start([Executable, "fsck", "--rehash"], config));
        await fsck.process.WaitForExitAsync().WaitAsync(Patience);
        return (fsck.process.ExitCode, fsck.Output);
    }

    /// <summary>SIGKILL: no handler runs, nothing is flushed. Returns when the process is gone.</summary>
    public async Task KillAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync().WaitAsync(Patience);
    }

    /// <summary>Waits until so many of the lines that it writes are as wanted.</summary>
    public async Task WaitForLinesAsync(int count, Func<string, bool> wanted)
    {
        while (true)
        {
            Task changed;
            lock (lines)
            {
                if (lines.Count(wanted) >= count)
                    return;
                changed = moreLines.Task;
            }
            await changed.WaitAsync(Patience);
        }
    }

    /// <summary>The most memory it has ever had, in bytes.</summary>
    public long PeakBytes() => Status("VmHWM:") * 1024;

    public long Threads() => Status("Threads:");

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            await KillAsync();
        process.Dispose();
    }

    static Process Start(string[] command, StaitheConfig config, bool isOpen = true)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith(Settings.VariablePrefix, StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        start.Environment["XDG_CONFIG_HOME"] = config.Data; // no settings of whoever runs the tests
        start.Environment["DOTNET_TieredPGO"] = "0"; // a short life is mostly compilation
        start.Environment[Settings.Data.Variable] = config.Data;
        start.Environment[Settings.Database.Variable] = config.Database;
        start.Environment[Settings.Open.Variable] = isOpen ? "true" : "false";
        start.Environment[Settings.Listen.Variable] = "127.0.0.1:0";
        start.Environment[Settings.Log.Variable] = "json";
        start.Environment[Settings.StallSeconds.Variable] = config.StallSeconds.ToString(CultureInfo.InvariantCulture);
        return Process.Start(start)!;
    }

    // The tests' own output has a copy, beside the libraries it needs.
    static string Find() => new[] { Path.Combine(AppContext.BaseDirectory, "staithe"), Repository.File("src/Staithe/bin/Release/net10.0/staithe") }.First(File.Exists);

    void Take(string? line)
    {
        if (line is null)
            return;
        TaskCompletionSource waiting;
        lock (lines)
        {
            lines.Add(line);
            (waiting, moreLines) = (moreLines, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        waiting.SetResult();
    }

    long Status(string name) => long.Parse(
        File.ReadLines($"/proc/{process.Id}/status").First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Replace("kB", "", StringComparison.Ordinal),
        CultureInfo.InvariantCulture);

    [GeneratedRegex(@"listens on (?<url>http://[0-9.:]+)")]
    private static partial Regex Greeting();
}
