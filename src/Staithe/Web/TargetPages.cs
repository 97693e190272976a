using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Managing;
using Staithe.Oci;
using Staithe.Sharing;

namespace Staithe.Web;

/// <summary>What settings are about: a space, a part of one, or a repository.</summary>
/// <param name="Space">The space, as it is called now.</param>
/// <param name="Target">The repository, or everything that begins so.</param>
/// <param name="Path">Where its settings are.</param>
internal sealed record SettingsTarget(string Space, string Target, string Path)
{
    public bool IsRepository => !Target.EndsWith('/');

    public bool IsPart => !IsRepository && !IsWhole;

    bool IsWhole => Target.Length == Space.Length + 1;

    /// <summary>Where the settings of another target are.</summary>
    public static string PathOf(string target) => $"{OwnSettingsHandler.Path}/{(target.IndexOf('/', StringComparison.Ordinal) == target.Length - 1 ? target[..^1] : target)}";

    /// <summary>The address of one of its pages.</summary>
    public string At(string view) => $"{Path}?view={view}";
}

/// <summary>
/// The pages that the settings of a space, of a part of it and of a repository have in common: who was given what, who may what, what is new, links to share,
/// invitations. A target is managed by who manages it, whatever else is in the space.
/// </summary>
internal sealed class TargetPages(Db db, AccessEpoch epoch, ServerSecret secret, Invitations invitations, ShareCommands commands)
{
    public const string Grants = "grants", Defaults = "new", Links = "links", Invitations = "invitations", Access = "access";

    const int MaxNames = 500; // that a field proposes; others are typed

    // What was made last is what one looks for.
    static readonly string[] NewestFirst = [ListOrder.Newest, ListOrder.Oldest], LinkOrders = [.. NewestFirst, ListOrder.LastUsed];

    /// <summary>Shows one of them.</summary>
    /// <exception cref="AccountException">The asker does not manage the target.</exception>
    public Task ShowAsync(Visit visit, SettingsNav nav, SettingsTarget target, string view, Echo echo) => view switch
    {
        Grants => ShowGrantsAsync(visit, nav, target, echo),
        Links => ShowLinksAsync(visit, nav, target, echo),
        Invitations => ShowInvitationsAsync(visit, nav, target, echo),
        Access => ShowAccessAsync(visit, nav, target, echo),
        Defaults when !target.IsRepository => ShowDefaultsAsync(visit, nav, target, echo),
        _ => visit.SendNothingAsync("Not here", "There is no such page."),
    };

    /// <summary>Does what a form of theirs says; null when it is none of theirs.</summary>
    public Task? Act(Visit visit, Func<string, SettingsNav> nav, SettingsTarget target) => visit.Field("do") switch
    {
        "grant.add" => AddGrantAsync(visit, target),
        "grant.change" => ChangeGrantAsync(visit, target),
        "default.add" => AddDefaultAsync(visit, target),
        "default.delete" => DeleteAsync(visit, target.At(Defaults), (session, id) => SpaceGrants.DeleteDefaultAsync(session, visit.Who, visit.Actor, target.Space, id)),
        "grant.delete" => DeleteAsync(visit, target.At(Grants), (session, id) => SpaceGrants.DeleteAsync(session, visit.Who, visit.Actor, target.Space, id)),
        "link.add" => AddLinkAsync(visit, nav(Links), target),
        "link.delete" => DeleteAsync(visit, target.At(Links), (session, id) => ShareLinks.DeleteAsync(session, visit.Who, visit.Actor, target.Space, id)),
        "invitation.add" => AddInvitationAsync(visit, nav(Invitations), target),
        "invitation.delete" => DeleteAsync(visit, target.At(Invitations), (session, id) => SpaceInvitations.DeleteAsync(session, visit.Who, visit.Actor, target.Space, id)),
        _ => null,
    };

    /// <summary>To whom, as a form says it: what kind, and the name.</summary>
    public static GranteeNames ReadGrantee(Visit visit, string kind, string name)
    {
        var who = SettingsHandler.Text(visit, name);
        return visit.Field(kind) switch
        {
            "user" => new GranteeNames(who, null, null),
            "team" => new GranteeNames(null, who, null),
            "robot" => new GranteeNames(null, null, who),
            _ => new GranteeNames(null, null, null),
        };
    }

