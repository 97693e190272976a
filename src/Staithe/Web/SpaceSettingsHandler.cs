using Staithe.Access;
using Staithe.Accounts;
using Staithe.Content;
using Staithe.Database;
using Staithe.Federation;
using Staithe.Managing;
using Staithe.Oci;

namespace Staithe.Web;

/// <summary>
/// The settings of a space: for who manages the whole of it, but the teams, which their members see too, and its name, its owner and its end, which are the
/// owner's.
/// </summary>
internal sealed class SpaceSettingsHandler(Db db, AccessEpoch epoch, ContentChanges changes, SpaceRobots robots, Issuers issuers, IReadOnlyList<CodeFlow> flows, TargetPages targets) : SettingsHandler
{
    const string Prefix = $"{OwnSettingsHandler.Path}/";
    const string Teams = "teams", Parts = "parts", Robots = "robots", Offers = "offers", Audit = "audit", Owner = "owner";
    const int MaxRows = 500;

    public override bool Takes(string path) => NameOf(path) is not null;

    protected override async Task ShowAsync(Visit visit, Echo echo)
    {
        var (space, sight) = await FindAsync(visit);
        var view = visit.Query("view");
        if (NameOf(visit.Path) != space.Name && visit.Form is null)
        {
            await visit.GoToAsync($"{Prefix}{space.Name}{visit.Http.Request.QueryString}"); // it has another name by now
            return;
        }
        if (!sight.Manages && (view != Teams || !sight.SeesTeams))
            throw Spaces.Unknown(space.Name);
        if (view == Owner && !sight.Owns)
            throw Spaces.Unknown(space.Name);
        var (nav, target) = (NavOf(space, sight, view), new SettingsTarget(space.Name, $"{space.Name}/", Prefix + space.Name));
        await (view switch
        {
            "" => ShowGeneralAsync(visit, nav, space, echo),
            Teams => ShowTeamsAsync(visit, nav, space, sight, echo),
            Parts => ShowPartsAsync(visit, nav, space, echo),
            Robots => ShowRobotsAsync(visit, nav, space, echo),
            Offers => ShowOffersAsync(visit, nav, space, echo),
            Audit => TargetPages.ShowAuditAsync(visit, db, nav, space.Name, target.At(Audit), echo),
            Owner => ShowOwnerAsync(visit, nav, space, echo),
            _ => targets.ShowAsync(visit, nav, target, view, echo),
        });
    }

    // What is done is decided in the deed's own transaction, whatever the page showed.
    protected override async Task ActAsync(Visit visit)
    {
        var (space, sight) = await FindAsync(visit);
        var (name, path) = (space.Name, Prefix + space.Name);
        var target = new SettingsTarget(name, $"{name}/", path);
        if (targets.Act(visit, view => NavOf(space, sight, view), target) is { } common)
        {
            await common;
            return;
        }
        await (visit.Field("do") switch
        {
            "space.set" => SetAsync(visit, name, path),
            "team.add" => ThenAsync(epoch, visit, $"{path}?view={Teams}", session => SpaceTeams.AddAsync(session, visit.Who, visit.Actor, name, visit.Field("team").Trim())),
            "team.delete" => ThenAsync(epoch, visit, $"{path}?view={Teams}", session => SpaceTeams.DeleteAsync(session, visit.Who, visit.Actor, name, visit.Field("team"))),
            "team.member.add" => ThenAsync(epoch, visit, TeamAt(path, visit.Field("team")), session => SpaceTeams.AddMemberAsync(session, visit.Who, visit.Actor, name, visit.Field("team"), visit.Field("user").Trim())),
            "team.member.remove" => ThenAsync(epoch, visit, TeamAt(path, visit.Field("team")), session => SpaceTeams.RemoveMemberAsync(session, visit.Who, visit.Actor, name, visit.Field("team"), visit.Field("user"))),
            "robot.add" => AddRobotAsync(visit, NavOf(space, sight, Robots), target),
            "robot.secret" => SetSecretAsync(visit, NavOf(space, sight, Robots), target),
            "robot.expiry" => SetExpiryAsync(visit, target),
            "robot.delete" => ThenAsync(epoch, visit, $"{path}?view={Robots}", session => SpaceRobots.DeleteAsync(session, visit.Who, visit.Actor, name, visit.Field("robot"))),
            "robot.trust.add" => AddTrustAsync(visit, target),
            "robot.trust.delete" => ThenAsync(epoch, visit, RobotAt(path, visit.Field("robot")), session => SpaceRobots.DeleteTrustAsync(session, visit.Who, visit.Actor, name, visit.Field("robot"), Id(visit.Field("id")))),
            "offer.accept" => AcceptAsync(visit, name),
            "offer.decline" => ThenAsync(epoch, visit, $"{path}?view={Offers}", session => RepositoryCare.DeclineAsync(session, visit.Who, visit.Actor, name, Id(visit.Field("id")))),
            "space.rename" => RenameAsync(visit, name),
            "space.owner" => SetOwnerAsync(visit, name, path),
            "space.offer.withdraw" => ThenAsync(epoch, visit, $"{path}?view={Owner}", session => SpaceCare.WithdrawAsync(session, visit.Who, visit.Actor, name)),
            "space.delete" => RemoveAsync(visit, name),
            _ => throw UnknownDeed(),
        });
    }

