using Staithe.Access;
using Staithe.Accounts;
using Staithe.Sharing;
using Staithe.Transport;

namespace Staithe.Web;

/// <summary>
/// Who invites to what, and the buttons to accept: for whoever is signed in, and, where the invitation says so, for whoever makes an account
/// here. A link that has ended looks like one that never was.
/// </summary>
internal sealed class InviteHandler(Invitations invitations, BrowserSessions sessions, DeviceCookie devices) : IWebHandler
{
    const string Prefix = "/invite/";

    public bool Takes(string path) => path.StartsWith(Prefix, StringComparison.Ordinal);

    public async Task HandleAsync(Visit visit)
    {
        visit.Http.Response.Headers["X-Robots-Tag"] = "noindex, nofollow";
        var secret = visit.Path[Prefix.Length..];
        if (visit.Form is not null)
            await AcceptAsync(visit, secret);
        else if (await FindAsync(visit, secret) is { } invitation)
            await visit.SendAsync<InvitePage, InviteView>(ViewOf(invitation, visit, "", null));
        else
            await NothingAsync(visit);
    }

    async Task AcceptAsync(Visit visit, string secret)
    {
        try
        {
            if (visit.Who.Kind == IdentityKind.User)
            {
                var accepted = await invitations.AcceptAsync(visit.Actor, secret, visit.Who.Id, visit.Cancel);
                await visit.SendAsync<InvitedPage, InvitedView>(new InvitedView(visit.Who.Name, accepted.Space));
                return;
            }
            await WorkerThread.SwitchAsync(); // a password takes long to hash
            var name = visit.Field("name").Trim();
            var made = await invitations.AcceptAsNewAsync(visit.Actor with { Name = name.Length == 0 ? visit.Who.Name : Staithe.Oci.OciException.Quote(name) }, secret, name, visit.Field("password"), visit.Cancel);
            devices.Give(visit.Http, name);
            await sessions.BeginAsync(visit, await invitations.FindUserAsync(name, visit.Cancel), "in a browser, with an invitation");
            await visit.DoneAsync(SpaceHomeHandler.PathOf(made.Space), FormTable.Accept);
        }
        catch (AccountException refused) when (refused.Problem is AccountProblem.Invalid or AccountProblem.Taken && visit.Who.Kind != IdentityKind.User)
        {
            if (await FindAsync(visit, secret) is { } invitation)
                await visit.SendAsync<InvitePage, InviteView>(ViewOf(invitation, visit, visit.Field("name"), refused.Message), refused.Problem == AccountProblem.Taken ? StatusCodes.Status409Conflict : StatusCodes.Status400BadRequest);
            else
                await NothingAsync(visit);
        }
        catch (AccountException refused) when (refused.Problem == AccountProblem.Unknown)
        {
            await NothingAsync(visit);
        }
    }

    // One for somebody else looks like none to whoever is signed in.
    async Task<InvitationRow?> FindAsync(Visit visit, string secret) =>
        await invitations.FindOpenAsync(secret, visit.Cancel) is { } found && (visit.Who.Kind != IdentityKind.User || (found.UserName ?? visit.Who.Name) == visit.Who.Name) ? found : null;

    static Task NothingAsync(Visit visit) => visit.SendNothingAsync("No invitation", "This is no invitation, or it has ended, or it is for somebody else. Ask whoever sent it for another.");

    static InviteView ViewOf(InvitationRow row, Visit visit, string typed, string? problem) => new(
        row.Inviter,
        row.Space,
        row.Team?.Name,
        row.Team is null ? row.Target : null,
        row.Team is null ? RightsText.Format(row.Rights) : null,
        row.Tags?.Text,
        row.UserName,
        row.NewAccounts,
        DateTimeOffset.FromUnixTimeMilliseconds(row.ExpiresAt),
        visit.Path,
        typed,
        problem);
}

/// <summary>An invitation as whoever is invited sees it.</summary>
/// <param name="Team">The team that one gets into; null when rights are given.</param>
/// <param name="Target">What rights are given on.</param>
/// <param name="UserName">The only one who may accept.</param>
/// <param name="NewAccounts">Whether one may make an account for it.</param>
/// <param name="Path">The page's own path.</param>
/// <param name="Typed">The name that was typed before.</param>
/// <param name="Problem">What was wrong with it.</param>
public sealed record InviteView(string Inviter, string Space, string? Team, string? Target, string? Rights, string? Tags, string? UserName, bool NewAccounts, DateTimeOffset ExpiresAt, string Path, string Typed, string? Problem);

/// <summary>An invitation that was accepted.</summary>
/// <param name="Name">By whom.</param>
public sealed record InvitedView(string Name, string Space);
