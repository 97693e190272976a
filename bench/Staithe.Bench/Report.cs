using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Staithe.Bench;

/// <summary>What was measured, as a page for people and as JSON for programs.</summary>
internal sealed class Report(Machine machine, Options options, IReadOnlyList<RowResult> results)
{
    const string Begin = "<!-- bench/run --write-docs writes from here -->";

    const string Picture = "![CPU per unit of work of docker-registry and nginx, with Staithe as 1](performance.svg)";

    static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    static readonly (string Title, Group[] Groups)[] Chapters =
    [
        ("Pulls", [Group.Pull]),
        ("Pushes", [Group.Push]),
        ("Lists", [Group.Tags, Group.Repositories]),
    ];

    public void WriteJson(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var rows = results.Select(result => new
        {
            Row = result.Row.FullId,
            result.Row.Title,
            result.Row.Connections,
            Unit = result.Row.Unit.Name,
            result.WasBusy,
            result.DiskWasSlow,
            Summaries = result.Row.Servers.ToDictionary(server => JsonNamingPolicy.CamelCase.ConvertName(server.ToString()), server => result.Of(server)),
            result.Samples,
        });
        File.WriteAllText(file, JsonSerializer.Serialize(new { machine, options.Short, options.Rounds, Rows = rows }, Json) + "\n");
    }

    /// <summary>Replaces the part of the page between the marks, and the chart.</summary>
    public void WriteDocs()
    {
        Docs.Write(options, Begin, Picture + "\n\n" + Tables());
        File.WriteAllText(Path.Combine(options.Repository, "docs/performance.svg"), Chart.Render(results));
    }

    /// <summary>The tables, as Markdown: they read well on a terminal too.</summary>
    public string Tables()
    {
        var text = new StringBuilder();
        text.Append($"Measured on {machine.Sentence}. {(options.Rounds == 1 ? "One round" : $"Medians of {options.Rounds} rounds, with lowest and highest for Staithe")}.\n");
        foreach (var (title, groups) in Chapters)
            AppendChapter(text, title, [.. results.Where(result => groups.Contains(result.Row.Group))]);
        AppendMixed(text);
        AppendAccounts(text);
        AppendSignIns(text);
        AppendStarts(text);
        AppendMemory(text);
        if (results.Any(result => result.WasBusy))
            text.Append("\n† Other programs on the machine kept more than 0.3 CPUs busy meanwhile.\n");
        if (results.Any(result => result.DiskWasSlow))
            text.Append("\n‡ A plain write to the same disk right before took more than 0.8 s of CPU per gigabyte, twice what it usually takes even on a busy machine: read the ratio, not the figures.\n");
        return text.ToString();
    }

    void AppendChapter(StringBuilder text, string title, List<RowResult> mine)
    {
        if (mine.Count == 0)
            return;
        text.Append($"\n### {title}\n\nCPU that the server uses per unit of work:\n\n");
        var cpu = new List<string[]>();
        var speed = new List<string[]>();
        foreach (var result in mine)
        {
            var (staithe, registry, nginx) = (result.Of(ServerKind.Staithe)!, result.Of(ServerKind.DockerRegistry), result.Of(ServerKind.Nginx));
            var unit = result.Row.Unit;
            string Cpu(Summary? one) => one is null ? "" : $"{Figures.Short(one.Cpu * unit.CpuScale)} {unit.CpuUnit}";
            string Range(Summary one) => options.Rounds == 1 ? "" : $" ({Figures.Short(one.CpuMin * unit.CpuScale)}–{Figures.Short(one.CpuMax * unit.CpuScale)})";
            string Ratio(Summary? one) => one is null ? "" : Figures.Times(one.Cpu / staithe.Cpu);
            string Rate(Summary? one) => one is null ? "" : $"{Figures.Short(one.Rate * unit.RateScale)} {unit.RateUnit}";
            string Latency(Summary? one) => one is null ? "" : $"{Figures.Milliseconds(one.P50)} / {Figures.Milliseconds(one.P99)} / {Figures.Milliseconds(one.Max)}";
            var name = result.Row.Title + result.Marks;
            var connections = result.Row.Connections.ToString();
            cpu.Add([name, connections, Cpu(staithe) + Range(staithe), Cpu(registry), Cpu(nginx), Ratio(registry), Ratio(nginx)]);
            speed.Add([name, connections, Rate(staithe), Rate(registry), Rate(nginx), Latency(staithe), Latency(registry), Latency(nginx)]);
        }
        AppendTable(text, ["work", "connections", "Staithe", "docker-registry", "nginx", "docker-registry needs", "nginx needs"], cpu);
        text.Append("\nHow fast, and milliseconds of latency (p50 / p99 / max), with the clients on the same CPUs:\n\n");
        AppendTable(text, ["work", "connections", "Staithe", "docker-registry", "nginx", "Staithe, ms", "docker-registry, ms", "nginx, ms"], speed);
    }

    // CPU is no figure here: most of it goes into the pushes, of which each server does another number.
    void AppendMixed(StringBuilder text)
    {
        var lines = new List<string[]>();
        foreach (var result in results.Where(result => result.Row.Group == Group.Mixed))
        {
            foreach (var server in result.Row.Servers)
            {
                var one = result.Of(server)!;
                lines.Add([Server.Name(server) + (server == ServerKind.Nginx ? ", the pushes to Staithe" : "") + result.Marks, $"{Figures.Short(one.Rate)} /s", Figures.Milliseconds(one.P50), Figures.Milliseconds(one.P99), Figures.Milliseconds(one.Max), $"{Figures.Short(one.PushRate / 1e6)} MB/s"]);
            }
        }
        if (lines.Count == 0)
            return;
        text.Append("\n### Pulls while others push\n\n4 clients GET manifests while 3 push blobs of 128 MiB:\n\n");
        AppendTable(text, ["server", "manifests", "p50, ms", "p99, ms", "max, ms", "pushed meanwhile"], lines);
    }

