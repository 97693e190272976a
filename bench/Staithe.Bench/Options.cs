namespace Staithe.Bench;

/// <summary>What <c>bench/run</c> passes on.</summary>
internal sealed record Options
{
    public required string Repository { get; init; }

    public required string WorkDirectory { get; init; }

    public required string StaitheProgram { get; init; }

    public bool Short { get; init; }

    public int Rounds { get; init; }

    public IReadOnlyList<string> Only { get; init; } = [];

    public bool WriteDocs { get; init; }

    /// <summary>How many minutes of everything at once, instead of rows; 0: rows.</summary>
    public int SoakMinutes { get; init; }

    /// <summary>How many repositories a registry is to have on which one searches, instead of rows; 0: rows.</summary>
    public int ScaleRepositories { get; init; }

    /// <summary>How long one run of one server at one row takes.</summary>
    public TimeSpan RunTime => TimeSpan.FromSeconds(Short ? 1 : 4);

    /// <summary>How long each server is warmed up before the first round of a row, so that nothing that is measured is compiled meanwhile.</summary>
    public TimeSpan WarmTime => TimeSpan.FromSeconds(Short ? 0.3 : 2);

    /// <summary>The same for what a server does only hundreds or thousands of a second: pushes, and whatever has to do with accounts.</summary>
    public TimeSpan LongWarmTime => 5 * WarmTime;

    public static Options Parse(IReadOnlyList<string> args)
    {
        string? repository = null, work = null, staithe = null;
        var (isShort, rounds, soak, scale, writeDocs) = (false, 0, 0, 0, false);
        var only = new List<string>();
        for (var i = 0; i < args.Count; i++)
        {
            string Value() => ++i < args.Count ? args[i] : throw new BenchException($"{args[i - 1]} needs a value");
            switch (args[i])
            {
                case "--repository": repository = Value(); break;
                case "--work": work = Value(); break;
                case "--staithe": staithe = Value(); break;
                case "--short": isShort = true; break;
                case "--write-docs": writeDocs = true; break;
                case "--only": only.Add(Value()); break;
                case "--rounds":
                    if (!int.TryParse(Value(), out rounds) || rounds is < 1 or > 99)
                        throw new BenchException("--rounds takes a number from 1 to 99");
                    break;
                case "--soak":
                    if (!int.TryParse(Value(), out soak) || soak is < 1 or > 10_000)
                        throw new BenchException("--soak takes a number of minutes");
                    break;
                case "--scale":
                    if (!int.TryParse(Value(), out scale) || scale is < 1000 or > 10_000_000)
                        throw new BenchException("--scale takes a number of repositories, from 1000");
                    break;
                default: throw new BenchException($"unknown argument '{args[i]}' (bench/run --help)");
            }
        }
        if (repository is null || work is null || staithe is null)
            throw new BenchException("start it with bench/run, which makes what it needs");
        if (writeDocs && (isShort || only.Count > 0))
            throw new BenchException("--write-docs wants a whole run: not --short, not --only");
        if (writeDocs && scale is not (0 or Scale.Whole))
            throw new BenchException($"--write-docs wants a registry of {Scale.Whole} repositories");
        return new Options
        {
            Repository = repository,
            WorkDirectory = work,
            StaitheProgram = staithe,
            Short = isShort,
            Rounds = rounds > 0 ? rounds : isShort ? 1 : 3,
            Only = only,
            WriteDocs = writeDocs,
            SoakMinutes = soak,
            ScaleRepositories = scale,
        };
    }
}