    static string? NameOf(string path) => path.StartsWith(Prefix, StringComparison.Ordinal) && path[Prefix.Length..].TrimEnd('/') is var name && SpaceName.TryParse(name, out _) ? name : null;

    static string TeamAt(string path, string team) => $"{path}?view={Teams}&team={Uri.EscapeDataString(team)}";

    static string RobotAt(string path, string robot) => $"{path}?view={Robots}&robot={Uri.EscapeDataString(robot)}";

    Task<(SpaceRow Space, Sight Sight)> FindAsync(Visit visit) => db.ReadAsync(
        async session =>
        {
            var space = await SpaceAccess.FindAsync(session, visit.Who, NameOf(visit.Path)!);
            var decision = await AccessLookup.DecideAsync(session, visit.Who, space, $"{space.Name}/");
            return (space, new Sight(decision.Always.HasFlag(Rights.Manage), space.OwnerId is null && await TeamTable.IsInAnyAsync(session, space.Id, visit.Who.Id), await SpaceAccess.OwnsAsync(session, visit.Who.Id, space)));
        },
        visit.Cancel);

    static SettingsNav NavOf(SpaceRow space, Sight sight, string view)
    {
        List<(string View, string Title, bool Shown)> pages =
        [
            ("", "General", sight.Manages),
            (Teams, "Teams", space.OwnerId is null && (sight.Manages || sight.SeesTeams)),
            (TargetPages.Grants, "Rights", sight.Manages),
            (TargetPages.Access, "Who may what", sight.Manages),
            (Parts, "Parts of it", sight.Manages),
            (TargetPages.Defaults, "New repositories", sight.Manages),
            (Robots, "Robots", sight.Manages),
            (TargetPages.Links, "Share links", sight.Manages),
            (TargetPages.Invitations, "Invitations", sight.Manages),
            (Offers, "Offered to it", sight.Manages),
            (Audit, "Audit", sight.Manages),
            (Owner, "Name and owner", sight.Owns),
        ];
        var path = Prefix + space.Name;
        return new SettingsNav(
            space.Name,
            SpaceHomeHandler.PathOf(space.Name),
            pages.Find(page => page.View == view).Title ?? "Settings",
            [.. pages.Where(page => page.Shown).Select(page => new NavLink(page.Title, page.View.Length == 0 ? path : $"{path}?view={page.View}", page.View == view))]);
    }

