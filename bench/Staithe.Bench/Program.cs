using System.Runtime.InteropServices;
using Staithe.Bench;

const string ResultFile = "artifacts/bench/results.json";

using var stop = new CancellationTokenSource();
using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
var progress = new Progress();
try
{
    var options = Options.Parse(args);
    var rows = Row.Select(options);
    var machine = Machine.Describe(options);
    if (machine.CongestionControl != "reno")
        throw new BenchException("TCP is not reno here: start it with bench/run, which makes a network of its own");
    progress.Line($"==> {machine.Sentence}");

    if (options.SoakMinutes > 0)
    {
        new Soak(options, progress, stop.Token).Run(machine);
        return 0;
    }
    if (options.ScaleRepositories > 0)
    {
        new Scale(options, progress, stop.Token).Run(machine);
        return 0;
    }
    var results = new List<RowResult>();
    var report = new Report(machine, options, results);
    var file = Path.Combine(options.Repository, ResultFile);
    new Bench(options, rows, progress, Finished, stop.Token).Run();
    progress.Line("");
    Console.Out.WriteLine(report.Tables());
    Console.Out.WriteLine($"Every run is in {ResultFile}.");
    if (options.WriteDocs)
        report.WriteDocs();
    return 0;

    void Finished(RowResult result)
    {
        results.Add(result);
        report.WriteJson(file); // a run that is cut short leaves what it has
    }
}
catch (BenchException e)
{
    Console.Error.WriteLine($"bench: {e.Message}");
    return 1;
}
catch (OperationCanceledException)
{
    return 130;
}

void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
