using System.Formats.Asn1;
using System.Text;
using Staithe.Ldap;

namespace Staithe.Tests.Ldap;

/// <summary>Filters as text and as they go over the wire.</summary>
public sealed class LdapFilterTests
{
    [Theory]
    [InlineData("(uid={name})", "alice", "=[uid alice]")]
    [InlineData("(uid={name})", "*)(uid=*", "=[uid *)(uid=*]")]
    [InlineData("(uid={name})", "a\\2ab", "=[uid a\\2ab]")]
    [InlineData("(uid=*)", "", "present uid")]
    [InlineData("(cn=a*b*c)", "", "~[cn a* *b* *c]")]
    [InlineData("(cn=*{name}*)", "x*y", "~[cn *x*y*]")]
    [InlineData("(cn={name}*)", "x", "~[cn x*]")]
    [InlineData("(cn=\\2a\\28{name}\\29)", "x", "=[cn *(x)]")]
    [InlineData("(&(objectClass=person)(|(uid={name})(mail={name}@example.org))(!(x=y)))", "al", "&[=[objectClass person]|[=[uid al]=[mail al@example.org]]![=[x y]]]")]
    [InlineData("(age>=3)", "", ">[age 3]")]
    [InlineData("(age<=3)", "", "<[age 3]")]
    [InlineData("(cn~=x)", "", "≈[cn x]")]
    [InlineData("(memberOf:1.2.840.113556.1.4.1941:=cn=a,dc=b)", "", ":[1.2.840.113556.1.4.1941 memberOf cn=a,dc=b]")]
    [InlineData("(ou:dn:=x)", "", ":[ou x dn]")]
    [InlineData("(cn=ümlaut)", "", "=[cn ümlaut]")]
    public void A_filter_is_what_it_says_whatever_the_name(string text, string name, string expected)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        LdapFilter.Parse(text, "name").Write(writer, _ => name);
        Assert.Equal(expected, Describe(new AsnReader(writer.Encode(), AsnEncodingRules.BER)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("uid=x")]
    [InlineData("(uid=x")]
    [InlineData("(uid=x))")]
    [InlineData("(uid=x)(uid=y)")]
    [InlineData("(=x)")]
    [InlineData("(uid)")]
    [InlineData("(&)")]
    [InlineData("(uid=\\zz)")]
    [InlineData("(uid=\\2)")]
    [InlineData("(uid={other})")]
    [InlineData("(uid={name)")]
    [InlineData("(uid=a(b)")]
    [InlineData("(age>=3*)")]
    public void What_is_no_filter_is_refused(string text) => Assert.Throws<FormatException>(() => LdapFilter.Parse(text, "name"));

    [Fact]
    public void Brackets_in_brackets_have_an_end() =>
        Assert.Throws<FormatException>(() => LdapFilter.Parse($"{string.Concat(Enumerable.Repeat("(!", 10_000))}(a=b){new string(')', 10_000)}", "name"));

    [Theory]
    [InlineData("ldap://directory.example", true, "directory.example:389", "StartTls")]
    [InlineData("ldap://directory.example:3389", false, "directory.example:3389", "None")]
    [InlineData("ldaps://directory.example", false, "directory.example:636", "Always")]
    [InlineData("ldaps://directory.example/", true, "directory.example:636", "Always")]
    [InlineData("ldap://[::1]:3389", true, "::1:3389", "StartTls")]
    public void An_address_says_how_to_connect(string url, bool startTls, string place, string tls)
    {
        var server = LdapServer.Parse(url, startTls, null);
        Assert.Equal((place, tls), (server.ToString(), server.Tls.ToString()));
    }

    [Theory]
    [InlineData("directory.example")]
    [InlineData("http://directory.example")]
    [InlineData("ldap://")]
    [InlineData("ldap://directory.example/dc=example")]
    [InlineData("ldap://alice:secret@directory.example")]
    [InlineData("ldap://directory.example?x")]
    public void What_is_no_address_is_refused_and_not_repeated(string url) =>
        Assert.DoesNotContain("secret", Assert.Throws<FormatException>(() => LdapServer.Parse(url, true, null)).Message, StringComparison.Ordinal);

    // In a notation of these tests.
    static string Describe(AsnReader reader)
    {
        var tag = reader.PeekTag();
        Assert.Equal(TagClass.ContextSpecific, tag.TagClass);
        if (tag.TagValue == 7)
            return $"present {Encoding.UTF8.GetString(reader.ReadOctetString(tag))}";
        var inner = reader.ReadSequence(tag);
        switch (tag.TagValue)
        {
            case 0 or 1 or 2:
                var parts = "";
                while (inner.HasData)
                    parts += Describe(inner);
                return $"{"&|!"[tag.TagValue]}[{parts}]";
            case 4:
                var text = Encoding.UTF8.GetString(inner.ReadOctetString());
                var pieces = inner.ReadSequence();
                while (pieces.HasData)
                {
                    var place = pieces.PeekTag();
                    var piece = Encoding.UTF8.GetString(pieces.ReadOctetString(place));
                    text += place.TagValue switch { 0 => $" {piece}*", 1 => $" *{piece}*", _ => $" *{piece}" };
                }
                return $"~[{text}]";
            case 9:
                var words = new List<string>();
                while (inner.HasData)
                {
                    var part = inner.PeekTag();
                    words.Add(part.TagValue == 4 ? inner.ReadBoolean(part) ? "dn" : "" : Encoding.UTF8.GetString(inner.ReadOctetString(part)));
                }
                return $":[{string.Join(' ', words)}]";
            default:
                var sign = tag.TagValue switch { 3 => '=', 5 => '>', 6 => '<', 8 => '≈', _ => '?' };
                return $"{sign}[{Encoding.UTF8.GetString(inner.ReadOctetString())} {Encoding.UTF8.GetString(inner.ReadOctetString())}]";
        }
    }
}
