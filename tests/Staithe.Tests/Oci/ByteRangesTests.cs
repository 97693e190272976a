using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Oci;

public sealed partial class ByteRangesTests
{
    [Theory]
    [InlineData("bytes=0-0", "0+1")]
    [InlineData("bytes=0-", "0+10")]
    [InlineData("bytes=9-", "9+1")]
    [InlineData("bytes=2-100", "2+8")]
    [InlineData("bytes=-3", "7+3")]
    [InlineData("bytes=-100", "0+10")]
    [InlineData("bytes=0-1,4-5", "0+2 4+2")]
    [InlineData("bytes=8-9, 0-1", "8+2 0+2")]
    [InlineData("BYTES=0-1", "0+2")]
    [InlineData("bytes=,0-1,,", "0+2")]
    [InlineData("bytes=0-1,50-60", "0+2")]
    [InlineData("bytes=0-99999999999999999999", "0+10")]
    [InlineData("bytes=10-", "")]
    [InlineData("bytes=5-4", "")]
    [InlineData("bytes=-0", "")]
    [InlineData("bytes=99999999999999999999-", "")]
    [InlineData("bytes=0-5,5-9", null)]
    [InlineData("bytes=", null)]
    [InlineData("bytes=x-y", null)]
    [InlineData("bytes=1", null)]
    [InlineData("bytes=--1", null)]
    [InlineData("bytes=1-2-3", null)]
    [InlineData("bytes=+1-2", null)]
    [InlineData("bytes = 0-1", null)]
    [InlineData("lines=0-1", null)]
    [InlineData("0-1", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void Ten_bytes_are_cut_as_asked(string? header, string? expected) => Assert.Equal(expected, Show(ByteRanges.Parse(header, 10)));

    [Fact]
    public void Too_many_ranges_are_not_worth_the_work()
    {
        var most = "bytes=" + string.Join(',', Enumerable.Range(0, ByteRanges.MaxRanges).Select(i => $"{i * 2}-{i * 2}"));
        Assert.Equal(ByteRanges.MaxRanges, ByteRanges.Parse(most, 10_000)!.Count);
        Assert.Null(ByteRanges.Parse(most + ",9000-9000", 10_000));
    }

    // RFC 9110 section 14.2: many small ranges that are not listed in ascending order are a sign of a broken client or of an attack.
    [Fact]
    public void Few_ranges_may_be_in_any_order_and_many_only_in_ascending()
    {
        var few = Enumerable.Range(0, ByteRanges.MaxUnordered).Select(i => $"{i * 2}-{i * 2}").Reverse().ToList();
        Assert.Equal(ByteRanges.MaxUnordered, ByteRanges.Parse($"bytes={string.Join(',', few)}", 10_000)!.Count);
        Assert.Null(ByteRanges.Parse($"bytes=9000-9000,{string.Join(',', few)}", 10_000));
        var overlapping = string.Join(',', Enumerable.Range(0, 500).Select(i => $"{i}-"));
        Assert.Null(ByteRanges.Parse($"bytes={overlapping}", 10_000));
        Assert.Null(ByteRanges.Parse($"bytes={string.Join(',', Enumerable.Repeat("0-9", 500))}", 10_000));
    }

    [Fact]
    public void Every_header_is_read_as_by_looking_at_each_byte()
    {
        var random = Seed.Random();
        for (var i = 0; i < 50_000; i++)
        {
            var size = random.Next(12);
            var header = "bytes=" + string.Join(',', Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Text(4, "0", "1", "5", "7", "9", "12", "-", "-", "-", " ", "x", "99999999999999999999")));
            Assert.True(Model(header, size) == Show(ByteRanges.Parse(header, size)), $"{header} of {size}");
        }
    }

    static string? Show(IEnumerable<ByteRange>? ranges) =>
        ranges is null ? null : string.Join(' ', ranges.Select(range => $"{range.Offset}+{range.Length}"));

    // Which of the bytes does each part ask for, byte by byte?
    static string? Model(string header, int size)
    {
        var parts = header["bytes=".Length..].Split(',').Select(part => part.Trim(' ')).Where(part => part.Length > 0).ToList();
        if (parts.Count == 0 || parts.Any(part => !RangeSpec().IsMatch(part)))
            return null;
        var wanted = parts.Select(part => Enumerable.Range(0, size).Where(position => Asks(part, position, size)).ToList()).Where(positions => positions.Count > 0).ToList();
        return wanted.SelectMany(positions => positions).GroupBy(position => position).Any(group => group.Count() > 1)
            ? null
            : string.Join(' ', wanted.Select(positions => $"{positions[0]}+{positions.Count}"));
    }

    static bool Asks(string part, int position, int size)
    {
        var ends = part.Split('-');
        return ends[0].Length == 0
            ? position >= size - Number(ends[1])
            : position >= Number(ends[0]) && (ends[1].Length == 0 || position <= Number(ends[1]));
    }

    static BigInteger Number(string digits) => BigInteger.Parse(digits, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\A([0-9]+-[0-9]*|-[0-9]+)\z")]
    private static partial Regex RangeSpec();
}
