using System.Text.Json;

namespace Staithe.Oci;

/// <summary>A reference to content: its type, name and size (image-spec, descriptor.md).</summary>
/// <param name="MediaType">The media type of the content.</param>
/// <param name="Digest">The name of the content.</param>
/// <param name="Size">The size of the content in bytes.</param>
/// <param name="Platform">What it runs on, where an index says so in a form that can be read.</param>
public sealed record Descriptor(string MediaType, Digest Digest, long Size, Platform? Platform = null)
{
    /// <summary>The annotation by which builders say that an entry of an index is no image but an attestation, and its value.</summary>
    const string ReferenceType = "vnd.docker.reference.type", Attestation = "attestation-manifest";

    /// <summary>
    /// Of an entry of an index: whether it is a statement about an image and no image, as BuildKit writes provenance and bills of materials: for a platform
    /// that is none.
    /// </summary>
    public bool IsAttestation { get; private init; }

    /// <summary>Of a layer that is a statement, what kind of statement, where it says so.</summary>
    public string? PredicateType { get; private init; }

    /// <summary>Of an attestation, the image that it is about, where it says so.</summary>
    public string? AttestationSubject { get; private init; }

    static readonly string[] Members = ["mediaType", "digest", "size", "data", "platform", "urls", "annotations", "artifactType"];
    static readonly string[] PlatformMembers = ["os", "architecture", "variant", "os.version", "os.features"];

    /// <summary>Reads a descriptor out of a manifest. An embedded <c>data</c> must be what digest and size say.</summary>
    /// <exception cref="OciException">MANIFEST_INVALID, with the place in the manifest.</exception>
    internal static Descriptor Read(JsonElement element, string place)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw Manifest.Invalid($"{place} is not a descriptor");
        Manifest.CheckNames(element, Members, place);
        if (element.Member("platform") is { ValueKind: JsonValueKind.Object } platform)
            Manifest.CheckNames(platform, PlatformMembers, $"{place}.platform");
        if (!element.TryGetProperty("mediaType", out var mediaType) || mediaType.ValueKind != JsonValueKind.String || mediaType.GetString() is not { Length: > 0 } type)
            throw Manifest.Invalid($"{place} has no mediaType");
        if (!MediaTypes.IsOfDescriptor(type))
        {
            var bound = $"a name has at most {MediaTypes.MaxNameLength} characters";
            throw Manifest.Invalid($"{place} has a mediaType that is none: \"{OciException.Quote(type)}\" ({bound})");
        }
        if (MediaTypes.FindMisspelled(type) is { } right)
            throw Manifest.Invalid($"{place} has the mediaType \"{OciException.Quote(type)}\": write \"{right}\", as clients compare it");
        if (!element.TryGetProperty("digest", out var text) || text.ValueKind != JsonValueKind.String || !Digest.TryParse(text.GetString(), out var digest))
            throw Manifest.Invalid($"{place} has no valid digest");
        if (!element.TryGetProperty("size", out var number) || number.ValueKind != JsonValueKind.Number || !number.TryGetInt64(out var size) || size < 0)
            throw Manifest.Invalid($"{place} has no valid size");
        if (element.TryGetProperty("data", out var data) && data.ValueKind != JsonValueKind.Null)
            CheckData(data, digest, size, place);
        var made = Platform.Read(element.Member("platform"));
        var annotations = element.Member("annotations");
        return new Descriptor(type, digest, size, made)
        {
            IsAttestation = made is { IsUnknown: true } || annotations.Member(ReferenceType).Text() == Attestation,
            PredicateType = annotations.Member("in-toto.io/predicate-type").Text(),
            AttestationSubject = annotations.Member("vnd.docker.reference.digest").Text(),
        };
    }

    static void CheckData(JsonElement data, Digest digest, long size, string place)
    {
        if (data.ValueKind != JsonValueKind.String || !data.TryGetBytesFromBase64(out var content))
            throw Manifest.Invalid($"{place} has data that is not Base64");
        if (content.Length != size || (digest.Algorithm is { } algorithm && algorithm.Digest(content) != digest))
            throw Manifest.Invalid($"{place} has data that its digest and size do not describe");
    }
}
