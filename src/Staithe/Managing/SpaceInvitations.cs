using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Database;
using Staithe.Sharing;

namespace Staithe.Managing;

/// <summary>What somebody wants to invite to, as it was written: to a team, or to rights on a target.</summary>
internal sealed record InvitationWish(string? Team, string? Target, string? Rights, string? Tags, int? GrantDays, string? User, bool NewAccounts, int Uses, int ExpiresInDays);

/// <summary>The invitations of a space, for who manages what they are to.</summary>
internal static class SpaceInvitations
{
    public static async Task<ListPart<InvitationRow>> ListAsync(DbSession session, Identity who, string spaceName, string? target, ListRequest asked)
    {
        var (space, found) = await SpaceCare.FindTargetAsync(session, who, spaceName, target);
        return await InvitationTable.ListAsync(session, space.Id, found, asked);
    }

    /// <summary>An invitation, for whoever manages what it is to.</summary>
    public static async Task<InvitationRow> FindAsync(DbSession session, Identity who, string spaceName, long id) =>
        await Invitations.FindAsync(session, who, await SpaceAccess.FindAsync(session, who, spaceName), id);

    /// <summary>Makes one; the row, and the secret of its link, which is told this once.</summary>
    public static async Task<(InvitationRow Row, string Secret)> AddAsync(DbSession session, Invitations invitations, Identity who, Actor actor, string spaceName, InvitationWish wish)
    {
        var space = await SpaceAccess.FindAsync(session, who, spaceName);
        var (team, grant) = (wish.Team, wish.Target, wish.Rights) switch
        {
            ({ } name, null, null) when wish.Tags is null => (await Teams.FindAsync(session, space, name), new GrantOrder($"{space.Name}/", Rights.None, null)),
            (null, { } target, { } rights) => ((TeamRow?)null, GrantOrder.Read(space, target, rights, wish.Tags)),
            _ => throw new AccountException(AccountProblem.Invalid, "say to what: give team, or target and rights, with tags if you like"),
        };
        return await invitations.AddAsync(session, who, actor, space, new InvitationOrder(team, grant, wish.GrantDays, wish.User, wish.NewAccounts, wish.Uses, wish.ExpiresInDays));
    }

    public static async Task DeleteAsync(DbSession session, Identity who, Actor actor, string spaceName, long id) =>
        await Invitations.DeleteAsync(session, who, actor, await SpaceAccess.FindAsync(session, who, spaceName), id);
}
