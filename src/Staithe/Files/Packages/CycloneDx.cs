using System.Text.Json.Nodes;
using Staithe.Content;

namespace Staithe.Files;

/// <summary>
/// The packages of an image as a CycloneDX 1.6 document. The same image gives the same bytes. It never says that it is complete: what is compiled into a
/// program is not known. Where something is known not to have been read, it says that, and what.
/// </summary>
internal static class CycloneDx
{
    public const string MediaType = "application/vnd.cyclonedx+json";

    /// <param name="repository">Where the image is.</param>
    /// <param name="digest">Its manifest.</param>
    /// <param name="packages">Its packages.</param>
    /// <param name="notes">What is to be said of it.</param>
    public static JsonObject Write(string repository, string digest, IEnumerable<PackageRow> packages, IReadOnlyList<ImageNote> notes)
    {
        var image = new JsonObject
        {
            ["type"] = "container",
            ["bom-ref"] = digest,
            ["name"] = repository,
            ["version"] = digest,
            ["purl"] = Purl.Of("oci", null, repository[(repository.LastIndexOf('/') + 1)..], digest),
        };
        var components = packages.Select(package => (JsonNode)new JsonObject
        {
            ["type"] = package.Ecosystem == "os" ? "operating-system" : "library",
            ["bom-ref"] = package.Source.Length == 0 ? package.Purl : $"{package.Purl}#{package.Source}",
            ["name"] = package.Name,
            ["version"] = package.Version,
            ["purl"] = package.Purl,
        });
        var encoded = digest[(digest.IndexOf(':', StringComparison.Ordinal) + 1)..];
        var metadata = new JsonObject
        {
            ["tools"] = new JsonObject { ["components"] = new JsonArray(new JsonObject { ["type"] = "application", ["name"] = "staithe" }) },
            ["component"] = image,
        };
        if (notes.Count > 0)
            metadata["properties"] = new JsonArray([.. notes.Select(note => (JsonNode)new JsonObject { ["name"] = $"staithe:{note.Kind}", ["value"] = note.ToString() })]);
        return new JsonObject
        {
            ["bomFormat"] = "CycloneDX",
            ["specVersion"] = "1.6",
            ["serialNumber"] = $"urn:uuid:{encoded[..8]}-{encoded[8..12]}-5{encoded[13..16]}-a{encoded[17..20]}-{encoded[20..32]}",
            ["version"] = 1,
            ["metadata"] = metadata,
            ["components"] = new JsonArray([.. components]),
            ["compositions"] = new JsonArray(new JsonObject
            {
                ["aggregate"] = notes.Any(note => note.IsMissing) ? "incomplete" : "unknown",
                ["assemblies"] = new JsonArray(digest),
            }),
        };
    }
}
