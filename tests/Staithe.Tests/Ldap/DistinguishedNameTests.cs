using Staithe.Ldap;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Ldap;

/// <summary>Names of entries are compared as a directory compares them, however they are written.</summary>
public sealed class DistinguishedNameTests
{
    [Theory]
    [InlineData("CN=Plain, OU=Groups, DC=example, DC=org")]
    [InlineData("cn=plain,ou=groups,dc=EXAMPLE,dc=org")]
    [InlineData(" CN = Plain , OU = Groups ,\tDC=example , DC=org ")]
    [InlineData("CN=Plain;OU=Groups;DC=example;DC=org")]
    [InlineData("2.5.4.3=Plain,OU=Groups,DC=example,DC=org")]
    [InlineData("OID.2.5.4.3=Plain,2.5.4.11=Groups,0.9.2342.19200300.100.1.25=example,domainComponent=org")]
    [InlineData("commonName=Plain,organizationalUnitName=Groups,DC=example,DC=org")]
    [InlineData("CN=\\50lain,OU=Groups,DC=example,DC=org")]
    [InlineData("CN=\"Plain\",OU=Groups,DC=example,DC=org")]
    [InlineData("CN=#0405506C61696E,OU=Groups,DC=example,DC=org")]
    [InlineData("CN=#0C05506C61696E,OU=Groups,DC=example,DC=org")]
    [InlineData("CN=Plain\\20,OU=\\ Groups,DC=example,DC=org")]
    public void All_of_these_are_one(string text) => Assert.Equal(Read("CN=Plain,OU=Groups,DC=example,DC=org"), Read(text));

    [Theory]
    [InlineData("CN=Ops\\, Night,DC=org", "cn=ops\\2C night,dc=org")]
    [InlineData("CN=Ops\\2c Night,DC=org", "cn=\"Ops, Night\",dc=org")]
    [InlineData("CN=a\\+b,DC=org", "cn=a\\2Bb,dc=org")]
    [InlineData("CN=a\\=b,DC=org", "cn=a=b,dc=org")]
    [InlineData("CN=a\\\\b,DC=org", "cn=a\\5Cb,dc=org")]
    [InlineData("CN=J\\C3\\BCrgen,DC=org", "cn=JÜRGEN,dc=org")]
    [InlineData("CN=Jürgen,DC=org", "cn=Ju\u0308rgen,dc=org")]
    [InlineData("CN=Straße,DC=org", "cn=STRASSE,dc=org")]
    [InlineData("CN=two  blanks,DC=org", "cn=two blanks,dc=org")]
    [InlineData("CN=a+UID=b,DC=org", "uid=B + cn=A,dc=org")]
    [InlineData("CN=\\#hash,DC=org", "cn=\\23hash,dc=org")]
    [InlineData("x-own=1,DC=org", "X-OWN=1,dc=org")]
    public void These_two_are_one(string one, string other) => Assert.Equal(Read(one), Read(other));

    [Theory]
    [InlineData("CN=a,DC=org", "CN=b,DC=org")]
    [InlineData("CN=a,DC=org", "DC=org,CN=a")]
    [InlineData("CN=a,DC=org", "CN=a,DC=org,DC=com")]
    [InlineData("CN=a\\,DC\\=org", "CN=a,DC=org")]
    [InlineData("CN=a+UID=b,DC=org", "CN=a,UID=b,DC=org")]
    [InlineData("CN=ab,DC=org", "CN=a b,DC=org")]
    [InlineData("CN=a,DC=org", "OU=a,DC=org")]
    [InlineData("CN=#020101,DC=org", "CN=#020102,DC=org")]
    public void These_two_are_not(string one, string other) => Assert.NotEqual(Read(one), Read(other));

    [Theory]
    [InlineData("")]
    [InlineData("developers")]
    [InlineData("CN=a,")]
    [InlineData("CN=a,,DC=org")]
    [InlineData("=a")]
    [InlineData("CN=a\\")]
    [InlineData("CN=\"a,DC=org")]
    [InlineData("CN=\"a\"b,DC=org")]
    [InlineData("CN=#0,DC=org")]
    [InlineData("CN=#,DC=org")]
    [InlineData("CN=a,b")]
    public void That_is_none(string text) => Assert.False(DistinguishedName.TryParse(text, out _));

    [Fact]
    public void Whatever_is_escaped_at_random_stays_the_same_and_nothing_fails()
    {
        var random = Seed.Random();
        for (var i = 0; i < 3000; i++)
        {
            var value = random.Text(8, "a", "B", "ü", ",", "+", "=", "\\", "\"", "#", " ", ";", "<", "日", "😀") + "x";
            Assert.Equal(Read($"CN={Escape(random, value)},DC=org"), Read($"cn = {Escape(random, value)} , dc = org"));
            _ = DistinguishedName.TryParse(random.Text(20, "cn", "=", ",", "+", "\\", "\"", "#", "0", "4", " ", "a", ";", "\ud800", "\0"), out _);
        }
    }

    [Fact]
    public void A_group_whose_name_looks_like_a_dn_is_not_the_group_of_that_dn()
    {
        var groups = new LdapGroups();
        groups.Add("CN=x,OU=own,DC=org", ["CN=owners,OU=groups,DC=org", "Developers", "a=b"]);
        Assert.False(groups.Contains("CN=owners,OU=groups,DC=org"));
        Assert.True(groups.Contains("developers"));
        Assert.True(groups.Contains("a=b"));
        Assert.True(groups.Contains("cn=X, ou=OWN, dc=org"));
        Assert.False(groups.Contains("nobody"));
    }

    static DistinguishedName Read(string text) => DistinguishedName.TryParse(text, out var name) ? name : throw new FormatException(text);

    // Each character as it is where it may be, behind a backslash, or as its bytes.
    static string Escape(Random random, string value) => string.Concat(value.EnumerateRunes().Select((rune, at) =>
    {
        var (text, isSpecial) = (rune.ToString(), ",+\"\\;<=#".Contains(rune.ToString(), StringComparison.Ordinal));
        return random.Next(3) switch
        {
            0 => string.Concat(System.Text.Encoding.UTF8.GetBytes(text).Select(one => $"\\{one:x2}")),
            _ => isSpecial ? $"\\{text}" : text,
        };
    }));
}
