namespace Staithe.Bench;

/// <summary>One run of one server at one row. Times are in seconds, memory in bytes.</summary>
internal sealed record Sample
{
    public required ServerKind Server { get; init; }

    public required int Round { get; init; }

    /// <summary>Units of work done: requests, blobs, gigabytes (10⁹ bytes) or starts.</summary>
    public required double Units { get; init; }

    public required double Wall { get; init; }

    /// <summary>What the server's processes used.</summary>
    public required double Cpu { get; init; }

    public double P50 { get; init; }

    public double P99 { get; init; }

    public double Max { get; init; }

    /// <summary>What other clients pushed meanwhile.</summary>
    public long PushedBytes { get; init; }

    /// <summary>How many sign-ins of others were answered meanwhile.</summary>
    public long SignIns { get; init; }

    /// <summary>The server's highest resident memory during the run.</summary>
    public long PeakBytes { get; init; }

    /// <summary>The server's resident memory, a moment after a start.</summary>
    public long IdleBytes { get; init; }

    /// <summary>How many processors everything that is neither server nor client kept busy.</summary>
    public double OtherCpus { get; init; }

    /// <summary>What a plain write to the same disk, right before the run, took of CPU per gigabyte.</summary>
    public double? ProbeCpu { get; init; }

    /// <summary>How long that write took per gigabyte, until it was on the disk.</summary>
    public double? ProbeWall { get; init; }

    public double CpuPerUnit => Cpu / Units;

    public double Rate => Units / Wall;

    /// <summary>Measures a server while a load runs.</summary>
    public static Sample Around(Server server, Row row, int round, Func<Load> load)
    {
        var processes = server.Processes;
        ProcessStat.ResetPeak(processes);
        var (cpu, clients, machine) = (ProcessStat.Cpu(processes), ProcessStat.CpuOfClients(), ProcessStat.CpuOfMachine());
        var done = load();
        cpu = ProcessStat.Cpu(server.Processes) - cpu;
        clients = ProcessStat.CpuOfClients() - clients;
        machine = ProcessStat.CpuOfMachine() - machine;
        return new Sample
        {
            Server = server.Kind,
            Round = round,
            Units = row.Unit == Unit.Gigabyte ? done.Bytes / 1e9 : done.Units,
            Wall = done.Wall,
            Cpu = cpu,
            P50 = done.P50,
            P99 = done.P99,
            Max = done.Max,
            PeakBytes = ProcessStat.Memory(processes, "VmHWM"),
            OtherCpus = Math.Max(0, machine - cpu - clients) / done.Wall,
        };
    }
}

/// <summary>Several runs of one server at one row, as one figure each: the median.</summary>
internal sealed class Summary(IReadOnlyList<Sample> samples)
{
    public double Cpu { get; } = Median(samples, sample => sample.CpuPerUnit);

    public double CpuMin { get; } = samples.Min(sample => sample.CpuPerUnit);

    public double CpuMax { get; } = samples.Max(sample => sample.CpuPerUnit);

    public double Rate { get; } = Median(samples, sample => sample.Rate);

    public double P50 { get; } = Median(samples, sample => sample.P50);

    public double P99 { get; } = Median(samples, sample => sample.P99);

    public double Max { get; } = Median(samples, sample => sample.Max);

    public double Wall { get; } = Median(samples, sample => sample.Wall);

    public double PeakBytes { get; } = samples.Max(sample => sample.PeakBytes);

    public double IdleBytes { get; } = Median(samples, sample => sample.IdleBytes);

    public double PushRate { get; } = Median(samples, sample => sample.PushedBytes / sample.Wall);

    public double SignInRate { get; } = Median(samples, sample => sample.SignIns / sample.Wall);

    public double OtherCpus { get; } = Median(samples, sample => sample.OtherCpus);

    static double Median(IReadOnlyList<Sample> samples, Func<Sample, double> value)
    {
        var sorted = samples.Select(value).Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

/// <summary>A row with what was measured for it.</summary>
internal sealed record RowResult(Row Row, IReadOnlyList<Sample> Samples)
{
    /// <summary>From here on, what else runs on the machine is a part of the result.</summary>
    const double BusyCpus = 0.3;

    /// <summary>A plain write costs about half of this; from here on the machine's memory or disk is what is measured.</summary>
    const double SlowProbeCpu = 0.8;

    public Summary? Of(ServerKind server) => Samples.Where(sample => sample.Server == server).ToList() is { Count: > 0 } own ? new Summary(own) : null;

    public bool WasBusy => Samples.Select(sample => sample.Server).Distinct().Any(server => Of(server)!.OtherCpus > BusyCpus);

    public bool DiskWasSlow => Samples.Any(sample => sample.ProbeCpu > SlowProbeCpu);

    /// <summary>What runs of this row are worth a word of doubt for.</summary>
    public string Marks => (WasBusy ? "†" : "") + (DiskWasSlow ? "‡" : "");
}
