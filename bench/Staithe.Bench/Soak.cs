using System.Diagnostics;
using System.Text;

namespace Staithe.Bench;

/// <summary>
/// Hours of everything at once, to see whether anything grows: pulls of manifests and blobs, pushes of blobs and of the manifest that names
/// them, tags that move and go, clients that break off.
/// </summary>
internal sealed class Soak(Options options, Progress progress, CancellationToken stop)
{
    const string Begin = "<!-- bench/run --soak 60 --write-docs writes from here -->";
    const int Lines = 12;
    const string Repository = "bench/soak";
    static readonly TimeSpan Tick = TimeSpan.FromSeconds(5);

    static readonly TimeSpan Unused = TimeSpan.FromSeconds(20);

    readonly TimeProvider clock = TimeProvider.System;
    readonly List<(double Minute, long Resident, long Own, int Files, int Threads)> samples = [];
    long pulled;
    long pushed;
    long brokenOff;

    public void Run(Machine machine)
    {
        var content = new Content(largeBlobs: true);
        using var server = Server.Start(ServerKind.Staithe, Path.Combine(options.WorkDirectory, "soak"), options, stop);
        content.Fill(server);
        var kept = server.BlobFiles().Select(file => file.FullName).ToHashSet();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var failures = new List<string>();
        var threads = Clients(server, content).Select(work => new Thread(() => Repeat(work, failures, ended.Token))).ToList();
        threads.ForEach(thread => thread.Start());
        var started = Stopwatch.GetTimestamp();
        try
        {
            while (Stopwatch.GetElapsedTime(started) is var elapsed && elapsed < TimeSpan.FromMinutes(options.SoakMinutes) && failures.Count == 0)
            {
                stop.WaitHandle.WaitOne(Tick);
                stop.ThrowIfCancellationRequested();
                Look(server, elapsed.TotalMinutes);
                Server.GiveBack(server.BlobFiles().Where(file => !kept.Contains(file.FullName) && clock.GetUtcNow() - file.LastWriteTimeUtc > Unused));
            }
        }
        finally
        {
            ended.Cancel();
            threads.ForEach(thread => thread.Join());
        }
        if (failures.Count > 0)
            throw new BenchException($"a client failed after {Stopwatch.GetElapsedTime(started).TotalMinutes:F0} minutes: {failures[0]}");
        var text = Tell(machine);
        progress.Line("");
        Console.Out.WriteLine(text);
        if (options.WriteDocs)
            Docs.Write(options, Begin, text);
    }

    // Each does its work and pauses, so that the hour is one of many different things, not of one thing at full speed.
    IEnumerable<Action> Clients(Server server, Content content)
    {
        for (var i = 0; i < 4; i++)
            yield return Pulling(server, [.. content.Paths]);
        yield return Pushing(server, 64 * 1024, 0);
        yield return Pushing(server, 10 * 1024 * 1024, 1);
        yield return Pushing(server, 64 * 1024 * 1024, 2);
        yield return BreakingOff(server, content.LargestBlobPath);
    }

    Action Pulling(Server server, string[] paths)
    {
        var random = new Random(paths.Length);
        return () =>
        {
            using var connection = new Connection(server.Address);
            for (var i = 0; i < 100; i++)
            {
                Expect(connection.Get(paths[random.Next(paths.Length)]), 200);
                Interlocked.Increment(ref pulled);
            }
        };
    }

    Action Pushing(Server server, long size, int number)
    {
        var blobs = new FreshBlobs(size, 0);
        var turn = 0;
        return () =>
        {
            using var connection = new Connection(server.Address);
            var (digest, _) = blobs.PushOne(connection, Repository);
            var manifest = Content.ImageOf(digest, size);
            var tag = $"/v2/{Repository}/manifests/p{number}-{turn++ % 10}";
            Push.Manifest(connection, tag, Content.ManifestType, manifest);
            Expect(connection.Get(tag), 200);
            if (turn % 3 == 0)
                Expect(connection.Ask(connection.Head("DELETE", tag)), 202);
            Interlocked.Increment(ref pushed);
        };
    }

    Action BreakingOff(Server server, string path) => () =>
    {
        using (var connection = new Connection(server.Address))
        {
            connection.Send(connection.Head("GET", path));
            stop.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(20));
        }
        Interlocked.Increment(ref brokenOff);
    };

    static void Expect(Answer answer, int status)
    {
        if (answer.Status != status)
            throw new BenchException($"answered with {answer.Status}, not {status}");
    }

    static void Repeat(Action work, List<string> failures, CancellationToken ended)
    {
        try
        {
            while (!ended.IsCancellationRequested)
            {
                work();
                ended.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(100));
            }
        }
        catch (Exception e)
        {
            lock (failures)
                failures.Add(e.Message);
        }
    }

    void Look(Server server, double minute)
    {
        var processes = server.Processes;
        samples.Add((minute, ProcessStat.Memory(processes, "VmRSS"), ProcessStat.Memory(processes, "RssAnon"), Directory.GetFiles($"/proc/{processes[0]}/fd").Length, Directory.GetDirectories($"/proc/{processes[0]}/task").Length));
        progress.Now($"minute {minute:F0} of {options.SoakMinutes}: {Figures.MiB(samples[^1].Resident)} MiB, of which {Figures.MiB(samples[^1].Own)} are no file's, {samples[^1].Files} open files, {samples[^1].Threads} threads");
    }

    string Tell(Machine machine)
    {
        var text = new StringBuilder($"Measured on {machine.Sentence}. In {options.SoakMinutes} minutes: {pulled:N0} pulls, {pushed:N0} images pushed, {brokenOff:N0} clients that broke off.\n\n");
        var span = Math.Max(1, samples.Count / Lines);
        var lines = samples.Chunk(span).Where(chunk => chunk.Length == span).Select(chunk => new[]
        {
            $"{chunk[0].Minute:F0}–{chunk[^1].Minute:F0}",
            $"{Figures.MiB(chunk.Average(one => one.Resident))} MiB",
            $"{Figures.MiB(chunk.Max(one => one.Resident))} MiB",
            $"{Figures.MiB(chunk.Average(one => one.Own))} MiB",
            $"{chunk.Max(one => one.Files)}",
            $"{chunk.Max(one => one.Threads)}",
        }).ToList();
        Report.AppendTable(text, ["minutes", "memory, mean", "memory, highest", "without mapped files, mean", "open files", "threads"], lines);
        return text.ToString();
    }
}
