using Staithe.Accounts;
using Staithe.Managing;
using Staithe.Sharing;

namespace Staithe.Api;

/// <summary>Invitations to teams and to rights.</summary>
internal sealed class InvitationHandlers(Invitations invitations)
{
    public static Task<Page<Invitation>> ListAsync(ApiCall call)
    {
        var target = call.Query("target");
        return call.ListAsync((session, asked) => SpaceInvitations.ListAsync(session, call.Who, call.Path["space"], target, asked), Invitation.Of);
    }

    public async Task<InvitationSecret> AddAsync(ApiCall call, NewInvitation order)
    {
        var wish = new InvitationWish(order.Team, order.Target, order.Rights, order.Tags, order.GrantDays, order.User, order.NewAccounts, order.Uses, order.ExpiresInDays);
        var (row, text) = await call.ChangeAsync(session => SpaceInvitations.AddAsync(session, invitations, call.Who, call.Actor, call.Path["space"], wish));
        return new InvitationSecret(row.Id, $"{call.Http.Request.Scheme}://{call.Http.Request.Host}/invite/{text}", text, Time.Of(row.ExpiresAt));
    }

    public static Task DeleteAsync(ApiCall call) => call.ChangeAsync(session => SpaceInvitations.DeleteAsync(session, call.Who, call.Actor, call.Path["space"], call.Number("id")));

    // The secret is in the body: a path would be in the logs of whatever stands between.
    public async Task<AcceptedInvitation> AcceptAsync(ApiCall call, InvitationAnswer answer)
    {
        var user = await call.ReadAsync(call.RequireUserAsync);
        var row = await invitations.AcceptAsync(call.Actor, answer.Secret, user.Id, call.Cancel);
        return new AcceptedInvitation(row.Space, row.Team?.Name, row.Team is null ? row.Target : null, row.Team is null ? RightsText.Format(row.Rights) : null, row.Tags?.Text);
    }
}
