using System.Globalization;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Database;

namespace Staithe.Sharing;

/// <summary>What one is invited to, once it has been read and found to make sense.</summary>
/// <param name="Team">The team; null when rights are granted.</param>
/// <param name="Grant">What is granted; for a team its whole space and no rights.</param>
/// <param name="GrantDays">For how many days it is granted; null for good.</param>
internal sealed record InvitationOrder(TeamRow? Team, GrantOrder Grant, int? GrantDays, string? UserName, bool NewAccounts, int Uses, int Days);

/// <summary>
/// Makes, revokes and accepts invitations: links by which somebody gets into a team, or is granted rights. Nobody hands on what they do not
/// have, neither when they invite nor when it is accepted. A link that never was, is over, was revoked or has been used is refused in the same words.
/// </summary>
/// <param name="epoch">What it changes moves it.</param>
/// <param name="secret">Makes the hashes of the links' secrets.</param>
/// <param name="refusals">Is told what was refused.</param>
/// <param name="spacesInviteNewUsers">Whether those who manage a space may invite people who have no account, as admins of the registry may.</param>
internal sealed class Invitations(AccessEpoch epoch, ServerSecret secret, Refusals refusals, bool spacesInviteNewUsers)
{
    /// <summary>The most days that an invitation lasts.</summary>
    public const int MaxDays = 90;

    /// <summary>The most people that one invitation is for.</summary>
    public const int MaxUses = 1000;

    const int MaxOpen = 1000; // of one space
    const int DropAtOnce = 100;
    static readonly TimeSpan KeptInList = TimeSpan.FromDays(30);

    /// <summary>Makes one, inside a change; the row, and the secret of its link, which is told this once.</summary>
    /// <exception cref="AccountException">The inviter may not hand that on, or a part of the order is not what it should be.</exception>
    public async Task<(InvitationRow Invitation, string Secret)> AddAsync(DbSession session, Identity who, Actor actor, SpaceRow space, InvitationOrder order)
    {
        if (who.Kind != IdentityKind.User)
            throw new AccountException(AccountProblem.Forbidden, "robots invite nobody: sign in as a user");
        var gifts = await ListGiftsAsync(session, order.Team, order.Grant);
        var grantEndsAt = await SpaceAccess.FindGivingEndAsync(session, who, space, gifts);
        if (order.Team is not null)
            await SpaceAccess.RequireToGiveAsync(session, who, space, gifts);
        Check(order);
        if (order.NewAccounts && !who.IsWhole)
            throw new AccountException(AccountProblem.Forbidden, "this token cannot invite people who have no account: sign in with your password, or leave newAccounts out");
        if (order.NewAccounts && !spacesInviteNewUsers && !who.IsAdmin)
            throw new AccountException(AccountProblem.Forbidden, $"{who.Name} may not invite people who have no account: ask an admin of the registry, or leave newAccounts out");
        await InvitationTable.DeleteOldAsync(session, KeptInList, DropAtOnce);
        if (await InvitationTable.CountAsync(session, space.Id) >= MaxOpen)
            throw new AccountException(AccountProblem.Taken, $"{space.Name} has {MaxOpen} invitations: revoke some first");

        var text = Secret.CreateForPath();
        var expiresAt = Decision.Earlier(await Expiry.InAsync(session, order.Days), grantEndsAt)!.Value;
        var id = await InvitationTable.CreateAsync(session, space, who.Id, secret.Hash(text), order, expiresAt, grantEndsAt);
        var invitation = await FindAsync(session, space, id);
        await WriteAsync(session, actor, "invitation.add", invitation, $"{Words(invitation)}{(order.UserName is null ? "" : $" for {order.UserName}")} until {DateTimeOffset.FromUnixTimeMilliseconds(expiresAt).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}");
        return (invitation, text);
    }

    /// <summary>Takes one back, inside a change.</summary>
    /// <exception cref="AccountException">There is none of that number as far as the asker may know, or the asker does not manage what it is to.</exception>
    public static async Task DeleteAsync(DbSession session, Identity who, Actor actor, SpaceRow space, long id)
    {
        var invitation = await FindAsync(session, who, space, id);
        await InvitationTable.DeleteAsync(session, id);
        await WriteAsync(session, actor, "invitation.delete", invitation, null);
    }

