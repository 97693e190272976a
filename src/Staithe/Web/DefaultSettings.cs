using Staithe.Accounts;
using Staithe.Database;
using Staithe.Managing;

namespace Staithe.Web;

/// <summary>What new repositories give to whom. Of one repository there is nothing to say.</summary>
internal sealed class DefaultSettings(Db db, AccessEpoch epoch) : TargetView(db, epoch, "new", "New repositories")
{
    public override IReadOnlyList<SettingsForm> Forms =>
    [
        new("default.add", AddAsync),
        new("default.delete", (visit, place, _) => DeleteAsync(visit, place, (session, id) => SpaceGrants.DeleteDefaultAsync(session, visit.Who, visit.Actor, place.Target.Space, id))),
    ];

    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        var target = place.Target;
        var asked = visit.Asked(GrantTable.Orders);
        var (part, names, managesAll) = await ReadAsync(
            visit, target, session => Visit.ListAsync(asked, part => SpaceGrants.ListDefaultsAsync(session, visit.Who, target.Space, target.Target, part, isWithAbove: true)));
        if (visit.Query("ask") == "default.delete" && await FindAsync(visit, "id", (session, id) => SpaceGrants.FindDefaultAsync(session, visit.Who, target.Space, id)) is { } row)
        {
            var one = DefaultLine.Of(row);
            await AskAsync(visit, nav, place, "default.delete", one.Id, "Remove it", $"Remove the rule that what is new in {one.Target} gives {one.Rights} to {one.To ?? "whoever makes it"}", ["What was given by it stays."]);
            return;
        }
        await SendAsync<DefaultsPage, DefaultsView>(visit, nav, new DefaultsView(
            target.Path, target.Target, target.IsPart, managesAll, [.. part.Items.Select(DefaultLine.Of)], names.Teams, names.Robots, ListView.Of(visit, asked, GrantTable.Orders, part.Next)), echo);
    }

    async Task AddAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var target = place.Target;
        var wish = new GrantWish(ReadTarget(visit, target), RightsOf(visit), Text(visit, "tags"), ReadGrantee(visit, "kind", "who"));
        var maker = ReadGrantee(visit, "makerKind", "maker");
        await ThenAsync(Epoch, visit, target.At(Name), session => SpaceGrants.AddDefaultAsync(session, visit.Who, visit.Actor, target.Space, wish, maker));
    }
}

/// <summary>What new repositories give.</summary>
/// <param name="ManagesAll">Whether who looks manages the whole space.</param>
public sealed record DefaultsView(string Path, string Target, bool IsPart, bool ManagesAll, IReadOnlyList<DefaultLine> Defaults, IReadOnlyList<string> Teams, IReadOnlyList<string> Robots, ListView List);

/// <summary>Something that new repositories give.</summary>
/// <param name="MadeBy">Null for anybody.</param>
/// <param name="To">Null for whoever made the repository.</param>
public sealed record DefaultLine(long Id, string Target, string? MadeBy, string? To, string Rights, string? Tags)
{
    internal static DefaultLine Of(DefaultGrantRow row) => new(
        row.Id, row.Target, row.MakerKind is null ? null : $"{row.MakerKind} {row.Maker}", row.GranteeKind is null ? null : $"{row.GranteeKind} {row.Grantee}", RightsText.Format(row.Rights), row.Tags?.Text);
}
