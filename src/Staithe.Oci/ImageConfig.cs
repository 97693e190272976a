using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Staithe.Oci;

/// <summary>
/// What an image says of itself (image-spec, config.md, and Docker's config, which adds the health check). Anybody may have written it, and
/// no registry checks it on a push, so reading is forgiving: a member that is not what it should be is left out, the rest is read.
/// What a process would get (user, command, environment, paths) is exact or absent; what people read (labels, history, author) is clean, as
/// <see cref="ForeignText"/> makes it. No text holds a NUL or half a character; otherwise every text is as hostile as whoever made the image.
/// </summary>
public sealed record ImageConfig
{
    /// <summary>The largest config that is read, in bytes; clients refuse to run larger ones.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>The most entries that are read of each list; what is behind them is left out.</summary>
    public const int MaxEntries = 4096;

    static readonly JsonDocumentOptions Forgiving = new() { MaxDepth = 64 };

    ImageConfig() { }

    /// <summary>The platform; what it does not say is empty.</summary>
    public Platform Platform { get; private init; } = new("", "", null);

    /// <summary>When it was made; null when it does not say, or says what cannot be true.</summary>
    public DateTimeOffset? Created { get; private init; }

    /// <summary>Who made it.</summary>
    public string? Author { get; private init; }

    /// <summary>The user that the process runs as: a name or number, perhaps with a group behind a colon; null is root.</summary>
    public string? User { get; private init; }

    /// <summary>Where the process starts.</summary>
    public string? WorkingDirectory { get; private init; }

    /// <summary>What is run, before <see cref="Command"/>.</summary>
    public IReadOnlyList<string> Entrypoint { get; private init; } = [];

    /// <summary>The arguments of the entry point, or what is run when there is none.</summary>
    public IReadOnlyList<string> Command { get; private init; } = [];

    /// <summary>The environment, in the order of the image.</summary>
    public IReadOnlyList<EnvironmentVariable> Environment { get; private init; } = [];

    /// <summary>The ports it says it listens on, in the order of their numbers; a range is each of its ports.</summary>
    public IReadOnlyList<ExposedPort> ExposedPorts { get; private init; } = [];

    /// <summary>The paths whose content should outlive a container, in the order of their bytes.</summary>
    public IReadOnlyList<string> Volumes { get; private init; } = [];

    /// <summary>The signal that ends it, such as SIGTERM.</summary>
    public string? StopSignal { get; private init; }

    /// <summary>How to tell whether it works.</summary>
    public HealthCheck? HealthCheck { get; private init; }

    /// <summary>The labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; private init; } = new Dictionary<string, string>();

    /// <summary>What made it, oldest first; entries that are not <see cref="HistoryEntry.IsEmptyLayer"/> made the layers, in the same order.</summary>
    public IReadOnlyList<HistoryEntry> History { get; private init; } = [];

    /// <summary>The digests of the layers, unpacked, lowest first: a claim until it is held against the layers.</summary>
    public IReadOnlyList<Digest> DiffIds { get; private init; } = [];

    /// <summary>Whether <see cref="DiffIds"/> is all that the config has there: false when some of it is no digest, or there is too much.</summary>
    public bool AreDiffIdsReadable { get; private init; } = true;

    /// <summary>
    /// The ChainID of the lowest layer, of the two lowest, and so on up to the whole image (image-spec, config.md, "Layer ChainID"): what is the same in
    /// two images when they are built on the same one.
    /// </summary>
    public IEnumerable<Digest> ListChainIds()
    {
        Digest? below = null;
        foreach (var layer in DiffIds)
        {
            below = below is null ? layer : Digest.FromHash(DigestAlgorithm.Sha256, SHA256.HashData(Encoding.ASCII.GetBytes($"{below} {layer}")));
            yield return below;
        }
    }

    /// <summary>Everything that is run: the entry point and its arguments.</summary>
    public IReadOnlyList<string> WholeCommand => [.. Entrypoint, .. Command];