    static Task ShowGeneralAsync(Visit visit, SettingsNav nav, SpaceRow space, Echo echo) =>
        SendAsync<SpacePage, SpaceView>(visit, nav, new SpaceView(space.Name, space.OwnerId is null, VisibilityText.Format(space.Visibility), space.AuditPulls, space.Description, Shown.Then(space.CreatedAt)), echo);

    async Task SetAsync(Visit visit, string name, string path)
    {
        var visibility = ReadVisibility(visit);
        await epoch.ChangeAsync(session => SpaceCare.ChangeAsync(session, visit.Who, visit.Actor, name, visibility, visit.Field("audit") == "pulls", visit.Field("description")), visit.Cancel);
        await visit.DoneAsync(path);
    }

    async Task ShowTeamsAsync(Visit visit, SettingsNav nav, SpaceRow space, Sight sight, Echo echo)
    {
        var path = Prefix + space.Name;
        if (visit.Query("team") is { Length: > 0 } name)
        {
            var asked = visit.Asked([]);
            var (members, next, count, one, given) = await db.ReadAsync(
                async session =>
                {
                    var (team, members) = await Visit.ListAsync(asked, part => SpaceTeams.ListMembersAsync(session, visit.Who, space.Name, name, part));
                    return (
                        members.Items.Select(MemberOf).ToList(),
                        members.Next,
                        await TeamTable.CountMembersAsync(session, team.Id),
                        await TeamTable.FindMemberAsync(session, team.Id, visit.Query("user")) is { } member ? MemberOf(member) : null,
                        await GrantTable.ListOfAsync(session, new Grantee(TeamId: team.Id)));
                },
                visit.Cancel);
            if (visit.Query("ask") == "team.delete" && sight.Manages)
            {
                await AskAsync(visit, nav, new Question(
                    $"Remove the team {name}",
                    [$"It has {Shown.Count(count, "member")}, and was given {Shown.Count(given.Count, "right")}, which end with it."],
                    $"{path}?view={Teams}",
                    [("do", "team.delete"), ("team", name)],
                    null,
                    "Remove it",
                    TeamAt(path, name)));
                return;
            }
            if (visit.Query("ask") == "team.member.remove" && sight.Manages && one is not null)
            {
                await AskAsync(visit, nav, new Question(
                    $"Take {one.Name} out of the team {name}",
                    [
                        $"What {one.Name} may do as its member ends within seconds.",
                        .. one.Sources.Select(source => Visit.Sentence($"{source} says that {one.Name} is in it, so {one.Name} is in it again with the next sign-in there. To end it for good, it has to be changed there.")),
                    ],
                    TeamAt(path, name),
                    [("do", "team.member.remove"), ("team", name), ("user", one.Name)],
                    null,
                    "Take out",
                    TeamAt(path, name)));
                return;
            }
            await SendAsync<TeamPage, TeamView>(visit, nav, new TeamView(path, name, name == TeamTable.Owners, sight.Manages, members, [.. given.Select(GrantLine.Of)], ListView.Of(visit, asked, [], next)), echo);
            return;
        }
        var wanted = visit.Asked([]);
        var teams = await db.ReadAsync(session => Visit.ListAsync(wanted, part => SpaceTeams.ListAsync(session, visit.Who, space.Name, part)), visit.Cancel);
        var lines = teams.Items.Select(team => new TeamLine(team.Name, team.Members, team.Names)).ToList();
        await SendAsync<TeamsPage, TeamsView>(visit, nav, new TeamsView(path, sight.Manages, lines, ListView.Of(visit, wanted, [], teams.Next)), echo);
    }

    MemberLine MemberOf(TeamMember member) => new(
        member.User,
        member.Words.Any(word => word.Source is null),
        member.Words.FirstOrDefault(word => word.Source is null)?.GivenBy,
        [.. member.Words.Where(word => word.Source is not null).Select(word => word.Source == DirectorySignIn.Source ? "the directory" : flows.FirstOrDefault(flow => flow.Config.Issuer == word.Source)?.Config.Label ?? word.Source!)]);

