namespace Staithe.Bench;

/// <summary>The page on performance: what stands between two marks is written by the bench.</summary>
internal static class Docs
{
    const string End = "<!-- to here -->";

    /// <summary>Replaces what stands between a mark and the end that follows it.</summary>
    public static void Write(Options options, string begin, string content)
    {
        var page = Path.Combine(options.Repository, "docs/performance.md");
        var text = File.ReadAllText(page);
        var from = text.IndexOf(begin, StringComparison.Ordinal);
        var to = from < 0 ? -1 : text.IndexOf(End, from, StringComparison.Ordinal);
        if (to < 0)
            throw new BenchException($"docs/performance.md lacks the lines '{begin}' and '{End}'");
        File.WriteAllText(page, text[..(from + begin.Length)] + "\n\n" + content + "\n" + text[to..]);
    }
}
