using Staithe.Oci;

namespace Staithe.Recipes;

/// <summary>An image as somebody is about to run it.</summary>
/// <param name="Host">The registry, as the asker reached it: a host, and perhaps a port.</param>
/// <param name="IsPlainHttp">Whether it was reached without TLS, which podman has to be told.</param>
/// <param name="Reference">What was asked for.</param>
/// <param name="Digest">What that is now: an image, or an index of images.</param>
/// <param name="Manifest">The image itself; the same, unless there is an index.</param>
/// <param name="Platform">The platform of the image, where somebody asked for one.</param>
/// <param name="Annotations">Those of the image's manifest.</param>
internal sealed record RecipeImage(
    string Host,
    bool IsPlainHttp,
    RepositoryName Name,
    Reference Reference,
    Digest Digest,
    Digest Manifest,
    Platform? Platform,
    ImageConfig Config,
    IReadOnlyDictionary<string, string> Annotations)
{
    /// <summary>What the image says of itself under a key, in its annotations or else its labels.</summary>
    public string? Said(string key) => Annotations.GetValueOrDefault(key) is { Length: > 0 } annotation ? annotation : Config.Labels.GetValueOrDefault(key) is { Length: > 0 } label ? label : null;

    /// <summary>Whether the registry is on the machine that asks, where its port is taken.</summary>
    public bool IsLocal => Uri.TryCreate($"http://{Host}", UriKind.Absolute, out var url) && url.IsLoopback;

    /// <summary>The registry's port.</summary>
    public int Port => Uri.TryCreate($"{(IsPlainHttp ? "http" : "https")}://{Host}", UriKind.Absolute, out var url) ? url.Port : 0;
}