    // Those that something is said of, and those in which there is something: as many as a page shows.
    async Task ShowPartsAsync(Visit visit, SettingsNav nav, SpaceRow space, Echo echo)
    {
        if (visit.Query("part").Trim() is { Length: > 0 } typed)
        {
            var part = typed.EndsWith('/') ? typed : $"{typed}/";
            if (GrantTable.IsTarget(part) && part != $"{space.Name}/" && GrantTable.Covers($"{space.Name}/", part))
            {
                await visit.GoToAsync(SettingsTarget.PathOf(part));
                return;
            }
            echo = Echo.Of($"{OciException.Quote(typed)} can be no part of {space.Name}: write {space.Name}/ and what follows, such as {space.Name}/web/");
        }
        var (rows, names) = await db.ReadAsync(
            async session => (await SpaceGrants.ListPartsAsync(session, visit.Who, space.Name, MaxRows), await RepositoryTable.ListInSpaceAsync(session, space.Name, MaxRows)), visit.Cancel);
        var parts = rows.ToDictionary(row => row.Target, row => new PartLine(row.Target, SettingsTarget.PathOf(row.Target), row.Grants, row.Defaults), StringComparer.Ordinal);
        foreach (var name in names)
        {
            for (var slash = name.IndexOf('/', space.Name.Length + 1); slash >= 0 && parts.Count < MaxRows; slash = name.IndexOf('/', slash + 1))
                parts.TryAdd(name[..(slash + 1)], new PartLine(name[..(slash + 1)], SettingsTarget.PathOf(name[..(slash + 1)]), 0, 0));
        }
        await SendAsync<PartsPage, PartsView>(visit, nav, new PartsView(Prefix + space.Name, space.Name, [.. parts.Values.OrderBy(part => part.Target, StringComparer.Ordinal)]), echo);
    }

    async Task ShowRobotsAsync(Visit visit, SettingsNav nav, SpaceRow space, Echo echo)
    {
        var path = Prefix + space.Name;
        if (visit.Query("robot") is { Length: > 0 } name)
        {
            await ShowRobotAsync(visit, nav, space, name, echo);
            return;
        }
        var asked = visit.Asked(RobotTable.Orders);
        var part = await db.ReadAsync(session => Visit.ListAsync(asked, part => SpaceRobots.ListAsync(session, visit.Who, space.Name, part)), visit.Cancel);
        var list = ListView.Of(visit, asked, RobotTable.Orders, part.Next);
        await SendAsync<RobotsPage, RobotsView>(visit, nav, new RobotsView(path, space.Name, [.. part.Items.Select(RobotLine.Of)], issuers.Urls.Count > 0, list), echo);
    }

