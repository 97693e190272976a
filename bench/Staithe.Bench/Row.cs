namespace Staithe.Bench;

/// <summary>Rows of a group share their servers and content.</summary>
internal enum Group
{
    Start,
    Pull,
    Push,
    Mixed,
    Accounts,
    SignIns,
    Tags,
    StartLoaded,
    Repositories,
}

/// <summary>What a row's CPU is divided by, and how that is written.</summary>
/// <param name="Name">The unit of work.</param>
/// <param name="CpuUnit">How CPU per unit is written.</param>
/// <param name="CpuScale">From seconds to that.</param>
/// <param name="RateUnit">How units per second are written.</param>
/// <param name="RateScale">From units per second to that.</param>
internal sealed record Unit(string Name, string CpuUnit, double CpuScale, string RateUnit, double RateScale)
{
    public static readonly Unit Request = new("request", "µs", 1e6, "/s", 1);
    public static readonly Unit Blob = new("blob", "ms", 1e3, "/s", 1);
    public static readonly Unit Gigabyte = new("GB", "s/GB", 1, "MB/s", 1e3);
    public static readonly Unit Start = new("start", "ms", 1e3, "", 0);
}

/// <summary>One line of the table: a kind of work at one number of connections.</summary>
/// <param name="Id">Its name, for <c>--only</c> and in the results.</param>
/// <param name="Title">What is done, in words.</param>
/// <param name="Connections">How many clients do it at a time.</param>
/// <param name="Size">The size of a blob in bytes, or the number of entries that a list has in all.</param>
/// <param name="Count">How many units a run does; 0: as many as fit into the run's time.</param>
internal sealed record Row(string Id, string Title, Group Group, Unit Unit, int Connections, long Size, int Count, params IReadOnlyList<ServerKind> Servers)
{
    const long KiB = 1024;
    const long MiB = 1024 * KiB;

    static readonly ServerKind[] Everybody = [ServerKind.Staithe, ServerKind.DockerRegistry, ServerKind.Nginx];
    static readonly ServerKind[] OpenAndClosed = [ServerKind.Staithe, ServerKind.StaitheClosed];
    static readonly ServerKind[] Registries = [ServerKind.Staithe, ServerKind.DockerRegistry];

    /// <summary>The rows of a whole run, in the order in which they run.</summary>
    static readonly Row[] Whole =
    [
        new("start", "start with nothing stored", Group.Start, Unit.Start, 1, 0, 5, Everybody),
        .. Pulls("manifest-tag", "GET a manifest by tag, 2 KiB", Unit.Request, 2 * KiB, 1, 16, 64, 256),
        .. Pulls("manifest-digest", "GET a manifest by digest, 2 KiB", Unit.Request, 2 * KiB, 1, 16, 64, 256),
        .. Pulls("manifest-head", "HEAD a manifest by tag", Unit.Request, 2 * KiB, 1, 16, 64),
        .. Pulls("blob-64k", "GET a blob of 64 KiB", Unit.Request, 64 * KiB, 1, 16, 64, 256),
        .. Pulls("blob-1m", "GET a blob of 1 MiB", Unit.Gigabyte, MiB, 1, 4, 16, 64),
        .. Pulls("blob-100m", "GET a blob of 100 MiB", Unit.Gigabyte, 100 * MiB, 1, 4, 16),
        .. new[] { 1, 4, 16 }.Select(connections => Push("push-64k", "push blobs of 64 KiB", Unit.Blob, connections, 64 * KiB, 0)),
        Push("push-10m", "push blobs of 10 MiB", Unit.Gigabyte, 4, 10 * MiB, 60),
        Push("push-256m", "push blobs of 256 MiB", Unit.Gigabyte, 1, 256 * MiB, 4),
        Push("push-1g", "push a blob of 1 GiB", Unit.Gigabyte, 1, 1024 * MiB, 1),
        new("mixed", "GET manifests while 3 clients push blobs of 128 MiB", Group.Mixed, Unit.Request, 4, 128 * MiB, 0, [.. Registries, ServerKind.Nginx]),
        new("token-pull", "GET a manifest by tag, 2 KiB", Group.Accounts, Unit.Request, 16, 2 * KiB, 0, OpenAndClosed),
        new("token-pull-64k", "GET a blob of 64 KiB", Group.Accounts, Unit.Request, 16, 64 * KiB, 0, OpenAndClosed),
        new("token-issue", "GET a token, with a password that was seen before", Group.Accounts, Unit.Request, 16, 0, 0, ServerKind.StaitheClosed),
        SignIns(0),
        SignIns(200),
        Tags(1_000, Registries),
        Tags(10_000, Registries),
        Tags(1_000_000, ServerKind.Staithe),
        new("start-loaded", "start with 1,000,000 tags stored", Group.StartLoaded, Unit.Start, 1, 1_000_000, 5, ServerKind.Staithe),
        Repositories(1_000),
        Repositories(10_000),
        Repositories(100_000),
    ];

    /// <summary>What of it says enough about whether everything works.</summary>
    static readonly string[] Brief =
    [
        "start", "manifest-tag@16", "manifest-tag@64", "manifest-digest@64", "manifest-head@16", "blob-64k@16", "blob-1m@4", "blob-100m@4",
        "push-64k@4", "push-10m@4", "push-256m@1", "mixed", "token-pull", "token-issue", "sign-ins-0", "sign-ins-200", "tags-1000", "tags-10000", "repositories-1000",
    ];

    public string FullId => Group is Group.Pull or Group.Push ? $"{Id}@{Connections}" : Id;

    /// <summary>The rows that the options ask for.</summary>
    public static IReadOnlyList<Row> Select(Options options)
    {
        Row[] all = options.Short ? [.. Brief.Select(id => Whole.Single(row => row.FullId == id)).Select(row => row with { Count = Math.Min(row.Count, row.Group == Group.Start ? 3 : row.Size > 100 * MiB ? 1 : 12) })] : Whole;
        foreach (var only in options.Only)
        {
            if (!all.Any(row => row.IsCalled(only)))
                throw new BenchException($"there is no row '{only}'{(options.Short ? " in --short" : "")}; there are: {string.Join(' ', all.Select(row => row.FullId))}");
        }
        return [.. all.Where(row => options.Only.Count == 0 || options.Only.Any(row.IsCalled))];
    }

    bool IsCalled(string name) => name == Id || name == FullId;

    static IEnumerable<Row> Pulls(string id, string title, Unit unit, long size, params int[] connections) =>
        connections.Select(number => new Row(id, title, Group.Pull, unit, number, size, 0, Everybody));

    static Row Push(string id, string title, Unit unit, int connections, long size, int count) => new(id, title, Group.Push, unit, connections, size, count, Registries);

    static Row Tags(int count, params ServerKind[] servers) => new($"tags-{count}", $"list 100 of {count:N0} tags", Group.Tags, Unit.Request, 1, count, 0, servers);

    static Row SignIns(int perSecond) => new($"sign-ins-{perSecond}", $"GET manifests with a token while others sign in, {perSecond} a second", Group.SignIns, Unit.Request, 4, perSecond, 0, ServerKind.StaitheClosed);

    static Row Repositories(int count) => new($"repositories-{count}", $"list 100 of {count:N0} repositories", Group.Repositories, Unit.Request, 1, count, 0, Registries);
}
