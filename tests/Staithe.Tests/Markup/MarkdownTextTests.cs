using Staithe.Markup;

namespace Staithe.Tests.Markup;

/// <summary>What people write is shown as on other forges, and leads nowhere it should not.</summary>
public sealed class MarkdownTextTests
{
    [Theory]
    [InlineData("/spaces/alice", "/spaces/alice")]
    [InlineData("/r/alice/app:1?view=run", "/r/alice/app:1?view=run")]
    [InlineData("../x", "../x")]
    [InlineData("docs/a.md", "docs/a.md")]
    [InlineData("?view=tags", "?view=tags")]
    [InlineData("#a-heading", "#readme-a-heading")]
    [InlineData("#A-Heading", "#readme-a-heading")]
    [InlineData("#readme-a-heading", "#readme-a-heading")]
    [InlineData("#elsewhere", "#readme-elsewhere")]
    [InlineData("https://example.org/?a=b&c=d", "https://example.org/?a=b&amp;c=d")]
    [InlineData("HTTP://example.org", "HTTP://example.org")]
    [InlineData("mailto:a@b.c", "mailto:a@b.c")]
    [InlineData("javascript:alert(1)", null)]
    [InlineData("JaVaScRiPt:alert(1)", null)]
    [InlineData("&#106;avascript:alert(1)", null)]
    [InlineData("<java\tscript:alert(1)>", null)]
    [InlineData("< javascript:alert(1)>", null)]
    [InlineData("data:text/html,x", null)]
    [InlineData("vbscript:x", null)]
    [InlineData("file:///etc/passwd", null)]
    [InlineData("//evil.example/x", null)]
    [InlineData("/\\\\evil.example", null)]
    [InlineData("\\\\\\\\evil.example", null)]
    [InlineData("x:y", null)]
    public void A_link_leads_to_the_web_or_into_the_registry(string url, string? href)
    {
        var html = MarkdownText.Render($"# A heading\n\n[text]({url})");
        if (href is null)
            Assert.DoesNotContain("href", html, StringComparison.Ordinal);
        else
            Assert.Contains($"<a href=\"{href}\"", html, StringComparison.Ordinal);
        Assert.Contains("text", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Headings_have_ids_of_their_own_and_stand_below_those_of_the_page()
    {
        var html = MarkdownText.Render("# Über uns & `code`!\n## Setup\n## Setup\n### Setup-1\n#### 安装 指南\n###### !!!\n\nTitle_x\n===");
        Assert.Equal(
            [
                "<h3 id=\"readme-über-uns--code\">", "<h4 id=\"readme-setup\">", "<h4 id=\"readme-setup-1\">", "<h5 id=\"readme-setup-1-1\">",
                "<h6 id=\"readme-安装-指南\">", "<h6 id=\"readme-section\">", "<h3 id=\"readme-title_x\">",
            ],
            html.Split('\n').Where(line => line.StartsWith("<h", StringComparison.Ordinal)).Select(line => line[..(line.IndexOf('>', StringComparison.Ordinal) + 1)]));
        // a text that begins with a smaller heading has none missing above
        Assert.StartsWith("<h3 id=\"readme-a\">", MarkdownText.Render("### A"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("![A logo](https://example.org/x.png)", "<a class=\"picture\" href=\"https://example.org/x.png\" rel=\"nofollow ugc noopener\">A logo</a>")]
    [InlineData("![](pics/a.png?raw=1)", "<a class=\"picture\" href=\"pics/a.png?raw=1\">a.png</a>")]
    [InlineData("[![build](https://ci/b.svg)](https://ci/)", "<a href=\"https://ci/\" rel=\"nofollow ugc noopener\">build</a>")]
    [InlineData("[![](https://ci/b.svg)](https://ci/)", "<a href=\"https://ci/\" rel=\"nofollow ugc noopener\">b.svg</a>")]
    [InlineData("![x](data:image/png;base64,AAAA)", "x")]
    [InlineData("![a [b](/c) d](e.png)", "<a class=\"picture\" href=\"e.png\">a b d</a>")]
    public void A_picture_is_a_link_that_is_fetched_by_nobody_unasked(string text, string html) => Assert.Equal($"<p>{html}</p>\n", MarkdownText.Render(text));

    [Fact]
    public void What_other_forges_know_is_rendered()
    {
        var html = MarkdownText.Render("> quoted\n\n- [x] done\n- [ ] open\n\n|a|b|\n|:-|-:|\n|~~1~~|2|\n\n```sh\nls\n```\n\nhttps://example.org\n\n<b>raw</b>");
        foreach (var piece in (string[])
            [
                "<blockquote>", "<span role=\"img\" aria-label=\"done\">☑</span> done", "<span role=\"img\" aria-label=\"to do\">☐</span> open", "<table tabindex=\"0\">", "<th class=\"left\">a</th>", "<td class=\"right\">2</td>",
                "<del>1</del>", "<pre tabindex=\"0\"><code class=\"language-sh\">ls", "<a href=\"https://example.org\"", "&lt;b&gt;raw&lt;/b&gt;",
            ])
            Assert.Contains(piece, html, StringComparison.Ordinal);
        Assert.DoesNotContain("style=", html, StringComparison.Ordinal); // which the pages' policy forbids
        Assert.DoesNotContain("<input", html, StringComparison.Ordinal); // which would be a field without a label
    }
}