    /// <summary>A target as a form says it; unless told, the one that the page is about.</summary>
    public static string ReadTarget(Visit visit, SettingsTarget target) => target.IsRepository ? target.Target : SettingsHandler.Text(visit, "target") ?? target.Target;

    async Task ShowGrantsAsync(Visit visit, SettingsNav nav, SettingsTarget target, Echo echo)
    {
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
            await AskAsync(visit, nav, target, Grants, "grant.delete", one.Id, "Take it away", $"Take {one.Rights} on {one.Target} from the {one.Kind} {one.Name}", ["What they got with it ends at once, also for clients that have a token."]);
            return;
        }
        await SettingsHandler.SendAsync<GrantsPage, GrantsView>(
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

    // The entry that the address names by its number; null when there is none that the reader may change.
    async Task<T?> FindAsync<T>(Visit visit, string parameter, Func<DbSession, long, Task<T>> find) where T : class
    {
        if (visit.Query(parameter).Length == 0)
            return null;
        try
        {
            return await db.ReadAsync(session => find(session, SettingsHandler.Id(visit.Query(parameter))), visit.Cancel);
        }
        catch (AccountException)
        {
            return null;
        }
    }

    // With rows, what a page needs to tell of them and to have more given.
    Task<(ListPart<T> Part, (IReadOnlyList<string> Teams, IReadOnlyList<string> Robots) Names, bool ManagesAll)> ReadAsync<T>(
        Visit visit, SettingsTarget target, Func<DbSession, Task<ListPart<T>>> list) =>
        db.ReadAsync(async session => (await list(session), await ListNamesAsync(session, target.Space), await ManagesAllAsync(session, visit, target)), visit.Cancel);

    // Whoever does can go to the settings of whatever is above.
    static async Task<bool> ManagesAllAsync(DbSession session, Visit visit, SettingsTarget target) =>
        (await AccessLookup.DecideAsync(session, visit.Who, await SpaceAccess.FindAsync(session, visit.Who, target.Space), $"{target.Space}/")).Always.HasFlag(Rights.Manage);

    /// <summary>What teams and robots there are, to choose from.</summary>
    public static async Task<(IReadOnlyList<string> Teams, IReadOnlyList<string> Robots)> ListNamesAsync(DbSession session, string spaceName)
    {
        var space = await Spaces.FindAsync(session, spaceName);
        var first = new ListRequest(Limit: MaxNames);
        return (
            [.. (await TeamTable.ListAsync(session, space.Id, first)).Items.Select(team => team.Name)],
            [.. (await RobotTable.ListAsync(session, space.Id, first)).Items.Select(robot => robot.Name)]);
    }

    async Task AddGrantAsync(Visit visit, SettingsTarget target)
    {
        var wish = new GrantWish(ReadTarget(visit, target), SettingsHandler.RightsOf(visit), SettingsHandler.Text(visit, "tags"), ReadGrantee(visit, "kind", "who"));
        var days = SettingsHandler.Number(visit, "days");
        await SettingsHandler.ThenAsync(epoch, visit, target.At(Grants), session => SpaceGrants.AddAsync(session, visit.Who, visit.Actor, target.Space, wish, days));
    }

    async Task ChangeGrantAsync(Visit visit, SettingsTarget target)
    {
        var keepsEnd = visit.Field("days") == GrantsView.AsItIs;
        var change = new GrantChange(SettingsHandler.RightsOf(visit), SettingsHandler.Text(visit, "tags"), keepsEnd ? null : SettingsHandler.Number(visit, "days"), keepsEnd);
        var id = SettingsHandler.Id(visit.Field("id"));
        await SettingsHandler.ThenAsync(epoch, visit, target.At(Grants), session => SpaceGrants.ChangeAsync(session, visit.Who, visit.Actor, target.Space, id, change));
    }

    async Task ShowDefaultsAsync(Visit visit, SettingsNav nav, SettingsTarget target, Echo echo)
    {
        var asked = visit.Asked(GrantTable.Orders);
        var (part, names, managesAll) = await ReadAsync(
            visit, target, session => Visit.ListAsync(asked, part => SpaceGrants.ListDefaultsAsync(session, visit.Who, target.Space, target.Target, part, isWithAbove: true)));
        if (visit.Query("ask") == "default.delete" && await FindAsync(visit, "id", (session, id) => SpaceGrants.FindDefaultAsync(session, visit.Who, target.Space, id)) is { } row)
        {
            var one = DefaultLine.Of(row);
            await AskAsync(visit, nav, target, Defaults, "default.delete", one.Id, "Remove it", $"Remove the rule that what is new in {one.Target} gives {one.Rights} to {one.To ?? "whoever makes it"}", ["What was given by it stays."]);
            return;
        }
        await SettingsHandler.SendAsync<DefaultsPage, DefaultsView>(visit, nav, new DefaultsView(
            target.Path, target.Target, target.IsPart, managesAll, [.. part.Items.Select(DefaultLine.Of)], names.Teams, names.Robots, ListView.Of(visit, asked, GrantTable.Orders, part.Next)), echo);
    }

    async Task AddDefaultAsync(Visit visit, SettingsTarget target)
    {
        var wish = new GrantWish(ReadTarget(visit, target), SettingsHandler.RightsOf(visit), SettingsHandler.Text(visit, "tags"), ReadGrantee(visit, "kind", "who"));
        var maker = ReadGrantee(visit, "makerKind", "maker");
        await SettingsHandler.ThenAsync(epoch, visit, target.At(Defaults), session => SpaceGrants.AddDefaultAsync(session, visit.Who, visit.Actor, target.Space, wish, maker));
    }

    async Task ShowLinksAsync(Visit visit, SettingsNav nav, SettingsTarget target, Echo echo)
    {
        var asked = visit.Asked(LinkOrders);
        var part = await db.ReadAsync(session => Visit.ListAsync(asked, part => ShareLinks.ListAsync(session, visit.Who, target.Space, target.Target, part)), visit.Cancel);
        var links = part.Items.Select(row => new LinkLine(
            row.Link.Id, row.Link.Target, row.Link.MadeBy.Name, Shown.Then(row.Link.CreatedAt), Shown.Then(row.Link.ExpiresAt), row.Link.MaxPulls, row.Link.Pulls, Shown.Then(row.Link.UsedAt), row.Works)).ToList();
        if (visit.Query("ask") == "link.delete" && await FindAsync(visit, "id", (session, id) => ShareLinks.FindAsync(session, visit.Who, target.Space, id)) is { } one)
        {
            await AskAsync(visit, nav, target, Links, "link.delete", one.Id, "Revoke it", $"Revoke the link to {one.Target}", [$"Whoever has it can pull no more, at once. It was used for {Shown.Count(one.Pulls, "pull")}."]);
            return;
        }
        await SettingsHandler.SendAsync<LinksPage, LinksView>(visit, nav, new LinksView(target.Target, target.IsRepository, target.Path, links, ListView.Of(visit, asked, LinkOrders, part.Next)), echo);
    }

    async Task AddLinkAsync(Visit visit, SettingsNav nav, SettingsTarget target)
    {
        var name = target.IsRepository ? target.Target : visit.Field("repository").Trim();
        if (!RepositoryName.TryParse(name, out var repository))
            throw new AccountException(AccountProblem.Invalid, "say which repository, such as team/app");
        var text = Secret.CreateForPath();
        var hash = secret.Hash(text);
        var order = new ShareLinkOrder(repository, SettingsHandler.Text(visit, "tag"), SettingsHandler.Number(visit, "days") ?? 7, SettingsHandler.Number(visit, "pulls"));
        var link = await epoch.ChangeAsync(session => ShareLinks.AddAsync(session, visit.Who, visit.Actor, target.Space, order, hash), visit.Cancel);
        var tag = link.Tag ?? await db.ReadAsync(session => FindMainTagAsync(session, link.Repository), visit.Cancel);
        var texts = tag is null ? [] : await commands.ListAsync(visit.Frame.Clients, text, RepositoryName.Parse(link.Repository), TagName.Parse(tag), visit.Cancel);
        await SettingsHandler.SendAsync<SecretPage, ShownSecret>(visit, nav, new ShownSecret(
            $"A link to {link.Target}",
            $"Copy it now: it is shown this once and stored nowhere. Whoever has it can pull until {Shown.Time(Shown.Then(link.ExpiresAt))}, without an account.",
            [
                new SecretText("The page for people", $"{visit.Frame.Clients.Url}/s/{text}"),
                .. texts,
            ],
            target.At(Links)), Echo.None);
    }

    static async Task<string?> FindMainTagAsync(DbSession session, string repository) =>
        await RepositoryTable.FindIdAsync(session, RepositoryName.Parse(repository)) is { } id ? await RepositoryPageTable.FindMainTagAsync(session, id) : null;

    async Task ShowInvitationsAsync(Visit visit, SettingsNav nav, SettingsTarget target, Echo echo)
    {
        var asked = visit.Asked(NewestFirst);
        var (part, names) = await db.ReadAsync(
            async session => (
                await Visit.ListAsync(asked, part => SpaceInvitations.ListAsync(session, visit.Who, target.Space, target.Target, part)),
                await ListNamesAsync(session, target.Space)),
            visit.Cancel);
        if (visit.Query("ask") == "invitation.delete" && await FindAsync(visit, "id", (session, id) => SpaceInvitations.FindAsync(session, visit.Who, target.Space, id)) is { } row)
        {
            var one = InvitationLine.Of(row);
            await AskAsync(visit, nav, target, Invitations, "invitation.delete", one.Id, "Revoke it", $"Revoke the invitation to {one.To}", ["Nobody can accept it any more. Who has accepted it stays."]);
            return;
        }
        await SettingsHandler.SendAsync<InvitationsPage, InvitationsView>(visit, nav, new InvitationsView(
            target.Target,
            target.IsRepository,
            target.Path,
            [.. part.Items.Select(InvitationLine.Of)],
            target.IsRepository || target.IsPart ? [] : names.Teams,
            ListView.Of(visit, asked, NewestFirst, part.Next)), echo);
    }

    async Task AddInvitationAsync(Visit visit, SettingsNav nav, SettingsTarget target)
    {
        var team = SettingsHandler.Text(visit, "team");
        var wish = new InvitationWish(
            team,
            team is null ? ReadTarget(visit, target) : null,
            team is null ? SettingsHandler.RightsOf(visit) : null,
            team is null ? SettingsHandler.Text(visit, "tags") : null,
            null,
            SettingsHandler.Text(visit, "user"),
            visit.Field("newAccounts") == "yes",
            SettingsHandler.Number(visit, "uses") ?? 1,
            SettingsHandler.Number(visit, "days") ?? 7);
        var (row, text) = await epoch.ChangeAsync(session => SpaceInvitations.AddAsync(session, invitations, visit.Who, visit.Actor, target.Space, wish), visit.Cancel);
        await SettingsHandler.SendAsync<SecretPage, ShownSecret>(visit, nav, new ShownSecret(
            $"An invitation to {row.To}",
            $"Copy the address now and send it to whom it is for: it is shown this once. It can be accepted until {Shown.Time(Shown.Then(row.ExpiresAt))}{(row.MaxUses > 1 ? $", by {row.MaxUses} people" : "")}.",
            [new SecretText("The page for who is invited", $"{visit.Frame.Clients.Url}/invite/{text}")],
            target.At(Invitations)), Echo.None);
    }

    async Task ShowAccessAsync(Visit visit, SettingsNav nav, SettingsTarget target, Echo echo)
    {
        var asked = target.IsRepository || visit.Query("repository").Trim() is not { Length: > 0 } typed ? target.Target : typed;
        var (who, kind) = (visit.Query("who").Trim(), visit.Query("kind"));
        var managesAll = await db.ReadAsync(session => ManagesAllAsync(session, visit, target), visit.Cancel);
        AccessView View(string shown, Visibility? visibility, IReadOnlyList<RightsReason> reasons, AccessOfOne? person) => new(
            target.Target, target.IsRepository, target.Path, managesAll, shown, visibility is { } seen ? VisibilityText.Format(seen) : null, [.. reasons.Select(ReasonLine.Of)], person, who, kind);
        var (user, robot) = who.Length == 0 ? (null, null) : kind == "robot" ? ((string?)null, (string?)who) : (who, null);
        AccessView view;
        if (asked.EndsWith('/') && GrantTable.IsTarget(asked) && GrantTable.Covers($"{target.Space}/", asked))
        {
            var all = await db.ReadAsync(session => RightsReport.OnPartAsync(session, visit.Who, target.Space, asked), visit.Cancel);
            var (person, unknown) = await TryAsync(async session =>
            {
                var one = await RightsReport.OfOneOnPartAsync(session, visit.Who, target.Space, asked, user, robot);
                return AccessOfOne.Of(one.Who.Name, one.Decision, one.Reasons);
            });
            (view, echo) = (View(all.Target, all.OfNew, all.Reasons, person), unknown ?? echo);
        }
        else if (RepositoryName.TryParse(asked, out var name) && name.Space == target.Space)
        {
            var all = await db.ReadAsync(session => RightsReport.OfAllAsync(session, visit.Who, name), visit.Cancel);
            var (person, unknown) = await TryAsync(async session =>
            {
                var one = await RightsReport.OfOneAsync(session, visit.Who, name, user, robot);
                return AccessOfOne.Of(one.Who.Name, one.Decision, one.Reasons);
            });
            (view, echo) = (View(all.Repository.Value, all.Visibility, all.Reasons, person), unknown ?? echo);
        }
        else
        {
            (view, echo) = (View("", null, [], null), Echo.Of($"there can be no repository {OciException.Quote(asked)} in {target.Space}"));
        }
        await SettingsHandler.SendAsync<AccessPage, AccessView>(visit, nav, view, echo);

        // Who was typed may be nobody; what they were looked for on is there.
        async Task<(AccessOfOne? Person, Echo? Unknown)> TryAsync(Func<DbSession, Task<AccessOfOne>> find)
        {
            if (who.Length == 0)
                return (null, null);
            try
            {
                return (await db.ReadAsync(find, visit.Cancel), null);
            }
            catch (AccountException unknown)
            {
                return (null, Echo.Of(unknown.Message));
            }
        }
    }

    async Task DeleteAsync(Visit visit, string path, Func<DbSession, long, Task> delete)
    {
        var id = SettingsHandler.Id(visit.Field("id"));
        await SettingsHandler.ThenAsync(epoch, visit, path, session => delete(session, id));
    }

    static Task AskAsync(Visit visit, SettingsNav nav, SettingsTarget target, string view, string deed, long id, string button, string title, IReadOnlyList<string> consequences) =>
        SettingsHandler.AskAsync(visit, nav, new Question(title, consequences, target.At(view), [("do", deed), ("id", Shown.Id(id))], null, button, target.At(view)));

    /// <summary>A page of the audit.</summary>
    public static async Task ShowAuditAsync(Visit visit, Db db, SettingsNav nav, string? space, string path, Echo echo)
    {
        const int Rows = Visit.EntriesPerPage;
        var part = visit.Asked([]);
        var asked = new AuditFilter(space, Query(visit, "actor"), Query(visit, "action"), Query(visit, "outcome"), part.Text.Length > 0 ? part.Text : null);
        var filter = await db.ReadAsync(session => AuditReport.AdmitAsync(session, visit.Who, asked), visit.Cancel);
        var before = SettingsHandler.Id(part.After) is > 0 and var id ? id : long.MaxValue;
        if (visit.Query("as") == "lines")
        {
            visit.Http.Response.ContentType = AuditReport.Lines;
            visit.Http.Response.Headers.ContentDisposition = $"attachment; filename=\"{space ?? "registry"}-audit.jsonl\"";
            await visit.Http.Response.StartAsync(visit.Cancel);
            if (!HttpMethods.IsHead(visit.Http.Request.Method))
                await AuditReport.WriteAsync(visit.Http.Response.Body, db, filter, before, int.MaxValue, visit.Cancel);
            return;
        }
        var lines = await db.ReadAsync(session => AuditTable.ListAsync(session, filter, before, Rows + 1), visit.Cancel);
        await SettingsHandler.SendAsync<AuditPage, AuditView>(visit, nav, new AuditView(
            path,
            space is null,
            filter.Actor ?? "",
            filter.Action ?? "",
            filter.Outcome ?? "",
            [.. lines.Take(Rows).Select(line => new AuditEntry(line.Id, Shown.Then(line.At), line.Actor, line.Action, line.Target, line.Space, line.Address, line.Outcome, line.Detail))],
            ListView.Of(visit, part, [], lines.Count > Rows ? Shown.Id(lines[Rows - 1].Id) : null)), echo);
    }

    static string? Query(Visit visit, string name) => visit.Query(name).Trim() is { Length: > 0 } text ? text : null;
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

/// <summary>The share links.</summary>
public sealed record LinksView(string Target, bool IsRepository, string Path, IReadOnlyList<LinkLine> Links, ListView List);

/// <summary>A share link.</summary>
/// <param name="To">The repository, perhaps with a tag.</param>
/// <param name="MaxPulls">Null for as many as one likes.</param>
public sealed record LinkLine(long Id, string To, string MadeBy, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, long? MaxPulls, long Pulls, DateTimeOffset? UsedAt, bool Works);

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

/// <summary>Who may do what with a repository, or with all that begins so, and by what.</summary>
/// <param name="ManagesAll">Whether who looks manages the whole space.</param>
/// <param name="Repository">Which, or with a slash at its end all that begins so; empty where what was asked for can be neither.</param>
/// <param name="Visibility">Of what begins so, that of what is new; null while there is no such repository.</param>
/// <param name="Person">Somebody who was asked for in particular.</param>
public sealed record AccessView(string Target, bool IsRepository, string Path, bool ManagesAll, string Repository, string? Visibility, IReadOnlyList<ReasonLine> Reasons, AccessOfOne? Person, string Who, string Kind);

/// <summary>What one may do.</summary>
public sealed record AccessOfOne(string Name, string Rights, IReadOnlyList<string> OnTags, IReadOnlyList<ReasonLine> Reasons)
{
    internal static AccessOfOne Of(string name, Decision decision, IReadOnlyList<RightsReason> reasons) => new(
        name,
        RepositoryCare.IsNothing(decision) ? "nothing" : RightsText.Format(decision.Always),
        [.. decision.OnTags.Select(some => $"{RightsText.Format(some.Rights)} on tags {some.Tags.Text}")],
        [.. reasons.Select(ReasonLine.Of)]);
}

/// <summary>By what.</summary>
public sealed record ReasonLine(string Kind, long? Grant, string? Via, string? Target, string Rights, string? Tags)
{
    internal static ReasonLine Of(RightsReason reason) => new(reason.Kind, reason.GrantId, reason.Via, reason.Target, reason.Rights, reason.Tags);

    /// <summary>In words.</summary>
    public string Words => Kind switch
    {
        "owner" => "the space is theirs",
        "visibility" => "it is visible to them",
        "grant" => $"grant {Grant} on {Target}",
        "token" => "the token goes no further",
        "disabled" => "the account is disabled",
        "expired" => "the robot has expired",
        _ => Kind,
    };
}

/// <summary>Lines of the audit.</summary>
/// <param name="IsOfAll">Whether it is that of the whole registry.</param>
public sealed record AuditView(string Path, bool IsOfAll, string Actor, string Action, string Outcome, IReadOnlyList<AuditEntry> Lines, ListView List);

/// <summary>A line of the audit.</summary>
public sealed record AuditEntry(long Id, DateTimeOffset At, string Actor, string Action, string Target, string? Space, string? Address, string Outcome, string? Detail);
