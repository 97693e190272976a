using Staithe.Audit;
using Staithe.Database;

namespace Staithe.Accounts;

/// <summary>
/// Teams in which somebody is because a directory or an issuer says so. Each membership carries by whose word it is, and nobody takes back the word of
/// another: whoever was taken into a team by a person, or by another source, stays there whatever a source says.
/// </summary>
internal static class ManagedMemberships
{
    /// <summary>Whether there is nothing to change (<see cref="SyncAsync"/>).</summary>
    public static async Task<bool> AreCurrentAsync(
        DbSession session,
        string source,
        long userId,
        IReadOnlyCollection<string> teams,
        ISet<string> unknown)
    {
        var (missing, wrong) = await CompareAsync(session, source, userId, teams, unknown);
        return missing.Count == 0 && wrong.Count == 0;
    }

    /// <summary>
    /// Has the source say of the user that it is in these teams, as far as there are such, and in no others; with a line in the audit for each team
    /// that the user comes into or leaves by that. Moves the epoch where something changes (<see cref="AccessEpoch"/>).
    /// </summary>
    /// <param name="session">The transaction.</param>
    /// <param name="actor">Whose sign-in brings it.</param>
    /// <param name="source">Who says so: <c>ldap</c>, or an issuer's address.</param>
    /// <param name="user">The user.</param>
    /// <param name="teams">The teams, as <c>space/team</c>.</param>
    /// <param name="unknown">Takes those of them that are not there.</param>
    /// <returns>Whether something has changed.</returns>
    public static async Task<bool> SyncAsync(
        DbSession session,
        Actor actor,
        string source,
        UserRow user,
        IReadOnlyCollection<string> teams,
        ISet<string> unknown)
    {
        if (await AreCurrentAsync(session, source, user.Id, teams, unknown))
            return false;
        await AccessEpoch.MoveAsync(session); // from here on one at a time, so that of two last owners one stays
        var (missing, wrong) = await CompareAsync(session, source, user.Id, teams, unknown);
        foreach (var team in missing)
        {
            var isNew = !await TeamTable.IsMemberAsync(session, team.Id, user.Id);
            await TeamTable.AddMemberAsync(session, team.Id, user.Id, source);
            if (isNew)
                await WriteAsync(session, actor, source, "team.member.add", team, user);
        }
        foreach (var team in wrong)
        {
            await TeamTable.TakeBackAsync(session, team.Id, user.Id, source);
            if (!await TeamTable.IsMemberAsync(session, team.Id, user.Id))
                await WriteAsync(session, actor, source, "team.member.remove", team, user);
        }
        return missing.Count + wrong.Count > 0;
    }

    static async Task<(List<TeamPlace> Missing, List<TeamPlace> Wrong)> CompareAsync(
        DbSession session,
        string source,
        long userId,
        IReadOnlyCollection<string> teams,
        ISet<string> unknown)
    {
        var wrong = await TeamTable.ListBySourceAsync(session, userId, source);
        var missing = new List<TeamPlace>();
        unknown.Clear(); // the transaction may run again
        foreach (var name in teams.Distinct(StringComparer.Ordinal))
        {
            if (wrong.RemoveAll(one => one.FullName == name) > 0)
                continue;
            if (await TeamTable.FindAsync(session, name) is { } team)
                missing.Add(team);
            else
                unknown.Add(name);
        }
        for (var i = wrong.Count - 1; i >= 0; i--)
        {
            if (await IsLastOwnerAsync(session, wrong[i], userId, source))
                wrong.RemoveAt(i);
        }
        return (missing, wrong);
    }

    // An organization keeps its last owner, whatever a source says.
    static async Task<bool> IsLastOwnerAsync(DbSession session, TeamPlace team, long userId, string source) =>
        team.Team == TeamTable.Owners && !await TeamTable.HasOtherWordAsync(session, team.Id, userId, source) && !await TeamTable.HasOtherMemberAsync(session, team.Id, userId);

    static Task WriteAsync(DbSession session, Actor actor, string source, string action, TeamPlace team, UserRow user) =>
        AuditTable.AddAsync(session, actor, new Deed(action, team.FullName, team.Space, $"{user.Name}, as {source} says"));
}
