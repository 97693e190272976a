using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Text;

namespace Staithe.Ldap;

/// <summary>
/// The name of an entry (RFC 4514), read as leniently as directories read it: with blanks around the separators, in quotes, with a
/// semicolon for a comma, as RFC 2253 still allows. Two are equal when distinguishedNameMatch says so (RFC 4517 section 4.2.15),
/// with every value compared as text in which case does not matter.
/// </summary>
internal sealed record DistinguishedName
{
    const int MaxLength = 8192;

    // The types that stand in names, by each of their descriptors (RFC 4519, RFC 2985).
    static readonly Dictionary<string, string> Types = new(StringComparer.OrdinalIgnoreCase)
    {
        ["2.5.4.3"] = "cn", ["commonName"] = "cn",
        ["2.5.4.4"] = "sn", ["surname"] = "sn",
        ["2.5.4.5"] = "serialnumber",
        ["2.5.4.6"] = "c", ["countryName"] = "c",
        ["2.5.4.7"] = "l", ["localityName"] = "l",
        ["2.5.4.8"] = "st", ["stateOrProvinceName"] = "st", ["s"] = "st",
        ["2.5.4.9"] = "street", ["streetAddress"] = "street",
        ["2.5.4.10"] = "o", ["organizationName"] = "o",
        ["2.5.4.11"] = "ou", ["organizationalUnitName"] = "ou",
        ["2.5.4.12"] = "title",
        ["2.5.4.41"] = "name",
        ["2.5.4.42"] = "givenname", ["gn"] = "givenname",
        ["0.9.2342.19200300.100.1.1"] = "uid", ["userid"] = "uid",
        ["0.9.2342.19200300.100.1.3"] = "mail", ["rfc822Mailbox"] = "mail",
        ["0.9.2342.19200300.100.1.25"] = "dc", ["domainComponent"] = "dc",
        ["1.2.840.113549.1.9.1"] = "emailaddress", ["email"] = "emailaddress", ["e"] = "emailaddress",
    };

    static readonly UniversalTagNumber[] Strings =
    [
        UniversalTagNumber.UTF8String,
        UniversalTagNumber.PrintableString,
        UniversalTagNumber.IA5String,
        UniversalTagNumber.BMPString,
        UniversalTagNumber.TeletexString,
        UniversalTagNumber.NumericString,
    ];

    readonly string canonical;

    DistinguishedName(string canonical, int parts) => (this.canonical, Parts) = (canonical, parts);

    /// <summary>How many relative names it has.</summary>
    public int Parts { get; }

    /// <summary>Whether it is this entry or one below it.</summary>
    public bool IsBelow(DistinguishedName top) =>
        canonical == top.canonical || canonical.EndsWith($"\u0001{top.canonical}", StringComparison.Ordinal);

    /// <summary>Whether whoever wrote this meant a name, even one with a mistake: it begins with a type.</summary>
    public static bool IsMeant(string text) => new Reader(text).ReadType() is not null;

    /// <summary>Reads a name of at least one part; false when it is none.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out DistinguishedName? name)
    {
        var parts = text.Length <= MaxLength ? new Reader(text).Read() : null;
        name = parts is null ? null : new DistinguishedName(string.Join('\u0001', parts), parts.Count);
        return name is not null;
    }

    // The order of the types and values of one part means nothing. No text that was reduced has a control character in it.
    ref struct Reader(string text)
    {
        int at;

        public List<string>? Read()
        {
            List<string> parts = [];
            List<string> part = [];
            while (true)
            {
                if (ReadType() is not { } type || ReadValue() is not { } value)
                    return null;
                part.Add($"{type}\u0003{value}");
                SkipBlanks();
                var isLast = at >= text.Length;
                if (!isLast && text[at] is not (',' or ';' or '+'))
                    return null;
                if (!isLast && text[at++] == '+')
                    continue;
                parts.Add(string.Join('\u0002', part.Order(StringComparer.Ordinal)));
                part.Clear();
                if (isLast)
                    return parts;
            }
        }

        public string? ReadType()
        {
            SkipBlanks();
            var start = at;
            while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '.' or '-'))
                at++;
            var type = text[start..at];
            if (type.StartsWith("OID.", StringComparison.OrdinalIgnoreCase))
                type = type[4..];
            SkipBlanks();
            if (type.Length == 0 || at >= text.Length || text[at] != '=')
                return null;
            at++;
            return Types.TryGetValue(type, out var known) ? known : type.ToLowerInvariant();
        }

        string? ReadValue()
        {
            SkipBlanks();
            if (at < text.Length && text[at] == '#')
                return ReadHex();
            var isQuoted = at < text.Length && text[at] == '"';
            if (isQuoted)
                at++;
            var bytes = new List<byte>();
            while (at < text.Length && (isQuoted ? text[at] != '"' : text[at] is not (',' or ';' or '+')))
            {
                if (text[at] == '\\')
                {
                    if (!ReadEscaped(bytes))
                        return null;
                    continue;
                }
                if (!isQuoted && text[at] is '"' or '\0')
                    return null;
                Append(bytes);
            }
            if (isQuoted && at++ >= text.Length)
                return null;
            return DirectoryText.Reduce(Encoding.UTF8.GetString([.. bytes]));
        }

        // A byte as two hexadecimal digits, or the character itself.
        bool ReadEscaped(List<byte> bytes)
        {
            if (++at >= text.Length)
                return false;
            if (at + 1 < text.Length && char.IsAsciiHexDigit(text[at]) && char.IsAsciiHexDigit(text[at + 1]))
            {
                bytes.Add(Convert.FromHexString(text.AsSpan(at, 2))[0]);
                at += 2;
                return true;
            }
            Append(bytes);
            return true;
        }

        void Append(List<byte> bytes)
        {
            var length = char.IsHighSurrogate(text[at]) && at + 1 < text.Length ? 2 : 1;
            bytes.AddRange(Encoding.UTF8.GetBytes(text.Substring(at, length)));
            at += length;
        }

        // Section 2.4: the BER of a value. Of a string it is the text; anything else is compared by its bytes.
        string? ReadHex()
        {
            var start = ++at;
            while (at < text.Length && char.IsAsciiHexDigit(text[at]))
                at++;
            if (at == start || (at - start) % 2 != 0)
                return null;
            var bytes = Convert.FromHexString(text.AsSpan(start, at - start));
            try
            {
                var reader = new AsnReader(bytes, AsnEncodingRules.BER);
                var tag = reader.PeekTag();
                if (tag == Asn1Tag.PrimitiveOctetString)
                    return DirectoryText.Reduce(Encoding.UTF8.GetString(reader.ReadOctetString()));
                if (tag.TagClass == TagClass.Universal && Strings.Contains((UniversalTagNumber)tag.TagValue))
                    return DirectoryText.Reduce(reader.ReadCharacterString((UniversalTagNumber)tag.TagValue));
            }
            catch (AsnContentException)
            {
                // no BER: by its bytes
            }
            return $"#{Convert.ToHexStringLower(bytes)}";
        }

        void SkipBlanks()
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
                at++;
        }
    }
}
