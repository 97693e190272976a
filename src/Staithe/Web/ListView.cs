using Staithe.Database;

namespace Staithe.Web;

/// <summary>Which part of a list a page shows, and the way to the other parts.</summary>
/// <param name="Path">The page, without its query.</param>
/// <param name="Kept">What of the query says which list it is.</param>
/// <param name="Text">What the entries have in them; empty for anything.</param>
/// <param name="Sort">The order that they are in.</param>
/// <param name="Sorts">The orders that there are.</param>
/// <param name="IsFirst">Whether the part is the beginning of the list.</param>
/// <param name="Next">Where the next part begins; null at the end.</param>
public sealed record ListView(
    string Path, IReadOnlyList<KeyValuePair<string, string>> Kept, string Text, string Sort, IReadOnlyList<string> Sorts, bool IsFirst, string? Next)
{
    // The other parameters are those of the list itself, or of a question about an entry.
    static readonly string[] Selectors = ["view", "attachments", "untagged", "team", "robot", "repository", "actor", "action", "outcome"];

    /// <summary>A list that has one part.</summary>
    public static ListView Whole { get; } = new("", [], "", "", [], IsFirst: true, null);

    /// <summary>Where the list begins.</summary>
    public string FirstPath => PathOf(null);

    /// <summary>Where it goes on.</summary>
    public string NextPath => PathOf(Next);

    /// <summary>Whether there is nothing because nothing has the text.</summary>
    public bool IsFiltered => Text.Length > 0;

    /// <summary>What an order is called.</summary>
    public static string NameOf(string sort) => sort switch
    {
        "-moved" or "-pushed" or "-created" => "Newest",
        "created" or "pushed" => "Oldest",
        "-version" => "Version",
        "-used" => "Last used",
        "-signedIn" => "Last sign-in",
        "digest" => "Digest",
        "target" => "Target",
        _ => "Name",
    };

    internal static ListView Of(Visit visit, ListRequest asked, IReadOnlyList<string> sorts, string? next) => new(
        visit.Http.Request.Path,
        [.. Selectors.Where(name => visit.Query(name).Length > 0).Select(name => KeyValuePair.Create(name, visit.Query(name)))],
        asked.Text,
        asked.Sort,
        sorts,
        asked.After.Length == 0,
        next);

    string PathOf(string? after)
    {
        List<KeyValuePair<string, string>> query = [.. Kept];
        if (Text.Length > 0)
            query.Add(new("q", Text));
        if (Sorts.Count > 0 && Sort != Sorts[0])
            query.Add(new("sort", Sort));
        if (after is not null)
            query.Add(new("after", after));
        return query.Count == 0 ? Path : $"{Path}?{string.Join('&', query.Select(one => $"{one.Key}={Uri.EscapeDataString(one.Value)}"))}";
    }
}
