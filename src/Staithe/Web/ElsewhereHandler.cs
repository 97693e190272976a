using System.Globalization;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Door;
using Staithe.Federation;
using Staithe.Managing;
using Staithe.Oci;
using Staithe.Telemetry;

namespace Staithe.Web;

/// <summary>
/// Signing in with an account elsewhere: sends the browser there, takes it back, and shows a person which of them are linked. To link is a form
/// of ours first, so that no other page can link an account to somebody who is signed in.
/// </summary>
internal sealed class ElsewhereHandler(IReadOnlyList<CodeFlow> flows, LoginTickets tickets, Arrivals arrivals, BrowserSessions sessions, AccessEpoch epoch, Refusals refusals, LogOutput log) : IWebHandler
{
    /// <summary>Where that begins.</summary>
    public const string Prefix = "/login/oidc";

    const string Callback = "callback";
    static readonly BrowserCookie Cookie = new("staithe-elsewhere");

    /// <summary>The menu of the settings, to which its own page belongs.</summary>
    public required SettingsNav Menu { get; init; }

    /// <summary>Where to sign in besides here.</summary>
    public IReadOnlyList<ElsewhereLink> Links { get; } = [.. flows.Select(flow => new ElsewhereLink(flow.Config.Label, $"{Prefix}/{flow.Config.Name}"))];

    public bool Takes(string path) => flows.Count > 0 && (path == Prefix || path.StartsWith($"{Prefix}/", StringComparison.Ordinal));

    public Task HandleAsync(Visit visit) => visit.Path[Prefix.Length..].Split('/') switch
    {
        [""] => visit.Form is null ? ShowAsync(visit) : UnlinkAsync(visit),
        ["", var name] when Find(name) is { } flow => visit.Form is null ? BeginAsync(visit, flow) : ConfirmAsync(visit, flow),
        ["", var name, Callback] when visit.Form is null && Find(name) is { } flow => EndAsync(visit, flow),
        _ => visit.SendNothingAsync("Not here", "Nobody signs in here that way."),
    };

    CodeFlow? Find(string name) => flows.FirstOrDefault(flow => flow.Config.Name == name);

    async Task ShowAsync(Visit visit)
    {
        if (visit.Who.Kind != IdentityKind.User)
        {
            await visit.GoToAsync($"/login?next={Prefix}");
            return;
        }
        var linked = await epoch.ReadAsync(session => ExternalIdentityTable.ListAsync(session, visit.Who.Id), visit.Cancel);
        var view = new ElsewhereView(
            [.. linked.Select(one => new LinkedAccount(one.Id, flows.FirstOrDefault(flow => flow.Config.Issuer == one.Issuer)?.Config.Label ?? one.Issuer, one.Subject, DateTimeOffset.FromUnixTimeMilliseconds(one.SignedInAt)))],
            [.. flows.Where(flow => linked.TrueForAll(one => one.Issuer != flow.Config.Issuer)).Select(flow => new ElsewhereLink(flow.Config.Label, $"{Prefix}/{flow.Config.Name}"))]);
        if (visit.Query("ask") == "unlink" && view.Linked.FirstOrDefault(one => one.Id == SettingsView.Id(visit.Query("id"))) is { } link)
        {
            await SettingsView.AskAsync(visit, Menu, new Question(
                $"Unlink {link.Label}",
                [$"You can sign in here no longer as {link.Subject} of {link.Label}, and leave the teams in which you are only because its groups say so. You can link it again."],
                Prefix,
                [("do", "unlink"), ("id", Shown.Id(link.Id))],
                null,
                "Unlink it",
                Prefix));
            return;
        }
        await SettingsView.SendAsync<ElsewherePage, ElsewhereView>(visit, Menu, view, Echo.None);
    }

    async Task UnlinkAsync(Visit visit)
    {
        RequireUser(visit);
        _ = long.TryParse(visit.Field("id"), NumberStyles.None, CultureInfo.InvariantCulture, out var id);
        await epoch.ChangeAsync(session => OwnAccount.DeleteIdentityAsync(session, visit.Who, visit.Actor, id), visit.Cancel);
        await visit.DoneAsync(Prefix);
    }

    // The form of ours has come from this person's browser; a browser would not follow it to another site, so they go there by a link.
    async Task ConfirmAsync(Visit visit, CodeFlow flow)
    {
        RequireUser(visit);
        await visit.SendAsync<LinkPage, LinkView>(new LinkView(flow.Config.Label, $"{Prefix}/{flow.Config.Name}?link={tickets.SealLink(visit.Who.Id)}"));
    }

    async Task BeginAsync(Visit visit, CodeFlow flow)
    {
        RequireGet(visit);
        var wish = visit.Query("link");
        if (wish.Length > 0 && (visit.Who.Kind != IdentityKind.User || !tickets.IsLinkOf(wish, visit.Who.Id)))
            throw new RefusalException(StatusCodes.Status403Forbidden, "It was made for somebody else, or too long ago: begin again.", "That link has ended");
        var ticket = tickets.Create(flow.Config.Name, wish.Length > 0 ? Prefix : visit.Query("next"), wish.Length > 0 ? visit.Who.Id : null);
        try
        {
            var url = await flow.BeginAsync(ticket, CallbackOf(visit, flow), visit.Cancel);
            Cookie.Set(visit.Http, tickets.Seal(ticket), LoginTickets.Lifetime);
            await visit.GoToAsync(url);
        }
        catch (FederationException e)
        {
            await RefuseAsync(visit, flow, e);
        }
    }

