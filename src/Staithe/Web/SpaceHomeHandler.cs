using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Search;

namespace Staithe.Web;

/// <summary>
/// The page of a space: whose it is, and what in it one may see. A space in which one may see nothing, and to which one does not belong, is not
/// there.
/// </summary>
internal sealed class SpaceHomeHandler(Db db, Finder finder) : IWebHandler
{
    const string Prefix = "/spaces/";
    const int PerPage = 48, MostCounted = 1000;

    /// <summary>Where the page of a space is.</summary>
    public static string PathOf(string space) => Prefix + space;

    public bool Takes(string path) => path.StartsWith(Prefix, StringComparison.Ordinal) && path.IndexOf('/', Prefix.Length) < 0;

    public async Task HandleAsync(Visit visit)
    {
        var asked = visit.Path[Prefix.Length..];
        if (!RepositoryName.TryParse(asked, out _))
        {
            await visit.SendNothingAsync("Not here", "That is no space's name.");
            return;
        }
        var (after, who) = (visit.Query("after"), visit.Who);
        // A space that has another name now is looked for by that one; on a registry without accounts there need be no row of it.
        var (name, view) = await db.ReadAsync(
            async session =>
            {
                var space = await SpaceTable.FindAsync(session, asked);
                var present = space?.Name ?? asked;
                return (present, await ReadAsync(session, who, space, present, after));
            },
            visit.Cancel);
        if (view is null)
            await visit.RefuseAsync("There is no such space, or nothing in it that you may see.");
        else if (name != asked)
            await visit.GoToAsync(PathOf(name) + visit.Http.Request.QueryString);
        else
            await visit.SendAsync<SpaceHomePage, SpaceHome>(view);
    }

    async Task<SpaceHome?> ReadAsync(DbSession session, Identity who, SpaceRow? space, string name, string after)
    {
        var rows = await SpaceRepositories.ListAsync(session, who, name, after, PerPage + 1);
        // As much is asked where there is no space: how long it takes tells nobody that there is one.
        var isOf = who.Kind == IdentityKind.User && await SpaceTable.IsOfUserAsync(session, who.Id, space?.Id ?? 0);
        var belongs = space is not null && who.Kind == IdentityKind.User && (who.IsAdmin || isOf);
        if (rows.Count == 0 && after.Length == 0 && !belongs)
            return null;
        var count = await SpaceRepositories.CountAsync(session, who, name, MostCounted + 1);
        return count == 0 && !belongs
            ? null
            : new SpaceHome(
                name,
                space is null ? null : space.OwnerId is null,
                Math.Min(count, MostCounted),
                count > MostCounted,
                belongs && await MaySeePeopleAsync(session, who, space!) ? await SpaceTable.CountPeopleAsync(session, space!.Id) : null,
                belongs && (await AccessLookup.DecideAsync(session, who, space!, $"{name}/")).Always.HasFlag(Rights.Manage),
                [.. rows.Take(PerPage).Select(row => Shown.Hit(row with { IsOfficial = finder.IsOfficial(row.Name) }))],
                after,
                rows.Count > PerPage ? rows[PerPage - 1].Name : null)
            {
                Description = space?.Description ?? "",
                IsWatched = space is not null && who.Kind == IdentityKind.User ? await WatchTable.HasSpaceAsync(session, who.Id, space.Id) : null,
            };
    }

    static async Task<bool> MaySeePeopleAsync(DbSession session, Identity who, SpaceRow space)
    {
        try
        {
            await SpaceAccess.RequireToSeeTeamsAsync(session, who, space.Name);
            return true;
        }
        catch (AccountException)
        {
            return false;
        }
    }
}

/// <summary>A space.</summary>
/// <param name="IsOrganization">Whether it is nobody's own; null where there are no accounts.</param>
/// <param name="Count">How many repositories one may see, as far as they were counted.</param>
/// <param name="IsMore">Whether there are more than were counted.</param>
/// <param name="People">How many people belong to it; null for those who may not know.</param>
/// <param name="MayManage">Whether the reader manages all of it.</param>
/// <param name="After">Behind which name the list begins.</param>
/// <param name="Next">Behind which name it goes on; null at its end.</param>
public sealed record SpaceHome(string Name, bool? IsOrganization, long Count, bool IsMore, long? People, bool MayManage, IReadOnlyList<Hit> Repositories, string After, string? Next)
{
    /// <summary>What its people say of it.</summary>
    public string Description { get; init; } = "";

    /// <summary>Whether the reader watches it; null for those who cannot.</summary>
    public bool? IsWatched { get; init; }
}
