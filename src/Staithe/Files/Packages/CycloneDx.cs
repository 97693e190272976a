using System.Text.Json.Nodes;
using Staithe.Content;

namespace Staithe.Files;

/// <summary>The packages of an image as a CycloneDX 1.6 document. The same image gives the same bytes.</summary>
internal static class CycloneDx
{
    public const string MediaType = "application/vnd.cyclonedx+json";

    /// <param name="repository">Where the image is.</param>
    /// <param name="digest">Its manifest.</param>
    public static JsonObject Write(string repository, string digest, IEnumerable<PackageRow> packages)
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
        return new JsonObject
        {
            ["bomFormat"] = "CycloneDX",
            ["specVersion"] = "1.6",
            ["serialNumber"] = $"urn:uuid:{encoded[..8]}-{encoded[8..12]}-5{encoded[13..16]}-a{encoded[17..20]}-{encoded[20..32]}",
            ["version"] = 1,
            ["metadata"] = new JsonObject
            {
                ["tools"] = new JsonObject { ["components"] = new JsonArray(new JsonObject { ["type"] = "application", ["name"] = "staithe" }) },
                ["component"] = image,
            },
            ["components"] = new JsonArray([.. components]),
        };
    }
}
