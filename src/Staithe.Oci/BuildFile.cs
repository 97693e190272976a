using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Staithe.Oci;

/// <summary>Where a build file comes from.</summary>
public enum BuildFileSource
{
    /// <summary>It was pushed along with the image, as a referrer.</summary>
    Attached,

    /// <summary>It stands in the provenance that the builder wrote.</summary>
    Provenance,

    /// <summary>It was made up from the image's history and config, which do not tell everything.</summary>
    Reconstructed,
}

/// <summary>A line of a build file.</summary>
/// <param name="Text">The instruction.</param>
/// <param name="Layer">The layer that it made, if it made one.</param>
/// <param name="Covers">How many instructions above, besides itself, the layer holds the work of: some builders hang everything on the last.</param>
public sealed record BuildLine(string Text, Descriptor? Layer, int Covers)
{
    /// <summary>Whether it was an instruction for the image that this one is built on, which FROM stands for.</summary>
    public bool IsOfBase { get; init; }
}

/// <summary>The image that one is built on, as its layers tell.</summary>
/// <param name="Name">As FROM names it.</param>
/// <param name="Layers">How many of the lowest layers are its own.</param>
/// <param name="History">What its config tells; empty when that is not known.</param>
public sealed record BuildBase(string Name, int Layers, IReadOnlyList<HistoryEntry> History);

/// <summary>How an image was built: its Containerfile where somebody gave it, or else what its history tells.</summary>
/// <param name="Source">Where it comes from.</param>
/// <param name="Lines">Its lines, with the layers that they made as far as that is known.</param>
/// <param name="Text">All of it.</param>
/// <param name="Note">What is not known; null when nothing is left to say.</param>
public sealed partial record BuildFile(BuildFileSource Source, IReadOnlyList<BuildLine> Lines, string Text, string? Note)
{
    /// <summary>The type of a referrer that carries a Containerfile, and of its layer.</summary>
    public const string ArtifactType = "application/vnd.staithe.containerfile.v1", MediaType = "text/x-containerfile";

    /// <summary>The type of a layer that is a statement about an image, such as its provenance; BuildKit keeps them beside the images of an index.</summary>
    public const string StatementType = "application/vnd.in-toto+json";

    /// <summary>The largest file that is shown, in bytes.</summary>
    public const int MaxBytes = 512 * 1024;

    const int MaxStatements = 20; // of one attestation that are read

    /// <summary>One that was given as text; null when it is none.</summary>
    public static BuildFile? Read(BuildFileSource source, byte[] content)
    {
        if (content.Length > MaxBytes || !System.Text.Unicode.Utf8.IsValid(content) || content.Contains((byte)0))
            return null;
        var text = Encoding.UTF8.GetString(content);
        return new BuildFile(source, [.. text.Split('\n').Select(line => new BuildLine(line.TrimEnd('\r'), null, 0))], text, null);
    }

    /// <summary>The Containerfile in the provenance among an attestation's statements; null when there is none.</summary>
    /// <param name="attestation">A manifest whose layers are statements, in any order.</param>
    /// <param name="read">Reads a layer; null for one that is not there or is too large.</param>
    public static async Task<BuildFile?> FindInAsync(Manifest attestation, Func<Descriptor, Task<byte[]?>> read)
    {
        foreach (var layer in attestation.Layers.Where(MayBeProvenance).Take(MaxStatements))
        {
            if (await read(layer) is { } statement && FromProvenance(statement) is { } found)
                return found;
        }
        return null;
    }

    /// <summary>Whether a layer may be a provenance statement: it is a statement, and does not say that it is one of another kind.</summary>
    public static bool MayBeProvenance(Descriptor layer) =>
        layer.MediaType == StatementType && (layer.PredicateType is not { } kind || kind.Contains("provenance", StringComparison.OrdinalIgnoreCase));

