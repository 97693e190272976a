namespace Staithe.Markup;

/// <summary>Where a link leads that anybody may have written.</summary>
/// <param name="Url">What the browser is given.</param>
/// <param name="IsElsewhere">Whether that is not on this registry.</param>
internal sealed record LinkTarget(string Url, bool IsElsewhere)
{
    /// <summary>
    /// The target of a link: http, https or mailto, or something on this registry, written as browsers write it: <c>/spaces/alice</c>, <c>../x</c>,
    /// <c>?view=tags</c>, <c>#heading</c>. Null for everything else, which stays text.
    /// </summary>
    /// <param name="url">As it is written.</param>
    /// <param name="ids">The ids of the text's own headings.</param>
    public static LinkTarget? Of(string? url, IReadOnlySet<string> ids)
    {
        url = url?.Trim();
        // A browser drops tabs and ends of lines wherever they are, and takes a backslash for a slash.
        if (string.IsNullOrEmpty(url) || url.Any(char.IsControl) || url.Contains('\\', StringComparison.Ordinal))
            return null;
        if (url[0] == '#')
            return new LinkTarget(Fragment(url[1..], ids), IsElsewhere: false);
        var end = url.AsSpan().IndexOfAny("/?#:");
        if (end >= 0 && url[end] == ':')
            return url[..end].ToLowerInvariant() is "http" or "https" or "mailto" ? new LinkTarget(url, IsElsewhere: true) : null;
        return url.StartsWith("//", StringComparison.Ordinal) ? null : new LinkTarget(url, IsElsewhere: false);
    }

    /// <summary>What to call a picture that has no text: its file.</summary>
    public static string FileName(string? url)
    {
        var path = (url ?? "").Split('?', '#')[0].TrimEnd('/');
        var name = path[(path.LastIndexOf('/') + 1)..];
        return name.Length is > 0 and <= 100 ? name : "image";
    }

    // To the id that the heading has here, however the link writes its words.
    static string Fragment(string fragment, IReadOnlySet<string> ids)
    {
        var words = Uri.UnescapeDataString(fragment);
        var id = MarkdownText.IdPrefix + words.ToLowerInvariant();
        return $"#{(!ids.Contains(id) && ids.Contains(words) ? words : id)}";
    }
}
