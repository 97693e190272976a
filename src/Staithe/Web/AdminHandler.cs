using Staithe.Managing;

namespace Staithe.Web;

/// <summary>The pages of who runs the registry: people, what is kept, what waits to be done, who did what. To everybody else they are not there.</summary>
internal sealed class AdminHandler(IReadOnlyList<SettingsView> views) : SettingsHandler(views)
{
    const string Path = "/admin";

    public override bool Takes(string path) => path is Path or Path + "/";

    protected override Task<SettingsPlace> FindAsync(Visit visit)
    {
        Asker.RequireAdmin(visit.Who);
        return Task.FromResult(new SettingsPlace("This registry", Path, Path) { Manages = true });
    }
}
