using System.Text;

namespace Staithe.Files;

/// <summary>Writes package URLs, the names that the tools around packages agree on.</summary>
internal static class Purl
{
    public static string Of(string type, string? space, string name, string version, params ReadOnlySpan<(string Key, string? Value)> qualifiers)
    {
        var text = new StringBuilder("pkg:").Append(type).Append('/');
        if (!string.IsNullOrEmpty(space))
            text.Append(Encode(space)).Append('/');
        text.Append(Encode(name)).Append('@').Append(Encode(version));
        var separator = '?';
        foreach (var (key, value) in qualifiers)
        {
            if (string.IsNullOrEmpty(value))
                continue;
            text.Append(separator).Append(key).Append('=').Append(Encode(value));
            separator = '&';
        }
        return text.ToString();
    }

    static string Encode(string text) => Uri.EscapeDataString(text).Replace("%3A", ":", StringComparison.Ordinal);
}
