using System.Diagnostics;
using System.Globalization;

namespace Staithe.Bench;

/// <summary>The run: each group of rows with its servers and its content, from top to bottom.</summary>
internal sealed class Bench(Options options, IReadOnlyList<Row> rows, Progress progress, Action<RowResult> finished, CancellationToken stop)
{
    const string TagRepository = "bench/tags";
    const int TagsAtOnce = 100;
    const int PageSize = 100;

    /// <summary>About what a run pushes that is limited by its time.</summary>
    long UncountedPushBytes => options.Short ? 200_000_000 : 1_000_000_000;

    int begun;

    public void Run()
    {
        Starts();
        Pulls();
        Pushes();
        Mixed();
        WithAccounts();
        Tags();
        Repositories();
    }

    void Starts()
    {
        foreach (var row in RowsOf(Group.Start))
            Measure(row, (kind, round) => StartOnce(row, kind, round, Directory("start", kind)));
    }

    void Pulls()
    {
        var mine = RowsOf(Group.Pull).ToList();
        if (mine.Count == 0)
            return;
        var content = new Content(largeBlobs: mine.Any(row => row.Size > 64 * 1024));
        using var servers = StartAll("pull", mine);
        servers.All.ForEach(server => Fill(server, content));
        foreach (var row in mine)
        {
            var paths = content.PathsOf(row);
            var method = row.Id == "manifest-head" ? "HEAD" : "GET";
            Warm(row, servers, server => Load.Requests(server.Address, Math.Min(row.Connections, 16), method, paths, options.WarmTime, stop));
            Measure(row, (kind, round) => Sample.Around(servers[kind], row, round, () => WrkCan(row)
                ? Wrk.Get(servers[kind], row.Connections, paths, options.RunTime, options.WorkDirectory, stop)
                : Load.Requests(servers[kind].Address, row.Connections, method, paths, options.RunTime, stop)));
        }
    }

    // wrk would wait for the body that a HEAD's Content-Length tells of. And of large blobs it takes 8 KiB at a time, so that it is the
    // limit; what TCP then sends when room is made, the kernel charges to wrk, and the server looks cheaper than it is.
    static bool WrkCan(Row row) => row.Id != "manifest-head" && row.Unit != Unit.Gigabyte;

    void Pushes()
    {
        var mine = RowsOf(Group.Push).ToList();
        if (mine.Count == 0)
            return;
        using var servers = StartAll("push", mine);
        foreach (var row in mine)
        {
            var time = row.Count > 0 ? TimeSpan.Zero : options.RunTime;
            Load PushOnto(Server server, FreshBlobs blobs, TimeSpan time, int count) =>
                Load.Run(server.Address, row.Connections, time, count, connection => () => blobs.PushOne(connection), stop);

            Warm(row, servers, server => PushOnto(server, new FreshBlobs(row.Size, 0), options.LongWarmTime, Math.Min(row.Count, 1)));
            Measure(row, (kind, round) =>
            {
                var blobs = new FreshBlobs(row.Size, row.Count);
                return Probed(servers[kind], Math.Max(row.Count * row.Size, UncountedPushBytes), () =>
                    Sample.Around(servers[kind], row, round, () => PushOnto(servers[kind], blobs, time, row.Count)));
            });
        }
    }

    void Mixed()
    {
        const int prepared = 24; // more than any server takes in while it is measured
        var mine = RowsOf(Group.Mixed).ToList();
        if (mine.Count == 0)
            return;
        var content = new Content(largeBlobs: false);
        using var servers = StartAll("mixed", mine);
        servers.All.ForEach(server => Fill(server, content));
        foreach (var row in mine)
        {
            var paths = content.PathsOf(row);
            Warm(row, servers, server => Load.Requests(server.Address, row.Connections, "GET", paths, options.WarmTime, stop));
            Measure(row, (kind, round) =>
            {
                var blobs = new FreshBlobs(row.Size, options.Short ? prepared / 2 : prepared);
                var pushedTo = servers[kind == ServerKind.Nginx ? ServerKind.Staithe : kind];
                return Probed(pushedTo, UncountedPushBytes, () => MixedOnce(row, servers[kind], pushedTo, round, paths, blobs));
            });
        }
    }

