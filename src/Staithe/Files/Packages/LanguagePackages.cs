using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Staithe.Content;

namespace Staithe.Files;

/// <summary>What the package systems of languages leave behind: each file says of one package, or of many, that it is there.</summary>
internal static partial class LanguagePackages
{
    static readonly JsonDocumentOptions Lenient = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = 64 };

    /// <summary>How to read a file, told by its path; null when it is none of these.</summary>
    public static Func<byte[], IEnumerable<PackageRow>>? Reader(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        return name switch
        {
            "package.json" when InNodeModules().IsMatch(path) => ReadPackageJson,
            "package-lock.json" when !path.Contains("/node_modules/", StringComparison.Ordinal) => ReadPackageLock,
            "METADATA" when path.EndsWith(".dist-info/METADATA", StringComparison.Ordinal) => ReadPython,
            "PKG-INFO" when path.EndsWith(".egg-info/PKG-INFO", StringComparison.Ordinal) => ReadPython,
            "Gemfile.lock" => ReadGems,
            "Cargo.lock" => ReadCargo,
            _ when name.EndsWith(".deps.json", StringComparison.Ordinal) => ReadDotnet,
            _ when name.EndsWith(".egg-info", StringComparison.Ordinal) => ReadPython,
            _ => null,
        };
    }

    static IEnumerable<PackageRow> ReadPackageJson(byte[] content)
    {
        using var document = Parse(content);
        if (document is not null && Npm(Text(document.RootElement, "name"), Text(document.RootElement, "version")) is { } package)
            yield return package;
    }

    static IEnumerable<PackageRow> ReadPackageLock(byte[] content)
    {
        using var document = Parse(content);
        var found = new List<PackageRow?>();
        if (document is not null && Member(document.RootElement, "packages") is { } packages)
        {
            foreach (var entry in packages.EnumerateObject())
            {
                if (entry.Name.LastIndexOf("node_modules/", StringComparison.Ordinal) is >= 0 and var at)
                    found.Add(Npm(entry.Name[(at + "node_modules/".Length)..], Text(entry.Value, "version")));
            }
        }
        else if (document is not null)
        {
            AddDependencies(document.RootElement, found);
        }
        return found.OfType<PackageRow>();
    }

    static void AddDependencies(JsonElement element, List<PackageRow?> found)
    {
        if (Member(element, "dependencies") is not { } dependencies)
            return;
        foreach (var entry in dependencies.EnumerateObject())
        {
            found.Add(Npm(entry.Name, Text(entry.Value, "version")));
            AddDependencies(entry.Value, found);
        }
    }

    static PackageRow? Npm(string? name, string? version)
    {
        if (string.IsNullOrEmpty(name) || string.IsNullOrEmpty(version))
            return null;
        var slash = name.StartsWith('@') ? name.IndexOf('/', StringComparison.Ordinal) : -1;
        return new PackageRow("npm", name, version, Purl.Of("npm", slash < 0 ? null : name[..slash], name[(slash + 1)..], version), "");
    }

    // The head of a mail: what follows the first empty line is prose.
    static IEnumerable<PackageRow> ReadPython(byte[] content)
    {
        string? name = null, version = null;
        using var reader = new StreamReader(new MemoryStream(content), Encoding.UTF8);
        while (reader.ReadLine() is { Length: > 0 } line)
        {
            if (line.StartsWith("Name: ", StringComparison.Ordinal))
                name ??= line["Name: ".Length..].Trim();
            else if (line.StartsWith("Version: ", StringComparison.Ordinal))
                version ??= line["Version: ".Length..].Trim();
        }
        if (!string.IsNullOrEmpty(name) && !string.IsNullOrEmpty(version))
            yield return new PackageRow("pypi", name, version, Purl.Of("pypi", null, Separators().Replace(name, "-").ToLowerInvariant(), version), "");
    }

    static List<PackageRow> ReadDotnet(byte[] content)
    {
        using var document = Parse(content);
        var found = new List<PackageRow>();
        if (document is null || Member(document.RootElement, "libraries") is not { } libraries)
            return found;
        foreach (var library in libraries.EnumerateObject())
        {
            if (Text(library.Value, "type") == "package" && library.Name.Split('/') is [{ Length: > 0 } name, { Length: > 0 } version])
                found.Add(new PackageRow("nuget", name, version, Purl.Of("nuget", null, name, version), ""));
        }
        return found;
    }

    static IEnumerable<PackageRow> ReadGems(byte[] content) => GemLine().Matches(Encoding.UTF8.GetString(content))
        .Select(match => new PackageRow("gem", match.Groups[1].Value, match.Groups[2].Value, Purl.Of("gem", null, match.Groups[1].Value, match.Groups[2].Value), ""));

    static IEnumerable<PackageRow> ReadCargo(byte[] content) => CargoEntry().Matches(Encoding.UTF8.GetString(content))
        .Select(match => new PackageRow("cargo", match.Groups[1].Value, match.Groups[2].Value, Purl.Of("cargo", null, match.Groups[1].Value, match.Groups[2].Value), ""));

    // What is no JSON says nothing; somebody's test data is full of it.
    static JsonDocument? Parse(byte[] content)
    {
        try
        {
            var start = content.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
            return JsonDocument.Parse(content.AsMemory(start), Lenient);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    static JsonElement? Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object ? value : null;

    static string? Text(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.String)
            return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null; // half of a surrogate pair
        }
    }

    [GeneratedRegex(@"(^|/)node_modules/(@[^/]+/)?[^/]+/package\.json$")]
    private static partial Regex InNodeModules();

    [GeneratedRegex("[-_.]+")]
    private static partial Regex Separators();

    [GeneratedRegex(@"^    ([A-Za-z0-9_.-]+) \(([0-9][^)\s]*)\)\r?$", RegexOptions.Multiline)]
    private static partial Regex GemLine();

    [GeneratedRegex("^\\[\\[package\\]\\]\\r?\\nname = \"([^\"\\n]+)\"\\r?\\nversion = \"([^\"\\n]+)\"", RegexOptions.Multiline)]
    private static partial Regex CargoEntry();
}
