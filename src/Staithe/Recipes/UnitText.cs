using System.Globalization;
using System.Text;

namespace Staithe.Recipes;

/// <summary>
/// Text for a Quadlet unit. Its values pass two readers: podman's, which makes a service of them, and systemd's, which replaces <c>%x</c> by
/// facts of the system and <c>$x</c> by variables when it starts that service.
/// </summary>
internal static class UnitText
{
    /// <summary>One word of a value that is cut into words and unquoted, such as Environment and PodmanArgs.</summary>
    public static string Word(string text)
    {
        var word = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' or '\\' => word.Append('\\').Append((char)rune.Value),
                '\n' => word.Append(@"\n"),
                '\t' => word.Append(@"\t"),
                '%' or '$' => word.Append((char)rune.Value, 2),
                _ when Visible.Is(rune) => word.Append(rune.ToString()),
                <= 0x7f => word.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"), // beyond, that is a byte to one reader and a character to the other
                <= 0xffff => word.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}"),
                _ => word.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}"),
            };
        }
        return word.Append('"').ToString();
    }

    /// <summary>A value that is taken as it is, to the end of the line, and becomes an argument, such as Volume. Only for what <see cref="IsRaw"/>.</summary>
    public static string Raw(string text) => Literal(text).Replace("$", "$$", StringComparison.Ordinal);

    /// <summary>A value that is taken as it is, and becomes no argument, such as Description. Only for what <see cref="IsRaw"/>.</summary>
    public static string Literal(string text) => text.Replace("%", "%%", StringComparison.Ordinal);

    /// <summary>Whether a value that is taken as it is can hold the text: nothing of it would be trimmed, unquoted or joined with the next line.</summary>
    public static bool IsRaw(string text) => text.Length > 0 && Visible.Is(text) && text[0] is not (' ' or '"' or '\'') && text[^1] is not (' ' or '"' or '\'' or '\\');
}
