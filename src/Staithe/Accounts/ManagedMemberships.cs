using Staithe.Audit;
using Staithe.Database;

namespace Staithe.Accounts;

/// <summary>
/// Teams in which somebody is because a directory or an issuer says so. Each source takes people only out of teams that it has put them
/// into; who was taken into a team by a person stays there whatever a source says.
/// </summary>
internal static class ManagedMemberships
{
    /// <summary>Whether the user is in all of the teams, as far as there are such, and in no other because of the source: then there is nothing to change.</summary>
    /// <param name="session">The database.</param>
    /// <param name="source">Who says so, such as <c>ldap</c>.</param>
    /// <param name="userId">The user.</param>
    /// <param name="teams">The teams, as <c>space/team</c>.</param>
    public static async Task<bool> AreCurrentAsync(DbSession session, string source, long userId, IReadOnlyCollection<string> teams)
    {
        var (missing, wrong) = await CompareAsync(session, source, userId, teams);
        return missing.Count == 0 && wrong.Count == 0;
    }

    /// <summary>Takes the user into the teams and out of the others, inside a change (<see cref="AccessEpoch.ChangeAsync"/>) and with a line in the audit each.</summary>
    public static async Task SyncAsync(DbSession session, Actor actor, string source, UserRow user, IReadOnlyCollection<string> teams)
    {
        var (missing, wrong) = await CompareAsync(session, source, user.Id, teams);
        foreach (var team in missing)
        {
            if (await TeamTable.AddMemberAsync(session, team.Id, user.Id, source))
                await WriteAsync(session, actor, source, "team.member.add", team, user);
        }
        foreach (var team in wrong)
        {
            await TeamTable.RemoveMemberAsync(session, team.Id, user.Id);
            await WriteAsync(session, actor, source, "team.member.remove", team, user);
        }
    }

    static async Task<(List<Team> Missing, List<Team> Wrong)> CompareAsync(DbSession session, string source, long userId, IReadOnlyCollection<string> teams)
    {
        var wanted = teams.ToHashSet(StringComparer.Ordinal);
        var missing = await session.ListAsync(MissingSql, Map, userId, wanted.ToArray());
        var wrong = (await session.ListAsync(OfSourceSql, Map, userId, source)).Where(team => !wanted.Contains(team.FullName)).ToList();
        for (var i = wrong.Count - 1; i >= 0; i--)
        {
            // an organization keeps its last owner, whatever a directory says
            if (wrong[i].Name == TeamTable.Owners && !await TeamTable.HasOtherMemberAsync(session, wrong[i].Id, userId))
                wrong.RemoveAt(i);
        }
        return (missing, wrong);
    }

    static Task WriteAsync(DbSession session, Actor actor, string source, string action, Team team, UserRow user) =>
        AuditTable.AddAsync(session, actor, new Deed(action, team.FullName, team.Space, $"{user.Name}, as {source} says"));

    static Team Map(System.Data.Common.DbDataReader row) => new(row.GetInt64(0), row.GetString(1), row.GetString(2));

    static readonly Sql MissingSql = new("""
        select t.id, s.name, t.name from teams t join spaces s on s.id = t.space_id
        where s.removed_at is null and s.name || '/' || t.name {any $2} and not exists (select 1 from team_members m where m.team_id = t.id and m.user_id = $1)
        order by t.id
        """);

    static readonly Sql OfSourceSql = new("""
        select t.id, s.name, t.name from team_members m join teams t on t.id = m.team_id join spaces s on s.id = t.space_id
        where m.user_id = $1 and m.source = $2 order by t.id
        """);

    sealed record Team(long Id, string Space, string Name)
    {
        public string FullName => $"{Space}/{Name}";
    }
}
