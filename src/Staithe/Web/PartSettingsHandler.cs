using Staithe.Access;
using Staithe.Database;
using Staithe.Managing;
using Staithe.Oci;

namespace Staithe.Web;

/// <summary>
/// The settings of a part of a space, such as <c>team/base/</c>, for who manages all that begins so; there need be nothing in it yet. Its address ends with the
/// slash that tells it from the repository of that name.
/// </summary>
internal sealed class PartSettingsHandler(Db db, TargetPages targets) : SettingsHandler
{
    const string Prefix = $"{OwnSettingsHandler.Path}/";

    static readonly (string View, string Title)[] Views =
        [(TargetPages.Grants, "Rights"), (TargetPages.Access, "Who may what"), (TargetPages.Defaults, "New repositories"), (TargetPages.Links, "Share links"), (TargetPages.Invitations, "Invitations")];

    public override bool Takes(string path) => TargetOf(path) is not null;

    protected override async Task ShowAsync(Visit visit, Echo echo)
    {
        var asked = TargetOf(visit.Path)!;
        var target = await FindAsync(visit, asked);
        if (target.Target != asked && visit.Form is null)
        {
            await visit.GoToAsync(target.Path + visit.Http.Request.QueryString); // its space has another name by now
            return;
        }
        await db.ReadAsync(session => SpaceCare.FindTargetAsync(session, visit.Who, target.Space, target.Target), visit.Cancel);
        var view = visit.Query("view") is { Length: > 0 } named ? named : TargetPages.Grants;
        await targets.ShowAsync(visit, NavOf(target, view), target, view, echo);
    }

    protected override async Task ActAsync(Visit visit)
    {
        var target = await FindAsync(visit, TargetOf(visit.Path)!);
        await (targets.Act(visit, view => NavOf(target, view), target) ?? throw UnknownDeed());
    }

    static string? TargetOf(string path) =>
        path.StartsWith(Prefix, StringComparison.Ordinal) && path.EndsWith('/') && RepositoryName.TryParse(path[Prefix.Length..^1], out var name) && name.Value.Contains('/', StringComparison.Ordinal)
            ? path[Prefix.Length..]
            : null;

    // Below the name that the space has now.
    async Task<SettingsTarget> FindAsync(Visit visit, string asked)
    {
        var space = await db.ReadAsync(session => SpaceAccess.FindAsync(session, visit.Who, asked.Split('/')[0]), visit.Cancel);
        var target = space.Name + asked[asked.IndexOf('/', StringComparison.Ordinal)..];
        return new SettingsTarget(space.Name, target, SettingsTarget.PathOf(target));
    }

    static SettingsNav NavOf(SettingsTarget target, string view) => new(
        target.Target,
        SpaceHomeHandler.PathOf(target.Space),
        Array.Find(Views, page => page.View == view).Title ?? "Settings",
        [.. Views.Select(page => new NavLink(page.Title, page.View == TargetPages.Grants ? target.Path : target.At(page.View), page.View == view))]);
}
