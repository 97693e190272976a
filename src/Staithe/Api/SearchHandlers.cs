using System.Globalization;
using Staithe.Search;

namespace Staithe.Api;

/// <summary>Searches, for programs.</summary>
internal sealed class SearchHandlers(Finder finder)
{
    public async Task<SearchAnswer> RunAsync(ApiCall call)
    {
        var order = call.Query("sort") == "updated" ? SearchOrder.Updated : SearchOrder.Best;
        var (skip, limit) = ((int)Math.Min(call.AfterNumber(0), Finder.MaxResults), call.Limit);
        var query = SearchQuery.Parse(call.Query("q") ?? "");
        if (query.Problem is { } problem)
            throw ApiCall.Invalid(problem);
        var found = await finder.RunAsync(call.Who, query, order, skip, limit, call.Cancel);
        var next = skip + found.Hits.Count < found.Total ? (skip + found.Hits.Count).ToString(CultureInfo.InvariantCulture) : null;
        return new SearchAnswer([.. found.Hits.Select(SearchHit.Of)], next, found.Total, found.IsMore, found.IsPartial, found.Meant, [.. found.Facets.Select(facet => new SearchFacet(facet.Field, facet.Value, facet.Count))]);
    }
}
