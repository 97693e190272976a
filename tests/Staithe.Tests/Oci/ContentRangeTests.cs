using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Oci;

public sealed partial class ContentRangeTests
{
    [Theory]
    [InlineData("0-0", 0, 0)]
    [InlineData("0-9", 0, 9)]
    [InlineData("10-19", 10, 19)]
    [InlineData("007-010", 7, 10)]
    [InlineData("9223372036854775806-9223372036854775806", long.MaxValue - 1, long.MaxValue - 1)]
    [InlineData("bytes 0-9/10", 0, 9)]
    [InlineData("bytes 0-9/*", 0, 9)]
    [InlineData("Bytes 5-9", 5, 9)]
    [InlineData(" 0-9 ", 0, 9)]
    public void A_range_is_read(string header, long first, long last)
    {
        Assert.Equal(new ContentRange(first, last), ContentRange.Parse(header));
        Assert.Equal(last - first + 1, ContentRange.Parse(header)!.Value.Length);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void No_header_is_no_range(string? header) => Assert.Null(ContentRange.Parse(header));

    [Theory]
    [InlineData("9-0")]
    [InlineData("-")]
    [InlineData("0-")]
    [InlineData("-9")]
    [InlineData("0")]
    [InlineData("0--9")]
    [InlineData("+0-9")]
    [InlineData("0x0-9")]
    [InlineData("0 - 9")]
    [InlineData("0-9,10-19")]
    [InlineData("0-9/10")]
    [InlineData("bytes */10")]
    [InlineData("bytes=0-9")]
    [InlineData("0-9223372036854775807")]
    [InlineData("0-99999999999999999999")]
    [InlineData("99999999999999999999-99999999999999999999")]
    [InlineData("٠-٩")]
    public void Anything_else_is_refused(string header) =>
        Assert.Equal(OciError.BlobUploadInvalid, Assert.Throws<OciException>(() => ContentRange.Parse(header)).Error);

    [Fact]
    public void The_grammar_is_the_regular_expression_of_the_specification()
    {
        var random = Seed.Random();
        for (var i = 0; i < 50_000; i++)
        {
            var text = random.Text(5, "0", "1", "9", "-", "-", "42", "9223372036854775806", "+", ".");
            if (text.Length == 0)
                continue;
            var valid = Grammar().IsMatch(text) && text.Split('-') is [var first, var last]
                && Number(first) <= Number(last) && Number(last) < long.MaxValue;
            Assert.True(valid == Parses(text), text);
        }
    }

    static BigInteger Number(string digits) => BigInteger.Parse(digits, CultureInfo.InvariantCulture);

    static bool Parses(string text)
    {
        try
        {
            return ContentRange.Parse(text) is not null;
        }
        catch (OciException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"\A[0-9]+-[0-9]+\z")]
    private static partial Regex Grammar();
}
