using System.Text;

namespace Staithe.Door;

/// <summary>A name and a secret in an <c>Authorization</c> header, as RFC 7617 writes them.</summary>
internal static class BasicCredentials
{
    /// <summary>What asks for them.</summary>
    public const string Challenge = "Basic realm=\"staithe\", charset=\"UTF-8\"";

    const string Scheme = "Basic ";

    /// <summary>Whether the header says that it holds some.</summary>
    public static bool Are(string header) => header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads them; null when the header cannot be read, or the name holds what RFC 7617 forbids.</summary>
    public static (string Name, string Secret)? Read(string header)
    {
        try
        {
            var decoded = Encoding.UTF8.GetString(Convert.FromBase64String(header[Scheme.Length..].Trim()));
            return decoded.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon && !decoded.AsSpan(0, colon).ContainsAnyInRange('\0', '\x1f')
                ? (decoded[..colon], decoded[(colon + 1)..])
                : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
