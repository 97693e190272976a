using Staithe.Audit;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Accounts;

/// <summary>
/// What is done with spaces, inside a change (<see cref="AccessEpoch.ChangeAsync"/>) and with its line in the audit. Whether the actor may is
/// decided before, in the same transaction.
/// </summary>
internal static class Spaces
{
    /// <summary>Makes an organization: the space, and the team of its owners, who may do everything in it, with its first member.</summary>
    /// <exception cref="AccountException">The name cannot be had.</exception>
    public static async Task<SpaceRow> AddOrganizationAsync(DbSession session, Actor actor, long userId, string text, Visibility visibility)
    {
        if (!SpaceName.TryParse(text, out var name))
            throw new AccountException(AccountProblem.Invalid, $"\"{OciException.Quote(text)}\" cannot be an organization's name: {SpaceName.Rule}");
        await CheckFreeAsync(session, name);
        var spaceId = await CreateAsync(session, name, null, visibility);
        await AddOwnersAsync(session, actor, spaceId, name.Value, userId);
        await AuditTable.AddAsync(session, actor, new Deed("space.add", name.Value, name.Value, "an organization"));
        return await FindAsync(session, name.Value);
    }

    /// <summary>Makes the team of an organization's owners, with its first member.</summary>
    public static async Task AddOwnersAsync(DbSession session, Actor actor, long spaceId, string name, long userId)
    {
        var owners = await TeamTable.CreateAsync(session, spaceId, TeamTable.Owners) ?? throw new InvalidOperationException($"the space {name} has owners already");
        await TeamTable.AddMemberAsync(session, owners, userId, givenBy: actor.Name);
        await GrantTable.CreateAsync(session, spaceId, $"{name}/", new Grantee(TeamId: owners), Rights.Admin, null, null);
    }

    /// <summary>Sets what new repositories get.</summary>
    public static async Task SetVisibilityAsync(DbSession session, Actor actor, SpaceRow space, Visibility visibility)
    {
        await SpaceTable.SetVisibilityAsync(session, space.Id, visibility);
        await AuditTable.AddAsync(session, actor, new Deed("space.visibility", space.Name, space.Name, $"new repositories are {VisibilityText.Format(visibility)}"));
    }

    /// <summary>Sets whether every pull is written into the audit.</summary>
    public static async Task SetAuditPullsAsync(DbSession session, Actor actor, SpaceRow space, bool audited)
    {
        await SpaceTable.SetAuditPullsAsync(session, space.Id, audited);
        await AuditTable.AddAsync(session, actor, new Deed("space.audit-pulls", space.Name, space.Name, audited ? "every pull is written down" : "pulls are not written down"));
    }

    /// <summary>Sets what people read of it, which <see cref="OneLine"/> has read.</summary>
    public static async Task SetDescriptionAsync(DbSession session, Actor actor, SpaceRow space, string description)
    {
        await SpaceTable.SetDescriptionAsync(session, space.Id, description);
        await AuditTable.AddAsync(session, actor, new Deed("space.describe", space.Name, space.Name));
    }

    /// <summary>The space of that name, or that had it before.</summary>
    /// <exception cref="AccountException">There is none.</exception>
    public static async Task<SpaceRow> FindAsync(DbSession session, string name) => await SpaceTable.FindAsync(session, name) ?? throw Unknown(name);

    public static AccountException Unknown(string name) => new(AccountProblem.Unknown, $"there is no space {OciException.Quote(name)}");

    /// <exception cref="AccountException">The name, or one that looks like it, is or was somebody's, or is the registry's own.</exception>
    public static async Task CheckFreeAsync(DbSession session, SpaceName name, long except = 0)
    {
        if (name.IsReserved)
        {
            var message = $"the name {name} is reserved, or looks too much like one that is: choose another";
            throw new AccountException(AccountProblem.Invalid, message);
        }
        if (await SpaceTable.FindTakenAsync(session, name, except) is { } taken)
            throw new AccountException(AccountProblem.Taken, taken == name.Value ? $"the name {name} is taken: choose another" : $"the name {name} looks too much like {taken}, which is taken: choose another");
    }

    /// <summary>Makes the row of a name that <see cref="CheckFreeAsync"/> found free; its id.</summary>
    public static async Task<long> CreateAsync(DbSession session, SpaceName name, long? ownerId, Visibility visibility) =>
        await SpaceTable.CreateAsync(session, name, ownerId, visibility) ?? throw new AccountException(AccountProblem.Taken, $"the name {name} is taken: choose another");
}