    /// <summary>An invitation, for whoever manages what it is to.</summary>
    /// <exception cref="AccountException">There is none as far as the asker may know, or the asker may not manage it.</exception>
    public static async Task<InvitationRow> FindAsync(DbSession session, Identity who, SpaceRow space, long id)
    {
        var found = await InvitationTable.FindAsync(session, space.Id, id);
        return await SpaceAccess.RequireToManageAsync(session, who, space, found, row => row.Target, () => Unknown(space, id));
    }

    /// <summary>What a link invites to; null when it may not be accepted.</summary>
    public Task<InvitationRow?> FindOpenAsync(string text, CancellationToken cancel)
    {
        if (!Secret.IsForPath(text))
            return Task.FromResult<InvitationRow?>(null);
        var hash = secret.Hash(text);
        return epoch.ReadAsync(async session => (await FindOpenAsync(session, hash))?.Invitation, cancel);
    }

    /// <summary>Somebody who has just accepted with a new account.</summary>
    /// <exception cref="AccountException">The account is gone.</exception>
    public async Task<Identity> FindUserAsync(string name, CancellationToken cancel)
    {
        var user = await epoch.ReadAsync(session => Users.FindAsync(session, name), cancel);
        return new Identity(IdentityKind.User, user.Id, user.Name, user.IsAdmin);
    }

    /// <summary>Accepts for a user who is signed in.</summary>
    /// <exception cref="AccountException">There is no such invitation, or not for this user.</exception>
    public Task<InvitationRow> AcceptAsync(Actor actor, string text, long userId, CancellationToken cancel) => AcceptAsync(actor, text, (_, _) => Task.FromResult(userId), cancel);

    /// <summary>Makes an account and accepts for it, both or neither.</summary>
    /// <exception cref="AccountException">There is no such invitation, or not for a new account, or the name or the password cannot be had.</exception>
    public async Task<InvitationRow> AcceptAsNewAsync(Actor actor, string text, string name, string password, CancellationToken cancel)
    {
        if (await FindOpenAsync(text, cancel) is not { NewAccounts: true } invitation || (invitation.UserName ?? name) != name)
            throw Refused(actor);
        var space = Users.CheckName(name);
        Users.CheckPassword(password);
        var hash = PasswordHash.Create(password);
        return await AcceptAsync(actor, text, async (session, found) => found.NewAccounts ? (await Users.AddAsync(session, actor, space, hash, isAdmin: false)).Id : throw Refused(actor), cancel);
    }

    Task<InvitationRow> AcceptAsync(Actor actor, string text, Func<DbSession, InvitationRow, Task<long>> findUser, CancellationToken cancel)
    {
        if (!Secret.IsForPath(text))
            throw Refused(actor);
        return epoch.ChangeAsync(session => AcceptAsync(session, actor, text, findUser), cancel);
    }

    /// <summary>Accepts for a user, inside a change.</summary>
    /// <exception cref="AccountException">There is no such invitation, or not for this user.</exception>
    public Task<InvitationRow> AcceptAsync(DbSession session, Actor actor, string text, long userId) => AcceptAsync(session, actor, text, (_, _) => Task.FromResult(userId));

    async Task<InvitationRow> AcceptAsync(DbSession session, Actor actor, string text, Func<DbSession, InvitationRow, Task<long>> findUser)
    {
        var (invitation, end) = await FindOpenAsync(session, secret.Hash(text)) ?? throw Refused(actor);
        var user = await UserTable.FindAsync(session, await findUser(session, invitation));
        if (user is not { DisabledAt: null } || (invitation.UserName ?? user.Name) != user.Name || !await InvitationTable.TakeAsync(session, invitation.Id, user.Id))
            throw Refused(actor);
        var space = await Spaces.FindAsync(session, invitation.Space);
        if (invitation.Team is { } team)
        {
            await Teams.AddMemberAsync(session, actor, space, team, user, invitation.Inviter);
        }
        else
        {
            var expiresAt = Decision.Earlier(await Expiry.InAsync(session, invitation.GrantDays), end);
            await Grants.AddAsync(session, actor, space, invitation.Grant, new Grantee(UserId: user.Id), expiresAt);
        }
        await WriteAsync(session, actor, "invitation.accept", invitation, $"by {user.Name}, invited by {invitation.Inviter}");
        return invitation;
    }

