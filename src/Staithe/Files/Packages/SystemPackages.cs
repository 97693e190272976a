using System.Text;
using Staithe.Content;

namespace Staithe.Files;

/// <summary>The databases of dpkg and apk: texts of paragraphs. A package without a version is given with an empty one.</summary>
internal static class SystemPackages
{
    /// <summary><c>var/lib/dpkg/status</c>, or one file of <c>status.d</c>, where images without a package manager keep theirs; null when it is none.</summary>
    public static IEnumerable<PackageRow>? ReadDpkg(byte[] content, OsRelease? os)
    {
        // deb822(5): the names of fields are the same in either case.
        var packages = Paragraphs(content, StringComparer.OrdinalIgnoreCase).Where(paragraph => paragraph.GetValueOrDefault("Package") is { Length: > 0 }).ToList();
        return packages.Count == 0 && !IsBlank(content) ? null : packages.Where(HasFiles).Select(paragraph =>
        {
            var (name, version) = (paragraph["Package"], paragraph.GetValueOrDefault("Version") ?? "");
            var purl = Purl.Of("deb", os?.Id ?? "debian", name, version, ("arch", paragraph.GetValueOrDefault("Architecture")), ("distro", os?.Distribution));
            return new PackageRow("deb", name, version, purl, DebianSource(paragraph.GetValueOrDefault("Source"), name, version));
        });
    }

    /// <summary><c>lib/apk/db/installed</c>; null when it is none.</summary>
    public static IEnumerable<PackageRow>? ReadApk(byte[] content, OsRelease? os)
    {
        var packages = Paragraphs(content, StringComparer.Ordinal).Where(paragraph => paragraph.GetValueOrDefault("P") is { Length: > 0 }).ToList();
        return packages.Count == 0 && !IsBlank(content) ? null : packages.Select(paragraph =>
        {
            var (name, version) = (paragraph["P"], paragraph.GetValueOrDefault("V") ?? "");
            var purl = Purl.Of("apk", os?.Id ?? "alpine", name, version, ("arch", paragraph.GetValueOrDefault("A")), ("distro", os?.Distribution));
            return new PackageRow("apk", name, version, purl, paragraph.GetValueOrDefault("o") is { Length: > 0 } origin && origin != name ? $"{origin} {version}" : "");
        });
    }

    // dpkg(1), "Package states": the last word of "want flag state". In every state but these two, files of the package are there, also of one that was
    // only unpacked, whose configuration failed, or that waits for a trigger. A state that is none of dpkg's counts as such.
    static bool HasFiles(Dictionary<string, string> paragraph) =>
        paragraph.GetValueOrDefault("Status")?.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries) is not [.., var state]
        || !(state.Equals("not-installed", StringComparison.OrdinalIgnoreCase) || state.Equals("config-files", StringComparison.OrdinalIgnoreCase));

    // "Source: name" or "Source: name (version)", and only where it differs.
    static string DebianSource(string? source, string name, string version)
    {
        if (source is null)
            return "";
        var open = source.IndexOf(" (", StringComparison.Ordinal);
        var (of, at) = open < 0 ? (source, version) : (source[..open], source[(open + 2)..].TrimEnd(')'));
        return of == name && at == version ? "" : $"{of} {at}";
    }

    static bool IsBlank(byte[] content) => !content.AsSpan().ContainsAnyExcept(" \t\r\n\0"u8);

    static IEnumerable<Dictionary<string, string>> Paragraphs(byte[] content, StringComparer names)
    {
        var paragraph = new Dictionary<string, string>(names);
        using var reader = new StreamReader(new MemoryStream(content), Encoding.UTF8);
        while (reader.ReadLine() is { } line)
        {
            if (string.IsNullOrWhiteSpace(line))
            {
                yield return paragraph;
                paragraph = new Dictionary<string, string>(names);
            }
            else if (line[0] is not (' ' or '\t') && line.IndexOf(':', StringComparison.Ordinal) is > 0 and var at)
            {
                paragraph.TryAdd(line[..at], line[(at + 1)..].Trim());
            }
        }
        yield return paragraph;
    }
}