    async Task ShowRobotAsync(Visit visit, SettingsNav nav, SpaceRow space, string name, Echo echo)
    {
        var path = Prefix + space.Name;
        var (robot, given, trusts) = await db.ReadAsync(
            async session =>
            {
                var (_, robot) = await SpaceRobots.FindAsync(session, visit.Who, space.Name, name);
                return (robot, await GrantTable.ListOfAsync(session, new Grantee(RobotId: robot.Id)), await SpaceRobots.ListTrustsAsync(session, visit.Who, space.Name, name, 0, MaxRows));
            },
            visit.Cancel);
        var question = visit.Query("ask") switch
        {
            "robot.secret" => new Question(
                $"Give {robot.FullName} another secret",
                ["The one that it has is void at once: whatever uses it is shut out until it is given the new one."], path, [("do", "robot.secret"), ("robot", name)], null, "Make another secret", RobotAt(path, name)),
            "robot.delete" => new Question(
                $"Remove {robot.FullName}", ["Whatever signs in as it is shut out at once, and what it was given ends."], $"{path}?view={Robots}", [("do", "robot.delete"), ("robot", name)], null, "Remove it", RobotAt(path, name)),
            "robot.trust.delete" when trusts.Find(trust => trust.Id == Id(visit.Query("id"))) is { } trust => new Question(
                $"Remove the rule on tokens of {trust.Issuer}",
                [$"Whatever is let in as {robot.FullName} by this rule alone is shut out at once."], RobotAt(path, name), [("do", "robot.trust.delete"), ("robot", name), ("id", Shown.Id(trust.Id))], null, "Remove the rule", RobotAt(path, name)),
            _ => null,
        };
        if (question is not null)
            await AskAsync(visit, nav, question);
        else
            await SendAsync<RobotPage, RobotView>(visit, nav, new RobotView(
                path,
                RobotLine.Of(robot),
                [.. given.Select(GrantLine.Of)],
                [.. trusts.Select(trust => new TrustLine(trust.Id, trust.Issuer, trust.Audience, [.. trust.Claims.Rules.Select(rule => $"{rule.Key} = {rule.Value}")]))],
                [.. issuers.Urls.Order(StringComparer.Ordinal)],
                visit.Frame.Host), echo);
    }

    async Task AddRobotAsync(Visit visit, SettingsNav nav, SettingsTarget target)
    {
        var name = visit.Field("name").Trim();
        var wish = new GrantWish(TargetPages.ReadTarget(visit, target), RightsOf(visit), Text(visit, "tags"), new GranteeNames(null, null, name));
        var (isKeyless, days) = (visit.Field("keyless") == "yes", Number(visit, "days"));
        var (robot, secret) = await epoch.ChangeAsync(
            session => robots.AddAsync(session, visit.Who, visit.Actor, target.Space, name, wish, isKeyless, days), visit.Cancel);
        if (secret is null)
            await visit.DoneAsync(RobotAt(target.Path, robot.Name));
        else
            await ShowSecretAsync(visit, nav, target, robot, secret);
    }

    async Task SetSecretAsync(Visit visit, SettingsNav nav, SettingsTarget target)
    {
        var (robot, secret) = await epoch.ChangeAsync(
            session => robots.SetSecretAsync(session, visit.Who, visit.Actor, target.Space, visit.Field("robot")), visit.Cancel);
        await ShowSecretAsync(visit, nav, target, robot, secret);
    }

    async Task SetExpiryAsync(Visit visit, SettingsTarget target)
    {
        var (robot, days) = (visit.Field("robot"), Number(visit, "days"));
        await ThenAsync(epoch, visit, RobotAt(target.Path, robot), session => SpaceRobots.SetExpiryAsync(session, visit.Who, visit.Actor, target.Space, robot, days));
    }

    static Task ShowSecretAsync(Visit visit, SettingsNav nav, SettingsTarget target, RobotRow robot, string secret) => SendAsync<SecretPage, ShownSecret>(visit, nav, new ShownSecret(
        $"The secret of {robot.FullName}",
        "Copy it now: it is shown this once and stored nowhere. The robot gives it as its password.",
        [new SecretText("Secret", secret), .. OwnSettingsHandler.LoginCommands(visit, robot.FullName, secret)],
        RobotAt(target.Path, robot.Name)), Echo.None);