    /// <summary>Whether the process runs as a user other than root.</summary>
    public bool IsNonRoot => User is not null && User.Split(':')[0] is not ("root" or "") && UserNumber != 0;

    /// <summary>The user's number, if the image gives one: only a number can be held against root without looking into the image.</summary>
    public long? UserNumber => long.TryParse(User?.Split(':')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= uint.MaxValue ? number : null;

    /// <summary>True for the media types of a config that this reads.</summary>
    public static bool IsConfig(string mediaType) => mediaType is MediaTypes.OciImageConfig or MediaTypes.DockerImageConfig;

    /// <summary>Reads a config; null when it is no JSON object, not UTF-8 or too large.</summary>
    public static ImageConfig? TryParse(ReadOnlyMemory<byte> content)
    {
        if (content.Length > MaxBytes || !Utf8.IsValid(content.Span))
            return null;
        try
        {
            using var document = JsonDocument.Parse(content, Forgiving);
            return document.RootElement.ValueKind == JsonValueKind.Object ? Read(document.RootElement) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    static int Count(JsonElement? list) => list is { ValueKind: JsonValueKind.Array } array ? array.GetArrayLength() : 0;

    static ImageConfig Read(JsonElement root)
    {
        var run = root.Member("config");
        var rootfs = root.Member("rootfs");
        return new ImageConfig
        {
            Platform = Platform.Read(root) ?? new Platform("", "", null),
            Created = root.Member("created").Time(),
            Author = root.Member("author").Text(),
            User = run.Member("User").ExactText(),
            WorkingDirectory = run.Member("WorkingDir").ExactText(),
            Entrypoint = run.Member("Entrypoint").Words(),
            Command = run.Member("Cmd").Words(),
            Environment = [.. run.Member("Env").ExactTexts().Select(EnvironmentVariable.Read).OfType<EnvironmentVariable>()],
            ExposedPorts = [.. run.Member("ExposedPorts").Names().SelectMany(ExposedPort.Read).Take(ExposedPort.MaxNumber).Distinct().Take(MaxEntries).OrderBy(port => port.Number).ThenBy(port => port.Protocol, StringComparer.Ordinal)],
            Volumes = [.. run.Member("Volumes").Names().Order(StringComparer.Ordinal)],
            StopSignal = run.Member("StopSignal").ExactText(),
            HealthCheck = HealthCheck.Read(run.Member("Healthcheck")),
            Labels = run.Member("Labels").TextMap(),
            History = [.. root.Member("history").Items().Select(HistoryEntry.Read)],
            AreDiffIdsReadable = Count(rootfs.Member("diff_ids")) == rootfs.Member("diff_ids").Texts().Count(text => Digest.TryParse(text, out _)),
            DiffIds = [.. rootfs.Member("diff_ids").Texts().Select(text => Digest.TryParse(text, out var digest) ? digest : null).OfType<Digest>()],
        };
    }
}

/// <summary>A variable that an image sets.</summary>
/// <param name="Name">Its name: not empty and without an equals sign, but otherwise anything.</param>
/// <param name="Value">Its value; empty also when the image names it without one.</param>
public sealed record EnvironmentVariable(string Name, string Value)
{
    internal static EnvironmentVariable? Read(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals switch
        {
            0 => null,
            < 0 => text.Length > 0 ? new EnvironmentVariable(text, "") : null,
            _ => new EnvironmentVariable(text[..equals], text[(equals + 1)..]),
        };
    }
}

/// <summary>A port that an image says it listens on.</summary>
/// <param name="Number">1 to 65535.</param>
/// <param name="Protocol">tcp, udp or sctp.</param>
public sealed record ExposedPort(int Number, string Protocol)
{
    /// <summary>The protocol of most ports, and of one that does not say.</summary>
    public const string Tcp = "tcp";

    /// <summary>The highest port.</summary>
    public const int MaxNumber = 65535;

    /// <summary>As images write it.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number}/{Protocol}");

    // 8080, 8080/tcp, 8080-8090/udp
    internal static IEnumerable<ExposedPort> Read(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var protocol = slash < 0 ? Tcp : text[(slash + 1)..].ToLowerInvariant();
        if (protocol is not (Tcp or "udp" or "sctp"))
            return [];
        var numbers = (slash < 0 ? text : text[..slash]).Split('-');
        if (numbers.Length > 2 || !TryReadNumber(numbers[0], out var first) || !TryReadNumber(numbers[^1], out var last) || last < first)
            return [];
        return Enumerable.Range(first, last - first + 1).Select(number => new ExposedPort(number, protocol));
    }

    static bool TryReadNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number is > 0 and <= MaxNumber;
}

/// <summary>How to tell whether a container works; an image of OCI's format has none.</summary>
/// <param name="Test">CMD and the arguments of a program, or CMD-SHELL and a line for the shell.</param>
/// <param name="Interval">How often; null where the image leaves it to the engine.</param>
/// <param name="Timeout">How long one may take.</param>
/// <param name="StartPeriod">For how long after the start failures do not count.</param>
/// <param name="Retries">How many failures in a row mean unhealthy.</param>
public sealed record HealthCheck(IReadOnlyList<string> Test, TimeSpan? Interval, TimeSpan? Timeout, TimeSpan? StartPeriod, int? Retries)
{
    /// <summary>The first word of a test that is a line for the shell.</summary>
    public const string Shell = "CMD-SHELL";

    /// <summary>The first word of a test that is a program and its arguments.</summary>
    public const string Program = "CMD";

    /// <summary>How many failures in a row mean unhealthy where the image does not say: what docker and podman run take.</summary>
    public const int UsualRetries = 3;

    const long NanosecondsPerTick = 100;

    /// <summary>How often it is run where the image does not say.</summary>
    public static TimeSpan UsualInterval { get; } = TimeSpan.FromSeconds(30);

    /// <summary>How long it may take where the image does not say.</summary>
    public static TimeSpan UsualTimeout { get; } = TimeSpan.FromSeconds(30);

    /// <summary>The program that tells, and its arguments.</summary>
    public IReadOnlyList<string> Command => Test[0] == Shell ? ["/bin/sh", "-c", Test[1]] : [.. Test.Skip(1)];

    internal static HealthCheck? Read(JsonElement? element)
    {
        var test = element.Member("Test").Words();
        if (test is not ([Shell, _] or [Program, _, ..])) // NONE, and what is none
            return null;
        var retries = element.Member("Retries").Number();
        return new HealthCheck(
            test,
            Duration(element.Member("Interval")),
            Duration(element.Member("Timeout")),
            Duration(element.Member("StartPeriod")),
            retries is > 0 and <= int.MaxValue ? (int)retries : null);
    }

    // Docker counts nanoseconds; zero is the engine's own.
    static TimeSpan? Duration(JsonElement? element) => element.Number() is > 0 and var nanoseconds ? TimeSpan.FromTicks(nanoseconds / NanosecondsPerTick) : null;
}

/// <summary>A step in the making of an image.</summary>
/// <param name="Created">When.</param>
/// <param name="CreatedBy">The instruction, as the program that built it writes it.</param>
/// <param name="Author">By whom.</param>
/// <param name="Comment">What that program says of it.</param>
/// <param name="IsEmptyLayer">True when it changed the config and no file, so that there is no layer of it.</param>
public sealed record HistoryEntry(DateTimeOffset? Created, string? CreatedBy, string? Author, string? Comment, bool IsEmptyLayer)
{
    internal static HistoryEntry Read(JsonElement element) => new(
        element.Member("created").Time(),
        element.Member("created_by").Text(),
        element.Member("author").Text(),
        element.Member("comment").Text(),
        element.Member("empty_layer")?.ValueKind == JsonValueKind.True);
}
