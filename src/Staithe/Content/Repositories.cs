using Staithe.Accounts;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>Repositories come to be when something is put into them, in the same transaction.</summary>
internal static class Repositories
{
    /// <summary>
    /// The repository that has this name or had it before, else a new one, with what its space gives by default. It keeps its name until the
    /// transaction ends.
    /// </summary>
    public static async Task<RepositoryRow> GetOrCreateAsync(DbSession session, RepositoryName name, Creator creator)
    {
        while (true)
        {
            if (await RepositoryTable.KeepAsync(session, name) is { } found)
                return found;
            // The space is kept first: whoever moves it, or something out of it, comes before or after us.
            var spaceId = await SpaceTable.KeepIdAsync(session, name.Space);
            if (await RepositoryTable.FindPresentNameAsync(session, name) is var present && present != name)
                name = present;
            else if (await RepositoryTable.CreateAsync(session, name) && spaceId is not null)
                await DefaultGrants.ApplyAsync(session, spaceId.Value, name, creator);
        }
    }
}
