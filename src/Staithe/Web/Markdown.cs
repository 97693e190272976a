using Markdig;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Staithe.Web;

/// <summary>Turns Markdown that anybody may have written into HTML in which nothing acts: no raw HTML, and no link but to pages.</summary>
internal static class Markdown
{
    static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().DisableHtml().UsePipeTables().UseTaskLists().UseAutoLinks().UseEmphasisExtras().Build();

    public static string ToHtml(string text)
    {
        if (text.Length == 0)
            return "";
        var document = Markdig.Markdown.Parse(text, Pipeline);
        foreach (var heading in document.Descendants<HeadingBlock>())
            heading.Level = Math.Min(6, heading.Level + 1); // the page has its own first heading
        foreach (var link in document.Descendants<LinkInline>())
        {
            link.Url = IsSafe(link.Url) ? link.Url : "#";
            link.IsImage = false; // a picture would be fetched from elsewhere, and tell who reads this; its link is enough
        }
        foreach (var link in document.Descendants<AutolinkInline>().Where(link => !link.IsEmail && !IsSafe(link.Url)))
            link.Url = "#";
        // What is wider than the window is scrolled with the keyboard too. In the text itself nothing is written like that: it is escaped.
        return document.ToHtml(Pipeline).Replace("<pre>", "<pre tabindex=\"0\">", StringComparison.Ordinal);
    }

    static bool IsSafe(string? url) =>
        url is not null && (Uri.TryCreate(url, UriKind.Absolute, out var uri) ? uri.Scheme is "http" or "https" or "mailto" : url.StartsWith('#') || (url.StartsWith('/') && !url.StartsWith("//", StringComparison.Ordinal)));
}
