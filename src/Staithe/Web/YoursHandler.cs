using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Search;

namespace Staithe.Web;

/// <summary>What somebody watches and has starred; and the forms by which they begin and end to watch, wherever they are.</summary>
internal sealed class YoursHandler(Db db, Finder finder) : IWebHandler
{
    const int MaxStarred = 100;

    public bool Takes(string path) => path == "/yours";

    public async Task HandleAsync(Visit visit)
    {
        if (visit.Who.Kind != IdentityKind.User)
            await (visit.Who.Kind == IdentityKind.Anybody ? visit.SendNothingAsync("Not here", "This registry is open: nobody has anything of their own here.") : visit.GoToSignInAsync("/yours"));
        else if (visit.Form is not null)
            await ChangeAsync(visit);
        else
            await ShowAsync(visit);
    }

    async Task ShowAsync(Visit visit)
    {
        var (watches, starred) = await db.ReadAsync(
            async session => (await WatchTable.ListAsync(session, visit.Who, 0, Watches.MaxAll), await finder.DescribeAsync(session, visit.Who, await WatchTable.ListOwnAsync(session, visit.Who, isStarred: true, MaxStarred))),
            visit.Cancel);
        await visit.SendAsync<YoursPage, YoursView>(new YoursView(
            [.. watches.Select(watch => new WatchLine(watch.Kind, watch.Name, DateTimeOffset.FromUnixTimeMilliseconds(watch.CreatedAt)))], [.. starred.Select(Shown.Hit)]));
    }

    async Task ChangeAsync(Visit visit)
    {
        var kind = WatchRow.Kinds.FirstOrDefault(kind => visit.Field(kind).Length > 0);
        if (kind is null || visit.Field("do") is not ("watch" or "unwatch"))
            throw new AccountException(AccountProblem.Invalid, "the form does not say what to do");
        await db.WriteAsync(
            SpaceUse.Small,
            session => visit.Field("do") == "watch" ? Watches.AddAsync(session, visit.Who, kind, visit.Field(kind)) : Watches.RemoveAsync(session, visit.Who, kind, visit.Field(kind)),
            visit.Cancel);
        await visit.DoneAsync(visit.Field("next") is { Length: > 0 } next ? Visit.LocalPath(next) : "/yours");
    }
}

/// <summary>What somebody watches and has starred.</summary>
public sealed record YoursView(IReadOnlyList<WatchLine> Watches, IReadOnlyList<Hit> Starred);

/// <summary>Something that is watched.</summary>
/// <param name="Kind">repository, space or search.</param>
/// <param name="Since">When that began.</param>
public sealed record WatchLine(string Kind, string Name, DateTimeOffset Since)
{
    /// <summary>The page about it.</summary>
    public string Page => Kind switch
    {
        WatchRow.Repository => $"/r/{Name}",
        WatchRow.Space => SpaceHomeHandler.PathOf(Name),
        _ => $"/search?q={Uri.EscapeDataString(Name)}",
    };

    /// <summary>Its feed.</summary>
    public FeedLink Feed => Kind switch
    {
        WatchRow.Repository => FeedLink.OfRepository(Name),
        WatchRow.Space => FeedLink.OfSpace(Name),
        _ => FeedLink.OfSearch(Name),
    };
}

/// <summary>Where a feed is.</summary>
/// <param name="Title">What it is about.</param>
/// <param name="Path">Its path without the ending.</param>
/// <param name="Query">What stands behind the ending.</param>
public sealed record FeedLink(string Title, string Path, string Query = "")
{
    /// <summary>As Atom.</summary>
    public string Atom => $"{Path}.atom{Query}";

    /// <summary>As JSON Feed.</summary>
    public string Json => $"{Path}.json{Query}";

    /// <summary>Of a repository.</summary>
    public static FeedLink OfRepository(string name) => new($"Pushes to {name}", $"/feeds/r/{name}");

    /// <summary>Of a space.</summary>
    public static FeedLink OfSpace(string name) => new($"Pushes to {name}", $"/feeds/s/{name}");

    /// <summary>Of a search.</summary>
    public static FeedLink OfSearch(string query) => new(query.Length == 0 ? "Pushes" : $"Pushes to what {query} finds", "/feeds/search", query.Length == 0 ? "" : $"?q={Uri.EscapeDataString(query)}");

    /// <summary>Of everything that the reader watches.</summary>
    public static FeedLink Mine { get; } = new("What you watch", "/feeds/mine");
}
