using Staithe.Accounts;
using Staithe.Database;
using Staithe.Managing;
using Staithe.Sharing;

namespace Staithe.Web;

/// <summary>Invitations into teams, or to rights.</summary>
internal sealed class InvitationSettings(Db db, AccessEpoch epoch, Invitations invitations) : TargetView(db, epoch, "invitations", "Invitations")
{
    public override IReadOnlyList<SettingsForm> Forms =>
    [
        new("invitation.add", AddAsync),
        new("invitation.delete", (visit, place, _) => DeleteAsync(visit, place, (session, id) => SpaceInvitations.DeleteAsync(session, visit.Who, visit.Actor, place.Target.Space, id))),
    ];

    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        var target = place.Target;
        var asked = visit.Asked(NewestFirst);
        var (part, names) = await Db.ReadAsync(
            async session => (
                await Visit.ListAsync(asked, part => SpaceInvitations.ListAsync(session, visit.Who, target.Space, target.Target, part)),
                await ListNamesAsync(session, target.Space)),
            visit.Cancel);
        if (visit.Query("ask") == "invitation.delete" && await FindAsync(visit, "id", (session, id) => SpaceInvitations.FindAsync(session, visit.Who, target.Space, id)) is { } row)
        {
            var one = InvitationLine.Of(row);
            await AskAsync(visit, nav, place, "invitation.delete", one.Id, "Revoke it", $"Revoke the invitation to {one.To}", ["Nobody can accept it any more. Who has accepted it stays."]);
            return;
        }
        await SendAsync<InvitationsPage, InvitationsView>(visit, nav, new InvitationsView(
            target.Target,
            target.IsRepository,
            target.Path,
            [.. part.Items.Select(InvitationLine.Of)],
            target.IsRepository || target.IsPart ? [] : names.Teams,
            ListView.Of(visit, asked, NewestFirst, part.Next)), echo);
    }

    async Task AddAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var target = place.Target;
        var team = Text(visit, "team");
        var wish = new InvitationWish(
            team,
            team is null ? ReadTarget(visit, target) : null,
            team is null ? RightsOf(visit) : null,
            team is null ? Text(visit, "tags") : null,
            null,
            Text(visit, "user"),
            visit.Field("newAccounts") == "yes",
            Number(visit, "uses") ?? 1,
            Number(visit, "days") ?? 7);
        var (row, text) = await Epoch.ChangeAsync(session => SpaceInvitations.AddAsync(session, invitations, visit.Who, visit.Actor, target.Space, wish), visit.Cancel);
        await SendAsync<SecretPage, ShownSecret>(visit, nav, new ShownSecret(
            $"An invitation to {row.To}",
            $"Copy the address now and send it to whom it is for: it is shown this once. It can be accepted until {Shown.Time(Shown.Then(row.ExpiresAt))}{(row.MaxUses > 1 ? $", by {row.MaxUses} people" : "")}.",
            [new SecretText("The page for who is invited", $"{visit.Frame.Clients.Url}/invite/{text}")],
            target.At(Name)), Echo.None);
    }
}

/// <summary>The invitations.</summary>
public sealed record InvitationsView(string Target, bool IsRepository, string Path, IReadOnlyList<InvitationLine> Invitations, IReadOnlyList<string> Teams, ListView List);

/// <summary>An invitation.</summary>
/// <param name="For">The only one who may accept; null for anybody.</param>
public sealed record InvitationLine(long Id, string To, string? For, bool NewAccounts, string MadeBy, long MaxUses, long Uses, DateTimeOffset ExpiresAt)
{
    internal static InvitationLine Of(InvitationRow row) => new(
        row.Id,
        row.Team is { } team ? $"the team {team.Name}" : $"{RightsText.Format(row.Rights)} on {row.Target}{(row.Tags is null ? "" : $", tags {row.Tags.Text}")}",
        row.UserName,
        row.NewAccounts,
        row.Inviter,
        row.MaxUses,
        row.Uses,
        Shown.Then(row.ExpiresAt));
}
