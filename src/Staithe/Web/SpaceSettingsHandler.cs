using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;

namespace Staithe.Web;

/// <summary>
/// The settings of a space: for who manages the whole of it, but the teams, which their members see too, and its name, its owner and its end, which are the
/// owner's.
/// </summary>
internal sealed class SpaceSettingsHandler(Db db, IReadOnlyList<SettingsView> views) : SettingsHandler(views)
{
    const string Prefix = $"{OwnSettingsHandler.Path}/";

    public override bool Takes(string path) => NameOf(path) is not null;

    protected override Task<SettingsPlace> FindAsync(Visit visit) => db.ReadAsync(
        async session =>
        {
            var asked = NameOf(visit.Path)!;
            var space = await SpaceAccess.FindAsync(session, visit.Who, asked);
            var (path, target) = (Prefix + space.Name, $"{space.Name}/");
            return new SettingsPlace(space.Name, SpaceHomeHandler.PathOf(space.Name), path)
            {
                Target = new SettingsTarget(space.Name, target, path),
                Space = space,
                Manages = (await AccessLookup.DecideAsync(session, visit.Who, space, target)).Always.HasFlag(Rights.Manage),
                SeesTeams = space.OwnerId is null && await TeamTable.IsInAnyAsync(session, space.Id, visit.Who.Id),
                Owns = await SpaceAccess.OwnsAsync(session, visit.Who.Id, space),
                IsMoved = asked != space.Name,
            };
        },
        visit.Cancel);

    static string? NameOf(string path) =>
        path.StartsWith(Prefix, StringComparison.Ordinal) && path[Prefix.Length..].TrimEnd('/') is var name && SpaceName.TryParse(name, out _) ? name : null;
}
