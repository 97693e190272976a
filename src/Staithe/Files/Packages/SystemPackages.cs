using System.Text;
using Staithe.Content;

namespace Staithe.Files;

/// <summary>The databases of dpkg and apk: texts of paragraphs.</summary>
internal static class SystemPackages
{
    /// <summary><c>var/lib/dpkg/status</c>, or one file of <c>status.d</c>, where images without a package manager keep theirs.</summary>
    public static IEnumerable<PackageRow> ReadDpkg(byte[] content, OsRelease? os)
    {
        foreach (var paragraph in Paragraphs(content, ": "))
        {
            if (paragraph.GetValueOrDefault("Package") is not { Length: > 0 } name || paragraph.GetValueOrDefault("Version") is not { Length: > 0 } version)
                continue;
            if (paragraph.TryGetValue("Status", out var status) && !status.EndsWith(" installed", StringComparison.Ordinal))
                continue;
            var purl = Purl.Of("deb", os?.Id ?? "debian", name, version, ("arch", paragraph.GetValueOrDefault("Architecture")), ("distro", os?.Distribution));
            yield return new PackageRow("deb", name, version, purl, DebianSource(paragraph.GetValueOrDefault("Source"), name, version));
        }
    }

    /// <summary><c>lib/apk/db/installed</c>.</summary>
    public static IEnumerable<PackageRow> ReadApk(byte[] content, OsRelease? os)
    {
        foreach (var paragraph in Paragraphs(content, ":"))
        {
            if (paragraph.GetValueOrDefault("P") is not { Length: > 0 } name || paragraph.GetValueOrDefault("V") is not { Length: > 0 } version)
                continue;
            var purl = Purl.Of("apk", os?.Id ?? "alpine", name, version, ("arch", paragraph.GetValueOrDefault("A")), ("distro", os?.Distribution));
            yield return new PackageRow("apk", name, version, purl, paragraph.GetValueOrDefault("o") is { Length: > 0 } origin && origin != name ? $"{origin} {version}" : "");
        }
    }

    // "Source: name" or "Source: name (version)", and only where it differs.
    static string DebianSource(string? source, string name, string version)
    {
        if (source is null)
            return "";
        var open = source.IndexOf(" (", StringComparison.Ordinal);
        var (of, at) = open < 0 ? (source, version) : (source[..open], source[(open + 2)..].TrimEnd(')'));
        return of == name && at == version ? "" : $"{of} {at}";
    }

    static IEnumerable<Dictionary<string, string>> Paragraphs(byte[] content, string separator)
    {
        var paragraph = new Dictionary<string, string>(StringComparer.Ordinal);
        using var reader = new StreamReader(new MemoryStream(content), Encoding.UTF8);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0)
            {
                yield return paragraph;
                paragraph = new Dictionary<string, string>(StringComparer.Ordinal);
            }
            else if (line[0] is not (' ' or '\t') && line.IndexOf(separator, StringComparison.Ordinal) is > 0 and var at)
            {
                paragraph.TryAdd(line[..at], line[(at + separator.Length)..].Trim());
            }
        }
        yield return paragraph;
    }
}