    /// <summary>The Containerfile in a provenance statement of BuildKit's; null when there is none.</summary>
    public static BuildFile? FromProvenance(byte[] statement)
    {
        try
        {
            using var document = JsonDocument.Parse(statement, new JsonDocumentOptions { MaxDepth = 64 });
            var predicate = document.RootElement.Member("predicate");
            foreach (var metadata in (JsonElement?[])[
                predicate.Member("metadata").Member("https://mobyproject.org/buildkit@v1#metadata"),
                predicate.Member("runDetails").Member("metadata").Member("buildkit_metadata")])
            {
                // The first file of those that the build read is the one that it followed.
                var file = metadata.Member("source").Member("infos").Items(1).Select(info => info.Member("data").Bytes(MaxBytes)).FirstOrDefault();
                if (file is not null)
                    return Read(BuildFileSource.Provenance, file);
            }
        }
        catch (JsonException)
        {
            // then it tells nothing
        }
        return null;
    }

    /// <summary>Makes one up from the history and the config, both of which are whatever was pushed.</summary>
    /// <param name="config">The config.</param>
    /// <param name="layers">The layers, the lowest first.</param>
    /// <param name="below">What it is built on, as its layers tell; null when that is not known.</param>
    public static BuildFile Reconstruct(ImageConfig config, IReadOnlyList<Descriptor> layers, BuildBase? below = null)
    {
        var lines = new List<BuildLine>();
        var isClaimed = false;
        if (below is not null)
            lines.Add(new BuildLine($"FROM {below.Name}", null, 0));
        else if (config.Labels.GetValueOrDefault("org.opencontainers.image.base.name") is { Length: > 0 } named && named.All(c => !char.IsWhiteSpace(c) && !char.IsControl(c)))
            (lines, isClaimed) = ([new BuildLine($"FROM {named}", null, 0)], true);
        else
            lines.Add(new BuildLine("# FROM: the image does not say what it is built on", null, 0));
        var told = config.History.Count(entry => !entry.IsEmptyLayer);
        var isMore = told > layers.Count; // then nobody knows which of them made which layer
        var (layer, waiting, index, ofBase) = (0, 0, 0, BaseEntries(config.History, below));
        foreach (var entry in config.History)
        {
            var isOfBase = index++ < ofBase;
            var text = Instruction(entry, config);
            var made = entry.IsEmptyLayer || isMore || layer >= layers.Count ? null : layers[layer++];
            if (text is null && made is null)
                continue;
            // Some builders write ADD and COPY down as empty and hang what they made on a later row.
            var isLate = made is not null && text is not null && !MakesFiles(text);
            lines.Add(new BuildLine(text ?? "# made a layer, and does not say how", made, isLate ? waiting : 0) { IsOfBase = isOfBase });
            waiting = made is null ? waiting + 1 : 0;
        }
        var note = isMore
            ? string.Create(CultureInfo.InvariantCulture, $"The history tells of {told} layers, and the image has {layers.Count}: which instruction made which is not known.")
            : layer < layers.Count
            ? string.Create(CultureInfo.InvariantCulture, $"The history explains {layer} of {layers.Count} layers.")
            : config.History.Count == 0 ? "The image has no history: this is what its config tells." : null;
        if (config.History.Count == 0)
            lines.AddRange(FromConfig(config).Select(text => new BuildLine(text, null, 0)));
        if (isClaimed)
            note = $"What FROM names is what a label says; nobody has checked it here.{(note is null ? "" : $" {note}")}";
        return new BuildFile(BuildFileSource.Reconstructed, lines, string.Join('\n', lines.Where(line => !line.IsOfBase).Select(line => line.Text)) + "\n", note);
    }

    // Of the history, as much as the one of the base has, where it begins with that; else up to the last of the layers of the base.
    static int BaseEntries(IReadOnlyList<HistoryEntry> history, BuildBase? below)
    {
        if (below is null)
            return 0;
        if (below.History.Count > 0 && below.History.Count <= history.Count && below.History.SequenceEqual(history.Take(below.History.Count)))
            return below.History.Count;
        var (entries, layers) = (0, 0);
        for (var i = 0; i < history.Count && layers < below.Layers; i++)
        {
            if (!history[i].IsEmptyLayer)
                (entries, layers) = (i + 1, layers + 1);
        }
        return layers == below.Layers ? entries : 0;
    }

