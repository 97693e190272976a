using Staithe.Access;
using Staithe.Accounts;
using Staithe.Sharing;

namespace Staithe.Api;

/// <summary>Invitations to teams and to rights.</summary>
internal sealed class InvitationHandlers(Invitations invitations)
{
    public static async Task<Page<Invitation>> ListAsync(ApiCall call)
    {
        var (after, target) = (call.AfterNumber(0), call.Query("target") ?? $"{call.Path["space"]}/");
        return await call.PageAsync(
            async (session, limit) =>
            {
                var space = await SpaceAccess.FindAsync(session, call.Who, call.Path["space"]);
                GrantOrder.CheckTarget(space, target);
                await SpaceAccess.RequireAsync(session, call.Who, space, Rights.Manage, target);
                return await InvitationTable.ListAsync(session, space.Id, target, after, limit);
            },
            Invitation.Of,
            row => Text.Of(row.Id));
    }

    public async Task<InvitationSecret> AddAsync(ApiCall call, NewInvitation order)
    {
        var (row, text) = await call.ChangeAsync(async session =>
        {
            var space = await SpaceAccess.FindAsync(session, call.Who, call.Path["space"]);
            var (team, grant) = (order.Team, order.Target, order.Rights) switch
            {
                ({ } name, null, null) when order.Tags is null => (await Teams.FindAsync(session, space, name), new GrantOrder($"{space.Name}/", Rights.None, null)),
                (null, { } target, { } rights) => ((TeamRow?)null, GrantOrder.Read(space, target, rights, order.Tags)),
                _ => throw new AccountException(AccountProblem.Invalid, "say to what: give team, or target and rights, with tags if you like"),
            };
            return await invitations.AddAsync(session, call.Who, call.Actor, space, new InvitationOrder(team, grant, order.GrantDays, order.User, order.NewAccounts, order.Uses, order.ExpiresInDays));
        });
        return new InvitationSecret(row.Id, $"{call.Http.Request.Scheme}://{call.Http.Request.Host}/invite/{text}", text, Time.Of(row.ExpiresAt));
    }

    public static Task DeleteAsync(ApiCall call)
    {
        var id = call.Number("id");
        return call.ChangeAsync(async session =>
            await Invitations.DeleteAsync(session, call.Who, call.Actor, await SpaceAccess.FindAsync(session, call.Who, call.Path["space"]), id));
    }

    // The secret is in the body: a path would be in the logs of whatever stands between.
    public async Task<AcceptedInvitation> AcceptAsync(ApiCall call, InvitationAnswer answer)
    {
        var user = await call.ReadAsync(call.RequireUserAsync);
        var row = await invitations.AcceptAsync(call.Actor, answer.Secret, user.Id, call.Cancel);
        return new AcceptedInvitation(row.Space, row.Team?.Name, row.Team is null ? row.Target : null, row.Team is null ? RightsText.Format(row.Rights) : null, row.Tags?.Text);
    }
}
