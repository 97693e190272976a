using Staithe.Clients;
using Staithe.Oci;

namespace Staithe.Recipes;

/// <summary>An image as somebody is about to run it.</summary>
/// <param name="Clients">Writes the commands for its registry, as the reader reached it.</param>
/// <param name="Reference">What was asked for.</param>
/// <param name="Digest">What that is now: an image, or an index of images.</param>
/// <param name="Manifest">The image itself; the same, unless there is an index.</param>
/// <param name="Platform">The platform of the image, where somebody asked for one.</param>
/// <param name="Annotations">Those of the image's manifest.</param>
internal sealed record RecipeImage(
    ClientCommands Clients,
    RepositoryName Name,
    Reference Reference,
    Digest Digest,
    Digest Manifest,
    Platform? Platform,
    ImageConfig Config,
    IReadOnlyDictionary<string, string> Annotations)
{
    /// <summary>The labels that are those of an image that it is built on, as far as that is known.</summary>
    public IReadOnlySet<string> Inherited { get; init; } = new HashSet<string>();

    /// <summary>What the image says of itself under a key, in its annotations or else its own labels.</summary>
    public string? Said(string key) =>
        Annotations.GetValueOrDefault(key) is { Length: > 0 } annotation ? annotation
        : !Inherited.Contains(key) && Config.Labels.GetValueOrDefault(key) is { Length: > 0 } label ? label
        : null;

    /// <summary>The registry: a host, and perhaps a port.</summary>
    public string Host => Clients.Host;

    /// <summary>Whether the registry is on the machine that asks, where its port is taken.</summary>
    public bool IsLocal => Clients.IsLoopback;

    /// <summary>The registry's port.</summary>
    public int Port => Uri.TryCreate(Clients.Url, UriKind.Absolute, out var url) ? url.Port : 0;
}
