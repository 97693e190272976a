using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Staithe.Content;
using Staithe.Oci;

namespace Staithe.Files;

/// <summary>
/// What the package systems of languages leave behind where they have installed something: each file says of one package, or of many, that it is
/// there. Files that plan what is to be installed (package-lock.json, yarn.lock, Gemfile.lock, Cargo.lock, requirements.txt, go.sum and the like) are
/// not read: they tell of packages for development, of optional ones and of other platforms, which are not there.
/// </summary>
internal static partial class LanguagePackages
{
    static readonly JsonDocumentOptions Lenient = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = 64 };

    /// <summary>How to read a file, told by its path; null when it is none of these.</summary>
    public static PackageReader? Reader(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        var dot = name.LastIndexOf('.');
        return name switch
        {
            "package.json" => InNodeModules().IsMatch(path) ? ReadPackageJson : null,
            "METADATA" or "PKG-INFO" => InPythonMetadata().IsMatch(path) ? ReadPython : null,
            "installed.json" => path.EndsWith("/composer/installed.json", StringComparison.Ordinal) ? ReadComposer : null,
            ".crates2.json" => ReadCargo,
            "DESCRIPTION" => InLibrary().IsMatch(path) ? ReadR : null,
            _ => dot < 0 ? null : name[dot..] switch
            {
                ".egg-info" => ReadPython,
                ".gemspec" => InSpecifications().IsMatch(path) ? ReadGem : null,
                ".json" when name.EndsWith(".deps.json", StringComparison.Ordinal) => ReadDotnet,
                ".json" => path.EndsWith($"/conda-meta/{name}", StringComparison.Ordinal) ? ReadConda : null,
                _ => null,
            },
        };
    }

    // The name that stands in it, whatever its directory is called: "npm install a@npm:b" puts b into node_modules/a.
    static IEnumerable<PackageRow>? ReadPackageJson(PackageFile file)
    {
        using var document = Parse(file.Content);
        return document is null ? null : Npm(Text(document.RootElement, "name"), Text(document.RootElement, "version")) is { } package ? [package] : [];
    }

    static PackageRow? Npm(string? name, string? version)
    {
        if (name is null || version is null)
            return null; // it describes a directory
        if (name.Length == 0 || version.Length == 0)
            return Unnamed("npm");
        var slash = name.StartsWith('@') ? name.IndexOf('/', StringComparison.Ordinal) : -1;
        return new PackageRow("npm", name, version, Purl.Of("npm", slash < 0 ? null : name[..slash], name[(slash + 1)..], version), "");
    }

    // "Core metadata specifications" of Python's packaging: METADATA of a wheel, PKG-INFO of an egg or of setuptools.
    static IEnumerable<PackageRow>? ReadPython(PackageFile file)
    {
        var fields = Fields(file.Content);
        if (fields.GetValueOrDefault("Name") is not { Length: > 0 } name || fields.GetValueOrDefault("Version") is not { Length: > 0 } version)
            return null;
        return [new PackageRow("pypi", name, version, Purl.Of("pypi", null, Separators().Replace(name, "-").ToLowerInvariant(), version), "")];
    }

    // DESCRIPTION of R, which has Built only where the package is installed.
    static IEnumerable<PackageRow>? ReadR(PackageFile file)
    {
        var fields = Fields(file.Content);
        if (fields.GetValueOrDefault("Package") is not { Length: > 0 } name || fields.GetValueOrDefault("Version") is not { Length: > 0 } version)
            return null;
        return fields.ContainsKey("Built") ? [new PackageRow("cran", name, version, Purl.Of("cran", null, name, version), "")] : [];
    }

    // The head of a mail (RFC 5322): names of fields in either case, values that go on in lines that begin with a blank. What follows the first
    // empty line is prose.
    static Dictionary<string, string> Fields(byte[] content)
    {
        var fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        string? name = null;
        var value = new StringBuilder();
        using var reader = new StreamReader(new MemoryStream(content), Encoding.UTF8);
        while (reader.ReadLine() is { Length: > 0 } line)
        {
            if (line[0] is ' ' or '\t')
            {
                value.Append(' ').Append(line.AsSpan().Trim());
                continue;
            }
            End();
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            name = colon > 0 ? line[..colon] : null;
            value.Clear().Append(line.AsSpan(colon + 1));
        }
        End();
        return fields;

        void End()
        {
            if (name is not null)
                fields.TryAdd(name, value.ToString().Trim());
        }
    }

    // What is published without its files, or was removed afterwards, is not there. A package without files of its own is there by its dependencies.
    static List<PackageRow>? ReadDotnet(PackageFile file)
    {
        using var document = Parse(file.Content);
        if (document is null)
            return null;
        var found = new List<PackageRow>();
        var assets = DotnetAssets(document.RootElement);
        foreach (var (id, library) in Members(document.RootElement.Member("libraries")))
        {
            if (Text(library, "type") != "package")
                continue;
            if (id.Split('/') is not [{ Length: > 0 } name, { Length: > 0 } version])
            {
                found.Add(Unnamed("nuget"));
                continue;
            }
            if (assets[id].ToList() is not { Count: > 0 } paths || paths.Exists(path => IsThere(path, file.Has)))
                found.Add(new PackageRow("nuget", name, version, Purl.Of("nuget", null, name, version), ""));
        }
        return found;

        // Published beside the file, below the directory of a language, or where the package has it.
        static bool IsThere(string path, Func<string, bool> has)
        {
            var parts = path.Split('/');
            return has(parts[^1]) || (parts.Length > 1 && (has($"{parts[^2]}/{parts[^1]}") || has(path)));
        }
    }

    static ILookup<string, string> DotnetAssets(JsonElement root)
    {
        var assets = new List<(string Library, string Path)>();
        foreach (var (_, target) in Members(root.Member("targets")))
        {
            foreach (var (id, library) in Members(target))
            {
                foreach (var kind in (string[])["runtime", "native", "resources", "runtimeTargets"])
                    assets.AddRange(Members(library.Member(kind)).Select(asset => asset.Name).Where(path => !path.EndsWith("_._", StringComparison.Ordinal)).Select(path => (id, path)));
            }
        }
        return assets.ToLookup(asset => asset.Library, asset => asset.Path);
    }

    // vendor/composer/installed.json: a list, or since version 2 an object with the list.
    static List<PackageRow>? ReadComposer(PackageFile file)
    {
        using var document = Parse(file.Content);
        if (document is null)
            return null;
        var root = document.RootElement;
        var list = root.Member("packages") ?? root;
        if (list.ValueKind != JsonValueKind.Array)
            return null;
        var found = new List<PackageRow>();
        foreach (var package in list.EnumerateArray())
        {
            if (Text(package, "name") is not { } name || Text(package, "version") is not { } version || Text(package, "type") == "metapackage")
                continue;
            if (name.Length == 0 || version.Length == 0)
            {
                found.Add(Unnamed("composer"));
                continue;
            }
            if (!file.Has(Text(package, "install-path") ?? $"../{name}"))
                continue;
            var slash = name.IndexOf('/', StringComparison.Ordinal);
            found.Add(new PackageRow("composer", name, version, Purl.Of("composer", slash < 0 ? null : name[..slash], name[(slash + 1)..], version), ""));
        }
        return found;
    }

    // conda-meta/NAME-VERSION-BUILD.json
    static IEnumerable<PackageRow>? ReadConda(PackageFile file)
    {
        using var document = Parse(file.Content);
        if (document is null || Text(document.RootElement, "name") is not { Length: > 0 } name || Text(document.RootElement, "version") is not { Length: > 0 } version)
            return null;
        var purl = Purl.Of("conda", null, name, version, ("build", Text(document.RootElement, "build")), ("subdir", Text(document.RootElement, "subdir")));
        return [new PackageRow("conda", name, version, purl, "")];
    }

    // specifications/NAME-VERSION.gemspec. Its second line is for programs: "# stub: NAME VERSION PLATFORM PATHS".
    static IEnumerable<PackageRow>? ReadGem(PackageFile file)
    {
        var text = Encoding.UTF8.GetString(file.Content);
        var stub = GemStub().Match(text);
        var name = stub.Success ? stub.Groups[1].Value : GemName().Match(text).Groups[1].Value;
        var version = stub.Success ? stub.Groups[2].Value : GemVersion().Match(text).Groups[1].Value;
        var platform = stub.Success && stub.Groups[3].Value != "ruby" ? stub.Groups[3].Value : null;
        return name.Length == 0 || version.Length == 0 ? null : [new PackageRow("gem", name, version, Purl.Of("gem", null, name, version, ("platform", platform)), "")];
    }

    // $CARGO_HOME/.crates2.json, which "cargo install" keeps: "NAME VERSION (SOURCE)", and which programs each has put into bin.
    static List<PackageRow>? ReadCargo(PackageFile file)
    {
        using var document = Parse(file.Content);
        if (document is null)
            return null;
        var found = new List<PackageRow>();
        foreach (var (id, install) in Members(document.RootElement.Member("installs")))
        {
            if (id.Split(' ') is not [{ Length: > 0 } name, { Length: > 0 } version, ..])
            {
                found.Add(Unnamed("cargo"));
                continue;
            }
            var programs = install.Member("bins").ExactTexts().ToList();
            if (programs.Count == 0 || programs.Exists(program => file.Has($"bin/{program}")))
                found.Add(new PackageRow("cargo", name, version, Purl.Of("cargo", null, name, version), ""));
        }
        return found;
    }

    // As many as the file has. A name that is no text is empty, so that the package counts as one that cannot be read.
    static IEnumerable<(string Name, JsonElement Value)> Members(JsonElement? element) =>
        element.Members(int.MaxValue).Select(member => (ForeignText.IsExact(member.Name) ? member.Name : "", member.Value));

    // A package is there, and what it is cannot be told: whoever takes it notes that.
    static PackageRow Unnamed(string ecosystem) => new(ecosystem, "", "", "", "");

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

    // Null where it is absent; empty where something else is there than a text.
    static string? Text(JsonElement element, string name) =>
        element.Member(name) is { ValueKind: not JsonValueKind.Null } value ? ((JsonElement?)value).ExactText() ?? "" : null;

    [GeneratedRegex(@"(^|/)node_modules/(@[^/]+/)?[^/]+/package\.json$")]
    private static partial Regex InNodeModules();

    [GeneratedRegex(@"\.(dist-info|egg-info|egg/EGG-INFO)/(METADATA|PKG-INFO)$")]
    private static partial Regex InPythonMetadata();

    [GeneratedRegex(@"(^|/)(site-)?library/[^/]+/DESCRIPTION$")]
    private static partial Regex InLibrary();

    [GeneratedRegex(@"(^|/)specifications/(default/)?[^/]+\.gemspec$")]
    private static partial Regex InSpecifications();

    [GeneratedRegex("[-_.]+")]
    private static partial Regex Separators();

    [GeneratedRegex(@"^# stub: ([^\s]+) ([^\s]+) ([^\s]+)", RegexOptions.Multiline)]
    private static partial Regex GemStub();

    [GeneratedRegex("""^\s*[A-Za-z_]\w*\.name\s*=\s*["']([^"'\n]+)["']""", RegexOptions.Multiline)]
    private static partial Regex GemName();

    [GeneratedRegex("""^\s*[A-Za-z_]\w*\.version\s*=\s*(?:Gem::Version\.new\(?\s*)?["']([^"'\n]+)["']""", RegexOptions.Multiline)]
    private static partial Regex GemVersion();
}
