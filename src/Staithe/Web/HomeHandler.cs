using Staithe.Access;
using Staithe.Database;
using Staithe.Search;

namespace Staithe.Web;

/// <summary>The first page: search, what is new, and one's own.</summary>
internal sealed class HomeHandler(Db db, Finder finder) : IWebHandler
{
    const int New = 12, Own = 6, MostSpaces = 20;

    public bool Takes(string path) => path == "/";

    public async Task HandleAsync(Visit visit)
    {
        var recent = await finder.RunAsync(visit.Who, SearchQuery.Parse(""), SearchOrder.Updated, 0, New, visit.Cancel);
        var own = visit.Who.Kind == IdentityKind.User ? (await finder.RunAsync(visit.Who, SearchQuery.Parse($"space:{visit.Who.Name}"), SearchOrder.Updated, 0, Own, visit.Cancel)).Hits : [];
        var spaces = visit.Who.Kind == IdentityKind.User ? await db.ReadAsync(session => SpaceAccess.ListAsync(session, visit.Who, "", MostSpaces), visit.Cancel) : [];
        var followed = visit.Who.Kind == IdentityKind.User ? await ListFollowedAsync(visit) : [];
        await visit.SendAsync<HomePage, HomeView>(new HomeView([.. recent.Hits.Select(Shown.Hit)], [.. own.Select(Shown.Hit)])
        {
            Followed = [.. followed.Select(Shown.Hit)],
            Spaces = [.. spaces.Select(space => space.Name)],
        });
    }

    Task<List<SearchRow>> ListFollowedAsync(Visit visit) => db.ReadAsync(
        async session =>
        {
            var (watched, starred) = (await WatchTable.ListOwnAsync(session, visit.Who, isStarred: false, Own), await WatchTable.ListOwnAsync(session, visit.Who, isStarred: true, Own));
            return (await finder.DescribeAsync(session, [.. watched.Union(starred)])).OrderByDescending(row => row.UpdatedAt).Take(Own).ToList();
        },
        visit.Cancel);
}

/// <summary>The first page.</summary>
/// <param name="Recent">What changed last.</param>
/// <param name="Own">The same in the reader's space.</param>
public sealed record HomeView(IReadOnlyList<Hit> Recent, IReadOnlyList<Hit> Own)
{
    /// <summary>The same of what the reader watches or has starred.</summary>
    public IReadOnlyList<Hit> Followed { get; init; } = [];

    /// <summary>The spaces that the reader belongs to.</summary>
    public IReadOnlyList<string> Spaces { get; init; } = [];
}
