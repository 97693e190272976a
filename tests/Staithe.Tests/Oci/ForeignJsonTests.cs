using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Oci;

/// <summary>
/// Documents that anybody wrote are read in one way, <see cref="ForgivingJson"/>: the platform's own reader throws for half of a surrogate pair, in a text and
/// in the name of a member, wherever it meets one.
/// </summary>
public sealed partial class ForeignJsonTests
{
    // Who reads JSON with the platform's reader: the safe reader itself; the manifest, whose parser refuses such a document; what this registry signed itself; the settings.
    static readonly string[] MayReadItself =
    [
        "Staithe.Oci/ForgivingJson.cs", "Staithe.Oci/ForeignText.cs", "Staithe.Oci/Manifest.cs", "Staithe.Oci/Descriptor.cs", "Staithe/Access/BearerTokens.cs", "Staithe/Config/OidcConfig.cs",
    ];

    [Fact]
    public void Nobody_else_reads_JSON_that_others_wrote()
    {
        var found = from file in Directory.GetFiles(Repository.File("src"), "*.cs", SearchOption.AllDirectories)
                    let name = Path.GetRelativePath(Repository.File("src"), file)
                    where !name.Contains("/obj/", StringComparison.Ordinal) && ReadsItself(File.ReadAllText(file))
                    select name;
        Assert.Equal(MayReadItself.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    // The checker must be able to see a fault.
    [Theory]
    [InlineData("root.TryGetProperty(\"a\", out var value)", true)]
    [InlineData("root.GetProperty(\"a\")", true)]
    [InlineData("foreach (var member in root.EnumerateObject())", true)]
    [InlineData("data.TryGetBytesFromBase64(out var content)", true)]
    [InlineData("JsonElement root; root.GetString()", true)]
    [InlineData("JsonElement root; root.ValueEquals(\"a\")", true)]
    [InlineData("DbDataReader row; row.GetString(0)", false)]
    [InlineData("root.Member(\"a\").Text()", false)]
    public void The_checker_sees_the_platforms_reader(string text, bool sees) => Assert.Equal(sees, ReadsItself(text));

    [Fact]
    public void No_statement_makes_the_reader_of_provenance_throw()
    {
        string[] shapes =
        [
            """{"predicateType":"p","predicate":{"metadata":{"https://mobyproject.org/buildkit@v1#metadata":{"source":{"infos":[{"filename":"Dockerfile","data":"RlJPTSBh"}]}}}}}""",
            """{"predicateType":"p","predicate":{"runDetails":{"metadata":{"buildkit_metadata":{"source":{"infos":[{"filename":"Dockerfile","data":"RlJPTSBh"}]}}}}}}""",
        ];
        string[] hostile = ["\"\\ud83d\"", "\"\\udc00QQ==\"", "\"\\u0000\"", "7", "null", "[]", "{}", "[[{}]]", "{\"\\ud83d\":1}", "[\"\\ud83d\",{\"\\udc00data\":\"\\ud83d\"}]"];
        foreach (var shape in shapes)
        {
            Assert.Equal("FROM a", BuildFile.FromProvenance(Encoding.UTF8.GetBytes(shape))?.Text);
            foreach (Match place in MemberOf().Matches(shape))
            {
                // Another member before it whose name is none, which the reader passes over ...
                var beside = shape.Insert(place.Index, "\"\\ud83d\":\"\\ud83d\",\"\\udc00\":{},");
                Assert.Equal("FROM a", BuildFile.FromProvenance(Encoding.UTF8.GetBytes(beside))?.Text);
                // ... and instead of it a name or a value that is none: then there is no file.
                if (place.Value.Contains("filename", StringComparison.Ordinal) || place.Value.Contains("predicateType", StringComparison.Ordinal))
                    continue;
                Assert.Null(BuildFile.FromProvenance(Encoding.UTF8.GetBytes(shape.Insert(place.Index + 1, "\\ud83d"))));
                foreach (var value in hostile)
                    Assert.Null(BuildFile.FromProvenance(Encoding.UTF8.GetBytes(Cut(shape, place.Index + place.Length, value))));
            }
        }
    }

    [Theory]
    [InlineData("\"QQ==\"", "A")]
    [InlineData("\"\"", null)]
    [InlineData("\"QQ\"", null)]
    [InlineData("\"no base64\"", null)]
    [InlineData("\"QUJDRA==\"", null)] // more than three bytes
    [InlineData("\"QUJD\"", "ABC")]
    [InlineData("\"\\ud83d\"", null)]
    [InlineData("7", null)]
    public void Bytes_are_read_within_their_limit(string json, string? expected)
    {
        using var document = JsonDocument.Parse(json);
        Assert.Equal(expected, ((JsonElement?)document.RootElement).Bytes(3) is { } bytes ? Encoding.ASCII.GetString(bytes) : null);
    }

    // The value behind a member's name, and what closes the objects around it, in place of whatever stood there.
    static string Cut(string shape, int from, string value)
    {
        var node = JsonNode.Parse(shape)!;
        var name = MemberOf().Matches(shape).Last(match => match.Index + match.Length <= from).Groups["name"].Value;
        foreach (var owner in Objects(node).Where(owner => owner.ContainsKey(name)).Take(1))
            owner[name] = "MARK";
        return node.ToJsonString().Replace("\"MARK\"", value, StringComparison.Ordinal);
    }

    static IEnumerable<JsonObject> Objects(JsonNode? node) => node switch
    {
        JsonObject some => [some, .. some.SelectMany(member => Objects(member.Value))],
        JsonArray some => some.SelectMany(Objects),
        _ => [],
    };

    static bool ReadsItself(string text) => OwnReader().IsMatch(text) || (text.Contains("JsonElement", StringComparison.Ordinal) && OwnText().IsMatch(text));

    [GeneratedRegex(@"\.(TryGetProperty|GetProperty|EnumerateObject|TryGetBytesFromBase64|GetBytesFromBase64)\(")]
    private static partial Regex OwnReader();

    [GeneratedRegex(@"\.(GetString\(\)|ValueEquals\(|NameEquals\(|GetDateTimeOffset\(|GetGuid\()")]
    private static partial Regex OwnText();

    [GeneratedRegex("\"(?<name>[^\"]+)\":")]
    private static partial Regex MemberOf();
}
