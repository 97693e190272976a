using Staithe.Audit;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Accounts;

/// <summary>
/// What is done with the teams of an organization, inside a change (<see cref="AccessEpoch.ChangeAsync"/>) and with its line in the audit.
/// Whether the actor may is decided before, in the same transaction.
/// </summary>
internal static class Teams
{
    /// <exception cref="AccountException">The space is a person's, or the name cannot be had.</exception>
    public static async Task AddAsync(DbSession session, Actor actor, SpaceRow space, string name)
    {
        if (space.OwnerId is not null)
            throw new AccountException(AccountProblem.Invalid, $"the space {space.Name} is a person's, and teams are for organizations: make an organization, or grant to users");
        PartName.Check("team", name);
        if (await TeamTable.CreateAsync(session, space.Id, name) is null)
            throw new AccountException(AccountProblem.Taken, $"{space.Name} has a team {name} already: choose another name");
        await WriteAsync(session, actor, space, "team.add", name, null);
    }

    /// <summary>Removes a team and with it what it was given.</summary>
    /// <exception cref="AccountException">It is the owners'.</exception>
    public static async Task DeleteAsync(DbSession session, Actor actor, SpaceRow space, TeamRow team)
    {
        if (team.Name == TeamTable.Owners)
            throw new AccountException(AccountProblem.Taken, $"the team {TeamTable.Owners} stays as long as its organization: remove members from it instead");
        await TeamTable.DeleteAsync(session, team.Id);
        await WriteAsync(session, actor, space, "team.delete", team.Name, null);
    }

    /// <summary>Takes a user into a team, by the actor's word or that of another person; one who is in it stays.</summary>
    public static async Task AddMemberAsync(DbSession session, Actor actor, SpaceRow space, TeamRow team, UserRow user, string? givenBy = null)
    {
        if (await TeamTable.AddMemberAsync(session, team.Id, user.Id, givenBy: givenBy ?? actor.Name))
            await WriteAsync(session, actor, space, "team.member.add", team.Name, user.Name);
    }

    /// <exception cref="AccountException">The user is not in the team, or is the last owner.</exception>
    public static async Task RemoveMemberAsync(DbSession session, Actor actor, SpaceRow space, TeamRow team, UserRow user)
    {
        if (!await TeamTable.RemoveMemberAsync(session, team.Id, user.Id))
            throw new AccountException(AccountProblem.Unknown, $"{user.Name} is not in the team {team.Name}");
        if (team.Name == TeamTable.Owners && !await TeamTable.HasOtherMemberAsync(session, team.Id, user.Id))
            throw new AccountException(AccountProblem.Taken, $"{user.Name} is the last owner of {space.Name} who may sign in: make another user an owner first");
        await WriteAsync(session, actor, space, "team.member.remove", team.Name, user.Name);
    }

    /// <exception cref="AccountException">The space has none of that name.</exception>
    public static async Task<TeamRow> FindAsync(DbSession session, SpaceRow space, string name) => await TeamTable.FindIdAsync(session, space.Id, name) is { } id
        ? new TeamRow(id, name)
        : throw new AccountException(AccountProblem.Unknown, $"{space.Name} has no team {OciException.Quote(name)}");

    static Task WriteAsync(DbSession session, Actor actor, SpaceRow space, string action, string name, string? detail) =>
        AuditTable.AddAsync(session, actor, new Deed(action, $"{space.Name}/{name}", space.Name, detail));
}
