using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Web;

/// <summary>
/// The settings of a part of a space, such as <c>team/base/</c>, for who manages all that begins so; there need be nothing in it yet. Its address ends with the
/// slash that tells it from the repository of that name.
/// </summary>
internal sealed class PartSettingsHandler(Db db, IReadOnlyList<SettingsView> views) : SettingsHandler(views)
{
    const string Prefix = $"{OwnSettingsHandler.Path}/";

    public override bool Takes(string path) => TargetOf(path) is not null;

    // Below the name that the space has now.
    protected override Task<SettingsPlace> FindAsync(Visit visit) => db.ReadAsync(
        async session =>
        {
            var asked = TargetOf(visit.Path)!;
            var space = await SpaceAccess.FindAsync(session, visit.Who, asked.Split('/')[0]);
            var target = space.Name + asked[asked.IndexOf('/', StringComparison.Ordinal)..];
            var path = SettingsTarget.PathOf(target);
            return new SettingsPlace(target, SpaceHomeHandler.PathOf(space.Name), path)
            {
                Target = new SettingsTarget(space.Name, target, path),
                Space = space,
                Manages = (await AccessLookup.DecideAsync(session, visit.Who, space, target)).Always.HasFlag(Rights.Manage),
                IsMoved = asked != target,
            };
        },
        visit.Cancel);

    static string? TargetOf(string path) =>
        path.StartsWith(Prefix, StringComparison.Ordinal) && path.EndsWith('/') && RepositoryName.TryParse(path[Prefix.Length..^1], out var name) && name.Value.Contains('/', StringComparison.Ordinal)
            ? path[Prefix.Length..]
            : null;
}