    // Nobody pushes to nginx. Beside pushes to Staithe it shows how long a manifest takes on this machine then, if the server itself has nothing else to do.
    Sample MixedOnce(Row row, Server server, Server pushedTo, int round, IReadOnlyList<string> paths, FreshBlobs blobs)
    {
        const int pushers = 3;
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        BenchException? failure = null;
        var pushing = new Thread(() => failure = PushUntil(pushedTo, pushers, blobs, enough.Token));
        pushing.Start();
        try
        {
            var sample = Sample.Around(server, row, round, () => Wrk.Get(server, row.Connections, paths, options.RunTime, options.WorkDirectory, stop));
            return failure is null ? sample with { PushedBytes = blobs.Pushed } : throw failure;
        }
        finally
        {
            enough.Cancel();
            pushing.Join();
        }
    }

    // Why it ended before it was enough, if it did.
    static BenchException? PushUntil(Server server, int connections, FreshBlobs blobs, CancellationToken enough)
    {
        try
        {
            Load.Run(server.Address, connections, TimeSpan.FromHours(1), 0, connection => () => blobs.PushOne(connection), enough);
        }
        catch (OperationCanceledException)
        {
            // enough
        }
        catch (BenchException e)
        {
            return e;
        }
        return null;
    }

    // The same bytes on both sides: what is pushed while a registry is open stays when it no longer is.
    void WithAccounts()
    {
        var mine = RowsOf(Group.Accounts).Concat(RowsOf(Group.SignIns)).ToList();
        if (mine.Count == 0)
            return;
        var content = new Content(largeBlobs: false);
        var directory = Directory("accounts", ServerKind.StaitheClosed);
        using (var open = Server.Start(ServerKind.Staithe, directory, options, stop))
            Fill(open, content);
        Accounts.Add(directory, options);
        using var servers = StartAll("accounts", mine);
        servers.All.Where(server => server.Kind == ServerKind.Staithe).ToList().ForEach(server => Fill(server, content));
        foreach (var row in mine)
        {
            Load Ask(Server server, TimeSpan time)
            {
                if (row.Id == "token-issue")
                    return Load.Requests(server.Address, row.Connections, "GET", [Accounts.TokenPath(server, Content.Repository)], time, stop, Accounts.Basic);
                var token = server.Kind == ServerKind.StaitheClosed ? Accounts.Bearer(server, Content.Repository) : null;
                return Wrk.Get(server, row.Connections, content.PathsOf(row), time, options.WorkDirectory, stop, token);
            }
            Warm(row, servers, server => Ask(server, options.LongWarmTime));
            Measure(row, (kind, round) => row.Group == Group.Accounts
                ? Sample.Around(servers[kind], row, round, () => Ask(servers[kind], options.RunTime))
                : SignInsOnce(row, servers[kind], round, () => Ask(servers[kind], options.RunTime)));
        }
    }

    Sample SignInsOnce(Row row, Server server, int round, Func<Load> pulls)
    {
        if (row.Size == 0)
            return Sample.Around(server, row, round, pulls);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var (answered, failure) = (0L, (BenchException?)null);
        var signingIn = new Thread(() =>
        {
            try
            {
                answered = Accounts.SignIn(server.Address, (int)row.Size, enough.Token);
            }
            catch (BenchException e)
            {
                failure = e;
            }
        });
        signingIn.Start();
        Sample sample;
        try
        {
            sample = Sample.Around(server, row, round, pulls);
        }
        finally
        {
            enough.Cancel();
            signingIn.Join();
        }
        return failure is null ? sample with { SignIns = answered } : throw failure;
    }

    void Tags()
    {
        var mine = RowsOf(Group.Tags).ToList();
        var loaded = RowsOf(Group.StartLoaded).ToList();
        if (mine.Count > 0)
        {
            using var servers = StartAll("tags", mine);
            foreach (var row in mine)
                MeasurePages(row, servers, (server, row) => FillTags(server, (int)row.Size), $"/v2/{TagRepository}-{row.Size}/tags/list?n={PageSize}&last={TagName((int)row.Size / 2)}");
        }
        foreach (var row in loaded)
        {
            var directory = Directory("tags", ServerKind.Staithe);
            if (!mine.Any(other => other.Size == row.Size))
            {
                using var server = Server.Start(ServerKind.Staithe, directory, options, stop);
                FillTags(server, (int)row.Size);
            }
            Measure(row, (kind, round) => StartOnce(row, kind, round, directory));
        }
    }

