using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Staithe.Oci;

namespace Staithe.Tests.Oci;

/// <summary>What others wrote, made safe where it is parsed: texts and times.</summary>
public sealed class ForeignTextTests
{
    [Theory]
    [InlineData("plain é 漢 \U0001F6A2", "plain é 漢 \U0001F6A2")]
    [InlineData("a\tb\r\nc", "a\tb\r\nc")]
    [InlineData(@"a\0b\u001bc\u007fd\u0085e", "a\uFFFDb\uFFFDc\uFFFDd\uFFFDe")]
    [InlineData(@"cut \ud83d", "cut \uFFFD")]
    [InlineData(@"\udc00x\ud83d\ude00\ud83d", "\uFFFDx\U0001F600\uFFFD")]
    [InlineData(@"gpj.\u202Eexe\u2066\uFFFE\uFFFF", "gpj.\u202Eexe\u2066\uFFFD\uFFFD")]
    public void What_is_no_text_becomes_the_replacement_character(string escaped, string clean) => Assert.Equal(clean, ForeignText.Clean(Regex.Unescape(escaped)));

    [Fact]
    public void A_cut_does_not_split_a_character()
    {
        Assert.Equal("ab", ForeignText.Clean("ab\U0001F6A2", 3));
        Assert.Equal("ab\U0001F6A2", ForeignText.Clean("ab\U0001F6A2", 4));
        Assert.Equal(ForeignText.MaxLength, ForeignText.Clean(new string('x', 1_000_000)).Length);
    }

    [Fact]
    public void A_line_is_one_line() => Assert.Equal("a b c\uFFFD gpj.\uFFFDexe", ForeignText.Line("  a\r\n\tb \u2028 c\0 gpj.\u202Eexe", 100));

    [Theory]
    [InlineData("\"cut \\ud83d\"", @"cut \ud83d")]
    [InlineData("\"\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\udc00\"", @"\ud83d\ude00""\\/\b\f\n\r\té\udc00")]
    public void Halves_of_characters_are_read(string json, string escaped)
    {
        var text = Regex.Unescape(escaped).Replace("\u0008", "\b", StringComparison.Ordinal);
        using var document = JsonDocument.Parse($"{{\"a\":{json},{json}:\"b\"}}");
        var members = document.RootElement.EnumerateObject().ToList();
        Assert.Equal((text, text), (ForeignText.Read(members[0].Value), ForeignText.ReadName(members[1])));
    }

    [Theory]
    [InlineData("2024-02-29T12:30:15Z", "2024-02-29T12:30:15Z")]
    [InlineData("2024-02-29T12:30:15.123456789+02:00", "2024-02-29T10:30:15.1234567Z")]
    [InlineData("2024-02-29t12:30:15.5-00:30", "2024-02-29T13:00:15.5Z")]
    [InlineData("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z")]
    [InlineData("2024-02-29", "2024-02-29T00:00:00Z")]
    [InlineData("2024-02-29T12:30:15", "2024-02-29T12:30:15Z")]
    [InlineData("0001-01-01T00:00:00Z", null)] // Go's zero
    [InlineData("1970-01-01T00:00:00Z", null)] // what builds that can be repeated write
    [InlineData("1980-01-01T00:00:01Z", null)] // the first day of zip archives
    [InlineData("2099-01-01T00:00:00Z", null)]
    [InlineData("9999-12-31T23:59:59-23:59", null)]
    [InlineData("10000-01-01T00:00:00Z", null)]
    [InlineData("2024-02-30T00:00:00Z", null)]
    [InlineData("2024-13-01T25:61:61Z", null)]
    [InlineData("2024-02-29T12:30:15+99:00", null)]
    [InlineData("12/31/2020", null)]
    [InlineData("10:30", null)]
    [InlineData("yesterday", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void A_time_that_cannot_be_true_is_none(string? text, string? expected) =>
        Assert.Equal(expected is null ? null : DateTimeOffset.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), ForeignTime.Parse(text));

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(-1, false)]
    [InlineData(long.MaxValue, false)]
    [InlineData(long.MinValue, false)]
    [InlineData(253_402_300_800, false)]
    [InlineData(1_700_000_000, true)]
    public void The_time_of_a_file_is_held_to_the_same(long seconds, bool isTime) => Assert.Equal(isTime, ForeignTime.FromUnixSeconds(seconds) is not null);

    [Fact]
    public void A_clock_that_is_a_little_ahead_is_believed()
    {
        var now = TimeProvider.System.GetUtcNow();
        Assert.NotNull(ForeignTime.Parse(now.AddMinutes(5).ToString("O")));
        Assert.Null(ForeignTime.Parse(now.AddMinutes(15).ToString("O")));
    }

    [Fact]
    public void Annotations_are_clean_and_otherwise_as_they_came()
    {
        Assert.Equal("""{"a":"b\/"}""", Parse("""{"a":"b\/"}""").AnnotationsJson);
        var made = Parse("""{"cut":"x\ud83d","n\u0000":"\u0000","ok":"y"}""");
        Assert.Equal(new Dictionary<string, string> { ["cut"] = "x\uFFFD", ["n\uFFFD"] = "\uFFFD", ["ok"] = "y" }, made.Annotations);
        Assert.Equal(made.Annotations, Manifest.ReadAnnotations(made.AnnotationsJson));
        Assert.Equal(new Dictionary<string, string> { ["a"] = "\uFFFD" }, Manifest.ReadAnnotations("""{"a":"\ud83d"}""")); // kept by an earlier version
        static Manifest Parse(string annotations) =>
            Manifest.ParsePushed(Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":[],"annotations":{{annotations}}}"""), null);
    }

    [Fact]
    public void A_sum_of_sizes_ends_at_the_end_of_the_range()
    {
        var layer = $$"""{"mediaType":"application/vnd.oci.image.layer.nondistributable.v1.tar","digest":"sha256:{{new string('a', 64)}}","size":{{long.MaxValue}}}""";
        var manifest = Manifest.ParsePushed(
            Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","config":{{layer}},"layers":[{{layer}},{{layer}}]}"""), null);
        Assert.Equal(long.MaxValue, manifest.TotalSize);
    }

    [Fact]
    public void Labels_are_clean_and_what_a_process_gets_is_exact()
    {
        var config = ImageConfig.TryParse("""{"config":{"User":"a\u0000","Labels":{"cut":"x\ud83d","nul":"a\u0000b"}},"author":"\udc00","history":[{"created_by":"a\u0000","created":"0001-01-01T00:00:00Z"}]}"""u8.ToArray())!;
        Assert.Equal(("x\uFFFD", "a\uFFFDb", "\uFFFD"), (config.Labels["cut"], config.Labels["nul"], config.Author));
        Assert.Null(config.User);
        Assert.Equal(("a\uFFFD", null), (config.History[0].CreatedBy, config.History[0].Created));
    }
}
