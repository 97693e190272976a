using System.Reflection;
using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Oci;

public sealed class OciErrorTests
{
    /// <summary>The codes of the distribution-spec, and the two it has no word for.</summary>
    static readonly string[] Codes =
    [
        "BLOB_UNKNOWN", "BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN", "DIGEST_INVALID", "MANIFEST_BLOB_UNKNOWN", "MANIFEST_INVALID", "MANIFEST_UNKNOWN",
        "NAME_INVALID", "NAME_UNKNOWN", "SIZE_INVALID", "UNAUTHORIZED", "DENIED", "UNSUPPORTED", "TOOMANYREQUESTS", "RANGE_INVALID", "UNKNOWN",
    ];

    public static IEnumerable<OciError> All => typeof(OciError).GetFields(BindingFlags.Public | BindingFlags.Static).Select(entry => (OciError)entry.GetValue(null)!);

    [Fact]
    public void Every_error_has_a_code_of_the_specification_and_a_status_of_an_error()
    {
        Assert.NotEmpty(All);
        Assert.All(All, error => Assert.Contains(error.Code, Codes));
        Assert.All(All, error => Assert.InRange(error.Status, 400, 599));
        Assert.Equal(All.Count(), All.Distinct().Count());
    }

    [Fact]
    public void Every_error_is_on_the_page_about_the_api()
    {
        var rows = File.ReadLines(Repository.File("docs/http-api.md")).ToList();
        Assert.All(All, error => Assert.Contains(rows, row => row.StartsWith($"| `{error.Code}` | {error.Status} |", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData("", "")]
    [InlineData("team/app", "team/app")]
    [InlineData("a\r\nb\0c\u001bd\u007fe\u0085f", "a\\u000d\\u000ab\\u0000c\\u001bd\\u007fe\\u0085f")]
    [InlineData("\ud83d\ude00 é", "\\ud83d\\ude00 é")]
    public void What_a_client_sent_is_quoted_without_control_characters(string? text, string quoted) => Assert.Equal(quoted, OciException.Quote(text));

    [Fact]
    public void A_quote_is_cut()
    {
        Assert.Equal(new string('x', 100), OciException.Quote(new string('x', 100)));
        Assert.Equal(new string('x', 100) + "…", OciException.Quote(new string('x', 101)));
        Assert.Equal(601, OciException.Quote(new string('\0', 1_000_000)).Length);
    }
}
