using System.Buffers;
using System.Globalization;
using Markdig.Syntax;

namespace Staithe.Markup;

/// <summary>
/// What a text may hold, checked before the parser makes something of it. The estimates are never too low; where they are too high the text is unusual
/// and large.
/// </summary>
internal static class MarkdownLimits
{
    static readonly SearchValues<char> Marks = SearchValues.Create("[]*_~^+=!<");
    static readonly SearchValues<char> OfDelimiterRow = SearchValues.Create("|-: \t>*+0123456789.)");

    /// <summary>Checks what lines alone tell: how deep each nests, and how large the tables would be.</summary>
    /// <exception cref="MarkdownException">A limit is exceeded.</exception>
    public static void Check(string text)
    {
        var (cells, lines, widest, hasDelimiters) = (0L, 0L, 0L, false);
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            CheckNesting(line);
            if (line.IsWhiteSpace())
            {
                cells += hasDelimiters ? lines * widest : 0;
                (lines, widest, hasDelimiters) = (0, 0, false);
                continue;
            }
            lines++;
            widest = Math.Max(widest, line.Count('|') + 1);
            hasDelimiters |= line.Contains('-') && !line.ContainsAnyExcept(OfDelimiterRow);
        }
        cells += hasDelimiters ? lines * widest : 0;
        if (cells > MarkdownText.MaxTableCells)
            throw new MarkdownException(string.Create(CultureInfo.InvariantCulture, $"its tables have {cells} cells, at most {MarkdownText.MaxTableCells} are rendered: make them smaller, or put empty lines between them and other text"));
    }

    /// <summary>Checks a paragraph or heading.</summary>
    /// <exception cref="MarkdownException">It has too many marks.</exception>
    public static void CheckMarks(LeafBlock block)
    {
        var count = 0;
        for (var i = 0; i < block.Lines.Count; i++)
        {
            var slice = block.Lines.Lines[i].Slice;
            var rest = slice.AsSpan();
            for (var at = rest.IndexOfAny(Marks); at >= 0; at = rest.IndexOfAny(Marks))
            {
                count++;
                rest = rest[(at + 1)..];
            }
        }
        if (count > MarkdownText.MaxMarks)
            throw new MarkdownException(string.Create(CultureInfo.InvariantCulture, $"a paragraph or table has {count} characters such as * _ [ and <, at most {MarkdownText.MaxMarks} are rendered: break it up with empty lines"));
    }

    // > and - and 1. open a quote or a list, each inside of the one before.
    static void CheckNesting(ReadOnlySpan<char> line)
    {
        var depth = 0;
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] is ' ' or '\t')
                continue;
            if (char.IsAsciiDigit(line[i]))
            {
                while (i + 1 < line.Length && char.IsAsciiDigit(line[i + 1]))
                    i++;
                if (++i >= line.Length || line[i] is not ('.' or ')'))
                    return;
            }
            else if (line[i] is not ('>' or '-' or '+' or '*'))
            {
                return;
            }
            if (line[i] != '>' && i + 1 < line.Length && line[i + 1] is not (' ' or '\t'))
                return;
            if (++depth > MarkdownText.MaxNesting)
                throw new MarkdownException($"a line opens more than {MarkdownText.MaxNesting} lists and quotes inside of one another: use fewer levels");
        }
    }
}
