using System.Text;

namespace Staithe.Recipes;

/// <summary>
/// A label read as <c>podman container runlabel</c> reads it: cut into words, the names put in, joined, every other variable replaced by nothing, and cut
/// again. So a quote of the first reading is none in the second; a label that relies on it means here what it means there.
/// </summary>
internal static class RunLabel
{
    const string WorkingDirectory = "PWD"; // only podman knows it, so it stays

    /// <summary>The words of the command.</summary>
    /// <param name="text">The label.</param>
    /// <param name="name">What the container is called.</param>
    /// <param name="image">The image, with its registry and tag.</param>
    /// <returns>Null when a quote is not closed.</returns>
    public static IReadOnlyList<string>? Read(string text, string name, string image) =>
        Split(text) is { } words ? Split(Expand(string.Join(' ', words.Select((word, i) => i == 0 ? word : Fill(word, name, image))))) : null;

    /// <summary>One word, with the names put in: <c>NAME</c> as a whole or behind an equals sign, <c>$NAME</c> and <c>${NAME}</c> anywhere.</summary>
    public static string Fill(string word, string name, string image) => Put(Put(word, "NAME", name), "IMAGE", image);

    static string Put(string word, string variable, string value)
    {
        if (word == variable)
            return value;
        word = word.Replace($"${variable}", value, StringComparison.Ordinal).Replace($"${{{variable}}}", value, StringComparison.Ordinal);
        return word.EndsWith($"={variable}", StringComparison.Ordinal) ? word.Replace($"={variable}", $"={value}", StringComparison.Ordinal) : word;
    }

    // Go's os.Expand: $NAME, ${NAME} and the special one-letter names; what is no variable stays, and braces that are never closed go.
    static string Expand(string text)
    {
        var expanded = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '$' || i + 1 == text.Length)
            {
                expanded.Append(text[i]);
                continue;
            }
            var (name, length) = NameAt(text.AsSpan(i + 1));
            if (length == 0)
                expanded.Append('$');
            else if (name == WorkingDirectory)
                expanded.Append(text, i, length + 1);
            i += length;
        }
        return expanded.ToString();
    }

    static (string Name, int Length) NameAt(ReadOnlySpan<char> text)
    {
        if (text[0] == '{')
        {
            var end = text.IndexOf('}');
            return end < 0 ? ("", 1) : (text[1..end].ToString(), end + 1);
        }
        if (text[0] is '*' or '#' or '$' or '@' or '!' or '?' or '-' || char.IsAsciiDigit(text[0]))
            return (text[..1].ToString(), 1);
        var length = 0;
        while (length < text.Length && (char.IsAsciiLetterOrDigit(text[length]) || text[length] == '_'))
            length++;
        return (text[..length].ToString(), length);
    }

    // Google's shlex: blanks, both quotes, the backslash, and comments; nothing else of a shell.
    static List<string>? Split(string text)
    {
        var words = new List<string>();
        StringBuilder? word = null;
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case ' ' or '\t' or '\r' or '\n':
                    if (word is not null)
                        words.Add(word.ToString());
                    word = null;
                    break;
                case '#' when word is null:
                    while (i + 1 < text.Length && text[i + 1] != '\n')
                        i++;
                    break;
                case '\'' or '"':
                    var quote = text[i];
                    word ??= new StringBuilder();
                    for (i++; i < text.Length && text[i] != quote; i++)
                    {
                        if (quote == '"' && text[i] == '\\' && ++i == text.Length)
                            return null;
                        word.Append(text[i]);
                    }
                    if (i == text.Length)
                        return null;
                    break;
                case '\\':
                    if (++i == text.Length)
                        return null;
                    (word ??= new StringBuilder()).Append(text[i]);
                    break;
                default:
                    (word ??= new StringBuilder()).Append(text[i]);
                    break;
            }
        }
        if (word is not null)
            words.Add(word.ToString());
        return words;
    }
}
