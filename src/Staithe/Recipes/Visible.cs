using System.Globalization;
using System.Text;

namespace Staithe.Recipes;

/// <summary>Tells text that is what it looks like from text that ends lines, hides, or turns the direction of what is around it.</summary>
internal static class Visible
{
    /// <summary>Whether every character can be seen, and none but spaces are blank.</summary>
    public static bool Is(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            if (!Is(rune))
                return false;
        }
        return true;
    }

    /// <summary>Whether the character can be seen, or is a space.</summary>
    public static bool Is(Rune rune) => rune.Value == ' ' || (rune != Rune.ReplacementChar && Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator));

    /// <summary>The text in one line of at most so many characters, for a comment or a description.</summary>
    public static string Line(string text, int maxLength)
    {
        var line = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (line.Length + rune.Utf16SequenceLength > maxLength)
                return $"{line.ToString().TrimEnd()}…";
            line.Append(Is(rune) ? rune.ToString() : " ");
        }
        return line.ToString().Trim();
    }
}
