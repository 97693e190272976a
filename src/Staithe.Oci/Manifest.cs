using System.Text.Json;
using System.Text.Unicode;

namespace Staithe.Oci;

/// <summary>
/// What the registry reads of a manifest (image-spec, manifest.md and image-index.md, and Docker's schema 2): which content it refers to.
/// The bytes themselves are kept as they came; nothing is ever written back from this record.
/// </summary>
/// <param name="MediaType">Its media type, without parameters.</param>
/// <param name="Blobs">Config and layers, which the repository must have.</param>
/// <param name="Children">The manifests of an index, which the repository must have.</param>
/// <param name="Subject">The manifest that this one refers to as a referrer; it need not exist.</param>
/// <param name="ArtifactType">What the referrers API gives as <c>artifactType</c>: the manifest's own, else that of an image's config, else null.</param>
/// <param name="AnnotationsJson">The annotations as a JSON object, or null.</param>
public sealed record Manifest(
    string MediaType,
    IReadOnlyList<Descriptor> Blobs,
    IReadOnlyList<Descriptor> Children,
    Descriptor? Subject,
    string? ArtifactType,
    string? AnnotationsJson)
{
    /// <summary>The largest manifest the registry takes, in bytes; the distribution-spec asks for at least 4 megabytes.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>What the manifest is about, where it says so: of an image its config, which <see cref="ImageConfig"/> reads.</summary>
    public Descriptor? Config { get; private init; }

    /// <summary>The blobs besides the config: of an image its layers, lowest first.</summary>
    public IReadOnlyList<Descriptor> Layers => Config is null ? Blobs : [.. Blobs.Skip(1)];

    static readonly JsonDocumentOptions Strict = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    /// <summary>Reads a manifest.</summary>
    /// <param name="content">Its exact bytes.</param>
    /// <param name="contentType">The request's <c>Content-Type</c>; when absent, the manifest's own <c>mediaType</c> or its shape decides.</param>
    /// <exception cref="OciException">MANIFEST_INVALID, saying what is wrong and where.</exception>
    public static Manifest Parse(ReadOnlyMemory<byte> content, string? contentType)
    {
        try
        {
            using var document = ParseJson(content);
            return Read(document.RootElement, contentType);
        }
        catch (InvalidOperationException)
        {
            throw Invalid("a string in the manifest has one half of a surrogate pair, which is no character");
        }
    }

    internal static OciException Invalid(string message) => new(OciError.ManifestInvalid, message);

    static Manifest Read(JsonElement root, string? contentType)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw Invalid("a manifest is a JSON object");
        var mediaType = DecideMediaType(root, contentType);
        var known = MediaTypes.IsManifest(mediaType);
        if (known && !(root.TryGetProperty("schemaVersion", out var version) && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out var number) && number == 2))
            throw Invalid("schemaVersion must be 2");
        return Read(root, mediaType, known);
    }

    static JsonDocument ParseJson(ReadOnlyMemory<byte> content)
    {
        if (!Utf8.IsValid(content.Span))
            throw Invalid("the manifest is not UTF-8");
        try
        {
            return JsonDocument.Parse(content, Strict);
        }
        catch (JsonException e)
        {
            throw Invalid($"the manifest is not the JSON it should be: {e.Message}");
        }
    }

    static string DecideMediaType(JsonElement root, string? contentType)
    {
        var header = string.IsNullOrWhiteSpace(contentType) ? null : MediaTypes.WithoutParameters(contentType);
        var field = root.TryGetProperty("mediaType", out var value) && value.ValueKind != JsonValueKind.Null
            ? value.ValueKind == JsonValueKind.String ? value.GetString() : throw Invalid("mediaType is not a string")
            : null;
        var schema1 = root.TryGetProperty("schemaVersion", out var version) && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out var number) && number == 1;
        if (schema1 || (header is not null && MediaTypes.IsSchema1(header)) || (field is not null && MediaTypes.IsSchema1(field)))
            throw Invalid("manifests of schema 1 are not taken: push the image again with a current client, which sends schema 2 or OCI");
        if (header is not null && field is not null && !string.Equals(header, field, StringComparison.OrdinalIgnoreCase))
            throw Invalid($"mediaType is \"{OciException.Quote(field)}\" but Content-Type is \"{OciException.Quote(header)}\": they must be the same");
        var mediaType = field ?? header ?? Guess(root);
        return MediaTypes.IsMediaType(mediaType) ? mediaType : throw Invalid($"\"{OciException.Quote(mediaType)}\" is not a media type: pulls answer it as their Content-Type");
    }

    static string Guess(JsonElement root) =>
        root.TryGetProperty("manifests", out _) ? MediaTypes.OciIndex
        : root.TryGetProperty("config", out _) && root.TryGetProperty("layers", out _) ? MediaTypes.OciManifest
        : throw Invalid("neither Content-Type nor mediaType says what kind of manifest this is");

    // Of a type the registry does not know it reads the same members, where they have the same shape.
    static Manifest Read(JsonElement root, string mediaType, bool known)
    {
        var isIndex = MediaTypes.IsIndex(mediaType);
        var config = Single(root, "config", required: known && !isIndex, known);
        var layers = Many(root, "layers", required: known && !isIndex, known);
        var blobs = known ? [] : Many(root, "blobs", required: false, known);
        var children = Many(root, "manifests", required: isIndex, known);
        var artifactType = Text(root, "artifactType", known) is { Length: > 0 } own ? own : config?.MediaType;
        if (artifactType?.Any(char.IsControl) == true)
            throw Invalid("the artifact type holds a control character");
        return new Manifest(
            mediaType,
            config is null ? [.. layers, .. blobs] : [config, .. layers, .. blobs],
            children,
            Single(root, "subject", required: false, known),
            artifactType,
            Annotations(root, known)) { Config = config };
    }

    static Descriptor? Single(JsonElement root, string member, bool required, bool known)
    {
        if (!root.TryGetProperty(member, out var element) || element.ValueKind == JsonValueKind.Null)
            return required ? throw Invalid($"{member} is missing") : null;
        return known || LooksLikeDescriptor(element) ? Descriptor.Read(element, member) : null;
    }

    static List<Descriptor> Many(JsonElement root, string member, bool required, bool known)
    {
        if (!root.TryGetProperty(member, out var array) || array.ValueKind == JsonValueKind.Null)
            return required ? throw Invalid($"{member} is missing") : [];
        if (array.ValueKind != JsonValueKind.Array)
            return known ? throw Invalid($"{member} is not an array") : [];
        var found = new List<Descriptor>(array.GetArrayLength());
        foreach (var element in array.EnumerateArray())
        {
            if (known || LooksLikeDescriptor(element))
                found.Add(Descriptor.Read(element, $"{member}[{found.Count}]"));
        }
        return found;
    }

    static bool LooksLikeDescriptor(JsonElement element) =>
        element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty("mediaType", out _) && element.TryGetProperty("digest", out _) && element.TryGetProperty("size", out _);

    static string? Text(JsonElement root, string member, bool known)
    {
        if (!root.TryGetProperty(member, out var value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : known ? throw Invalid($"{member} is not a string") : null;
    }

    static string? Annotations(JsonElement root, bool known)
    {
        if (!root.TryGetProperty("annotations", out var annotations) || annotations.ValueKind == JsonValueKind.Null)
            return null;
        var valid = annotations.ValueKind == JsonValueKind.Object && annotations.EnumerateObject().All(property => property.Value.ValueKind == JsonValueKind.String);
        if (!valid)
            return known ? throw Invalid("annotations is not an object of strings") : null;
        return annotations.EnumerateObject().Any() ? annotations.GetRawText() : null;
    }
}
