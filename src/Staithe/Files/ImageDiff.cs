using System.Globalization;
using Staithe.Content;
using Staithe.Oci;
using Staithe.Versions;

namespace Staithe.Files;

/// <summary>Something in the config that is another one now: null where there was, or is, none.</summary>
/// <param name="Kind">config, label, environment or port.</param>
internal sealed record SettingChange(string Kind, string Name, string? Before, string? After);

/// <summary>A package that came, went, or has another version.</summary>
/// <param name="Change">added, removed, upgraded or downgraded.</param>
internal sealed record PackageChange(string Ecosystem, string Name, string Change, string? Before, string? After);

/// <summary>A name in the file system that came, went or changed.</summary>
/// <param name="Change">added, removed or changed.</param>
/// <param name="What">What changed: type, content, mode, owner, link.</param>
internal sealed record FileChange(string Path, string Change, IReadOnlyList<string> What, long? SizeBefore, long? SizeAfter);

/// <summary>A layer of one of the images.</summary>
internal sealed record DiffLayer(string Digest, long Size, bool InBefore, bool InAfter);

/// <summary>What is different in two images.</summary>
/// <param name="Files">The changes, as far as there is room for them; the counts are of all.</param>
internal sealed record ImageDifference(
    string Before,
    string After,
    long SizeBefore,
    long SizeAfter,
    IReadOnlyList<DiffLayer> Layers,
    IReadOnlyList<SettingChange> Settings,
    IReadOnlyList<PackageChange> Packages,
    long FilesAdded,
    long FilesRemoved,
    long FilesChanged,
    bool Truncated,
    IReadOnlyList<FileChange> Files)
{
    /// <summary>What is to be said of the images: where something was not read, a difference may be missing.</summary>
    public IReadOnlyList<DiffNote> Notes { get; init; } = [];
}

/// <summary>Something to be said of one of the images, as <see cref="ImageNote"/> has it.</summary>
/// <param name="Image">before or after.</param>
internal sealed record DiffNote(string Image, string Kind, string What, string Why);

/// <summary>
/// Tells what is different in two images: files, packages, configuration, layers. A directory that is made of the same parts of the same
/// layers is the same, so what two images share costs nothing.
/// </summary>
internal sealed class ImageDiff(ImageContents contents)
{
    const int MaxFiles = 5000;
    const int MaxPackages = 50_000;
    const int MaxCompared = 2_000_000;

    /// <exception cref="LookException">One of them cannot be looked into, or not yet.</exception>
    public async Task<ImageDifference> RunAsync(FoundImage before, FoundImage after, CancellationToken cancel)
    {
        using var left = await contents.OpenAsync(before, cancel);
        using var right = await contents.OpenAsync(after, cancel);
        var (leftConfig, rightConfig) = (await contents.FindConfigAsync(before, cancel), await contents.FindConfigAsync(after, cancel));
        var packages = Compare(await contents.ListPackagesAsync(before, "", MaxPackages, cancel), await contents.ListPackagesAsync(after, "", MaxPackages, cancel));
        var files = await ImageContents.InTurnAsync(() => new FileComparison(left, right).Run(cancel), cancel);
        return new ImageDifference(
            before.Row.Digest,
            after.Row.Digest,
            left.Layers.Sum(layer => layer.Size),
            right.Layers.Sum(layer => layer.Size),
            Layers(left, right),
            Changes(Settings(leftConfig), Settings(rightConfig)),
            packages,
            files.Added,
            files.Removed,
            files.Changed,
            files.IsTruncated,
            files.Changes)
        {
            Notes =
            [
                .. (await contents.ListNotesAsync(before, cancel)).Select(note => new DiffNote("before", note.Kind, note.What, note.Why)),
                .. (await contents.ListNotesAsync(after, cancel)).Select(note => new DiffNote("after", note.Kind, note.What, note.Why)),
            ],
        };
    }

    static List<DiffLayer> Layers(ImageFiles before, ImageFiles after)
    {
        var (left, right) = (before.Layers.Select(layer => layer.Digest).ToHashSet(), after.Layers.Select(layer => layer.Digest).ToHashSet());
        return [.. before.Layers.Concat(after.Layers).DistinctBy(layer => layer.Digest).Select(layer => new DiffLayer(layer.Digest, layer.Size, left.Contains(layer.Digest), right.Contains(layer.Digest)))];
    }

    static IEnumerable<(string Kind, string Name, string? Value)> Settings(ImageConfig? config) => config is null ? [] :
    [
        ("config", "platform", config.Platform.ToString()),
        ("config", "user", config.User),
        ("config", "workingDirectory", config.WorkingDirectory),
        ("config", "entrypoint", Words(config.Entrypoint)),
        ("config", "command", Words(config.Command)),
        ("config", "stopSignal", config.StopSignal),
        ("config", "healthcheck", Words(config.HealthCheck?.Test)),
        ("config", "volumes", Words(config.Volumes)),
        ("config", "created", config.Created?.ToString("O", CultureInfo.InvariantCulture)),
        .. config.Labels.Select(label => ("label", label.Key, (string?)label.Value)),
        .. config.Environment.Select(variable => ("environment", variable.Name, (string?)variable.Value)),
        .. config.ExposedPorts.Select(port => ("port", port.ToString(), (string?)"exposed")),
    ];

