using System.Text.RegularExpressions;
using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Oci;

public sealed partial class RepositoryNameTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("0", true)]
    [InlineData("library/ubuntu", true)]
    [InlineData("a/b/c/d/e/f/g", true)]
    [InlineData("a.b_c__d-e--f---g", true)]
    [InlineData("a..b", false)]
    [InlineData("a___b", false)]
    [InlineData("a._b", false)]
    [InlineData("a-_b", false)]
    [InlineData("-a", false)]
    [InlineData("a-", false)]
    [InlineData("_a", false)]
    [InlineData("a.", false)]
    [InlineData("a/", false)]
    [InlineData("/a", false)]
    [InlineData("a//b", false)]
    [InlineData("a/./b", false)]
    [InlineData("a/../b", false)]
    [InlineData("..", false)]
    [InlineData("A", false)]
    [InlineData("a b", false)]
    [InlineData("a%2fb", false)]
    [InlineData("a\\b", false)]
    [InlineData("a\0", false)]
    [InlineData("a\n", false)]
    [InlineData("é", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void The_grammar_holds(string? text, bool valid)
    {
        Assert.Equal(valid, RepositoryName.TryParse(text, out var name));
        Assert.Equal(valid ? text : null, name?.ToString());
        if (!valid)
            Assert.Equal(OciError.NameInvalid, Assert.Throws<OciException>(() => RepositoryName.Parse(text)).Error);
    }

    [Fact]
    public void The_grammar_is_the_regular_expression_of_the_specification()
    {
        var random = Seed.Random();
        var valid = 0;
        for (var i = 0; i < 200_000; i++)
        {
            var text = random.Text(9, "a", "z0", "b", "9", ".", "_", "__", "-", "--", "/", "A", "\n");
            var expected = Grammar().IsMatch(text);
            Assert.True(expected == RepositoryName.TryParse(text, out _), text);
            valid += expected ? 1 : 0;
        }
        Assert.InRange(valid, 1000, 199_000);
    }

    [Fact]
    public void A_name_has_at_most_255_characters()
    {
        Assert.True(RepositoryName.TryParse(new string('a', 255), out _));
        Assert.False(RepositoryName.TryParse(new string('a', 256), out _));
        Assert.False(RepositoryName.TryParse(string.Join('/', Enumerable.Repeat("a", 1_000_000)), out _));
    }

    [GeneratedRegex(@"\A[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\z")]
    private static partial Regex Grammar();
}
