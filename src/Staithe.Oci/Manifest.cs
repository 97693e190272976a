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

    static readonly string[] Members =
        ["schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "subject", "annotations", "fsLayers", "history"];

    static readonly JsonDocumentOptions Strict = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    /// <summary>Bytes of the config and the layers together, as the manifest gives them. Sizes of absent blobs are anybody's numbers, so a sum beyond the range is the end of it.</summary>
    public long TotalSize => AddSizes(Blobs);

    /// <summary>The annotations, clean; empty when there are none.</summary>
    public IReadOnlyDictionary<string, string> Annotations => ReadAnnotations(AnnotationsJson);

    /// <summary>Reads annotations that were kept as a JSON object.</summary>
    public static IReadOnlyDictionary<string, string> ReadAnnotations(string? json)
    {
        if (json is null)
            return new Dictionary<string, string>();
        using var document = JsonDocument.Parse(json);
        return ((JsonElement?)document.RootElement).TextMap();
    }

    /// <summary>The sum of sizes that nobody has checked; <see cref="long.MaxValue"/> when it is beyond the range.</summary>
    public static long AddSizes(IEnumerable<Descriptor> descriptors) =>
        descriptors.Aggregate(0L, (sum, descriptor) => sum > long.MaxValue - descriptor.Size ? long.MaxValue : sum + descriptor.Size);

    /// <summary>Reads a manifest that a client pushes, and decides its media type.</summary>
    /// <param name="content">Its exact bytes.</param>
    /// <param name="contentType">
    /// The request's <c>Content-Type</c>. Where it is absent, generic (<see cref="MediaTypes.IsGeneric"/>) or malformed, the manifest's own
    /// <c>mediaType</c> or its shape decides.
    /// </param>
    /// <exception cref="OciException">MANIFEST_INVALID, saying what is wrong and where.</exception>
    public static Manifest ParsePushed(ReadOnlyMemory<byte> content, string? contentType) =>
        Parse(content, root => DecideMediaType(root, contentType));

    /// <summary>Reads a manifest of a media type that was decided when it was pushed.</summary>
    /// <exception cref="OciException">MANIFEST_INVALID, saying what is wrong and where.</exception>
    public static Manifest Parse(ReadOnlyMemory<byte> content, string mediaType) => Parse(content, _ => mediaType);

    static Manifest Parse(ReadOnlyMemory<byte> content, Func<JsonElement, string> decide)
    {
        try
        {
            using var document = ParseJson(content);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? Read(document.RootElement, decide(document.RootElement))
                : throw Invalid("a manifest is a JSON object");
        }
        catch (InvalidOperationException)
        {
            throw Invalid("a string in the manifest has one half of a surrogate pair, which is no character");
        }
    }

    /// <summary>
    /// Refuses a member whose name is one of these but for its case. Clients that are written in Go take it for that member, others pass it
    /// over, so that the document would mean two things.
    /// </summary>
    internal static void CheckNames(JsonElement element, string[] names, string? place = null)
    {
        foreach (var property in element.EnumerateObject())
        {
            var name = property.Name;
            if (names.Contains(name))
                continue;
            var folded = Fold(name);
            if (Array.Find(names, known => known.Equals(folded, StringComparison.OrdinalIgnoreCase)) is { } meant)
            {
                var quoted = OciException.Quote(name);
                throw Invalid($"{place ?? "the manifest"} has a member \"{quoted}\", which some clients read as \"{meant}\": write it so");
            }
        }
    }

    // The two letters beyond ASCII that Go's decoder takes for one of ASCII.
    static string Fold(string name) => name.Replace('\u017f', 's').Replace('\u212a', 'k');

    internal static OciException Invalid(string message) => new(OciError.ManifestInvalid, message);

    static Manifest Read(JsonElement root, string mediaType)
    {
        var known = MediaTypes.IsManifest(mediaType);
        CheckNames(root, known ? Members : ["mediaType"]);
        if (known && !(root.TryGetProperty("schemaVersion", out var version) && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out var number) && number == 2))
            throw Invalid("schemaVersion must be 2");
        if (known)
            CheckKind(root, mediaType);
        return Read(root, mediaType, known);
    }

    // What clients would take for a document of another kind, they refuse or read in two ways.
    static void CheckKind(JsonElement root, string mediaType)
    {
        string[] others = MediaTypes.IsIndex(mediaType)
            ? ["config", "layers", "fsLayers", "history"]
            : ["manifests", "fsLayers", "history"];
        if (others.FirstOrDefault(other => Has(root, other)) is { } wrong)
            throw Invalid($"a document of the type {mediaType} has no {wrong}: it would be two kinds of manifest at once");
    }

    // Null is absence.
    static bool Has(JsonElement root, string member) => root.TryGetProperty(member, out var value) && value.ValueKind != JsonValueKind.Null;

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
        var sent = MediaTypes.WithoutParameters(contentType ?? "");
        var header = MediaTypes.IsGenericHeader(sent) ? null : sent;
        var field = root.TryGetProperty("mediaType", out var value) && value.ValueKind != JsonValueKind.Null
            ? value.ValueKind == JsonValueKind.String ? value.GetString() : throw Invalid("mediaType is not a string")
            : null;
        var schema1 = root.TryGetProperty("schemaVersion", out var version) && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out var number) && number == 1;
        if (schema1 || MediaTypes.IsSchema1(sent) || (field is not null && MediaTypes.IsSchema1(field)))
            throw Invalid($"manifests of schema 1 are not taken: {PushAgain}");
        if (header is not null && field is not null && !string.Equals(header, field, StringComparison.OrdinalIgnoreCase))
            throw Invalid($"mediaType is \"{OciException.Quote(field)}\" but Content-Type is \"{OciException.Quote(header)}\": they must be the same");
        if (field is not null && MediaTypes.FindMisspelled(field) is { } right)
            throw Invalid($"mediaType is \"{OciException.Quote(field)}\": write it \"{right}\", since clients compare it exactly");
        var mediaType = field ?? header ?? Guess(root, contentType);
        if (!MediaTypes.IsMediaType(mediaType))
            throw Invalid($"\"{OciException.Quote(mediaType)}\" is not a media type: pulls answer it as their Content-Type");
        if (MediaTypes.MayBeManifest(mediaType))
            return mediaType;
        var source = field is null ? "Content-Type" : "mediaType";
        throw Invalid($"{source} is \"{OciException.Quote(mediaType)}\", which is no manifest's: {UseAnother}");
    }

    const string PushAgain = "push the image again with a current client, which sends schema 2 or OCI";

    const string UseAnother = $"send one such as {MediaTypes.OciManifest}";

    static string Guess(JsonElement root, string? contentType)
    {
        if (Has(root, "config") || Has(root, "layers"))
            return MediaTypes.OciManifest;
        if (root.TryGetProperty("manifests", out _))
            return MediaTypes.OciIndex;
        var header = string.IsNullOrWhiteSpace(contentType) ? "which is absent" : $"\"{OciException.Quote(contentType)}\"";
        throw Invalid($"neither Content-Type ({header}) nor mediaType says what kind of manifest this is: {UseAnother}");
    }

    // Of a type the registry does not know it reads the same members, where they have the same shape.
    static Manifest Read(JsonElement root, string mediaType, bool known)
    {
        var isIndex = MediaTypes.IsIndex(mediaType);
        var config = Single(root, "config", required: known && !isIndex, known);
        var layers = Many(root, "layers", required: known && !isIndex, known);
        var blobs = known ? [] : Many(root, "blobs", required: false, known);
        var children = Many(root, "manifests", required: isIndex, known);
        if (!known && children.Count > 0 && (config is not null || layers.Count > 0))
            throw Invalid("the document is an index and an image at once: it has manifests beside config or layers");
        CheckBlobTypes("config", config is null ? [] : [config]);
        CheckBlobTypes("layers", layers);
        CheckBlobTypes("blobs", blobs);
        if (children.FindIndex(child => MediaTypes.IsSchema1(child.MediaType)) is >= 0 and var old)
            throw Invalid($"manifests[{old}] is a manifest of schema 1: {PushAgain}");
        var artifactType = ArtifactTypeOf(root, known) ?? config?.MediaType;
        return new Manifest(
            mediaType,
            config is null ? [.. layers, .. blobs] : [config, .. layers, .. blobs],
            children,
            Single(root, "subject", required: false, known),
            artifactType,
            KeepAnnotations(root, known)) { Config = config };
    }

    // Clients fetch what has the type of a manifest as a manifest, wherever they find it.
    static void CheckBlobTypes(string member, List<Descriptor> blobs)
    {
        if (blobs.FindIndex(blob => MediaTypes.IsManifest(blob.MediaType) || MediaTypes.IsSchema1(blob.MediaType)) is >= 0 and var i)
        {
            var place = member == "config" ? member : $"{member}[{i}]";
            throw Invalid($"{place} has the media type of a manifest, and must be a blob: list manifests in an index");
        }
    }

    // Of a type that is not known the member may be anything else.
    static string? ArtifactTypeOf(JsonElement root, bool known)
    {
        if (Text(root, "artifactType", known) is not { Length: > 0 } own)
            return null;
        if (MediaTypes.IsMediaTypeWithParameters(own))
            return own;
        var form = $"write type/subtype, each of at most {MediaTypes.MaxNameLength} characters";
        throw Invalid($"artifactType is \"{OciException.Quote(own)}\", which is no media type: {form}");
    }

    static Descriptor? Single(JsonElement root, string member, bool required, bool known)
    {
        if (!root.TryGetProperty(member, out var element) || element.ValueKind == JsonValueKind.Null)
            return required ? throw Invalid($"{member} is missing") : null;
        return known || LooksLikeDescriptor(element) ? Descriptor.Read(element, member) : null;
    }

    static List<Descriptor> Many(JsonElement root, string member, bool required, bool known)
    {
        if (!root.TryGetProperty(member, out var array))
            return required ? throw Invalid($"{member} is missing") : [];
        if (array.ValueKind == JsonValueKind.Null)
            return []; // as programs in Go write a list without entries
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

    // As they were written, so that referrers tell them so, unless a client could not read them. One whose value is null is none: programs in
    // Go write and read it so.
    static string? KeepAnnotations(JsonElement root, bool known)
    {
        if (!root.TryGetProperty("annotations", out var annotations) || annotations.ValueKind == JsonValueKind.Null)
            return null;
        var valid = annotations.ValueKind == JsonValueKind.Object
            && annotations.EnumerateObject().All(property => property.Value.ValueKind is JsonValueKind.String or JsonValueKind.Null);
        if (!valid)
            return known ? throw Invalid("annotations is not an object of strings") : null;
        var texts = annotations.EnumerateObject().Where(property => property.Value.ValueKind == JsonValueKind.String)
            .Select(property => (Name: ForeignText.ReadName(property), Value: ForeignText.Read(property.Value)!)).ToList();
        if (texts.Count == 0)
            return null;
        return texts.Count == annotations.EnumerateObject().Count() && texts.All(text => ForeignText.IsWhole(text.Name) && ForeignText.IsWhole(text.Value))
            ? annotations.GetRawText()
            : Write(texts);
    }

    static string Write(IEnumerable<(string Name, string Value)> texts)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            foreach (var (name, value) in texts.Select(text => (Name: ForeignText.Clean(text.Name), text.Value)).DistinctBy(text => text.Name))
                json.WriteString(name, ForeignText.Clean(value));
            json.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
