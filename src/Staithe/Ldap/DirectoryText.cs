using System.Globalization;
using System.Text;

namespace Staithe.Ldap;

/// <summary>
/// Text as a directory compares it where case does not matter (RFC 4518 section 2): what is equal to the directory is the same
/// string here. Where directories differ this goes further than any of them, so that two spellings of one name seldom pass for two
/// names.
/// </summary>
internal static class DirectoryText
{
    /// <summary>The one spelling of all that are equal.</summary>
    public static string Reduce(string text)
    {
        var kept = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes()) // half a character becomes U+FFFD
            Append(kept, rune);
        SortMarks(kept);
        // By way of the upper case, since the two small sigmas have one capital.
        var folded = kept.ToString().ToUpperInvariant().ToLowerInvariant().Replace("ß", "ss", StringComparison.Ordinal);
        return string.Join(' ', folded.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    // Section 2.2: blanks of every kind are one, and what nobody sees is nothing. Section 2.3: a letter and its mark, however they
    // are joined, are one.
    static void Append(StringBuilder to, Rune rune)
    {
        if (rune.Value is >= '\t' and <= '\r' or 0x85 || Rune.IsWhiteSpace(rune))
            to.Append(' ');
        else if (rune.Value is >= 0xFF01 and <= 0xFF5E)
            to.Append((char)(rune.Value - 0xFF01 + '!')); // the wide form of ASCII
        else if (rune.IsBmp && Compositions.TryTakeApart((char)rune.Value, out var parts))
            AppendParts(to, parts);
        else if (!IsNothing(rune))
            to.Append(rune);
    }

    static void AppendParts(StringBuilder to, (char Base, char Mark) parts)
    {
        if (Compositions.TryTakeApart(parts.Base, out var inner))
            AppendParts(to, inner);
        else
            to.Append(parts.Base);
        to.Append(parts.Mark);
    }

    // Of several marks on one letter the order means nothing.
    static void SortMarks(StringBuilder text)
    {
        for (var i = 1; i < text.Length; i++)
        {
            for (var at = i; at > 0 && IsMark(text[at]) && IsMark(text[at - 1]) && text[at] < text[at - 1] && i - at < MaxMarks; at--)
                (text[at], text[at - 1]) = (text[at - 1], text[at]);
        }
    }

    const int MaxMarks = 16; // on one letter; more is no name

    static bool IsMark(char c) => c >= '\u0300' && char.GetUnicodeCategory(c) == UnicodeCategory.NonSpacingMark;

    static bool IsNothing(Rune rune) =>
        rune.Value is 0x34F or (>= 0x180B and <= 0x180E) or (>= 0xFE00 and <= 0xFE0F) or 0xFFFC
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format;
}
