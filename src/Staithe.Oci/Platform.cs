using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Staithe.Oci;

/// <summary>What an image runs on (image-spec, image-index.md, "platform"): written <c>linux/arm64</c> or <c>linux/arm/v7</c>.</summary>
/// <param name="Os">The operating system, such as linux.</param>
/// <param name="Architecture">The processor, as Go names it: amd64, arm64.</param>
/// <param name="Variant">Which kind of that processor, such as v7; null where there is one only.</param>
public sealed record Platform(string Os, string Architecture, string? Variant)
{
    const string Unknown = "unknown"; // what builders write over what is no image, such as an attestation

    /// <summary>The platform of most servers.</summary>
    public static Platform Usual { get; } = new("linux", "amd64", null);

    /// <summary>True when it tells nothing of what runs there.</summary>
    public bool IsUnknown => Os is "" or Unknown || Architecture is "" or Unknown;

    /// <summary>Whether something made for <paramref name="made"/> is what is asked for with this platform: a variant that is not named is any.</summary>
    public bool Takes(Platform made) => Os == made.Os && Architecture == made.Architecture && (Variant is null || Variant == made.Variant);

    /// <summary>Reads a platform as it is written on command lines; false when it is none.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out Platform? platform)
    {
        platform = text?.Split('/') switch
        {
            [var os, var architecture] when IsWord(os) && IsWord(architecture) => new Platform(os, architecture, null),
            [var os, var architecture, var variant] when IsWord(os) && IsWord(architecture) && IsWord(variant) => new Platform(os, architecture, variant),
            _ => null,
        };
        return platform is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => Variant is null ? $"{Os}/{Architecture}" : $"{Os}/{Architecture}/{Variant}";

    // Of an index's descriptor, or of an image's config, which has the same members. Nobody has checked them.
    internal static Platform? Read(JsonElement? element) =>
        element.Member("os").Text() is { } os && element.Member("architecture").Text() is { } architecture && IsWord(os) && IsWord(architecture)
            ? new Platform(os, architecture, element.Member("variant").Text() is { } variant && IsWord(variant) ? variant : null)
            : null;

    static bool IsWord(string text) => text.Length is > 0 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
