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
        foreach (var (title, make) in Requests())
        {
            Measure(server, make, 1, options.WarmTime / 2, 1);
            var alone = Measure(server, make, 1, options.RunTime, 2);
            var together = Measure(server, make, Clients, options.RunTime, 3);
            memory.Add(ProcessStat.Memory(server.Processes, "RssAnon"));
            lines.Add([title, Milliseconds(alone, 0.5), Milliseconds(alone, 0.95), Milliseconds(alone, 0.99), Milliseconds(together, 0.5), Milliseconds(together, 0.95), $"{alone.Count + together.Count:N0}"]);
            progress.Line($"{title}: {string.Join("  ", lines[^1][1..])}");
        }
        // The same once more, all mixed: what was remembered on the way must not go on growing.
        var mixed = new List<long>();
        for (var i = 0; i < (options.Short ? 2 : 10); i++)
        {
            foreach (var (_, make) in Requests())
                Measure(server, make, Clients, options.RunTime / 8, 100 + i);
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
    IEnumerable<(string Title, Func<Random, (string Target, bool IsSignedIn)> Make)> Requests()
    {
        static string Api(string query) => $"/api/v1/search?limit=20&q={Uri.EscapeDataString(query)}";
        yield return ("search, one word", random => (Api(content.Word(random)), true));
        yield return ("search, one word, by nobody", random => (Api(content.Word(random)), false));
        yield return ("search, two words", random => (Api($"{content.Word(random)} {content.Word(random)}"), true));
        yield return ("search, the beginning of a word", random => (Api(content.Word(random)[..3]), true));
        yield return ("search, mistyped", random => (Api($"{content.Word(random)}x{content.Word(random)[..2]}"), true));
        yield return ("search, arch: port: and has:", random => (Api($"arch:arm64 port:{8000 + random.Next(500)} has:signature"), true));
        yield return ("search, arch: and license:", _ => (Api("arch:amd64 license:MIT"), true));
        yield return ("search page, one word", random => ($"/search?q={content.Word(random)}", false));
        yield return ("podman search", random => ($"/v1/search?n=25&q={content.Word(random)}", false));
        yield return ("package:NAME", random => (Api($"package:{content.Package(random)}"), true));
        yield return ("package:NAME<VERSION", random => (Api($"package:{content.Package(random)}<{ScaleContent.Version(random)}"), true));
        yield return ("package:NAME*", random => (Api($"package:{content.Package(random)[..5]}*"), true));
        yield return ("file:PATH", random => (Api($"file:/{content.File(random)}"), true));
        yield return ("file:PATH in most images", random => (Api($"file:/{ScaleContent.BaseFile(random)}"), true));
        yield return ("file:PATH*", random => (Api($"file:/opt/{content.Word(random)}/*"), true));
        yield return ("digest:LAYER that many share", random => (Api($"digest:{ScaleContent.BaseLayer(random)}"), true));
        yield return ("base:IMAGE:TAG", random => (Api($"base:{content.BaseImage(random)}"), true));
        yield return ("first page", _ => ("/", false));
        yield return ("catalogue", random => ($"/v2/_catalog?n=100&last={Uri.EscapeDataString(content.Names[random.Next(content.Names.Count)])}", true));
        yield return ("tags of a repository", random => ($"/v2/{Public(random, 1)}/tags/list?n=100", true));
        yield return ("page of a repository", random => ($"/r/{Public(random, 1)}", false));
        yield return ("page of an image", random => ($"/r/{Public(random, 1)}:latest", false));
        yield return ("page of tags", random => ($"/r/{Public(random, 1)}?view=tags", false));
        yield return ("page of a thousand tags", random => ($"/r/{Public(random, 1000)}?view=tags&page={random.Next(1, 20)}", false));
        yield return ("feed of a search", random => ($"/feeds/search.atom?q={content.Word(random)}", false));
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

    List<double> Measure(Server server, Func<Random, (string Target, bool IsSignedIn)> make, int clients, TimeSpan time, int run)
    {
        var all = new List<double>();
        Exception? failure = null;
        void Client(int number)
        {
            try
            {
                var (random, times) = (new Random(Seed + (run * 1000) + number), new List<double>());
                using var connection = new Connection(server.Address);
                var started = Stopwatch.GetTimestamp();
                while (Stopwatch.GetElapsedTime(started) < time && !stop.IsCancellationRequested)
                {
                    var (target, isSignedIn) = make(random);
                    var head = connection.Head("GET", target, authorization: isSignedIn ? content.Authorization : null);
                    var sent = Stopwatch.GetTimestamp();
                    var answer = connection.Ask(head);
                    times.Add(Stopwatch.GetElapsedTime(sent).TotalSeconds);
                    if (answer.Status != 200 && !(answer.Status == 404 && target.StartsWith("/v1/", StringComparison.Ordinal)))
                        throw new BenchException($"{target} was answered with {answer.Status}: {server.LogTail()}");
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
            throw new BenchException(failure.Message);
        all.Sort();
        return all;
    }

    static string Milliseconds(List<double> sorted, double share) => sorted.Count == 0 ? "–" : Figures.Milliseconds(sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * share))]);
}
