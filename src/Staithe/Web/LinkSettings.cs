using Staithe.Accounts;
using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Sharing;

namespace Staithe.Web;

/// <summary>Links by which repositories are shared.</summary>
internal sealed class LinkSettings(Db db, AccessEpoch epoch, ServerSecret secret, ShareCommands commands) : TargetView(db, epoch, "links", "Share links")
{
    static readonly string[] Orders = [.. NewestFirst, ListOrder.LastUsed];

    public override IReadOnlyList<SettingsForm> Forms =>
    [
        new("link.add", AddAsync),
        new("link.delete", (visit, place, _) => DeleteAsync(visit, place, (session, id) => ShareLinks.DeleteAsync(session, visit.Who, visit.Actor, place.Target.Space, id))),
    ];

    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        var target = place.Target;
        var asked = visit.Asked(Orders);
        var part = await Db.ReadAsync(session => Visit.ListAsync(asked, part => ShareLinks.ListAsync(session, visit.Who, target.Space, target.Target, part)), visit.Cancel);
        var links = part.Items.Select(row => new LinkLine(
            row.Link.Id, row.Link.Target, row.Link.MadeBy.Name, Shown.Then(row.Link.CreatedAt), Shown.Then(row.Link.ExpiresAt), row.Link.MaxPulls, row.Link.Pulls, Shown.Then(row.Link.UsedAt), row.Works)).ToList();
        if (visit.Query("ask") == "link.delete" && await FindAsync(visit, "id", (session, id) => ShareLinks.FindAsync(session, visit.Who, target.Space, id)) is { } one)
        {
            await AskAsync(visit, nav, place, "link.delete", one.Id, "Revoke it", $"Revoke the link to {one.Target}", [$"Whoever has it can pull no more, at once. It was used for {Shown.Count(one.Pulls, "pull")}."]);
            return;
        }
        await SendAsync<LinksPage, LinksView>(visit, nav, new LinksView(target.Target, target.IsRepository, target.Path, links, ListView.Of(visit, asked, Orders, part.Next)), echo);
    }

    async Task AddAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var target = place.Target;
        var name = target.IsRepository ? target.Target : visit.Field("repository").Trim();
        if (!RepositoryName.TryParse(name, out var repository))
            throw new AccountException(AccountProblem.Invalid, "say which repository, such as team/app");
        var text = Secret.CreateForPath();
        var hash = secret.Hash(text);
        var order = new ShareLinkOrder(repository, Text(visit, "tag"), Number(visit, "days") ?? 7, Number(visit, "pulls"));
        var link = await Epoch.ChangeAsync(session => ShareLinks.AddAsync(session, visit.Who, visit.Actor, target.Space, order, hash), visit.Cancel);
        var tag = link.Tag ?? await Db.ReadAsync(session => FindMainTagAsync(session, link.Repository), visit.Cancel);
        var texts = tag is null ? [] : await commands.ListAsync(visit.Frame.Clients, text, RepositoryName.Parse(link.Repository), TagName.Parse(tag), visit.Cancel);
        await SendAsync<SecretPage, ShownSecret>(visit, nav, new ShownSecret(
            $"A link to {link.Target}",
            $"Copy it now: it is shown this once and stored nowhere. Whoever has it can pull until {Shown.Time(Shown.Then(link.ExpiresAt))}, without an account.",
            [
                new SecretText("The page for people", $"{visit.Frame.Clients.Url}/s/{text}"),
                .. texts,
            ],
            target.At(Name)), Echo.None);
    }

    static async Task<string?> FindMainTagAsync(DbSession session, string repository) =>
        await RepositoryTable.FindIdAsync(session, RepositoryName.Parse(repository)) is { } id ? await RepositoryPageTable.FindMainTagAsync(session, id) : null;
}

/// <summary>The share links.</summary>
public sealed record LinksView(string Target, bool IsRepository, string Path, IReadOnlyList<LinkLine> Links, ListView List);

/// <summary>A share link.</summary>
/// <param name="To">The repository, perhaps with a tag.</param>
/// <param name="MaxPulls">Null for as many as one likes.</param>
public sealed record LinkLine(long Id, string To, string MadeBy, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, long? MaxPulls, long Pulls, DateTimeOffset? UsedAt, bool Works);
