using Staithe.Clients;
using Staithe.Content;
using Staithe.Oci;
using Staithe.Search;

namespace Staithe.Web;

/// <summary>Reads what pages show of an image. Whether the reader may is asked before.</summary>
internal sealed class ImageReader(BlobReader blobs, ImageLookup lookup, InheritedLabels labels)
{
    /// <summary>The image and its config.</summary>
    /// <exception cref="OciException">As <see cref="ImageLookup.GetAsync"/> says.</exception>
    public async Task<(FoundImage Image, ImageConfig? Config)> GetAsync(ImageName name, Platform? platform, CancellationToken cancel)
    {
        var image = await lookup.GetAsync(name, platform, cancel);
        if (!image.IsImage)
            return (image, null);
        var config = image.Manifest.Config!;
        var bytes = await ReadAsync(image.Row.RepoId, config.Digest, cancel);
        return (image, bytes is null ? null : ImageConfig.TryParse(bytes));
    }

    /// <summary>What an image says of itself; null when it is none, or cannot be read.</summary>
    public async Task<ImageFacts?> FindFactsAsync(ImageName name, Platform? platform, CancellationToken cancel)
    {
        try
        {
            var (image, config) = await GetAsync(name, platform, cancel);
            return config is null ? null : await ReadFactsAsync(image, config, cancel);
        }
        catch (OciException)
        {
            return null;
        }
    }

    /// <summary>What an image says of itself, and which of that it has from the image that it is built on.</summary>
    public async Task<ImageFacts> ReadFactsAsync(FoundImage image, ImageConfig config, CancellationToken cancel) =>
        ImageFacts.Of(image, config, await labels.FindAsync(image.Row.Id, config, cancel));

    /// <summary>The config of the image that another one is built on; null when it is not there.</summary>
    public Task<ImageConfig?> FindConfigAsync(BaseImage below, CancellationToken cancel) => labels.FindConfigAsync(below.ManifestId, cancel);

    /// <summary>What an artifact is that is no image; null when it is one, or cannot be read.</summary>
    public async Task<ArtifactFacts?> FindArtifactAsync(ImageName name, ClientCommands clients, CancellationToken cancel)
    {
        try
        {
            var (image, config) = await GetAsync(name, null, cancel);
            return config is null ? await new ArtifactReader(this).ReadAsync(image, $"{clients.Host}/{name}", clients, cancel) : null;
        }
        catch (OciException)
        {
            return null;
        }
    }

    /// <summary>A small blob of a repository; null when it is not there.</summary>
    public Task<byte[]?> ReadAsync(long repoId, Digest digest, CancellationToken cancel) => blobs.FindAsync(repoId, digest, ImageConfig.MaxBytes, cancel);
}

/// <summary>What an image says of itself.</summary>
/// <param name="Created">When it was built; null when it does not say, or says what cannot be true.</param>
/// <param name="PushedAt">When it was pushed.</param>
/// <param name="Command">What is run.</param>
/// <param name="Said">What it says in the words of the image specification: title, licence, source, …</param>
public sealed record ImageFacts(
    string Digest,
    string Platform,
    IReadOnlyList<string> Platforms,
    long Size,
    DateTimeOffset? Created,
    DateTimeOffset PushedAt,
    string Title,
    string Description,
    IReadOnlyList<string> Ports,
    IReadOnlyList<string> Volumes,
    IReadOnlyList<string> Environment,
    string? User,
    bool IsNonRoot,
    string? WorkingDirectory,
    IReadOnlyList<string> Command,
    string? StopSignal,
    string? HealthCheck,
    IReadOnlyDictionary<string, string> Said)
{
    const string Prefix = "org.opencontainers.image.";

    // A config has up to 4 MB, of which a page shows what somebody reads.
    const int MaxEntries = 200, MaxTitle = 200, MaxText = 2000;

    /// <summary>Which of <see cref="Said"/> are labels of the image that it is built on, which a build takes over. They are not its own title or version.</summary>
    public IReadOnlyList<string> Inherited { get; init; } = [];

    /// <summary>The platforms that an index lists whose images this registry does not hold.</summary>
    public IReadOnlyList<string> Absent { get; init; } = [];

    internal static ImageFacts Of(FoundImage image, ImageConfig config, IReadOnlySet<string> inherited)
    {
        string? Own(string label) => inherited.Contains(label) ? null : config.Labels.GetValueOrDefault(label);
        var said = config.Labels.Where(label => label.Key.StartsWith(Prefix, StringComparison.Ordinal)).Take(MaxEntries)
            .ToDictionary(label => label.Key[Prefix.Length..], label => label.Value);
        return new ImageFacts(
            image.Row.Digest,
            config.Platform.ToString(),
            PlatformsOf(image, config.Platform.ToString()),
            image.Manifest.TotalSize,
            config.Created ?? ForeignTime.Parse(Own($"{Prefix}created")) ?? ForeignTime.Parse(image.Manifest.Annotations.GetValueOrDefault($"{Prefix}created")),
            Shown.Then(image.Row.PushedAt),
            ForeignText.Line(Own($"{Prefix}title") ?? "", MaxTitle),
            ForeignText.Line(Own($"{Prefix}description") ?? Own("summary") ?? "", MaxText),
            Few(config.ExposedPorts.Select(port => port.ToString())),
            Few(config.Volumes),
            Few(config.Environment.Select(variable => $"{variable.Name}={variable.Value}")),
            Cut(config.User),
            config.IsNonRoot,
            Cut(config.WorkingDirectory),
            Few(config.WholeCommand),
            Cut(config.StopSignal),
            config.HealthCheck is { } check ? Cut(string.Join(' ', check.Test.Skip(1))) : null,
            FewOf(said))
        {
            Inherited = Few(said.Keys.Where(name => inherited.Contains(Prefix + name)).Order(StringComparer.Ordinal)),
            Absent = Few(image.Children.Where(child => !child.IsAttestation && image.Absent.Contains(child.Digest)).Select(child => child.Platform?.ToString() ?? child.Digest.Value).Distinct()),
        };
    }

    // The one that is shown is among them, however many there are.
    static List<string> PlatformsOf(FoundImage image, string shown)
    {
        var all = image.Children.Where(child => !child.IsAttestation).Select(child => child.Platform?.ToString()).OfType<string>().Distinct().ToList();
        return all.IndexOf(shown) >= MaxEntries ? Few(all.Prepend(shown)) : Few(all);
    }

    /// <summary>As much of labels or annotations as a page shows.</summary>
    internal static IReadOnlyDictionary<string, string> FewOf(IReadOnlyDictionary<string, string> all) =>
        all.Take(MaxEntries).GroupBy(one => Short(one.Key, MaxTitle)).ToDictionary(same => same.Key, same => Short(same.First().Value, MaxText));

    static List<string> Few(IEnumerable<string> texts) => [.. texts.Take(MaxEntries).Select(text => Short(text, MaxText))];

    static string Short(string text, int max) => text.Length > max ? $"{text[..max]}…" : text;

    static string? Cut(string? text) => text is null ? null : Short(text, MaxText);
}
