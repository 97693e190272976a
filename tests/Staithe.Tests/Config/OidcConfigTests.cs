using System.Text.RegularExpressions;
using Staithe.Config;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Config;

/// <summary>The setting that is a list of objects.</summary>
public partial class OidcConfigTests : ConfigFixture
{
    const string Least = """ "name": "company", "issuer": "https://login.example/realms/company", "clientId": "staithe" """;

    [Fact]
    public void The_least_there_is()
    {
        var oidc = Assert.Single(Load(InFile($$"""{ "oidc": {{{Least}}} }""")).Oidc);
        Assert.Equal(("company", "company", "https://login.example/realms/company", "staithe", null), (oidc.Name, oidc.Label, oidc.Issuer, oidc.ClientId, oidc.ClientSecret));
        Assert.Equal(["openid", "profile"], oidc.Scopes);
        Assert.Equal(("preferred_username", "groups", false), (oidc.UserClaim, oidc.GroupsClaim, oidc.NewUsers));
        Assert.Empty(oidc.Groups);
    }

    [Fact]
    public void Everything_there_is()
    {
        Write("secrets/oidc", "hunter2\n");
        var config = Load(InFile($$"""
            {
              "oidc": [{ // with a comment
                {{Least}},
                "label": "Company account", "clientSecretFile": "secrets/oidc", "scopes": ["email", "groups", "openid"],
                "userClaim": "email", "groupsClaim": "roles", "groups": ["dev=team/dev", "CN=Leads,OU=a=b/c=team/owners"], "newUsers": true,
              }]
            }
            """));
        var oidc = Assert.Single(config.Oidc);
        Assert.Equal(("Company account", "hunter2", "email", "roles", true), (oidc.Label, oidc.ClientSecret, oidc.UserClaim, oidc.GroupsClaim, oidc.NewUsers));
        Assert.Equal(["openid", "email", "groups"], oidc.Scopes);
        Assert.Equal([new GroupMap("dev", "team", "dev"), new GroupMap("CN=Leads,OU=a=b/c", "team", "owners")], oidc.Groups);
        Assert.DoesNotContain("hunter2", $"{config} {oidc} {Settings.Oidc.Show(config)}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"issuer\": \"https://a.example\", \"clientId\": \"x\"", "name is missing")]
    [InlineData("\"name\": \"a\", \"clientId\": \"x\"", "issuer is missing")]
    [InlineData("\"name\": \"a\", \"issuer\": \"https://a.example\"", "clientId is missing")]
    [InlineData(Least + ", \"clientSecrt\": \"hunter2\"", "has no member clientSecrt; did you mean clientSecret?")]
    [InlineData(Least + ", \"name\": \"b\"", "is not a JSON object whose members are each there once")]
    [InlineData(Least + ", \"clientSecret\": 7", "clientSecret: expected a string that is not empty")]
    [InlineData(Least + ", \"clientSecret\": \"hunter2\", \"clientSecretFile\": \"x\"", "clientSecretFile: clientSecret is given already: leave one of the two away")]
    [InlineData(Least + ", \"clientSecretFile\": \"none\"", "clientSecretFile: cannot read \"none\": no such file")]
    [InlineData(Least + ", \"scopes\": \"openid email\"", "scopes: expected an array of strings")]
    [InlineData(Least + ", \"newUsers\": \"yes\"", "newUsers: expected true or false")]
    [InlineData(Least + ", \"groups\": [\"dev\"]", "groups: expected GROUP=SPACE/TEAM, found \"dev\"")]
    [InlineData(Least + ", \"groups\": [\"dev=team\"]", "groups: expected GROUP=SPACE/TEAM, found \"dev=team\"")]
    [InlineData(Least + ", \"groups\": [\"=team/dev\"]", "groups: expected GROUP=SPACE/TEAM, found \"=team/dev\"")]
    [InlineData(Least + ", \"groups\": [\"dev=Team/dev\"]", "groups: expected GROUP=SPACE/TEAM, found \"dev=Team/dev\"")]
    [InlineData("\"name\": \"A b\", \"issuer\": \"https://a.example\", \"clientId\": \"x\"", "name: expected up to 32 lower-case letters, digits and -, since it stands in addresses")]
    [InlineData("\"name\": \"a\", \"issuer\": \"http://a.example\", \"clientId\": \"x\"", "issuer: an issuer's URL begins with https://; http:// is for one on this machine")]
    [InlineData("\"name\": \"a\", \"issuer\": \"https://a.example/?x\", \"clientId\": \"x\"", "issuer: expected the URL of an issuer, such as https://login.example/realms/company, without query and fragment")]
    [InlineData("\"name\": \"a\", \"issuer\": \"https://u:p@a.example\", \"clientId\": \"x\"", "issuer: expected the URL of an issuer, such as https://login.example/realms/company, without query and fragment")]
    [InlineData("\"name\": \"a\\ud800\", \"issuer\": \"https://a.example\", \"clientId\": \"x\"", "name: expected a string that is not empty")]
    public void What_is_wrong_is_named_and_no_secret_quoted(string members, string problem)
    {
        Assert.Equal([$"staithe.json:2: oidc: {problem}"], Problems(InFile($"{{\n \"oidc\": [{{ {members} }}] }}")));
        File.Delete(Path.Combine(Home, "staithe.json"));
        if (!members.Contains("File", StringComparison.Ordinal))
        {
            Variables["STAITHE_OIDC"] = $"[{{ {members} }}]";
            Assert.Equal([$"STAITHE_OIDC: {problem}"], Problems());
        }
    }

    [Theory]
    [InlineData("\"hunter2\"", "expected an object or an array of objects, found a string")]
    [InlineData("[]", "the array is empty: give at least one value, or leave the setting away")]
    [InlineData("[\"hunter2\"]", "expected an object in the array, found a string")]
    public void Only_objects(string json, string problem) => Assert.Equal([$"staithe.json:1: oidc: {problem}"], Problems(InFile($$"""{ "oidc": {{json}} }""")));

    [Fact]
    public void Two_are_told_apart()
    {
        Assert.Equal(["staithe.json:1: oidc: there are two with the name company", "staithe.json:1: oidc: there are two with the issuer https://login.example/realms/company: one can have several groups and scopes"], Problems(InFile($$"""{ "oidc": [{{{Least}}}, {{{Least}}}] }""")));
        Variables["STAITHE_TRUSTED_ISSUERS"] = "https://a.example,http://b.example";
        Assert.Equal(["STAITHE_TRUSTED_ISSUERS: an issuer's URL begins with https://; http:// is for one on this machine"], Problems());
    }

    [Fact]
    public void The_example_of_the_manual_is_one()
    {
        Write("oidc-secret", "hunter2");
        var page = File.ReadAllText(Repository.File("docs/configuration.md"));
        var example = Example().Matches(page).Select(match => match.Groups[1].Value).Single(json => json.Contains("\"oidc\"", StringComparison.Ordinal));
        var oidc = Assert.Single(Load(InFile(example.Replace("/run/secrets/", "", StringComparison.Ordinal))).Oidc);
        Assert.All((string[])["name", "label", "issuer", "clientId", "clientSecret", "clientSecretFile", "scopes", "userClaim", "groupsClaim", "groups", "newUsers"], member => Assert.Contains($"| `{member}` |", page, StringComparison.Ordinal));
        Assert.NotEmpty(oidc.Groups);
    }

    [GeneratedRegex(@"^```json\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Example();
}
