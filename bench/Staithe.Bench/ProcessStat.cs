using System.Globalization;

namespace Staithe.Bench;

/// <summary>What <c>/proc</c> says of processes and of the machine. Processor times are in seconds, user and system together.</summary>
internal static class ProcessStat
{
    const double TicksPerSecond = 100; // USER_HZ: the kernel's interface to user space, the same on every Linux that .NET runs on

    /// <summary>A process and its descendants.</summary>
    public static List<int> Tree(int root)
    {
        var parents = new Dictionary<int, int>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && Fields(pid) is { } fields)
                parents[pid] = int.Parse(fields[1]);
        }
        List<int> tree = [root];
        for (var i = 0; i < tree.Count; i++)
            tree.AddRange(parents.Where(pair => pair.Value == tree[i]).Select(pair => pair.Key));
        return tree;
    }

    public static double Cpu(IEnumerable<int> processes) => processes.Sum(pid => Fields(pid) is { } fields ? Ticks(fields, 11) + Ticks(fields, 12) : 0);

    /// <summary>What this process used, and those of its children that have ended: the load programs.</summary>
    public static double CpuOfClients() => Fields(Environment.ProcessId) is { } fields ? Ticks(fields, 11) + Ticks(fields, 12) + Ticks(fields, 13) + Ticks(fields, 14) : 0;

    /// <summary>What all processors of the machine spent on anything.</summary>
    public static double CpuOfMachine()
    {
        // user nice system idle iowait irq softirq steal: steal is time in which the machine did not run at all
        var times = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(double.Parse).ToArray();
        return (times[0] + times[1] + times[2] + times[5] + times[6]) / TicksPerSecond;
    }

    /// <summary>Resident memory now (<c>VmRSS</c>) or at its highest (<c>VmHWM</c>), in bytes.</summary>
    public static long Memory(IEnumerable<int> processes, string field) => processes.Sum(pid => StatusKiB(pid, field)) * 1024;

    /// <summary>Lets the highest memory be counted anew.</summary>
    public static void ResetPeak(IEnumerable<int> processes)
    {
        foreach (var pid in processes)
            File.WriteAllText($"/proc/{pid}/clear_refs", "5");
    }

    static long StatusKiB(int pid, string field)
    {
        var line = File.ReadLines($"/proc/{pid}/status").FirstOrDefault(line => line.StartsWith(field + ":", StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line[(field.Length + 1)..].Replace("kB", "", StringComparison.Ordinal).Trim());
    }

    static double Ticks(string[] fields, int index) => long.Parse(fields[index]) / TicksPerSecond;

    // The fields from 'state' on: before it stands the program's name in brackets, in which anything may stand.
    static string[]? Fields(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // it has ended
        }
    }
}
