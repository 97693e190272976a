using Staithe.Accounts;
using Staithe.Database;
using Staithe.Managing;
using Staithe.Oci;

namespace Staithe.Web;

/// <summary>The settings of a repository, for who manages it.</summary>
internal sealed class RepositorySettingsHandler(Db db, IReadOnlyList<SettingsView> views) : SettingsHandler(views)
{
    const string Prefix = $"{OwnSettingsHandler.Path}/";

    /// <summary>Where those of a repository are.</summary>
    public static string PathOf(string name) => Prefix + name;

    public override bool Takes(string path) => NameOf(path) is not null;

    protected override async Task<SettingsPlace> FindAsync(Visit visit)
    {
        var asked = NameOf(visit.Path)!;
        var seen = await db.ReadAsync(session => RepositoryCare.SeenAsync(session, visit.Who, asked), visit.Cancel);
        var name = seen.Place!.Name;
        return new SettingsPlace(name.Value, $"/r/{name}", PathOf(name.Value))
        {
            Target = new SettingsTarget(name.Space, name.Value, PathOf(name.Value)),
            Manages = seen.Decision.Always.HasFlag(Rights.Manage),
            IsMoved = name != asked,
        };
    }

    static RepositoryName? NameOf(string path) =>
        path.StartsWith(Prefix, StringComparison.Ordinal) && RepositoryName.TryParse(path[Prefix.Length..], out var name) && name.Value.Contains('/', StringComparison.Ordinal) ? name : null;
}
