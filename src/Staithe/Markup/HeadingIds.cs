using System.Globalization;
using System.Text;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Staithe.Markup;

/// <summary>
/// Gives headings their place below the page's own, and ids to link to: made of their words as other forges make them, in lower case, with hyphens for spaces
/// and without punctuation; the second of the same name ends with -1.
/// </summary>
internal static class HeadingIds
{
    const int FirstLevel = 3; // the page has a first heading, and a second one for the text as a whole
    const int MaxLevel = 6;
    const int MaxLength = 200;

    /// <summary>Sets them.</summary>
    /// <returns>All ids.</returns>
    public static IReadOnlySet<string> Set(MarkdownDocument document)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var headings = document.Descendants<HeadingBlock>().ToList();
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var shift = FirstLevel - headings.Select(heading => heading.Level).DefaultIfEmpty(1).Min();
        foreach (var heading in headings)
        {
            heading.Level = Math.Min(MaxLevel, heading.Level + shift);
            var slug = MarkdownText.IdPrefix + SlugOf(TextOf(heading));
            var id = slug;
            while (!ids.Add(id))
                id = string.Create(CultureInfo.InvariantCulture, $"{slug}-{counts[slug] = counts.GetValueOrDefault(slug) + 1}");
            heading.GetAttributes().Id = id;
        }
        return ids;
    }

    /// <summary>The words of a heading as part of an address.</summary>
    public static string SlugOf(string text)
    {
        var slug = new StringBuilder();
        foreach (var rune in text.Trim().EnumerateRunes())
        {
            if (slug.Length >= MaxLength)
                break;
            if (Rune.IsLetterOrDigit(rune) || rune.Value is '-' or '_' || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark)
                slug.Append(Rune.ToLowerInvariant(rune).ToString());
            else if (Rune.IsWhiteSpace(rune))
                slug.Append('-');
        }
        return slug.Length > 0 ? slug.ToString() : "section";
    }

    static string TextOf(HeadingBlock heading)
    {
        var text = new StringBuilder();
        foreach (var inline in heading.Inline?.Descendants() ?? [])
        {
            _ = inline switch
            {
                LiteralInline literal => text.Append(literal.Content.AsSpan()),
                CodeInline code => text.Append(code.Content),
                AutolinkInline link => text.Append(link.Url),
                HtmlEntityInline entity => text.Append(entity.Transcoded.AsSpan()),
                LineBreakInline => text.Append(' '),
                _ => text,
            };
        }
        return text.ToString();
    }
}