    // Of two with the same name the last counts, as it does for those who run the image.
    static List<SettingChange> Changes(IEnumerable<(string Kind, string Name, string? Value)> before, IEnumerable<(string Kind, string Name, string? Value)> after)
    {
        var (left, right) = (new Dictionary<(string Kind, string Name), string?>(), new Dictionary<(string Kind, string Name), string?>());
        foreach (var (kind, name, value) in before)
            left[(kind, name)] = value;
        foreach (var (kind, name, value) in after)
            right[(kind, name)] = value;
        return [.. left.Keys.Union(right.Keys).OrderBy(key => key.Kind, StringComparer.Ordinal).ThenBy(key => key.Name, StringComparer.Ordinal)
            .Select(key => new SettingChange(key.Kind, key.Name, left.GetValueOrDefault(key), right.GetValueOrDefault(key)))
            .Where(change => change.Before != change.After)];
    }

    static string? Words(IReadOnlyList<string>? words) => words is { Count: > 0 } ? System.Text.Json.JsonSerializer.Serialize(words) : null;

    // A name may be there in several versions, as npm has it: those that both have are the same.
    static List<PackageChange> Compare(List<PackageRow> before, List<PackageRow> after)
    {
        var changes = new List<PackageChange>();
        var (left, right) = (before.ToLookup(package => (package.Ecosystem, package.Name), package => package.Version), after.ToLookup(package => (package.Ecosystem, package.Name), package => package.Version));
        foreach (var key in left.Select(group => group.Key).Union(right.Select(group => group.Key)).OrderBy(key => key.Ecosystem, StringComparer.Ordinal).ThenBy(key => key.Name, StringComparer.Ordinal))
        {
            var order = Comparer<string>.Create((one, other) => VersionOrder.Compare(key.Ecosystem, one, other));
            var (gone, come) = (left[key].Except(right[key]).Order(order).ToList(), right[key].Except(left[key]).Order(order).ToList());
            for (var i = 0; i < Math.Max(gone.Count, come.Count); i++)
            {
                var (old, now) = (gone.ElementAtOrDefault(i), come.ElementAtOrDefault(i));
                var change = old is null ? "added" : now is null ? "removed" : order.Compare(old, now) <= 0 ? "upgraded" : "downgraded";
                changes.Add(new PackageChange(key.Ecosystem, key.Name, change, old, now));
            }
        }
        return changes;
    }

    /// <summary>The file systems, walked side by side.</summary>
    sealed class FileComparison(ImageFiles before, ImageFiles after)
    {
        readonly Stack<(ImageEntry? Before, ImageEntry? After)> left = new();
        int compared;

        public List<FileChange> Changes { get; } = [];

        public long Added { get; private set; }

        public long Removed { get; private set; }

        public long Changed { get; private set; }

        public bool IsTruncated { get; private set; }

        public FileComparison Run(CancellationToken cancel)
        {
            left.Push((before.Root, after.Root));
            while (left.TryPop(out var pair))
            {
                cancel.ThrowIfCancellationRequested();
                if (compared > MaxCompared)
                {
                    IsTruncated = true;
                    break;
                }
                if (!IsSame(pair.Before, pair.After))
                    Compare(pair.Before, pair.After);
            }
            Changes.Sort((one, other) => string.CompareOrdinal(one.Path, other.Path));
            return this;
        }

        bool IsSame(ImageEntry? one, ImageEntry? other) =>
            one is not null && other is not null
            && one.Parts.Select(part => (before.Layers[part.Layer].Digest, part.Node.Index)).SequenceEqual(other.Parts.Select(part => (after.Layers[part.Layer].Digest, part.Node.Index)));

        void Compare(ImageEntry? one, ImageEntry? other)
        {
            var (ours, theirs) = (List(before, one), List(after, other));
            compared += ours.Count + theirs.Count;
            foreach (var name in ours.Keys.Union(theirs.Keys))
            {
                var (old, now) = (ours.GetValueOrDefault(name), theirs.GetValueOrDefault(name));
                Note(old, now);
                if (old is { IsDirectory: true } || now is { IsDirectory: true })
                    left.Push((old is { IsDirectory: true } ? old : null, now is { IsDirectory: true } ? now : null));
            }
        }

        static Dictionary<string, ImageEntry> List(ImageFiles files, ImageEntry? directory) =>
            directory is null ? [] : files.List(directory).ToDictionary(entry => entry.Name, StringComparer.Ordinal);

        void Note(ImageEntry? old, ImageEntry? now)
        {
            var what = old is not null && now is not null ? What(old, now) : [];
            if (old is not null && now is not null && what.Count == 0)
                return;
            var change = old is null ? "added" : now is null ? "removed" : "changed";
            (Added, Removed, Changed) = (Added + (old is null ? 1 : 0), Removed + (now is null ? 1 : 0), Changed + (what.Count > 0 ? 1 : 0));
            if (Changes.Count < MaxFiles)
                Changes.Add(new FileChange((now ?? old)!.Path, change, what, Size(old), Size(now)));
            else
                IsTruncated = true;
        }

        static List<string> What(ImageEntry old, ImageEntry now)
        {
            var what = new List<string>();
            if (old.Node.Type != now.Node.Type)
                what.Add("type");
            else if (old.Node.Type == EntryType.File && (old.Node.Size != now.Node.Size || !old.Node.Hash.Span.SequenceEqual(now.Node.Hash.Span)))
                what.Add("content");
            else if (old.Node.Type is EntryType.SymbolicLink or EntryType.HardLink && old.Link != now.Link)
                what.Add("link");
            if (old.Node.Mode != now.Node.Mode)
                what.Add("mode");
            if (old.Node.UserId != now.Node.UserId || old.Node.GroupId != now.Node.GroupId)
                what.Add("owner");
            return what;
        }

        static long? Size(ImageEntry? entry) => entry?.Node.Type == EntryType.File ? entry.Node.Size : null;
    }
}
