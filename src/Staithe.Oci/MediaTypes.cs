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

    /// <summary>The most characters of each of the two names in a media type (RFC 6838 section 4.2).</summary>
    public const int MaxNameLength = 127;

    /// <summary>The most characters of a media type with its parameters, where one is kept. An index of PostgreSQL takes 2.7 kB.</summary>
    public const int MaxLength = 511;

    // RFC 6838 section 4.2: a name begins with a letter or digit.
    static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("!#$&-^_.+0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    static readonly string[] ManifestTypes = [OciManifest, OciIndex, DockerManifest, DockerManifestList];

    /// <summary>True for what names other manifests: one for each platform, mostly.</summary>
    public static bool IsIndex(string mediaType) => mediaType is OciIndex or DockerManifestList;

    /// <summary>True for what names a config and layers.</summary>
    public static bool IsImageManifest(string mediaType) => mediaType is OciManifest or DockerManifest;

    /// <summary>True for either.</summary>
    public static bool IsManifest(string mediaType) => IsImageManifest(mediaType) || IsIndex(mediaType);

    /// <summary>True for the media types of Docker's schema 1, retired long ago: its manifests are signed texts that name no sizes.</summary>
    public static bool IsSchema1(string mediaType) => WithoutParameters(mediaType)
        is "application/vnd.docker.distribution.manifest.v1+json" or "application/vnd.docker.distribution.manifest.v1+prettyjws";

    /// <summary>True when the type says that the layer may not be redistributed, so that the registry need not hold it.</summary>
    public static bool IsNonDistributable(string mediaType) =>
        mediaType.StartsWith("application/vnd.oci.image.layer.nondistributable.", StringComparison.Ordinal)
        || mediaType.StartsWith("application/vnd.docker.image.rootfs.foreign.", StringComparison.Ordinal);

    /// <summary>True for <c>type/subtype</c> without parameters, as RFC 6838 section 4.2 restricts both names.</summary>
    public static bool IsMediaType(string text) =>
        text.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash && IsName(text.AsSpan(0, slash)) && IsName(text.AsSpan(slash + 1));

    /// <summary>True for a media type that may have parameters behind a semicolon, such as <c>application/x+json;version=0.3</c>.</summary>
    public static bool IsMediaTypeWithParameters(string text) => IsKept(text) && IsMediaType(WithoutParameters(text));

    /// <summary>
    /// True for what a descriptor may have as its type. Some clients write one name without a slash, so only lengths and characters are
    /// checked: names of at most <see cref="MaxNameLength"/> and in all <see cref="MaxLength"/> characters, all of visible ASCII.
    /// </summary>
    public static bool IsOfDescriptor(string text) =>
        IsKept(text) && WithoutParameters(text).Split('/').All(name => name.Length is > 0 and <= MaxNameLength);

    /// <summary>
    /// True for a <c>Content-Type</c> that says nothing of a manifest: what HTTP clients send when nobody chose one (of a file of JSON, an archive,
    /// a form), and what is no media type at all. The types of manifests are in the vendors' tree (RFC 6838 section 3.2).
    /// </summary>
    public static bool IsGenericHeader(string text) =>
        IsGeneric(text)
        || (MayBeManifest(text)
            && !text.StartsWith("application/vnd.", StringComparison.OrdinalIgnoreCase)
            && !text.StartsWith("application/prs.", StringComparison.OrdinalIgnoreCase));

    /// <summary>True for a type that is no manifest's, since it says only how something is written.</summary>
    public static bool IsGeneric(string text) =>
        !IsMediaType(text)
        || text is "application/json" or OctetStream or "application/x-www-form-urlencoded"
        || text.StartsWith("text/", StringComparison.OrdinalIgnoreCase)
        || text.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// True for a type that a manifest may have: <c>application/…</c>, known or not, but no generic one, and none that a browser would render
    /// or run in the place of the page that it is fetched from.
    /// </summary>
    public static bool MayBeManifest(string text)
    {
        var type = text.ToLowerInvariant();
        return !IsGeneric(type)
            && type.StartsWith("application/", StringComparison.Ordinal)
            && !type.EndsWith("+xml", StringComparison.Ordinal)
            && type is not ("application/xml" or "application/xml-dtd" or "application/xml-external-parsed-entity" or "application/pdf"
                or "application/javascript" or "application/x-javascript" or "application/ecmascript" or "application/x-ecmascript"
                or "application/x-shockwave-flash");
    }

    /// <summary>The type of a manifest that the text is but for its case, its parameters or blanks around it, or null. Clients compare these exactly.</summary>
    public static string? FindMisspelled(string text) =>
        ManifestTypes.FirstOrDefault(type => type == WithoutParameters(text)) is { } type && type != text ? type : null;

    /// <summary>
    /// A media type out of a query, where a plus means a blank in forms and itself to many clients. No name of a media type has a blank.
    /// </summary>
    public static string FromQuery(string value)
    {
        var semicolon = value.IndexOf(';', StringComparison.Ordinal);
        return semicolon < 0 ? value.Replace(' ', '+') : value[..semicolon].Replace(' ', '+') + value[semicolon..];
    }

    /// <summary>A media type without its parameters, in lower case as RFC 9110 compares them.</summary>
    public static string WithoutParameters(string contentType)
    {
        var semicolon = contentType.IndexOf(';', StringComparison.Ordinal);
        return (semicolon < 0 ? contentType : contentType[..semicolon]).Trim().ToLowerInvariant();
    }

    static bool IsName(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= MaxNameLength && char.IsAsciiLetterOrDigit(text[0]) && !text.ContainsAnyExcept(NameCharacters);

    static bool IsKept(string text) => text.Length is > 0 and <= MaxLength && !text.AsSpan().ContainsAnyExceptInRange(' ', '~');
}