    async Task AddTrustAsync(Visit visit, SettingsTarget target)
    {
        var claims = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in visit.Field("claims").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (line.Split('=', 2, StringSplitOptions.TrimEntries) is not [{ Length: > 0 } claim, { Length: > 0 } value] || !claims.TryAdd(claim, value))
                throw new AccountException(AccountProblem.Invalid, $"\"{OciException.Quote(line)}\" says no claim: write name = value, one a line, each name once");
        }
        var audience = Text(visit, "audience") ?? visit.Frame.Host;
        await epoch.ChangeAsync(
            session => robots.AddTrustAsync(session, visit.Who, visit.Actor, target.Space, visit.Field("robot"), visit.Field("issuer"), audience, claims),
            visit.Cancel);
        await visit.DoneAsync(RobotAt(target.Path, visit.Field("robot")));
    }

    async Task ShowOffersAsync(Visit visit, SettingsNav nav, SpaceRow space, Echo echo)
    {
        var asked = visit.Asked(RepositoryOfferTable.Orders);
        var part = await db.ReadAsync(session => Visit.ListAsync(asked, part => RepositoryCare.ListOffersAsync(session, visit.Who, space.Name, part)), visit.Cancel);
        var lines = part.Items.Select(row => new OfferLine(row.Id, row.Name, row.To + row.Path, row.Offerer, Shown.Then(row.ExpiresAt))).ToList();
        await SendAsync<OffersPage, OffersView>(
            visit, nav, new OffersView(Prefix + space.Name, space.Name, lines, ListView.Of(visit, asked, RepositoryOfferTable.Orders, part.Next)), echo);
    }

    async Task AcceptAsync(Visit visit, string name)
    {
        var moved = await changes.RunAsync(session => RepositoryCare.AcceptAsync(session, visit.Who, visit.Actor, name, Id(visit.Field("id"))), visit.Cancel);
        await visit.DoneAsync($"/r/{moved.To}");
    }

    async Task ShowOwnerAsync(Visit visit, SettingsNav nav, SpaceRow space, Echo echo)
    {
        var path = $"{Prefix}{space.Name}?view={Owner}";
        var (owner, offer, repositories) = await db.ReadAsync(
            async session => (
                space.OwnerId is { } id ? (await UserTable.FindAsync(session, id))?.Name : null,
                await SpaceOfferTable.FindAsync(session, space.Id),
                (await RepositoryTable.ListInSpaceAsync(session, space.Name, MaxRows)).Count),
            visit.Cancel);
        var isAccounts = owner == space.Name;
        if (visit.Query("ask") == "space.delete" && !isAccounts)
        {
            await AskAsync(visit, nav, new Question(
                $"Remove the space {space.Name}",
                [
                    repositories == 0 ? "It is empty." : $"It has {(repositories == MaxRows ? $"{MaxRows} repositories or more" : Shown.Count(repositories, "repository", "repositories"))}, which go with it, with everything in them.",
                    "Its teams, robots, rights and links end. Its name stays taken, for ever. This cannot be undone.",
                ],
                path,
                [("do", "space.delete")],
                space.Name,
                "Remove it and everything in it",
                path));
            return;
        }
        await SendAsync<SpaceOwnerPage, SpaceOwnerView>(visit, nav, new SpaceOwnerView(Prefix + space.Name, space.Name, owner, isAccounts, offer?.User, Shown.Then(offer?.ExpiresAt)), echo);
    }

    async Task RenameAsync(Visit visit, string name)
    {
        RequireConfirmed(visit, name);
        var renamed = await changes.RunAsync(session => SpaceCare.RenameAsync(session, visit.Who, visit.Actor, name, visit.Field("name").Trim()), visit.Cancel);
        await visit.DoneAsync($"{Prefix}{renamed.Name}?view={Owner}");
    }

    async Task SetOwnerAsync(Visit visit, string name, string path)
    {
        RequireConfirmed(visit, name);
        var (_, _, until) = await epoch.ChangeAsync(session => SpaceCare.SetOwnerAsync(session, visit.Who, visit.Actor, name, visit.Field("user").Trim(), visit.Field("as") == "organization"), visit.Cancel);
        await visit.DoneAsync(until is null ? $"{OwnSettingsHandler.Path}?view=spaces" : $"{path}?view={Owner}");
    }

    async Task RemoveAsync(Visit visit, string name)
    {
        RequireConfirmed(visit, name);
        await changes.RunAsync(session => SpaceCare.RemoveAsync(session, visit.Who, visit.Actor, name, name, changes.Trash), visit.Cancel);
        await visit.DoneAsync($"{OwnSettingsHandler.Path}?view=spaces");
    }

    /// <summary>What somebody sees of a space's settings.</summary>
    sealed record Sight(bool Manages, bool SeesTeams, bool Owns);
}

