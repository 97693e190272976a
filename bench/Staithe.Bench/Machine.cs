using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Staithe.Bench;

/// <summary>Where it was measured, and with what.</summary>
internal sealed partial record Machine(
    string Processor,
    int Cpus,
    long MemoryBytes,
    string Kernel,
    string System,
    string FileSystem,
    string CongestionControl,
    string Runtime,
    string Staithe,
    string DockerRegistry,
    string Nginx,
    string Wrk,
    string Date)
{
    public static Machine Describe(Options options) => new(
        Field("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString(),
        Environment.ProcessorCount,
        long.Parse(Digits().Match(Field("/proc/meminfo", "MemTotal")!).Value, CultureInfo.InvariantCulture) * 1024,
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        File.ReadLines("/etc/os-release").Select(line => line.Split('=', 2)).FirstOrDefault(pair => pair[0] == "PRETTY_NAME")?[1].Trim('"') ?? "Linux",
        FileSystemOf(options.WorkDirectory),
        File.ReadAllText("/proc/sys/net/ipv4/tcp_congestion_control").Trim(),
        RuntimeInformation.FrameworkDescription,
        FirstLine(options.StaitheProgram, "version"),
        Package("docker-registry"),
        Package("nginx-light"),
        Package("wrk"),
        TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd"));

    /// <summary>One sentence of it.</summary>
    public string Sentence => $"{Cpus} CPUs ({Processor}), {MemoryBytes / 1e9:F0} GB of memory, {System}, kernel {Kernel}, data on {FileSystem}, TCP {CongestionControl}; "
        + $"{Staithe} on {Runtime}, docker-registry {DockerRegistry}, nginx {Nginx}, wrk {Wrk}; {Date}";

    static string? Field(string file, string name) =>
        File.ReadLines(file).Select(line => line.Split(':', 2)).FirstOrDefault(pair => pair[0].Trim() == name)?[1].Trim();

    static string FileSystemOf(string directory)
    {
        var mounts = File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' ')).Where(fields => fields[4] == "/" || (directory + "/").StartsWith(fields[4] + "/", StringComparison.Ordinal));
        var mount = mounts.MaxBy(fields => fields[4].Length)!;
        return mount[Array.IndexOf(mount, "-") + 1];
    }

    static string Package(string name) => FirstLine("dpkg-query", "-W", "-f=${Version}", name) is { Length: > 0 } version ? version : "(not a package)";

    static string FirstLine(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true }) ?? throw new BenchException($"{program} cannot be started");
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output.Split('\n')[0].Trim();
    }

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Digits();
}
