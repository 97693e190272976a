using System.Globalization;
using System.Text;

namespace Staithe.Tests.Recipes;

/// <summary>
/// Reads a Quadlet unit as podman and systemd do one after the other, by their manuals (systemd.syntax, systemd.service "Command lines",
/// systemd.unit "Specifiers", podman-systemd.unit): lines, words with quotes and escapes, then %% and $$.
/// </summary>
internal sealed class UnitReader
{
    readonly List<(string Section, string Key, string Value)> entries = [];

    public UnitReader(string text)
    {
        var section = "";
        var pending = "";
        foreach (var raw in text.Split('\n'))
        {
            var line = raw.Trim();
            if (line.Length == 0 || line[0] is '#' or ';')
                continue;
            if (line.EndsWith('\\'))
            {
                pending += line[..^1];
                continue;
            }
            line = pending + line;
            pending = "";
            if (line[0] == '[' && line[^1] == ']')
                section = line[1..^1];
            else if (line.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
                entries.Add((section, line[..equals].Trim(), line[(equals + 1)..].Trim()));
            else
                throw new InvalidDataException($"neither key nor section: {line}");
        }
    }

    public IEnumerable<string> Keys => entries.Select(entry => $"{entry.Section}.{entry.Key}");

    /// <summary>Values that podman takes as they are, and systemd then reads as arguments.</summary>
    public IEnumerable<string> Raw(string key) => Find(key).Select(value => Expand(value, isArgument: true));

    /// <summary>A value that only systemd reads, outside of a command.</summary>
    public string Literal(string key) => Expand(Find(key).Single(), isArgument: false);

    /// <summary>Values that podman cuts into words.</summary>
    public IEnumerable<string> Words(string key) => Find(key).SelectMany(Split).Select(word => Expand(word, isArgument: true));

    public static List<string> Split(string value)
    {
        var words = new List<string>();
        StringBuilder? word = null;
        var quote = '\0';
        for (var i = 0; i < value.Length; i++)
        {
            var c = value[i];
            if (c == '\\')
            {
                (word ??= new()).Append(Unescape(value, ref i));
            }
            else if (quote != '\0' && c == quote)
            {
                quote = '\0';
            }
            else if (quote == '\0' && c is '"' or '\'' && quote == '\0')
            {
                quote = c;
                word ??= new();
            }
            else if (quote == '\0' && c is ' ' or '\t' && quote == '\0')
            {
                if (word is not null)
                    words.Add(word.ToString());
                word = null;
            }
            else
            {
                (word ??= new()).Append(c);
            }
        }
        if (quote != '\0')
            throw new InvalidDataException($"an open quote: {value}");
        if (word is not null)
            words.Add(word.ToString());
        return words;
    }

    static string Unescape(string value, ref int i)
    {
        var c = value[++i];
        int Hex(int digits, ref int at)
        {
            var number = int.Parse(value.AsSpan(at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            at += digits;
            return number == 0 ? throw new InvalidDataException("a NUL") : number;
        }
        switch (c)
        {
            case 'x':
                var one = Hex(2, ref i);
                return one < 0x80 ? ((char)one).ToString() : throw new InvalidDataException("a byte that is no character");
            case 'u':
                return ((char)Hex(4, ref i)).ToString();
            case 'U':
                return char.ConvertFromUtf32(Hex(8, ref i));
        }
        var known = "abfnrtvs\\\"'".IndexOf(c, StringComparison.Ordinal);
        return known < 0 ? throw new InvalidDataException($"an unknown escape \\{c}") : "\a\b\f\n\r\t\v \\\"'"[known].ToString();
    }

    static string Expand(string text, bool isArgument)
    {
        var expanded = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '%' || (c == '$' && isArgument))
            {
                if (i + 1 == text.Length || text[i + 1] != c)
                    throw new InvalidDataException($"a specifier or a variable: {text[i..]}");
                i++;
            }
            expanded.Append(c);
        }
        return expanded.ToString();
    }

    IEnumerable<string> Find(string key) => entries.Where(entry => $"{entry.Section}.{entry.Key}" == key).Select(entry => entry.Value);
}