    static bool MakesFiles(string text) => text.StartsWith("RUN", StringComparison.Ordinal) || text.StartsWith("ADD", StringComparison.Ordinal) || text.StartsWith("COPY", StringComparison.Ordinal) || text.StartsWith("WORKDIR", StringComparison.Ordinal) || text.StartsWith('#');

    static string? Instruction(HistoryEntry entry, ImageConfig config)
    {
        if (entry.CreatedBy is not { } by)
            return entry.Comment is { } comment ? $"# {OneLine(comment)}" : null;
        by = OneLine(by.EndsWith(" # buildkit", StringComparison.Ordinal) ? by[..^" # buildkit".Length] : by);
        var nop = by.IndexOf("#(nop)", StringComparison.Ordinal);
        if (nop >= 0)
            return Regenerate(by[(nop + "#(nop)".Length)..].Trim(), config);
        if (BuildArguments().Match(by) is { Success: true } withArguments)
            return $"RUN {by[withArguments.Length..]}";
        if (by.StartsWith("/bin/sh -c ", StringComparison.Ordinal))
            return $"RUN {by["/bin/sh -c ".Length..]}";
        if (by.StartsWith("RUN /bin/sh -c ", StringComparison.Ordinal))
            return $"RUN {by["RUN /bin/sh -c ".Length..]}";
        return Known().IsMatch(by) ? Regenerate(by, config) : $"RUN {by}";
    }

    // The classic builder prints values as Go does; the config has them as they were.
    static string Regenerate(string text, ImageConfig config) => text.Split(' ', 2)[0] switch
    {
        "CMD" when config.Command.Count > 0 => $"CMD {Array(config.Command)}",
        "ENTRYPOINT" when config.Entrypoint.Count > 0 => $"ENTRYPOINT {Array(config.Entrypoint)}",
        "HEALTHCHECK" when config.HealthCheck is { } check => $"HEALTHCHECK {(check.Interval is { } interval ? string.Create(CultureInfo.InvariantCulture, $"--interval={interval.TotalSeconds}s ") : "")}CMD {(check.Test[0] == HealthCheck.Shell ? OneLine(check.Test[1]) : Array(check.Command))}",
        "VOLUME" when config.Volumes.Count > 0 && text.Contains('[', StringComparison.Ordinal) => $"VOLUME {Array([.. text[(text.IndexOf('[', StringComparison.Ordinal) + 1)..].Trim(']', ' ').Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(part => part.Trim('"', ','))])}",
        "ADD" or "COPY" => CopyOfSum().Replace(text, "$1 # from a file that the image does not name, to"),
        _ => text,
    };

    static IEnumerable<string> FromConfig(ImageConfig config)
    {
        foreach (var variable in config.Environment)
            yield return $"ENV {variable.Name}={JsonSerializer.Serialize(variable.Value)}";
        if (config.WorkingDirectory is { } directory)
            yield return $"WORKDIR {OneLine(directory)}";
        foreach (var port in config.ExposedPorts)
            yield return $"EXPOSE {port}";
        if (config.User is { } user)
            yield return $"USER {OneLine(user)}";
        if (config.Entrypoint.Count > 0)
            yield return $"ENTRYPOINT {Array(config.Entrypoint)}";
        if (config.Command.Count > 0)
            yield return $"CMD {Array(config.Command)}";
    }

    static string Array(IReadOnlyList<string> words) => $"[{string.Join(", ", words.Select(word => JsonSerializer.Serialize(word, Relaxed)))}]";

    static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // A line break in the middle would make another instruction of what follows.
    static string OneLine(string text) => new([.. text.Trim().Select(c => c is '\t' or '\n' or '\r' ? ' ' : char.IsControl(c) ? '\uFFFD' : c)]);

    [GeneratedRegex(@"\A\|[0-9]+ (?:[^ ]+=[^ ]* )*/bin/sh -c ")]
    private static partial Regex BuildArguments();

    [GeneratedRegex(@"\A(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)\b")]
    private static partial Regex Known();

    [GeneratedRegex(@"\A(ADD|COPY) (?:file|dir|multi):[0-9a-f]{64} in")]
    private static partial Regex CopyOfSum();
}
