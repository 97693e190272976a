using System.Globalization;
using Staithe.Access;
using Staithe.Database;
using Staithe.Search;

namespace Staithe.Web;

/// <summary>The page of results.</summary>
internal sealed class SearchPageHandler(Db db, Finder finder) : IWebHandler
{
    const int PerPage = 20;

    public bool Takes(string path) => path == "/search";

    public async Task HandleAsync(Visit visit)
    {
        var text = visit.Query("q").Trim();
        text = text.Length > SearchQuery.MaxLength ? text[..SearchQuery.MaxLength] : text;
        var query = SearchQuery.Parse(text);
        var order = visit.Query("sort") == "updated" || query.Words.Count == 0 ? SearchOrder.Updated : SearchOrder.Best;
        var page = int.TryParse(visit.Query("page"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Math.Clamp(number, 1, Finder.MaxResults / PerPage) : 1;
        var found = query.Problem is null
            ? await finder.RunAsync(visit.Who, query, order, (page - 1) * PerPage, PerPage, visit.Cancel)
            : new Found([], 0, false, false, [], []);
        var facets = found.Facets.GroupBy(facet => facet.Field).Where(group => group.Count() > 1 || group.First().Count < found.Total)
            .Select(group => new FacetGroup(FacetTitle(group.Key), [.. group.Select(facet => new FacetLink(FacetText(facet), facet.Count, $"{text} {facet.Field}:{Quoted(facet.Value)}".Trim()))])).ToList();
        await visit.SendAsync<SearchPage, SearchView>(new SearchView(
            text, order == SearchOrder.Updated, query.Words.Count > 0, [.. found.Hits.Select(Shown.Hit)], found.Total, found.IsMore, found.IsPartial, found.Meant, facets, page, (found.Total + PerPage - 1) / PerPage)
        {
            Problems = query.Problems,
            MayWatch = visit.Who.Kind == IdentityKind.User && !query.IsEmpty && query.Problem is null,
            IsWatched = visit.Who.Kind == IdentityKind.User && !query.IsEmpty && await db.ReadAsync(session => WatchTable.HasSearchAsync(session, visit.Who.Id, Watches.Normal(text)), visit.Cancel),
        });
    }

    static string Quoted(string value) => value.Contains(' ', StringComparison.Ordinal) ? $"\"{value}\"" : value;

    static string FacetTitle(string field) => field switch
    {
        "arch" => "Processor",
        "license" => "Licence",
        "space" => "Space",
        "type" => "Kind",
        "user" => "Runs as",
        "has" => "Comes with",
        "is" => "Who speaks",
        "updated" => "Changed",
        _ => field,
    };

    static string FacetText(Facet facet) => facet switch
    {
        { Field: "updated", Value: "1d" } => "within a day",
        { Field: "updated", Value: "7d" } => "within a week",
        { Field: "updated", Value: "30d" } => "within a month",
        { Field: "updated" } => "within a year",
        { Field: "has", Value: "buildfile" } => "build file",
        { Field: "user", Value: "nonroot" } => "not root",
        _ => facet.Value,
    };
}

/// <summary>Results.</summary>
/// <param name="Query">What was typed.</param>
/// <param name="IsByTime">Whether what changed last comes first.</param>
/// <param name="MayRank">Whether it could be otherwise.</param>
/// <param name="IsMore">Whether there are more than were counted.</param>
/// <param name="IsPartial">Whether more is inside of images that fits than was looked at.</param>
/// <param name="Meant">Names that may have been meant.</param>
/// <param name="Page">Which part of the results, from 1.</param>
public sealed record SearchView(
    string Query, bool IsByTime, bool MayRank, IReadOnlyList<Hit> Hits, int Total, bool IsMore, bool IsPartial, IReadOnlyList<string> Meant, IReadOnlyList<FacetGroup> Facets, int Page, int Pages)
{
    /// <summary>What of the search was not understood; then nothing was looked for.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>Whether the reader may watch the search.</summary>
    public bool MayWatch { get; init; }

    /// <summary>Whether the reader does.</summary>
    public bool IsWatched { get; init; }
}

/// <summary>Values that results have in common.</summary>
public sealed record FacetGroup(string Title, IReadOnlyList<FacetLink> Links);

/// <summary>A value, how many results have it, and the search for these.</summary>
public sealed record FacetLink(string Value, long Count, string Query);