/// <summary>What a space is set to.</summary>
/// <param name="Visibility">Of its new repositories.</param>
public sealed record SpaceView(string Name, bool IsOrganization, string Visibility, bool AuditPulls, string Description, DateTimeOffset CreatedAt);

/// <summary>The teams.</summary>
public sealed record TeamsView(string Path, bool MayChange, IReadOnlyList<TeamLine> Teams, ListView List);

/// <summary>A team.</summary>
/// <param name="Members">How many people are in it.</param>
/// <param name="Names">Some of them.</param>
public sealed record TeamLine(string Name, long Members, string Names);

/// <summary>A team, and what it was given.</summary>
/// <param name="IsOwners">Whether its members own the organization.</param>
public sealed record TeamView(string Path, string Name, bool IsOwners, bool MayChange, IReadOnlyList<MemberLine> Members, IReadOnlyList<GrantLine> Grants, ListView List);

/// <summary>Somebody in a team, and by whose word.</summary>
/// <param name="ByHand">Whether a person says so.</param>
/// <param name="GivenBy">Which, as far as that is known.</param>
/// <param name="Sources">What elsewhere says so, as people call it.</param>
public sealed record MemberLine(string Name, bool ByHand, string? GivenBy, IReadOnlyList<string> Sources);

/// <summary>The parts of a space.</summary>
public sealed record PartsView(string Path, string Space, IReadOnlyList<PartLine> Parts);

/// <summary>A part of a space.</summary>
/// <param name="Grants">How many rights are given on just that.</param>
/// <param name="Defaults">How many rules say what is new in just that.</param>
public sealed record PartLine(string Target, string Path, long Grants, long Defaults);

/// <summary>The robots.</summary>
/// <param name="MayBeKeyless">Whether there is an issuer that could let one in.</param>
public sealed record RobotsView(string Path, string Space, IReadOnlyList<RobotLine> Robots, bool MayBeKeyless, ListView List);

/// <summary>A robot.</summary>
public sealed record RobotLine(string Name, string FullName, bool IsKeyless, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? UsedAt)
{
    internal static RobotLine Of(RobotRow row) => new(row.Name, row.FullName, row.IsKeyless, Shown.Then(row.CreatedAt), Shown.Then(row.ExpiresAt), Shown.Then(row.UsedAt));
}

/// <summary>A robot, what it was given, and by whose word it is let in.</summary>
/// <param name="Issuers">Those that the registry trusts.</param>
/// <param name="Host">Whom tokens are for, unless told.</param>
public sealed record RobotView(string Path, RobotLine Robot, IReadOnlyList<GrantLine> Grants, IReadOnlyList<TrustLine> Trusts, IReadOnlyList<string> Issuers, string Host);

/// <summary>By whose word a keyless robot is let in.</summary>
public sealed record TrustLine(long Id, string Issuer, string Audience, IReadOnlyList<string> Claims);

/// <summary>The repositories that a space is offered.</summary>
public sealed record OffersView(string Path, string Space, IReadOnlyList<OfferLine> Offers, ListView List);

/// <summary>A repository that a space is offered.</summary>
/// <param name="To">What it would be called.</param>
public sealed record OfferLine(long Id, string Repository, string To, string By, DateTimeOffset ExpiresAt);

/// <summary>To whom a space belongs.</summary>
/// <param name="Owner">Null for an organization.</param>
/// <param name="IsAccounts">Whether it is called like the account, and goes with it.</param>
/// <param name="OfferedTo">Who may take it.</param>
public sealed record SpaceOwnerView(string Path, string Name, string? Owner, bool IsAccounts, string? OfferedTo, DateTimeOffset? OfferedUntil);
