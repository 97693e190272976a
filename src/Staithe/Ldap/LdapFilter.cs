using System.Formats.Asn1;
using System.Globalization;
using System.Text;

namespace Staithe.Ldap;

/// <summary>
/// A search filter (RFC 4515) in which words in braces stand for values that come later, such as <c>(uid={name})</c>. The text is taken apart
/// before any value is known, and values go into the encoded form as they are: whatever is in a name, it is a value there and can be
/// nothing else.
/// </summary>
internal sealed class LdapFilter
{
    const int MaxDepth = 20;

    readonly Action<AsnWriter, Func<string, string>> write;

    LdapFilter(Action<AsnWriter, Func<string, string>> write) => this.write = write;

    /// <summary>Reads a filter.</summary>
    /// <param name="text">The filter.</param>
    /// <param name="words">The words that may stand in braces.</param>
    /// <exception cref="FormatException">It is none, or a brace holds no word that is known.</exception>
    public static LdapFilter Parse(string text, params IReadOnlyCollection<string> words)
    {
        var parser = new Parser(text, words);
        var write = parser.ReadFilter(0);
        return parser.IsAtEnd ? new LdapFilter(write) : throw Wrong($"\"{text}\" goes on behind its last bracket");
    }

    /// <summary>Encodes it (RFC 4511 section 4.5.1) with the values of its words.</summary>
    public void Write(AsnWriter writer, Func<string, string> value) => write(writer, value);

    static FormatException Wrong(string message) => new($"not an LDAP filter: {message}");

    static Asn1Tag Context(int number, bool isConstructed) => new(TagClass.ContextSpecific, number, isConstructed);

    /// <summary>A value, or a part of one between two asterisks: bytes, and words for which others come.</summary>
    sealed class Value(List<(byte[]? Bytes, string? Word)> pieces)
    {
        public bool IsEmpty => pieces.Count == 0;

        public byte[] Fill(Func<string, string> value) => [.. pieces.SelectMany(piece => piece.Bytes ?? Encoding.UTF8.GetBytes(value(piece.Word!)))];
    }

    sealed class Parser(string text, IReadOnlyCollection<string> words)
    {
        int at;

        public bool IsAtEnd => at == text.Length;

        public Action<AsnWriter, Func<string, string>> ReadFilter(int depth)
        {
            if (depth > MaxDepth)
                throw Wrong("too many brackets in each other");
            Expect('(');
            var write = Peek() switch
            {
                '&' => ReadSet(0, depth),
                '|' => ReadSet(1, depth),
                '!' => ReadNot(depth),
                _ => ReadItem(),
            };
            Expect(')');
            return write;
        }

        Action<AsnWriter, Func<string, string>> ReadSet(int tag, int depth)
        {
            at++;
            var parts = new List<Action<AsnWriter, Func<string, string>>>();
            while (Peek() == '(')
                parts.Add(ReadFilter(depth + 1));
            if (parts.Count == 0)
                throw Wrong($"\"{text}\" has nothing behind & or |");
            return (writer, value) =>
            {
                using (writer.PushSequence(Context(tag, true)))
                    parts.ForEach(part => part(writer, value));
            };
        }

        Action<AsnWriter, Func<string, string>> ReadNot(int depth)
        {
            at++;
            var part = ReadFilter(depth + 1);
            return (writer, value) =>
            {
                using (writer.PushSequence(Context(2, true)))
                    part(writer, value);
            };
        }

        Action<AsnWriter, Func<string, string>> ReadItem()
        {
            var start = at;
            while (char.IsAsciiLetterOrDigit(Peek()) || Peek() is '-' or ';' or '.' or ':')
                at++;
            var attribute = text[start..at];
            var kind = Peek();
            if (kind is '>' or '<' or '~')
                at++;
            Expect('=');
            var parts = ReadValues();
            if (attribute.EndsWith(':'))
                return Extensible(attribute[..^1], Single(parts));
            if (attribute.Length == 0 || attribute.Contains(':', StringComparison.Ordinal))
                throw Wrong($"\"{text}\" has no attribute where one belongs");
            return kind switch
            {
                '>' => Assertion(5, attribute, Single(parts)),
                '<' => Assertion(6, attribute, Single(parts)),
                '~' => Assertion(8, attribute, Single(parts)),
                _ when parts.Count == 1 => Assertion(3, attribute, parts[0]),
                _ when parts.All(part => part.IsEmpty) && parts.Count == 2 => (writer, _) => writer.WriteOctetString(Encoding.UTF8.GetBytes(attribute), Context(7, false)),
                _ => Substrings(attribute, parts),
            };
        }