    async Task EndAsync(Visit visit, CodeFlow flow)
    {
        RequireGet(visit);
        var ticket = await tickets.TakeAsync(Cookie.Find(visit.Http), flow.Config.Name, visit.Query("state"), visit.Cancel);
        if (ticket is null)
        {
            // The cookie stays: it may be that of an attempt which is still under way in this browser.
            Note(visit, flow, "the answer belongs to no attempt of this browser");
            await visit.SendNoteAsync(StatusCodes.Status400BadRequest, "That attempt to sign in has ended", "It took too long, was finished before, or was begun in another browser. Sign in once more.");
            return;
        }
        Cookie.Clear(visit.Http);
        if (visit.Query("error") is { Length: > 0 } error)
        {
            Note(visit, flow, $"it answers {OciException.Quote(error.Length > 100 ? error[..100] : error)}");
            await visit.SendNoteAsync(StatusCodes.Status403Forbidden, "You are not signed in", $"{flow.Config.Label} did not let you through, or you went back.");
            return;
        }
        if (ticket.LinkTo is { } meant && (visit.Who.Kind != IdentityKind.User || visit.Who.Id != meant))
        {
            Note(visit, flow, "who wanted to link is no longer signed in");
            throw new RefusalException(StatusCodes.Status403Forbidden, "You have signed in or out since: begin again.", "Nothing was linked");
        }
        try
        {
            var arrival = await flow.CompleteAsync(ticket, visit.Query("code"), visit.Http.Request.Query["iss"] is [{ } sender] ? sender : null, CallbackOf(visit, flow), visit.Cancel);
            await EnterAsync(visit, flow, ticket, arrival);
        }
        catch (FederationException e)
        {
            await RefuseAsync(visit, flow, e);
        }
    }

    async Task EnterAsync(Visit visit, CodeFlow flow, LoginTicket ticket, Arrival arrival)
    {
        var address = visit.Actor.Address;
        UserRow user;
        try
        {
            user = ticket.LinkTo is { } id
                ? await arrivals.LinkAsync(flow.Config, arrival, id, address, visit.Cancel)
                : await arrivals.EnterAsync(flow.Config, arrival, address, visit.Cancel);
        }
        catch (AccountException refused)
        {
            Note(visit, flow, $"{OciException.Quote(arrival.Subject)}: {refused.Message}");
            throw;
        }
        if (ticket.LinkTo is null)
            await sessions.BeginAsync(visit, new Identity(IdentityKind.User, user.Id, user.Name, user.IsAdmin), $"in a browser, with {flow.Config.Name}");
        await visit.GoToAsync(ticket.Return);
    }

    Task RefuseAsync(Visit visit, CodeFlow flow, FederationException e)
    {
        Note(visit, flow, e.Message);
        if (e.IsOutage)
            log.Write(LogLevel.Warning, "an issuer cannot be asked", ("issuer", flow.Config.Issuer), ("exception", e.Message));
        return e.IsOutage
            ? visit.SendNoteAsync(StatusCodes.Status503ServiceUnavailable, $"{flow.Config.Label} does not answer", "Try again in a while. If it stays so, an admin of this registry finds the reason in its log.")
            : visit.SendNoteAsync(StatusCodes.Status403Forbidden, "You are not signed in", $"What {flow.Config.Label} said of you is not believed. An admin of this registry finds the reason in its audit.");
    }

    void Note(Visit visit, CodeFlow flow, string why) =>
        refusals.Add(new Actor(Actor.Anybody, visit.Actor.Address), new Deed("sign-in", "", null, $"with {flow.Config.Name}: {why}"));

    static void RequireUser(Visit visit)
    {
        if (visit.Who.Kind != IdentityKind.User)
            throw new RefusalException(StatusCodes.Status403Forbidden, "Sign in first, then link your account elsewhere.", "You are not signed in");
    }

    static void RequireGet(Visit visit)
    {
        if (!HttpMethods.IsGet(visit.Http.Request.Method))
            throw new RefusalException(StatusCodes.Status405MethodNotAllowed, "Signing in takes GET.", "Not that way");
    }

    static string CallbackOf(Visit visit, CodeFlow flow) => $"{visit.Http.Request.Scheme}://{visit.Http.Request.Host}{Prefix}/{flow.Config.Name}/{Callback}";
}

/// <summary>Somewhere to sign in.</summary>
/// <param name="Label">What it is called.</param>
/// <param name="Path">Where on this registry that begins.</param>
public sealed record ElsewhereLink(string Label, string Path);

/// <summary>An account elsewhere that is linked.</summary>
public sealed record LinkedAccount(long Id, string Label, string Subject, DateTimeOffset SignedInAt);

/// <summary>A person's accounts elsewhere.</summary>
/// <param name="Linked">Those that are linked.</param>
/// <param name="Others">Where others could be.</param>
public sealed record ElsewhereView(IReadOnlyList<LinkedAccount> Linked, IReadOnlyList<ElsewhereLink> Others);

/// <summary>The last step before an account elsewhere is linked.</summary>
public sealed record LinkView(string Label, string Path);
