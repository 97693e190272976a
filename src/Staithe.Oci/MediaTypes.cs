using System.Buffers;

namespace Staithe.Oci;

/// <summary>The media types that the registry treats by name (image-spec, media-types.md, and Docker's schema 2). All others are carried unread.</summary>
public static class MediaTypes
{
    /// <summary>OCI image manifest.</summary>
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";

    /// <summary>OCI image index.</summary>
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";

    /// <summary>Docker image manifest, schema 2.</summary>
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";

    /// <summary>Docker manifest list, schema 2.</summary>
    public const string DockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json";

    /// <summary>The config of an OCI image.</summary>
    public const string OciImageConfig = "application/vnd.oci.image.config.v1+json";

    /// <summary>The config of a Docker image.</summary>
    public const string DockerImageConfig = "application/vnd.docker.container.image.v1+json";

    /// <summary>What a blob is served as: the registry does not know what is in it.</summary>
    public const string OctetStream = "application/octet-stream";

    static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>True for what names other manifests: one for each platform, mostly.</summary>
    public static bool IsIndex(string mediaType) => mediaType is OciIndex or DockerManifestList;

    /// <summary>True for what names a config and layers.</summary>
    public static bool IsImageManifest(string mediaType) => mediaType is OciManifest or DockerManifest;

    /// <summary>True for either.</summary>
    public static bool IsManifest(string mediaType) => IsImageManifest(mediaType) || IsIndex(mediaType);

    /// <summary>True for the media types of Docker's schema 1, retired long ago: its manifests are signed texts that name no sizes.</summary>
    public static bool IsSchema1(string mediaType) =>
        mediaType is "application/vnd.docker.distribution.manifest.v1+json" or "application/vnd.docker.distribution.manifest.v1+prettyjws";

    /// <summary>True when the type says that the layer may not be redistributed, so that the registry need not hold it.</summary>
    public static bool IsNonDistributable(string mediaType) =>
        mediaType.StartsWith("application/vnd.oci.image.layer.nondistributable.", StringComparison.Ordinal)
        || mediaType.StartsWith("application/vnd.docker.image.rootfs.foreign.", StringComparison.Ordinal);

    /// <summary>True for <c>type/subtype</c>, both of the characters that RFC 9110 has for a token.</summary>
    public static bool IsMediaType(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && slash < text.Length - 1
            && !text.AsSpan(0, slash).ContainsAnyExcept(TokenCharacters) && !text.AsSpan(slash + 1).ContainsAnyExcept(TokenCharacters);
    }

    /// <summary>A header's media type without its parameters, in lower case as RFC 9110 compares them.</summary>
    public static string WithoutParameters(string contentType)
    {
        var semicolon = contentType.IndexOf(';', StringComparison.Ordinal);
        return (semicolon < 0 ? contentType : contentType[..semicolon]).Trim().ToLowerInvariant();
    }
}
