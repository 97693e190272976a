using System.Diagnostics;
using System.Text;

namespace Staithe.Bench;

/// <summary>
/// What people and clients look for on a registry of a hundred thousand repositories: how long each kind of request takes, one client at a time
/// and four at once, and whether memory grows.
/// </summary>
internal sealed class Scale(Options options, Progress progress, CancellationToken stop)
{
    const string Begin = "<!-- bench/run --scale 100000 --write-docs writes from here -->";
    const int Clients = 4;
    const int Seed = 23;
    const int PushedBytes = 4096;

    /// <summary>The size that the docs tell of.</summary>
    public const int Whole = 100_000;

    readonly ScaleContent content = new(options.ScaleRepositories);

    public void Run(Machine machine)
    {
        var directory = Path.Combine(options.WorkDirectory, "scale");
        Directory.CreateDirectory(directory);
        var started = Stopwatch.GetTimestamp();
        content.FillAsync(Path.Combine(directory, "data"), progress, stop).GetAwaiter().GetResult();
        var filled = Stopwatch.GetElapsedTime(started);
        var size = new FileInfo(Path.Combine(directory, "data", "staithe.db")).Length;
        using var server = Server.Start(ServerKind.StaitheClosed, directory, options, stop);
        var lines = new List<string[]>();
        var memory = new List<long>();
        var requests = Requests().ToList();
        foreach (var request in requests)
        {
            Measure(server, request, 1, options.WarmTime / 2, 1);
            var alone = Measure(server, request, 1, options.RunTime, 2);
            var together = Measure(server, request, Clients, options.RunTime, 3);
            memory.Add(ProcessStat.Memory(server.Processes, "RssAnon"));
            lines.Add([request.Title, Milliseconds(alone, 0.5), Milliseconds(alone, 0.95), Milliseconds(alone, 0.99), Milliseconds(together, 0.5), Milliseconds(together, 0.95), $"{alone.Count + together.Count:N0}"]);
            progress.Line($"{request.Title}: {string.Join("  ", lines[^1][1..])}");
        }
        // The same once more, all mixed: what was remembered on the way must not go on growing.
        var mixed = new List<long>();
        for (var i = 0; i < (options.Short ? 2 : 10); i++)
        {
            foreach (var request in requests)
                Measure(server, request, Clients, options.RunTime / 8, 100 + i);
            mixed.Add(ProcessStat.Memory(server.Processes, "RssAnon"));
            progress.Now($"memory: {Figures.MiB(mixed[^1])} MiB");
        }
        progress.Line("");

        var text = new StringBuilder($"Measured on {machine.Sentence}. {content.Repositories:N0} repositories with {content.Tags:N0} tags, {content.Images:N0} images that were looked into; the database, in SQLite, has {size / 1e9:F1} GB and was made in {filled.TotalMinutes:F0} minutes. Milliseconds.\n\n");
        Report.AppendTable(text, ["request", "p50", "p95", "p99", $"p50, {Clients} clients", $"p95, {Clients} clients", "requests"], lines);
        text.Append($"\nMemory that is no file's: {Figures.MiB(memory[0])} MiB after the first of these, {Figures.MiB(memory[^1])} MiB after the last; then, with all of them again and again, {string.Join(", ", mixed.Select(one => Figures.MiB(one)))} MiB.\n");
        Console.Out.WriteLine(text);
        if (options.WriteDocs)
            Docs.Write(options, Begin, text.ToString());
    }

