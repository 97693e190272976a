namespace Staithe.Web;

/// <summary>What people set for themselves: tokens for programs, the password, where they are signed in, their spaces.</summary>
internal sealed class OwnSettingsHandler(IReadOnlyList<SettingsView> views, bool hasElsewhere) : SettingsHandler(views)
{
    /// <summary>Where they are.</summary>
    public const string Path = "/settings";

    public override bool Takes(string path) => path is Path or Path + "/";

    /// <summary>The menu, beside the page of accounts elsewhere, which has an address of its own.</summary>
    public SettingsNav NavOfElsewhere { get; } = new("", "", Elsewhere.Text, [.. LinksTo(views, null), Elsewhere with { IsCurrent = true }]);

    protected override Task<SettingsPlace> FindAsync(Visit visit) => Task.FromResult(new SettingsPlace("", "", Path) { Manages = true });

    protected override SettingsNav NavOf(SettingsPlace place, SettingsView shown) =>
        new("", "", shown.Title, hasElsewhere ? [.. LinksTo(Views, shown), Elsewhere] : [.. LinksTo(Views, shown)]);

    static NavLink Elsewhere { get; } = new("Accounts elsewhere", ElsewhereHandler.Prefix, false);

    static IEnumerable<NavLink> LinksTo(IReadOnlyList<SettingsView> views, SettingsView? shown) =>
        views.Select(view => new NavLink(view.Title, view == views[0] ? Path : $"{Path}?view={view.Name}", view == shown));
}
