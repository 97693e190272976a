namespace Staithe.Jobs;

/// <summary>A kind of background work: what is done with one unit of it.</summary>
internal interface IJob
{
    /// <summary>One of <see cref="WorkKind"/>.</summary>
    string Kind { get; }

    JobRules Rules => JobRules.Usual;

    /// <summary>
    /// Does one unit. It may be done twice, after a crash or when it took longer than its lease, so what it does twice is as if done once. What it throws is recorded, and
    /// the unit is tried again later.
    /// </summary>
    Task RunAsync(JobRun run, CancellationToken cancel);
}

/// <summary>How the units of a kind are run by one server.</summary>
internal sealed record JobRules
{
    public static JobRules Usual { get; } = new();

    /// <summary>When the kind's one unit, which has no name, is to be done by itself: a line of cron, in UTC, with seconds when it has six fields. Null for a kind that is only asked for.</summary>
    public string? Schedule { get; init; }

    /// <summary>Whether that unit is to be done whenever a server starts.</summary>
    public bool AtStart { get; init; }

    /// <summary>How many at once.</summary>
    public int Concurrency { get; init; } = 1;

    /// <summary>How many are taken at once.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>After which time without a sign of life another server takes a unit over. It is extended while the unit is being done.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a unit is left alone after its first failure; twice as long after each further one, and each up to a fifth more, so that many that failed together do not come back together.</summary>
    public TimeSpan FirstWait { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan LongestWait { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Whether a run of which there is nothing to tell is worth a line in the log.</summary>
    public bool IsTold { get; init; } = true;

    /// <summary>How long it is left alone.</summary>
    public TimeSpan Wait(long attempts)
    {
        var wait = Math.Min(FirstWait.TotalSeconds * Math.Pow(2, Math.Clamp(attempts - 1, 0, 20)), LongestWait.TotalSeconds);
        return TimeSpan.FromSeconds(wait * (1 + (Random.Shared.NextDouble() / 5)));
    }
}
