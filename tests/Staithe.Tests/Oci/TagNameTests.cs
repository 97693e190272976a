using System.Text.RegularExpressions;
using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Oci;

public sealed partial class TagNameTests
{
    [Theory]
    [InlineData("latest", true)]
    [InlineData("_", true)]
    [InlineData("1.2.3-rc.1_x", true)]
    [InlineData("a..b", true)]
    [InlineData("A", true)]
    [InlineData(".a", false)]
    [InlineData("-a", false)]
    [InlineData("a+b", false)]
    [InlineData("a:b", false)]
    [InlineData("a/b", false)]
    [InlineData("a b", false)]
    [InlineData("a\r\nb", false)]
    [InlineData("a\n", false)]
    [InlineData("é", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void The_grammar_holds(string? text, bool valid)
    {
        Assert.Equal(valid, TagName.TryParse(text, out var tag));
        Assert.Equal(valid ? text : null, tag?.ToString());
        if (!valid)
            Assert.Equal(OciError.ManifestInvalid, Assert.Throws<OciException>(() => TagName.Parse(text)).Error);
    }

    [Fact]
    public void The_grammar_is_the_regular_expression_of_the_specification()
    {
        var random = Seed.Random();
        for (var i = 0; i < 100_000; i++)
        {
            var text = random.Text(6, "a", "Z", "9", "_", ".", "-", "+", ":", "\n", new string('x', 63));
            Assert.True(Grammar().IsMatch(text) == TagName.TryParse(text, out _), text);
        }
    }

    [Fact]
    public void A_tag_has_at_most_128_characters()
    {
        Assert.True(TagName.TryParse(new string('a', 128), out _));
        Assert.False(TagName.TryParse(new string('a', 129), out _));
    }

    [Fact]
    public void A_reference_is_a_tag_or_a_digest()
    {
        var digest = DigestAlgorithm.Sha256.Digest("x"u8);
        Assert.Equal((null, digest, digest.Value), (Reference.To(digest).Tag, Reference.To(digest).Digest, Reference.To(digest).ToString()));
        var tag = TagName.Parse("latest");
        Assert.Equal((tag, null, "latest"), (Reference.To(tag).Tag, Reference.To(tag).Digest, Reference.To(tag).ToString()));
        Assert.Equal(Reference.To(TagName.Parse("latest")), Reference.To(tag));
        Assert.NotEqual(Reference.To(TagName.Parse("Latest")), Reference.To(tag));
    }

    [GeneratedRegex(@"\A[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}\z")]
    private static partial Regex Grammar();
}
