using System.Text;
using Staithe.Content;

namespace Staithe.Files;

/// <summary>What an image says that it is a system of: <c>os-release(5)</c>.</summary>
internal sealed record OsRelease(string Id, string Version)
{
    /// <summary>Where it stands, the first that is there counting.</summary>
    public static IReadOnlyList<string> Paths { get; } = ["etc/os-release", "usr/lib/os-release"];

    /// <summary>As package URLs have it: <c>debian-12</c>.</summary>
    public string Distribution => Version.Length == 0 ? Id : $"{Id}-{Version}";

    public PackageRow ToPackage() => new("os", Id, Version, Purl.Of("generic", null, Id, Version, ("os", "1")), "");

    /// <summary>Null when it says nothing.</summary>
    public static OsRelease? Read(byte[] content)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in Encoding.UTF8.GetString(content).Split('\n'))
        {
            if (line.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
                values.TryAdd(line[..equals].Trim(), line[(equals + 1)..].Trim().Trim('"', '\''));
        }
        return values.GetValueOrDefault("ID") is { Length: > 0 and < 64 } id ? new OsRelease(id, values.GetValueOrDefault("VERSION_ID") ?? "") : null;
    }
}