    void AppendAccounts(StringBuilder text)
    {
        var lines = new List<string[]>();
        foreach (var result in results.Where(result => result.Row.Group == Group.Accounts))
        {
            var (open, closed) = (result.Of(ServerKind.Staithe), result.Of(ServerKind.StaitheClosed)!);
            string Cpu(Summary? one) => one is null ? "" : $"{Figures.Short(one.Cpu * result.Row.Unit.CpuScale)} {result.Row.Unit.CpuUnit}";
            lines.Add([result.Row.Title + result.Marks, result.Row.Connections.ToString(), Cpu(open), Cpu(closed), open is null ? "" : $"{(closed.Cpu / open.Cpu) - 1:+0.0 %;-0.0 %}", $"{Figures.Milliseconds(closed.P50)} / {Figures.Milliseconds(closed.P99)} / {Figures.Milliseconds(closed.Max)}"]);
        }
        if (lines.Count == 0)
            return;
        text.Append("\n### With accounts\n\nCPU that Staithe uses per unit of work when it is open, and when each request brings a token, which it then has seen before:\n\n");
        AppendTable(text, ["work", "connections", "open", "with accounts", "difference", "with accounts, ms"], lines);
    }

    // CPU is no figure here either: most of it goes into the passwords.
    void AppendSignIns(StringBuilder text)
    {
        var lines = new List<string[]>();
        foreach (var result in results.Where(result => result.Row.Group == Group.SignIns))
        {
            var one = result.Of(ServerKind.StaitheClosed)!;
            lines.Add([result.Row.Size.ToString() + result.Marks, $"{Figures.Short(one.SignInRate)} /s", $"{Figures.Short(one.Rate)} /s", Figures.Milliseconds(one.P50), Figures.Milliseconds(one.P99), Figures.Milliseconds(one.Max)]);
        }
        if (lines.Count == 0)
            return;
        text.Append("\n### Pulls while others sign in\n\n4 clients GET manifests with a token while others sign in, each with a password that has to be hashed, or are told to wait:\n\n");
        AppendTable(text, ["sign-ins wanted a second", "answered", "manifests", "p50, ms", "p99, ms", "max, ms"], lines);
    }

    void AppendStarts(StringBuilder text)
    {
        var lines = new List<string[]>();
        foreach (var result in results.Where(result => result.Row.Group is Group.Start or Group.StartLoaded))
        {
            foreach (var server in result.Row.Servers)
            {
                var one = result.Of(server)!;
                lines.Add([result.Row.Title + result.Marks, Server.Name(server), $"{Figures.Milliseconds(one.Wall)} ms", $"{Figures.Milliseconds(one.Cpu)} ms", $"{Figures.MiB(one.IdleBytes)} MiB"]);
            }
        }
        if (lines.Count == 0)
            return;
        text.Append("\n### Start\n\n");
        AppendTable(text, ["", "server", "until the first answer", "CPU", "memory when idle"], lines);
    }

    // The highest over all rows of a kind: what a machine needs to have.
    void AppendMemory(StringBuilder text)
    {
        var lines = new List<string[]>();
        foreach (var group in results.Where(result => result.Row.Group is not (Group.Start or Group.StartLoaded or Group.Accounts or Group.SignIns)).GroupBy(result => result.Row.Group))
        {
            string Peak(ServerKind server) => group.Select(result => result.Of(server)).OfType<Summary>().ToList() is { Count: > 0 } all ? $"{Figures.MiB(all.Max(one => one.PeakBytes))} MiB" : "";
            lines.Add([MemoryTitle(group.Key), Peak(ServerKind.Staithe), Peak(ServerKind.DockerRegistry), Peak(ServerKind.Nginx)]);
        }
        if (lines.Count == 0)
            return;
        text.Append("\n### Memory at its highest\n\n");
        AppendTable(text, ["during", "Staithe", "docker-registry", "nginx"], lines);
    }

    static string MemoryTitle(Group group) => group switch
    {
        Group.Pull => "pulls",
        Group.Push => "pushes",
        Group.Mixed => "pulls while others push",
        Group.Tags => "lists of tags",
        _ => "lists of repositories",
    };

    /// <summary>A Markdown table whose columns line up; those without content are left out.</summary>
    public static void AppendTable(StringBuilder text, string[] header, List<string[]> lines)
    {
        var used = Enumerable.Range(0, header.Length).Where(column => lines.Any(line => line[column].Length > 0)).ToList();
        var widths = header.Select((title, column) => Math.Max(title.Length, lines.Max(line => line[column].Length))).ToArray();
        var lefts = used.TakeWhile(column => lines.All(line => line[column].Length == 0 || !char.IsAsciiDigit(line[column][0]))).ToHashSet();
        void Append(string[] cells)
        {
            foreach (var column in used)
                text.Append("| ").Append(lefts.Contains(column) ? cells[column].PadRight(widths[column]) : cells[column].PadLeft(widths[column])).Append(' ');
            text.Append("|\n");
        }
        Append(header);
        foreach (var column in used)
            text.Append('|').Append(lefts.Contains(column) ? new string('-', widths[column] + 2) : new string('-', widths[column] + 1) + ":");
        text.Append("|\n");
        lines.ForEach(Append);
    }
}
