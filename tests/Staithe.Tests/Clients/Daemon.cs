using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Threading.Channels;

namespace Staithe.Tests.Clients;

/// <summary>A program that runs until it is told to stop; its lines, from both outputs, can be waited for.</summary>
internal sealed class Daemon : IAsyncDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    readonly Process process;
    readonly string command;
    readonly Channel<string> lines = Channel.CreateUnbounded<string>();
    readonly StringBuilder log = new();
    readonly Task reading;

    public Daemon(Process process, string command)
    {
        (this.process, this.command) = (process, command);
        process.StandardInput.Close();
        reading = ReadAllAsync();
    }

    public int Id => process.Id;

    /// <summary>What it said when it was ready.</summary>
    public string ReadyLine { get; set; } = "";

    /// <summary>The most memory that it ever held.</summary>
    public long PeakBytes => File.ReadLines($"/proc/{Id}/status")
        .Where(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
        .Select(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024)
        .Single();

    /// <summary>The next line with a text.</summary>
    public async Task<string> WaitForAsync(string text)
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await foreach (var line in lines.Reader.ReadAllAsync(limit.Token))
            {
                if (line.Contains(text, StringComparison.Ordinal))
                    return line;
            }
        }
        catch (OperationCanceledException)
        {
        }
        Assert.Fail($"{command}\ndid not say '{text}' but:\n{Log()}");
        return "";
    }

    /// <summary>Tells it to end well (SIGTERM), without waiting until it has.</summary>
    public void Signal() => Process.Start("kill", Id.ToString(CultureInfo.InvariantCulture)).WaitForExit();

    /// <summary>Waits until it has ended; its status.</summary>
    public async Task<int> WaitAsync()
    {
        await process.WaitForExitAsync().WaitAsync(Limit);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            Signal();
        try
        {
            await WaitAsync();
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        finally
        {
            process.Dispose();
        }
    }

    string Log()
    {
        lock (log)
            return log.ToString();
    }

    async Task ReadAllAsync()
    {
        await Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
        lines.Writer.Complete();
    }

    async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (log)
                log.AppendLine(line);
            lines.Writer.TryWrite(line);
        }
    }
}