    // The rows go from few repositories to many: what is there grows.
    void Repositories()
    {
        var mine = RowsOf(Group.Repositories).ToList();
        if (mine.Count == 0)
            return;
        using var servers = StartAll("repositories", mine);
        foreach (var row in mine)
            MeasurePages(row, servers, (server, row) => FillRepositories(server, (int)row.Size), $"/v2/_catalog?n={PageSize}&last={RepositoryName((int)row.Size / 2)}");
    }

    void MeasurePages(Row row, ServerSet servers, Action<Server, Row> fill, string page)
    {
        foreach (var kind in row.Servers)
            fill(servers[kind], row);
        Warm(row, servers, server => Load.Requests(server.Address, 1, "GET", [page], options.WarmTime, stop));
        Measure(row, (kind, round) => Sample.Around(servers[kind], row, round, () => Load.Requests(servers[kind].Address, row.Connections, "GET", [page], options.RunTime, stop)));
    }

    // ---- How rows are measured

    void Measure(Row row, Func<ServerKind, int, Sample> measure)
    {
        begun++;
        progress.Line($"==> {begun}/{rows.Count}  {row.FullId}: {row.Title}");
        var samples = new List<Sample>();
        for (var round = 1; round <= options.Rounds; round++)
        {
            var line = $"    round {round}: ";
            foreach (var kind in row.Servers)
            {
                progress.Now($"{row.FullId}, round {round} of {options.Rounds}: {Server.Name(kind)}");
                stop.ThrowIfCancellationRequested();
                var sample = measure(kind, round);
                samples.Add(sample);
                line += Server.Name(kind) + row.Group switch
                {
                    Group.Mixed or Group.SignIns => $" p99 {Figures.Milliseconds(sample.P99)} ms   ",
                    Group.Start or Group.StartLoaded => $" after {Figures.Milliseconds(sample.Wall)} ms   ",
                    _ => $" {Figures.Short(sample.CpuPerUnit * row.Unit.CpuScale)} {row.Unit.CpuUnit}   ",
                };
            }
            var probes = samples.Where(sample => sample.Round == round && sample.ProbeCpu is not null).Select(sample => Figures.Short(sample.ProbeCpu!.Value)).ToList();
            progress.Line(line + (probes.Count > 0 ? $"plain write {string.Join(", ", probes)} s/GB   " : "") + $"others kept {samples.Where(sample => sample.Round == round).Max(sample => sample.OtherCpus):F2} CPUs busy");
        }
        finished(new RowResult(row, samples));
    }

    void Warm(Row row, ServerSet servers, Action<Server> load)
    {
        foreach (var kind in row.Servers)
        {
            progress.Now($"{row.FullId}: warming up {Server.Name(kind)}");
            load(servers[kind]);
        }
    }

    Sample StartOnce(Row row, ServerKind kind, int round, string directory)
    {
        var samples = new List<Sample>();
        for (var i = 0; i < row.Count; i++)
        {
            var (clients, machine, began) = (ProcessStat.CpuOfClients(), ProcessStat.CpuOfMachine(), Stopwatch.GetTimestamp());
            using var server = Server.Start(kind, directory, options, stop);
            stop.WaitHandle.WaitOne(TimeSpan.FromSeconds(options.Short ? 0.2 : 1)); // what a start puts off is a part of it
            var processes = server.Processes;
            var cpu = ProcessStat.Cpu(processes);
            var others = ProcessStat.CpuOfMachine() - machine - cpu - (ProcessStat.CpuOfClients() - clients);
            var ready = server.ReadyAfter.TotalSeconds;
            samples.Add(new Sample
            {
                Server = kind,
                Round = round,
                Units = 1,
                Wall = ready,
                Cpu = cpu,
                P50 = ready,
                P99 = ready,
                Max = ready,
                IdleBytes = ProcessStat.Memory(processes, "VmRSS"),
                PeakBytes = ProcessStat.Memory(processes, "VmHWM"),
                OtherCpus = Math.Max(0, others) / Stopwatch.GetElapsedTime(began).TotalSeconds,
            });
        }
        return samples.OrderBy(sample => sample.Wall).ElementAt(samples.Count / 2);
    }

    // A virtual machine may have given its free memory back to its host, and gets it again page by page at the price of the write itself.
    // So a file as large as what will be pushed goes first: otherwise the server that is measured first pays, and the next one finds the
    // pages that its blobs left.
    Sample Probed(Server server, long bytes, Func<Sample> measure)
    {
        DiskProbe.Run(server.Directory, bytes);
        var (cpu, wall) = DiskProbe.Run(server.Directory, options.Short ? 64_000_000 : 256_000_000);
        var sample = measure() with { ProbeCpu = cpu, ProbeWall = wall };
        Server.GiveBack(server.BlobFiles());
        return sample;
    }