        static Action<AsnWriter, Func<string, string>> Assertion(int tag, string attribute, Value expected) => (writer, value) =>
        {
            using (writer.PushSequence(Context(tag, true)))
            {
                writer.WriteOctetString(Encoding.UTF8.GetBytes(attribute));
                writer.WriteOctetString(expected.Fill(value));
            }
        };

        static Action<AsnWriter, Func<string, string>> Substrings(string attribute, List<Value> parts) => (writer, value) =>
        {
            using (writer.PushSequence(Context(4, true)))
            {
                writer.WriteOctetString(Encoding.UTF8.GetBytes(attribute));
                using (writer.PushSequence())
                {
                    for (var i = 0; i < parts.Count; i++)
                    {
                        if (!parts[i].IsEmpty)
                            writer.WriteOctetString(parts[i].Fill(value), Context(i == 0 ? 0 : i == parts.Count - 1 ? 2 : 1, false));
                    }
                }
            }
        };

        // attribute[:dn][:rule]:=value, as Active Directory takes it for groups in groups
        static Action<AsnWriter, Func<string, string>> Extensible(string left, Value expected)
        {
            var names = left.Split(':');
            var withDn = names.Skip(1).Contains("dn", StringComparer.OrdinalIgnoreCase);
            var rule = names.Skip(1).FirstOrDefault(name => !name.Equals("dn", StringComparison.OrdinalIgnoreCase));
            return (writer, value) =>
            {
                using (writer.PushSequence(Context(9, true)))
                {
                    if (rule is not null)
                        writer.WriteOctetString(Encoding.UTF8.GetBytes(rule), Context(1, false));
                    if (names[0].Length > 0)
                        writer.WriteOctetString(Encoding.UTF8.GetBytes(names[0]), Context(2, false));
                    writer.WriteOctetString(expected.Fill(value), Context(3, false));
                    if (withDn)
                        writer.WriteBoolean(true, Context(4, false));
                }
            };
        }

        List<Value> ReadValues()
        {
            var values = new List<Value>();
            var pieces = new List<(byte[]? Bytes, string? Word)>();
            while (Peek() is not ')')
            {
                switch (text[at++])
                {
                    case '*':
                        values.Add(new Value(pieces));
                        pieces = [];
                        break;
                    case '\\':
                        if (at + 2 > text.Length || !byte.TryParse(text.AsSpan(at, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var escaped))
                            throw Wrong($"\"{text}\" has a backslash that no two hexadecimal digits follow");
                        pieces.Add(([escaped], null));
                        at += 2;
                        break;
                    case '(' or '\0':
                        throw Wrong($"\"{text}\" has a bracket inside of a value: write it as \\28");
                    case '{':
                        var end = text.IndexOf('}', at);
                        var word = end < 0 ? "" : text[at..end];
                        if (!words.Contains(word))
                            throw Wrong($"\"{text}\" has a brace; what can stand in braces is {string.Join(" or ", words)}, and a brace itself is \\7b");
                        pieces.Add((null, word));
                        at = end + 1;
                        break;
                    case var other:
                        var length = char.IsHighSurrogate(other) && at < text.Length ? 2 : 1;
                        pieces.Add((Encoding.UTF8.GetBytes(text.Substring(at - 1, length)), null));
                        at += length - 1;
                        break;
                }
            }
            values.Add(new Value(pieces));
            return values;
        }

        Value Single(List<Value> parts) => parts.Count == 1 ? parts[0] : throw Wrong($"\"{text}\" has an asterisk where none can be");

        char Peek() => at < text.Length ? text[at] : throw Wrong($"\"{text}\" ends too early");

        void Expect(char expected)
        {
            if (Peek() != expected)
                throw Wrong($"\"{text}\" has \"{text[at]}\" where \"{expected}\" belongs");
            at++;
        }
    }
}
