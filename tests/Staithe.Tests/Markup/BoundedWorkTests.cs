using System.Diagnostics;
using Staithe.Access;
using Staithe.Markup;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Markup;

/// <summary>Whatever somebody writes, rendering it ends soon, needs little memory, and gives a bounded result or a refusal that names the limit.</summary>
public sealed class BoundedWorkTests
{
    const long MaxAllocation = 100_000_000; // a hostile table made 1.3 GB

    // Each is repeated up to the longest text there may be.
    public static TheoryData<string> Repeated =>
    [
        "[", "]", "![", "[a](", "[a](b ", "[a](<b", "[x][", "[a]: ", "[a]: b\n", "[a]:\nb\n", "[a\n", "[a]: b \"\n", "*", "_a ", "*a_ ", "**a*b_c~~", "a* ", "*a **a ", "~~a ", "++a ==b ^c ", "`a ``", "`", "<", "<a ", "<http://a ",
        "<a@b ", "&", "&amp;", "&#1;", "\\", "http://a ", "www.a.b ", "http://", "mailto:a", "*http://a.b ", "> ", ">\n", "- ", "1. ", "- a\n", "- a\n\n", "- a\nb\n", "* - + ", "#\n", "# a\n", "a\n=\n", "---\n", "```\n", "~~~\n", "    a\n",
        "\t", " ", "\n", "|", "|a", "|a|\n", "|-", "a|b\n", "|*a|*b|\n", "|`a|b|\n", "|[a|b|\n", "*a|b* ", "[|", "- [ ] a\n", "\"'", "!", ":", "a", "a  \n", "中", "😀", "<!--", "<?", "<![CDATA[", "[](", "\r", "\r\n> ", "| |\n|-|\n", "^a", "a^[b] ",
    ];

    [Theory, MemberData(nameof(Repeated))]
    public void A_text_of_one_piece_is_bounded(string piece) => Check(Fill(piece));

    [Fact]
    public void Nested_and_growing_texts_are_bounded()
    {
        Check(Halves("[", "]"));
        Check(Halves("[", "](b)"));
        Check(Halves("*a ", " b*"));
        Check(Halves("*_a ", "b_*"));
        Check(Halves("~a ", "b~"));
        Check(Halves("*|", "|*"));
        Check(Halves("> ", "\n"));
        Check(Grow(i => new string('`', i) + "a"));
        Check(Grow(i => $"[a{i}]: b\n"));
        Check(Grow(i => $"{new string(' ', 2 * i)}- a\n"));
        Check($"[a]: {new string('x', Readme.MaxLength / 2)}\n\n{string.Concat(Enumerable.Repeat("[a] ", 700))}");
        Check($"a [x]({new string('(', 20_000)}");
        // a table is as wide as its first row says, and as long as it has lines
        foreach (var prefix in (string[])["", "> ", "- ", "  "])
            Check($"{prefix}{string.Concat(Enumerable.Repeat("|a", 4_000))}\n{prefix}{string.Concat(Enumerable.Repeat("|-", 4_000))}\n{string.Concat(Enumerable.Repeat($"{prefix}|b\n", 3_000))}");
        Check($"{string.Concat(Enumerable.Repeat("|a", 4_000))}\r{string.Concat(Enumerable.Repeat("|-", 4_000))}\r{string.Concat(Enumerable.Repeat("|b\r", 4_000))}");
    }

    [Theory]
    [InlineData(MarkdownText.MaxNesting, true)]
    [InlineData(MarkdownText.MaxNesting + 1, false)]
    public void The_limit_of_nesting_is_what_it_says(int depth, bool isRendered) => Assert.Equal(isRendered, IsRendered(string.Concat(Enumerable.Repeat("> ", depth)) + "x"));

    [Fact]
    public void Ordinary_texts_are_far_from_the_limits()
    {
        // a rule, a table of links, a long script with pipes and brackets, a wall of badges
        Assert.True(IsRendered(new string('-', 500) + "\n" + string.Concat(Enumerable.Repeat("- ", 40))));
        Assert.True(IsRendered("|name|what|\n|-|-|\n" + string.Concat(Enumerable.Repeat("|[a-package](https://example.org/a-package)|what it *does*|\n", 600))));
        Assert.True(IsRendered("```sh\n" + string.Concat(Enumerable.Repeat("[ -n \"$x\" ] | grep '*' || a[1]=~\n", 1100)) + "```\n"));
        Assert.True(IsRendered(string.Concat(Enumerable.Repeat("[![build](https://example.org/b.svg)](https://example.org) ", 300))));
        Assert.True(IsRendered(new string('&', Readme.MaxLength)));
        Assert.True(IsRendered(new string('"', Readme.MaxLength)));
    }

    [Fact]
    public void Any_mixture_of_marks_is_bounded_and_gives_nothing_that_acts()
    {
        var random = Seed.Random();
        string[] pieces =
        [
            "[", "]", "(", ")", "!", "*", "**", "_", "~~", "`", "```\n", "|", "|-|-|\n", "\n", "\n\n", "> ", "- ", "1. ", "# ", "a", "b c", "<", ">", "<script>", "javascript:", "http://a.b/", "&lt;", "&#106;", "[x]: /y\n", "\t", "    ", "\\", "\"", "'", "-", ":", "é", "😀",
        ];
        for (var i = 0; i < 400; i++)
        {
            var text = random.Text(random.Pick(5, 50, 500), pieces);
            if (!IsRendered(text))
                continue;
            var html = MarkdownText.Render(text);
            Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("<img", html, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("href=\"javascript", html, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(" style=", html.Replace("&quot;", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
        }
    }

    // On a small stack: what nests too deep for one ends the whole process.
    static void Check(string text)
    {
        text = text.Length <= Readme.MaxLength ? text : text[..Readme.MaxLength];
        Exception? failure = null;
        var thread = new Thread(
            () =>
            {
                var (before, watch) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.StartNew());
                try
                {
                    Assert.InRange(MarkdownText.Render(text).Length, 0, MarkdownText.MaxHtml);
                }
                catch (MarkdownException refused)
                {
                    Assert.NotEmpty(refused.Message);
                }
                catch (Exception e)
                {
                    failure = e;
                }
                if (failure is null && GC.GetAllocatedBytesForCurrentThread() - before > MaxAllocation)
                    failure = new InvalidOperationException($"{GC.GetAllocatedBytesForCurrentThread() - before} bytes");
                if (failure is null && watch.Elapsed > TimeSpan.FromSeconds(30)) // generous, for a machine that does much else
                    failure = new InvalidOperationException($"{watch.Elapsed}");
            },
            maxStackSize: 512 * 1024);
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }

    static bool IsRendered(string text)
    {
        try
        {
            _ = MarkdownText.Render(text);
            return true;
        }
        catch (MarkdownException)
        {
            return false;
        }
    }

    static string Fill(string piece) => string.Concat(Enumerable.Repeat(piece, Readme.MaxLength / piece.Length));

    static string Halves(string first, string second)
    {
        var count = Readme.MaxLength / (first.Length + second.Length);
        return string.Concat(Enumerable.Repeat(first, count)) + string.Concat(Enumerable.Repeat(second, count));
    }

    static string Grow(Func<int, string> piece)
    {
        var text = "";
        for (var i = 1; text.Length < Readme.MaxLength; i++)
            text += piece(i);
        return text;
    }
}
