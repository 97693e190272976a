using Staithe.Accounts;
using Staithe.Database;
using Staithe.Managing;

namespace Staithe.Web;

/// <summary>Who was given what.</summary>
internal sealed class GrantSettings(Db db, AccessEpoch epoch) : TargetView(db, epoch, "grants", "Rights")
{
    public override IReadOnlyList<SettingsForm> Forms =>
    [
        new("grant.add", AddAsync),
        new("grant.change", ChangeAsync),
        new("grant.delete", (visit, place, _) => DeleteAsync(visit, place, (session, id) => SpaceGrants.DeleteAsync(session, visit.Who, visit.Actor, place.Target.Space, id))),
    ];

    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        var target = place.Target;
        // What reaches it from above is shown too: one would wonder otherwise where a right comes from.
        var asked = visit.Asked(GrantTable.Orders);
        var (part, names, managesAll) = await ReadAsync(
            visit, target, session => Visit.ListAsync(asked, part => SpaceGrants.ListAsync(session, visit.Who, target.Space, target.Target, part, isWithAbove: true)));
        var changed = await FindAsync(visit, "change", (session, id) => SpaceGrants.FindAsync(session, visit.Who, target.Space, id)) is { } found && GrantTable.Covers(target.Target, found.Target)
            ? GrantLine.Of(found)
            : null;
        if (visit.Query("ask") == "grant.delete" && await FindAsync(visit, "id", (session, id) => SpaceGrants.FindAsync(session, visit.Who, target.Space, id)) is { } row)
        {
            var one = GrantLine.Of(row);
            await AskAsync(visit, nav, place, "grant.delete", one.Id, "Take it away", $"Take {one.Rights} on {one.Target} from the {one.Kind} {one.Name}", ["What they got with it ends at once, also for clients that have a token."]);
            return;
        }
        await SendAsync<GrantsPage, GrantsView>(
            visit,
            nav,
            new GrantsView(
                target.Target,
                target.IsRepository,
                target.IsPart,
                target.Path,
                managesAll,
                [.. part.Items.Select(GrantLine.Of)],
                changed,
                names.Teams,
                names.Robots,
                ListView.Of(visit, asked, GrantTable.Orders, part.Next)),
            echo);
    }

    async Task AddAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var target = place.Target;
        var wish = new GrantWish(ReadTarget(visit, target), RightsOf(visit), Text(visit, "tags"), ReadGrantee(visit, "kind", "who"));
        var days = Number(visit, "days");
        await ThenAsync(Epoch, visit, target.At(Name), session => SpaceGrants.AddAsync(session, visit.Who, visit.Actor, target.Space, wish, days));
    }

    async Task ChangeAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var target = place.Target;
        var keepsEnd = visit.Field("days") == GrantsView.AsItIs;
        var change = new GrantChange(RightsOf(visit), Text(visit, "tags"), keepsEnd ? null : Number(visit, "days"), keepsEnd);
        var id = Id(visit.Field("id"));
        await ThenAsync(Epoch, visit, target.At(Name), session => SpaceGrants.ChangeAsync(session, visit.Who, visit.Actor, target.Space, id, change));
    }
}

/// <summary>What was given on a target, above it and below it.</summary>
/// <param name="Path">Where the settings are.</param>
/// <param name="ManagesAll">Whether who looks manages the whole space.</param>
/// <param name="Changed">What is to be changed; null where something is to be given.</param>
public sealed record GrantsView(
    string Target, bool IsRepository, bool IsPart, string Path, bool ManagesAll, IReadOnlyList<GrantLine> Grants, GrantLine? Changed, IReadOnlyList<string> Teams, IReadOnlyList<string> Robots, ListView List)
{
    /// <summary>The choice of the end that something has.</summary>
    public const string AsItIs = "as-it-is";
}

/// <summary>Something that was given.</summary>
/// <param name="Kind">To a user, a team or a robot.</param>
public sealed record GrantLine(long Id, string Target, string Kind, string Name, string Rights, string? Tags, DateTimeOffset? ExpiresAt)
{
    internal static GrantLine Of(GrantRow row) => new(row.Id, row.Target, row.GranteeKind, row.Grantee, RightsText.Format(row.Rights), row.Tags?.Text, Shown.Then(row.ExpiresAt));
}
