using Staithe.Accounts;
using Staithe.Managing;

namespace Staithe.Web;

/// <summary>What a space is set to.</summary>
internal sealed class SpaceGeneralSettings(AccessEpoch epoch) : SettingsView("", "General")
{
    public override IReadOnlyList<SettingsForm> Forms =>
    [
        new("space.set", SetAsync),
    ];

    public override Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        var space = place.Space!;
        return SendAsync<SpacePage, SpaceView>(
            visit, nav, new SpaceView(space.Name, space.OwnerId is null, VisibilityText.Format(space.Visibility), space.AuditPulls, space.Description, Shown.Then(space.CreatedAt)), echo);
    }

    async Task SetAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var (visibility, audited) = (ReadVisibility(visit), visit.Field("audit") == "pulls");
        await ThenAsync(
            epoch, visit, place.Path, session => SpaceCare.ChangeAsync(session, visit.Who, visit.Actor, place.Target.Space, visibility, audited, visit.Field("description")));
    }
}

/// <summary>What a space is set to.</summary>
/// <param name="Visibility">Of its new repositories.</param>
public sealed record SpaceView(string Name, bool IsOrganization, string Visibility, bool AuditPulls, string Description, DateTimeOffset CreatedAt);