    // Open, and the inviter may hand on now what it is about; until when what is granted may last.
    async Task<(InvitationRow Invitation, long? EndsAt)?> FindOpenAsync(DbSession session, string hash)
    {
        if (await InvitationTable.FindBySecretAsync(session, hash) is not { } invitation
            || await SpaceTable.FindAsync(session, invitation.Space) is not { } space
            || await UserTable.FindAsync(session, invitation.InviterId) is not { } inviter)
            return null;
        if (invitation.NewAccounts && !spacesInviteNewUsers && !inviter.IsAdmin)
            return null;
        var who = new Identity(IdentityKind.User, inviter.Id, inviter.Name, inviter.IsAdmin);
        var end = invitation.GrantEndsAt;
        foreach (var gift in await ListGiftsAsync(session, invitation.Team, invitation.Grant))
        {
            var giving = AccessPolicy.DecideToGive(await AccessLookup.DecideAsync(session, who, space, gift.Target), gift.Rights);
            end = Decision.Earlier(end, giving.EndsAt);
            if (giving.Missing != Rights.None || (invitation.Team is not null && end is not null && !(gift.EndsAt <= end)))
                return null;
        }
        return (invitation, end);
    }

    // Whoever gets into a team gets what it was given. A team belongs to its whole space, whatever it was given.
    static async Task<List<Gift>> ListGiftsAsync(DbSession session, TeamRow? team, GrantOrder grant) => team is null
        ? [new Gift(grant.Target, grant.Rights)]
        : [new Gift(grant.Target, grant.Rights), .. Gift.Of(await GrantTable.ListOfAsync(session, new Grantee(TeamId: team.Id)))];

    static void Check(InvitationOrder order)
    {
        if (order.Days is < 1 or > MaxDays)
            throw new AccountException(AccountProblem.Invalid, $"expiresInDays is {order.Days}: an invitation lasts from 1 to {MaxDays} days");
        if (order.Uses is < 1 or > MaxUses)
            throw new AccountException(AccountProblem.Invalid, $"uses is {order.Uses}: it must be from 1 to {MaxUses}");
        if (order.GrantDays is < 1 or > Expiry.MaxDays)
            throw new AccountException(AccountProblem.Invalid, $"grantDays is {order.GrantDays}: it must be from 1 to {Expiry.MaxDays}, or left out for what does not end");
        if (order.Team is not null && order.GrantDays is not null)
            throw new AccountException(AccountProblem.Invalid, "one is in a team until one is removed: leave grantDays out");
        if (order.UserName is null)
            return;
        Users.CheckName(order.UserName);
        if (order.Uses != 1)
            throw new AccountException(AccountProblem.Invalid, "an invitation for one user is used once: leave uses or user out");
    }

    static async Task<InvitationRow> FindAsync(DbSession session, SpaceRow space, long id) => await InvitationTable.FindAsync(session, space.Id, id) ?? throw Unknown(space, id);

    static AccountException Unknown(SpaceRow space, long id) => new(AccountProblem.Unknown, string.Create(CultureInfo.InvariantCulture, $"{space.Name} has no invitation {id}"));

    AccountException Refused(Actor actor)
    {
        refusals.Add(actor, new Deed("invitation.accept", "", null));
        return new AccountException(AccountProblem.Unknown, "this is no invitation, or it has ended, or it is for somebody else: ask whoever sent it for another");
    }

    static string Words(InvitationRow invitation) => invitation.Team is { } team
        ? $"into the team {team.Name}"
        : $"{RightsText.Format(invitation.Rights)}{(invitation.Tags is null ? "" : $" on tags {invitation.Tags.Text}")}";

    static Task WriteAsync(DbSession session, Actor actor, string action, InvitationRow invitation, string? detail) =>
        AuditTable.AddAsync(session, actor, new Deed(action, invitation.To, invitation.Space, string.Create(CultureInfo.InvariantCulture, $"invitation {invitation.Id}{(detail is null ? "" : $" {detail}")}")));
}
