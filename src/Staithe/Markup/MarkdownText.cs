using System.Text.RegularExpressions;
using Markdig;
using Markdig.Extensions.TaskLists;
using Markdig.Parsers;
using Markdig.Renderers;
using Markdig.Renderers.Html;
using Markdig.Renderers.Html.Inlines;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Staithe.Markup;

/// <summary>
/// Renders Markdown that anybody may have written as HTML in which nothing acts: no raw HTML, no script, nothing that a browser would fetch. The work is
/// bounded by what is allowed to come out, not by what a parser can be made to do: the sizes of tables, the depth of nesting, the marks of a
/// paragraph and the length of the result have limits, and what exceeds one is refused with a sentence that names it.
/// </summary>
internal static partial class MarkdownText
{
    /// <summary>
    /// The version of these rules. It is kept beside the HTML; increase it with every change that makes other HTML of the same text, so that
    /// what is kept is rendered again.
    /// </summary>
    public const int Version = 1;

    /// <summary>The most characters of HTML. Escaping makes at most six of one character, so that a text of 40,000 never gets there by that alone.</summary>
    public const int MaxHtml = 256 * 1024;

    /// <summary>The most cells of all tables together. A table is as wide as its first row, also where a row is a single character long.</summary>
    public const int MaxTableCells = 20_000;

    /// <summary>The most lists and quotes that one line opens.</summary>
    public const int MaxNesting = 50;

    /// <summary>The most characters of a paragraph that may begin or end emphasis, a link or the like: parsers try their pairs.</summary>
    public const int MaxMarks = 3_000;

    /// <summary>What the ids of headings begin with, so that none is an id of the page around them.</summary>
    public const string IdPrefix = "readme-";

    static readonly MarkdownPipeline Pipeline = CreatePipeline();

    /// <summary>Renders a text.</summary>
    /// <returns>The HTML.</returns>
    /// <exception cref="MarkdownException">It exceeds a limit, which the message names.</exception>
    public static string Render(string text)
    {
        if (text.Length == 0)
            return "";
        MarkdownLimits.Check(text);
        try
        {
            return Write(Markdig.Markdown.Parse(text, Pipeline));
        }
        catch (ArgumentException)
        {
            // What the library throws of text that nests deeper than it renders.
            throw new MarkdownException("its lists, quotes, emphasis or links are nested too deep to be rendered: use fewer levels");
        }
    }

    static MarkdownPipeline CreatePipeline()
    {
        var builder = new MarkdownPipelineBuilder().DisableHtml().UsePipeTables().UseTaskLists().UseAutoLinks().UseEmphasisExtras();
        foreach (var parser in builder.BlockParsers.Where(parser => parser is ParagraphBlockParser or HeadingBlockParser).Cast<BlockParser>())
            parser.Closed += (_, block) => MarkdownLimits.CheckMarks((LeafBlock)block); // before anything looks for pairs of them
        return builder.Build();
    }

    static string Write(MarkdownDocument document)
    {
        var ids = HeadingIds.Set(document);
        using var output = new BoundedWriter(MaxHtml);
        var renderer = new HtmlRenderer(output);
        Pipeline.Setup(renderer);
        renderer.ObjectRenderers.ReplaceOrAdd<LinkInlineRenderer>(new LinkRenderer(ids));
        renderer.ObjectRenderers.ReplaceOrAdd<AutolinkInlineRenderer>(new AutolinkRenderer());
        renderer.ObjectRenderers.ReplaceOrAdd<HtmlTaskListRenderer>(new TaskRenderer());
        renderer.Render(document);
        return Finish(output.ToString());
    }

    // What is wider than the window is scrolled with the keyboard too, and pages allow no style in an attribute. In the text itself nothing is written
    // like that: it is escaped.
    static string Finish(string html)
    {
        html = html.Replace("<pre>", "<pre tabindex=\"0\">", StringComparison.Ordinal).Replace("<table>", "<table tabindex=\"0\">", StringComparison.Ordinal);
        html = Alignment().Replace(html, " class=\"$1\"");
        return html.Length <= MaxHtml ? html : throw BoundedWriter.TooLong(MaxHtml);
    }

    [GeneratedRegex(" style=\"text-align: (left|center|right);\"")]
    private static partial Regex Alignment();

    // Pictures become links to them: a browser would fetch them from elsewhere, and tell there who reads this page.
    sealed class LinkRenderer(IReadOnlySet<string> ids) : HtmlObjectRenderer<LinkInline>
    {
        bool isInLink;

        protected override void Write(HtmlRenderer renderer, LinkInline link)
        {
            var target = isInLink ? null : LinkTarget.Of(link.Url, ids);
            if (target is not null)
            {
                renderer.Write(link.IsImage ? "<a class=\"picture\" href=\"" : "<a href=\"").WriteEscapeUrl(target.Url).Write('"');
                renderer.Write(target.IsElsewhere ? " rel=\"nofollow ugc noopener\">" : ">");
                isInLink = true;
            }
            if (link.IsImage && link.FirstChild is null)
                renderer.WriteEscape(LinkTarget.FileName(link.Url));
            else
                renderer.WriteChildren(link);
            if (target is not null)
            {
                renderer.Write("</a>");
                isInLink = false;
            }
        }
    }

    sealed class AutolinkRenderer : HtmlObjectRenderer<AutolinkInline>
    {
        protected override void Write(HtmlRenderer renderer, AutolinkInline link)
        {
            if (LinkTarget.Of(link.IsEmail ? $"mailto:{link.Url}" : link.Url, NoIds) is { } target)
                renderer.Write("<a href=\"").WriteEscapeUrl(target.Url).Write("\" rel=\"nofollow ugc noopener\">").WriteEscape(link.Url).Write("</a>");
            else
                renderer.WriteEscape(link.Url);
        }
    }

    sealed class TaskRenderer : HtmlObjectRenderer<TaskList>
    {
        protected override void Write(HtmlRenderer renderer, TaskList task) =>
            renderer.Write(task.Checked ? "<span role=\"img\" aria-label=\"done\">☑</span>" : "<span role=\"img\" aria-label=\"to do\">☐</span>");
    }

    static readonly IReadOnlySet<string> NoIds = new HashSet<string>();
}

/// <summary>A text exceeds a limit.</summary>
/// <param name="reason">Which, as the rest of a sentence about the text.</param>
internal sealed class MarkdownException(string reason) : Exception(reason);