    // ---- What the servers hold

    void Fill(Server server, Content content)
    {
        progress.Now($"giving {Server.Name(server.Kind)} what is pulled from it");
        content.Fill(server);
    }

    static string TagName(int number) => $"t{number:D7}";

    static string RepositoryName(int number) => $"bench/r{number:D6}";

    void FillTags(Server server, int count)
    {
        var repository = $"{TagRepository}-{count}";
        if (server.Kind == ServerKind.Staithe)
        {
            using var connection = new Connection(server.Address);
            for (var first = 0; first < count; first += TagsAtOnce)
            {
                Storing(server, first, count, "tags");
                var query = string.Join('&', Enumerable.Range(first, TagsAtOnce).Select(number => $"tag={TagName(number)}"));
                Push.Manifest(connection, $"/v2/{repository}/manifests/{Content.DigestOf(Content.EmptyIndex)}?{query}", Content.IndexType, Content.EmptyIndex);
            }
            return;
        }
        // One by one docker-registry would take minutes for this; these are the files that it would have written.
        using (var connection = new Connection(server.Address))
            Push.Manifest(connection, $"/v2/{repository}/manifests/{TagName(0)}", Content.IndexType, Content.EmptyIndex);
        var digest = Content.DigestOf(Content.EmptyIndex);
        var tags = Path.Combine(RepositoryDirectory(server, repository), "_manifests/tags");
        for (var i = 1; i < count; i++)
        {
            Storing(server, i, count, "tags");
            foreach (var link in new[] { "current", $"index/sha256/{digest["sha256:".Length..]}" })
            {
                var directory = System.IO.Directory.CreateDirectory(Path.Combine(tags, TagName(i), link));
                File.WriteAllText(Path.Combine(directory.FullName, "link"), digest);
            }
        }
    }

    void FillRepositories(Server server, int count)
    {
        var have = stored.GetValueOrDefault(server.Kind);
        if (server.Kind == ServerKind.Staithe)
        {
            var next = have - 1;
            Load.Run(server.Address, 16, TimeSpan.Zero, count - have, connection => () =>
            {
                var number = Interlocked.Increment(ref next);
                Storing(server, number, count, "repositories");
                Push.Manifest(connection, $"/v2/{RepositoryName(number)}/manifests/latest", Content.IndexType, Content.EmptyIndex);
                return Content.EmptyIndex.Length;
            }, stop);
        }
        else
        {
            // As with tags: what docker-registry looks for when it lists repositories.
            for (var i = have; i < count; i++)
            {
                Storing(server, i, count, "repositories");
                foreach (var part in new[] { "_layers", "_manifests", "_uploads" })
                    System.IO.Directory.CreateDirectory(Path.Combine(RepositoryDirectory(server, RepositoryName(i)), part));
            }
        }
        stored[server.Kind] = count;
    }

    readonly Dictionary<ServerKind, int> stored = [];

    static string RepositoryDirectory(Server server, string repository) =>
        Path.Combine(Server.ContentDirectory(server.Directory), "docker/registry/v2/repositories", repository);

    void Storing(Server server, int done, int all, string what)
    {
        stop.ThrowIfCancellationRequested();
        if (done % 1000 == 0)
        {
            lock (stored)
                progress.Now(string.Create(CultureInfo.InvariantCulture, $"storing {all:N0} {what} in {Server.Name(server.Kind)}: {100.0 * done / all:F0} %"));
        }
    }

    // ---- Servers

    IEnumerable<Row> RowsOf(Group group) => rows.Where(row => row.Group == group);

    string Directory(string name) => Path.Combine(options.WorkDirectory, name);

    string Directory(string name, ServerKind kind) => Directory($"{name}-{kind}");

    ServerSet StartAll(string name, IReadOnlyList<Row> forRows)
    {
        var set = new ServerSet();
        try
        {
            foreach (var kind in forRows.SelectMany(row => row.Servers).Distinct().Order())
                set.All.Add(Server.Start(kind, Directory(name, kind), options, stop));
            return set;
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }

    sealed class ServerSet : IDisposable
    {
        public List<Server> All { get; } = [];

        public Server this[ServerKind kind] => All.Single(server => server.Kind == kind);

        public void Dispose() => All.ForEach(server => server.Dispose());
    }
}