    // What is asked differs with each request, or it would be the memory of the database that is measured.
    IEnumerable<Request> Requests()
    {
        static Request Get(string title, bool isSignedIn, Func<Random, string> target) => new(title, isSignedIn, (connection, random) => Fetch(connection, target(random)));
        static string Api(string query) => $"/api/v1/search?limit=20&q={Uri.EscapeDataString(query)}";
        yield return Get("search, one word", isSignedIn: true, random => Api(content.Word(random)));
        yield return Get("search, one word, by nobody", isSignedIn: false, random => Api(content.Word(random)));
        yield return Get("search, two words", isSignedIn: true, random => Api($"{content.Word(random)} {content.Word(random)}"));
        yield return Get("search, the beginning of a word", isSignedIn: true, random => Api(content.Word(random)[..3]));
        yield return Get("search, mistyped", isSignedIn: true, random => Api($"{content.Word(random)}x{content.Word(random)[..2]}"));
        yield return Get("search, arch: port: and has:", isSignedIn: true, random => Api($"arch:arm64 port:{8000 + random.Next(500)} has:signature"));
        yield return Get("search, arch: and license:", isSignedIn: true, _ => Api("arch:amd64 license:MIT"));
        yield return Get("search page, one word", isSignedIn: false, random => $"/search?q={content.Word(random)}");
        yield return Get("podman search", isSignedIn: false, random => $"/v1/search?n=25&q={content.Word(random)}");
        yield return Get("package:NAME", isSignedIn: true, random => Api($"package:{content.Package(random)}"));
        yield return Get("package:NAME<VERSION", isSignedIn: true, random => Api($"package:{content.Package(random)}<{ScaleContent.Version(random)}"));
        yield return Get("package:NAME*", isSignedIn: true, random => Api($"package:{content.Package(random)[..5]}*"));
        yield return Get("file:PATH", isSignedIn: true, random => Api($"file:/{content.File(random)}"));
        yield return Get("file:PATH in most images", isSignedIn: true, random => Api($"file:/{ScaleContent.BaseFile(random)}"));
        yield return Get("file:PATH*", isSignedIn: true, random => Api($"file:/opt/{content.Word(random)}/*"));
        yield return Get("digest:LAYER that many share", isSignedIn: true, random => Api($"digest:{ScaleContent.BaseLayer(random)}"));
        yield return Get("base:IMAGE:TAG", isSignedIn: true, random => Api($"base:{content.BaseImage(random)}"));
        yield return Get("first page", isSignedIn: false, _ => "/");
        yield return Get("catalogue", isSignedIn: true, random => $"/v2/_catalog?n=100&last={Uri.EscapeDataString(content.Names[random.Next(content.Names.Count)])}");
        yield return Get("tags of a repository", isSignedIn: true, random => $"/v2/{Public(random, 1)}/tags/list?n=100");
        yield return Get("page of a repository", isSignedIn: false, random => $"/r/{Public(random, 1)}");
        yield return Get("page of an image", isSignedIn: false, random => $"/r/{Public(random, 1)}:latest");
        yield return Get("page of tags", isSignedIn: false, random => $"/r/{Public(random, 1)}?view=tags");
        yield return Get("page of a thousand tags", isSignedIn: false, random => $"/r/{Public(random, 1000)}?view=tags&page={random.Next(1, 20)}");
        yield return Get("feed of a search", isSignedIn: false, random => $"/feeds/search.atom?q={content.Word(random)}");
        yield return PushTo("push of an image", "bench/small");
        yield return PushTo($"push of an image beside {content.Repositories:N0}", ScaleContent.LargeRepository);
    }

    static void Fetch(Connection connection, string target)
    {
        var status = connection.Get(target).Status;
        if (status != 200 && !(status == 404 && target.StartsWith("/v1/", StringComparison.Ordinal)))
            throw new BenchException($"{target} was answered with {status}");
    }

    // One layer, which is its config as well, and a tag of its own.
    static Request PushTo(string title, string repository)
    {
        var blobs = new FreshBlobs(PushedBytes, 0);
        return new(title, true, (connection, _) =>
        {
            var (digest, size) = blobs.PushOne(connection, repository);
            Push.Manifest(connection, $"/v2/{repository}/manifests/{digest[7..19]}", Content.ManifestType, Content.ImageOf(digest, size));
        });
    }

    string Public(Random random, int step)
    {
        while (true)
        {
            var i = random.Next((content.Names.Count + step - 1) / step) * step;
            if (content.ArePublic[i])
                return content.Names[i];
        }
    }

    List<double> Measure(Server server, Request request, int clients, TimeSpan time, int run)
    {
        var all = new List<double>();
        Exception? failure = null;
        void Client(int number)
        {
            try
            {
                var (random, times) = (new Random(Seed + (run * 1000) + number), new List<double>());
                using var connection = new Connection(server.Address) { Authorization = request.IsSignedIn ? content.Authorization : null };
                var started = Stopwatch.GetTimestamp();
                while (Stopwatch.GetElapsedTime(started) < time && !stop.IsCancellationRequested)
                {
                    var asked = Stopwatch.GetTimestamp();
                    request.Ask(connection, random);
                    times.Add(Stopwatch.GetElapsedTime(asked).TotalSeconds);
                }
                lock (all)
                    all.AddRange(times);
            }
            catch (Exception e)
            {
                failure = e;
            }
        }
        var threads = Enumerable.Range(0, clients).Select(number => new Thread(() => Client(number))).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        stop.ThrowIfCancellationRequested();
        if (failure is not null)
            throw new BenchException($"{failure.Message}: {server.LogTail()}");
        all.Sort();
        return all;
    }

    static string Milliseconds(List<double> sorted, double share) => sorted.Count == 0 ? "–" : Figures.Milliseconds(sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * share))]);

    sealed record Request(string Title, bool IsSignedIn, Action<Connection, Random> Ask);
}
