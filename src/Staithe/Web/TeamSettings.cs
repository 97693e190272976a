using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Federation;
using Staithe.Managing;

namespace Staithe.Web;

/// <summary>The teams of an organization, and who is in them: also for their members.</summary>
internal sealed class TeamSettings(Db db, AccessEpoch epoch, IReadOnlyList<CodeFlow> flows) : SettingsView("teams", "Teams")
{
    public override IReadOnlyList<SettingsForm> Forms =>
    [
        new("team.add", (visit, place, _) => ThenAsync(epoch, visit, place.At(Name), session => SpaceTeams.AddAsync(session, visit.Who, visit.Actor, place.Target.Space, visit.Field("team").Trim()))),
        new("team.delete", (visit, place, _) => ThenAsync(epoch, visit, place.At(Name), session => SpaceTeams.DeleteAsync(session, visit.Who, visit.Actor, place.Target.Space, visit.Field("team")))),
        new("team.member.add", (visit, place, _) => ThenAsync(
            epoch,
            visit,
            At(place, visit.Field("team")),
            session => SpaceTeams.AddMemberAsync(session, visit.Who, visit.Actor, place.Target.Space, visit.Field("team"), visit.Field("user").Trim()))),
        new("team.member.remove", (visit, place, _) => ThenAsync(
            epoch,
            visit,
            At(place, visit.Field("team")),
            session => SpaceTeams.RemoveMemberAsync(session, visit.Who, visit.Actor, place.Target.Space, visit.Field("team"), visit.Field("user")))),
    ];

    public override bool IsFor(SettingsPlace place) => place.Space is { OwnerId: null } && (place.Manages || place.SeesTeams);

    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        if (visit.Query("team") is { Length: > 0 } name)
        {
            await ShowTeamAsync(visit, place, nav, name, echo);
            return;
        }
        var wanted = visit.Asked([]);
        var teams = await db.ReadAsync(session => Visit.ListAsync(wanted, part => SpaceTeams.ListAsync(session, visit.Who, place.Target.Space, part)), visit.Cancel);
        var lines = teams.Items.Select(team => new TeamLine(team.Name, team.Members, team.Names)).ToList();
        await SendAsync<TeamsPage, TeamsView>(visit, nav, new TeamsView(place.Path, place.Manages, lines, ListView.Of(visit, wanted, [], teams.Next)), echo);
    }

    async Task ShowTeamAsync(Visit visit, SettingsPlace place, SettingsNav nav, string name, Echo echo)
    {
        var asked = visit.Asked([]);
        var (members, next, count, one, given) = await db.ReadAsync(
            async session =>
            {
                var (team, members) = await Visit.ListAsync(asked, part => SpaceTeams.ListMembersAsync(session, visit.Who, place.Target.Space, name, part));
                return (
                    members.Items.Select(MemberOf).ToList(),
                    members.Next,
                    await TeamTable.CountMembersAsync(session, team.Id),
                    await TeamTable.FindMemberAsync(session, team.Id, visit.Query("user")) is { } member ? MemberOf(member) : null,
                    await GrantTable.ListOfAsync(session, new Grantee(TeamId: team.Id)));
            },
            visit.Cancel);
        if (visit.Query("ask") == "team.delete" && place.Manages)
        {
            await AskAsync(visit, nav, new Question(
                $"Remove the team {name}",
                [$"It has {Shown.Count(count, "member")}, and was given {Shown.Count(given.Count, "right")}, which end with it."],
                place.At(Name),
                [("do", "team.delete"), ("team", name)],
                null,
                "Remove it",
                At(place, name)));
            return;
        }
        if (visit.Query("ask") == "team.member.remove" && place.Manages && one is not null)
        {
            await AskAsync(visit, nav, new Question(
                $"Take {one.Name} out of the team {name}",
                [
                    $"What {one.Name} may do as its member ends within seconds.",
                    .. one.Sources.Select(source => Visit.Sentence($"{source} says that {one.Name} is in it, so {one.Name} is in it again with the next sign-in there. To end it for good, it has to be changed there.")),
                ],
                At(place, name),
                [("do", "team.member.remove"), ("team", name), ("user", one.Name)],
                null,
                "Take out",
                At(place, name)));
            return;
        }
        await SendAsync<TeamPage, TeamView>(visit, nav, new TeamView(place.Path, name, name == TeamTable.Owners, place.Manages, members, [.. given.Select(GrantLine.Of)], ListView.Of(visit, asked, [], next)), echo);
    }

    MemberLine MemberOf(TeamMember member) => new(
        member.User,
        member.Words.Any(word => word.Source is null),
        member.Words.FirstOrDefault(word => word.Source is null)?.GivenBy,
        [.. member.Words.Where(word => word.Source is not null).Select(word => word.Source == DirectorySignIn.Source ? "the directory" : flows.FirstOrDefault(flow => flow.Config.Issuer == word.Source)?.Config.Label ?? word.Source!)]);

    string At(SettingsPlace place, string team) => $"{place.At(Name)}&team={Uri.EscapeDataString(team)}";
}

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
