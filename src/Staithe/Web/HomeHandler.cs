using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Search;

namespace Staithe.Web;

/// <summary>The first page: search, what the registry itself stands for, what is new, and one's own.</summary>
internal sealed class HomeHandler(Db db, Finder finder, Users users) : IWebHandler
{
    const int New = 12, Own = 6, Official = 6, MostSpaces = 20;

    public bool Takes(string path) => path == "/";

    public async Task HandleAsync(Visit visit)
    {
        var official = finder.HasOfficial ? await ListAsync(visit, "is:official", Official) : [];
        var recent = await ListAsync(visit, "", New);
        var own = visit.Who.Kind == IdentityKind.User ? await ListAsync(visit, $"space:{visit.Who.Name}", Own) : [];
        var spaces = visit.Who.Kind == IdentityKind.User ? (await db.ReadAsync(session => SpaceAccess.ListAsync(session, visit.Who, new ListRequest(Limit: MostSpaces)), visit.Cancel)).Items : [];
        var followed = visit.Who.Kind == IdentityKind.User ? await ListFollowedAsync(visit) : [];
        await visit.SendAsync<HomePage, HomeView>(new HomeView(recent, own)
        {
            Official = official,
            Followed = [.. followed.Select(Shown.Hit)],
            Spaces = [.. spaces.Select(space => space.Name)],
            HasAccounts = recent.Count > 0 || visit.Who.Kind != IdentityKind.Anonymous || await users.AnyAsync(visit.Cancel),
        });
    }

    async Task<IReadOnlyList<Hit>> ListAsync(Visit visit, string query, int limit) =>
        [.. (await finder.ListNewestAsync(visit.Who, SearchQuery.Parse(query), limit, visit.Cancel)).Select(Shown.Hit)];

    Task<List<SearchRow>> ListFollowedAsync(Visit visit) => db.ReadAsync(
        async session =>
        {
            var (watched, starred) = (await WatchTable.ListOwnAsync(session, visit.Who, isStarred: false, Own), await WatchTable.ListOwnAsync(session, visit.Who, isStarred: true, Own));
            return (await finder.DescribeAsync(session, visit.Who, [.. watched.Union(starred)])).OrderByDescending(row => row.UpdatedAt).Take(Own).ToList();
        },
        visit.Cancel);
}

/// <summary>The first page.</summary>
/// <param name="Recent">What changed last.</param>
/// <param name="Own">The same in the reader's space.</param>
public sealed record HomeView(IReadOnlyList<Hit> Recent, IReadOnlyList<Hit> Own)
{
    /// <summary>What changed last in the spaces that speak for the registry.</summary>
    public IReadOnlyList<Hit> Official { get; init; } = [];

    /// <summary>The same of what the reader watches or has starred.</summary>
    public IReadOnlyList<Hit> Followed { get; init; } = [];

    /// <summary>Whether anybody can sign in yet, or nobody has to.</summary>
    public bool HasAccounts { get; init; } = true;

    /// <summary>The spaces that the reader belongs to.</summary>
    public IReadOnlyList<string> Spaces { get; init; } = [];
}
