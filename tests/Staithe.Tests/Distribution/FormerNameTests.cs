using System.Text;
using Staithe.Door;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Distribution;

/// <summary>The warning header, whatever is to be said in it.</summary>
public sealed class FormerNameTests
{
    [Theory]
    [InlineData("a is called b now", "299 - \"a is called b now\"")]
    [InlineData("say \"b\"", "299 - \"say \\\"b\\\"\"")]
    [InlineData("back\\slash", "299 - \"back\\\\slash\"")]
    [InlineData("line\r\nSet-Cookie: x", "299 - \"line\\\\u000d\\\\u000aSet-Cookie: x\"")]
    [InlineData("ä\0\u007f", "299 - \"\\\\u00e4\\\\u0000\\\\u007f\"")]
    [InlineData("", "299 - \"\"")]
    public void It_is_quoted_as_RFC_7234_says(string text, string value) => Assert.Equal(value, FormerName.Warning(text));

    // Read back as a client reads it: one quoted string, in which a backslash stands before what it takes the meaning from.
    [Fact]
    public void It_is_one_quoted_string_of_what_may_be_sent()
    {
        var random = Seed.Random();
        for (var i = 0; i < 2000; i++)
        {
            var value = FormerName.Warning(random.Text(3000, "a", "\"", "\\", "\r", "\n", "ü", "\U0001F6A2", " ", "\0", "\t", "/"));
            Assert.InRange(Encoding.UTF8.GetByteCount(value), 8, FormerName.MaxWarningBytes);
            Assert.DoesNotContain(value, c => c is < ' ' or > '~');
            Assert.StartsWith("299 - \"", value, StringComparison.Ordinal);
            var at = 7;
            while (value[at] != '"')
                at += value[at] == '\\' ? 2 : 1;
            Assert.Equal(value.Length - 1, at);
        }
    }
}
