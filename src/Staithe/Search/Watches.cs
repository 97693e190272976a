using Staithe.Access;
using Staithe.Accounts;
using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Search;

/// <summary>
/// People watch repositories, spaces and searches, to read in a feed what happens there. One watches what one may see, and reads of it what one
/// may see then.
/// </summary>
internal static class Watches
{
    /// <summary>The most that one person has, and of searches, each of which a feed has to run.</summary>
    public const int MaxAll = 200, MaxSearches = 20;

    /// <summary>Begins to watch something.</summary>
    /// <param name="session">The database.</param>
    /// <param name="who">The person.</param>
    /// <param name="kind">repository, space or search.</param>
    /// <param name="name">Which.</param>
    /// <exception cref="AccountException">There is no such thing as far as they may know; or they watch too much.</exception>
    public static async Task AddAsync(DbSession session, Identity who, string kind, string name)
    {
        var (repoId, spaceId, query) = await ReadAsync(session, who, kind, name, mustSee: true);
        await WatchTable.AddAsync(session, who.Id, repoId, spaceId, query);
        var (all, searches) = await WatchTable.CountAsync(session, who.Id);
        if (all > MaxAll || searches > MaxSearches)
            throw new AccountException(AccountProblem.Invalid, $"one person watches at most {MaxAll} things, of which {MaxSearches} are searches: end another one first");
    }

    /// <summary>Ends it.</summary>
    /// <exception cref="AccountException">It is nothing that could be watched.</exception>
    public static async Task RemoveAsync(DbSession session, Identity who, string kind, string name)
    {
        var (repoId, spaceId, query) = await ReadAsync(session, who, kind, name, mustSee: false);
        if (repoId is not null || spaceId is not null || query is not null)
            await WatchTable.RemoveAsync(session, who.Id, repoId, spaceId, query);
    }

    /// <summary>The space, for whoever belongs to it or may pull something in it.</summary>
    /// <exception cref="AccountException">There is none, as far as they may know.</exception>
    public static async Task<SpaceRow> FindSpaceAsync(DbSession session, Identity who, string name)
    {
        var space = await Spaces.FindAsync(session, name);
        return await WatchTable.IsVisibleSpaceAsync(session, who, space.Name) ? space : await SpaceAccess.FindAsync(session, who, name);
    }

    /// <summary>The row of the repository, for whoever may pull from it.</summary>
    /// <exception cref="AccountException">There is none, as far as they may know.</exception>
    public static async Task<long> FindRepositoryAsync(DbSession session, Identity who, string name)
    {
        var seen = RepositoryName.TryParse(name, out var asked) ? await AccessLookup.ExplainAsync(session, who, asked) : null;
        return seen?.Place is { Visibility: not null } place && seen.Decision.May(Rights.Pull) && await RepositoryTable.FindIdAsync(session, place.Name) is { } id
            ? id
            : throw new AccountException(AccountProblem.Unknown, $"there is no repository {OciException.Quote(name)}, or none that you may see");
    }

    /// <summary>A search as it is kept.</summary>
    public static string Normal(string query) => string.Join(' ', query.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    static async Task<(long? RepoId, long? SpaceId, string? Query)> ReadAsync(DbSession session, Identity who, string kind, string name, bool mustSee)
    {
        switch (kind)
        {
            case WatchRow.Repository:
                return (mustSee ? await FindRepositoryAsync(session, who, name) : RepositoryName.TryParse(name, out var repository) ? await RepositoryTable.FindIdAsync(session, repository) : null, null, null);
            case WatchRow.Space:
                return (null, mustSee ? (await FindSpaceAsync(session, who, name)).Id : (await SpaceTable.FindAsync(session, name))?.Id, null);
            default:
                var query = Normal(name);
                if (mustSee && (query.Length > SearchQuery.MaxLength || query.Any(char.IsControl) || SearchQuery.Parse(query).IsEmpty))
                    throw new AccountException(AccountProblem.Invalid, $"a search to watch has at least a word or a field, and at most {SearchQuery.MaxLength} characters");
                if (mustSee && SearchQuery.Parse(query).Problem is { } problem)
                    throw new AccountException(AccountProblem.Invalid, problem);
                return (null, null, query);
        }
    }
}
