using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Staithe.Oci;

/// <summary>
/// Makes text safe that somebody else wrote: an image, an artifact, a package list. It is made safe once, where the document is parsed, so that
/// every database, page, feed and log can take it as it is.
/// </summary>
/// <remarks>
/// A character that has no meaning as text becomes U+FFFD: half of a surrogate pair, NUL and the other control characters except tab and line
/// breaks, U+FFFE and U+FFFF. Longer text is cut. Characters that turn the direction of the text around them are text; a line of something larger
/// (<see cref="Line"/>) cannot hold them.
/// </remarks>
public static class ForeignText
{
    /// <summary>The most characters (UTF-16 code units) that are kept of one text.</summary>
    public const int MaxLength = 64 * 1024;

    const char Replacement = '\uFFFD';

    // Embedding, override and isolation of a direction.
    static readonly SearchValues<char> Directions = SearchValues.Create("\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069");

    /// <summary>The text with every unsafe character replaced, and cut behind <paramref name="maxLength"/> characters.</summary>
    public static string Clean(string text, int maxLength = MaxLength)
    {
        if (text.Length > maxLength)
            text = text[..(char.IsHighSurrogate(text[maxLength - 1]) ? maxLength - 1 : maxLength)];
        return IsClean(text) ? text : Replace(text);
    }

    /// <summary>The same in one line, for a list or a log: blanks and line breaks are one space, and nothing turns the direction of what follows.</summary>
    public static string Line(string text, int maxLength)
    {
        text = text.Length > 4 * maxLength ? text[..(4 * maxLength)] : text;
        var line = Clean(string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), maxLength);
        return line.AsSpan().IndexOfAny(Directions) < 0 ? line : new string([.. line.Select(c => Directions.Contains(c) ? Replacement : c)]);
    }

    /// <summary>Whether the text is what a process, a file and a database can take as it is: whole characters, and no NUL.</summary>
    public static bool IsExact(string text) => !text.Contains('\0', StringComparison.Ordinal) && !HasLoneSurrogate(text);

    /// <summary>Whether the text has whole characters only, so that every program can read it.</summary>
    public static bool IsWhole(string text) => !HasLoneSurrogate(text);

    /// <summary>A JSON string as it stands there: halves of surrogate pairs are kept, so what is read still has to be cleaned. Null for another kind.</summary>
    public static string? Read(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.String)
            return null;
        try
        {
            return element.GetString();
        }
        catch (InvalidOperationException) // half of a surrogate pair, which the platform does not read
        {
            return Unescape(element.GetRawText());
        }
    }

    /// <summary>The name of a JSON member, read in the same way.</summary>
    public static string ReadName(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return Unescape(property.ToString()); // the member as it stands in the document
        }
    }

    // From the first quote to the one that ends the string. The document was parsed, so every escape is whole.
    static string Unescape(string raw)
    {
        var text = new StringBuilder();
        for (var i = raw.IndexOf('"', StringComparison.Ordinal) + 1; i < raw.Length && raw[i] != '"'; i++)
        {
            if (raw[i] != '\\')
            {
                text.Append(raw[i]);
                continue;
            }
            i++;
            text.Append(raw[i] switch { 'b' => '\b', 'f' => '\f', 'n' => '\n', 'r' => '\r', 't' => '\t', 'u' => Code(raw, ref i), var c => c });
        }
        return text.ToString();
    }

    static char Code(string raw, ref int i)
    {
        var code = (char)ushort.Parse(raw.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        i += 4;
        return code;
    }

    static bool IsClean(string text)
    {
        foreach (var c in text)
        {
            if (IsUnsafe(c))
                return false;
        }
        return !HasLoneSurrogate(text);
    }

    static bool HasLoneSurrogate(string text)
    {
        var from = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF');
        for (var i = from; i >= 0 && i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (!(char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])))
                return true;
            i++;
        }
        return false;
    }

    static string Replace(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes()) // each lone half comes as U+FFFD
        {
            if (rune.IsBmp && IsUnsafe((char)rune.Value))
                clean.Append(Replacement);
            else
                clean.Append(rune);
        }
        return clean.ToString();
    }

    static bool IsUnsafe(char c) => c switch
    {
        '\t' or '\n' or '\r' => false,
        < ' ' or (>= '\u007F' and <= '\u009F') => true,
        '\uFFFE' or '\uFFFF' => true,
        _ => false,
    };
}
