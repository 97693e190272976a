using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Managing;
using Staithe.Transport;

namespace Staithe.Web;

/// <summary>What people set for themselves: tokens for programs, the password, where they are signed in, their spaces.</summary>
internal sealed class OwnSettingsHandler(Db db, AccessEpoch epoch, BrowserSessions sessions, OwnAccount account, bool hasElsewhere) : SettingsHandler
{
    /// <summary>Where they are.</summary>
    public const string Path = "/settings";

    const string Tokens = "tokens", Password = "password", Signed = "sessions", OwnSpaces = "spaces";
    const int MaxParts = 500;

    // What was made last is what one looks for.
    static readonly string[] TokenOrders = [ListOrder.Newest, ListOrder.Oldest, ListOrder.LastUsed];

    public override bool Takes(string path) => path is Path or Path + "/";

    /// <summary>The pages for oneself, of which one is called so.</summary>
    public static SettingsNav NavOf(string view, bool hasElsewhere)
    {
        List<(string View, string Title, string Path)> pages = [(Tokens, "Tokens", Path), (OwnSpaces, "Spaces", $"{Path}?view={OwnSpaces}"), (Password, "Password", $"{Path}?view={Password}"), (Signed, "Signed in", $"{Path}?view={Signed}")];
        if (hasElsewhere)
            pages.Add(("elsewhere", "Accounts elsewhere", ElsewhereHandler.Prefix));
        return new SettingsNav("", "", pages.Find(page => page.View == view).Title, [.. pages.Select(page => new NavLink(page.Title, page.Path, page.View == view))]);
    }

    protected override Task ShowAsync(Visit visit, Echo echo) => visit.Query("view") switch
    {
        "" or Tokens => ShowTokensAsync(visit, echo),
        OwnSpaces => ShowSpacesAsync(visit, echo),
        Password => ShowPasswordAsync(visit, echo),
        Signed => ShowSignedInAsync(visit, echo),
        _ => visit.SendNothingAsync("Not here", "There is no such page."),
    };

    protected override Task ActAsync(Visit visit) => visit.Field("do") switch
    {
        "token.add" => AddTokenAsync(visit),
        "token.delete" => ThenAsync(epoch, visit, Path, session => OwnAccount.DeleteTokenAsync(session, visit.Who, visit.Actor, Id(visit.Field("id")))),
        "password" => SetPasswordAsync(visit),
        "session.end" => ThenAsync(epoch, visit, $"{Path}?view={Signed}", session => OwnAccount.EndSignedInAsync(session, visit.Who, visit.Actor, Id(visit.Field("id")))),
        "session.end-others" => EndOthersAsync(visit),
        "organization.add" => AddOrganizationAsync(visit),
        "offer.accept" => ThenAsync(epoch, visit, $"{Path}?view={OwnSpaces}", session => SpaceCare.AcceptAsync(session, visit.Who, visit.Actor, visit.Field("space"))),
        "offer.decline" => ThenAsync(epoch, visit, $"{Path}?view={OwnSpaces}", session => SpaceCare.DeclineAsync(session, visit.Who, visit.Actor, visit.Field("space"))),
        _ => throw UnknownDeed(),
    };

    async Task ShowTokensAsync(Visit visit, Echo echo)
    {
        var asked = visit.Asked(TokenOrders);
        var (part, one) = await db.ReadAsync(
            async session => (
                await Visit.ListAsync(asked, part => OwnAccount.ListTokensAsync(session, visit.Who, part)),
                await OwnAccount.FindTokenAsync(session, visit.Who, Id(visit.Query("id")))),
            visit.Cancel);
        if (visit.Query("ask") == "token.delete" && one is not null)
        {
            var token = OwnToken.Of(one);
            await AskAsync(visit, NavOf(Tokens, hasElsewhere), new Question(
                $"Revoke the token “{token.Name}”",
                ["Whatever uses it is shut out at once, and what was signed in with it too.", token.UsedAt is { } used ? $"It was last used {Shown.Ago(used)}." : "It was never used."],
                Path,
                [("do", "token.delete"), ("id", Shown.Id(token.Id))],
                null,
                "Revoke it",
                Path));
            return;
        }
        await SendAsync<OwnTokensPage, OwnTokens>(visit, NavOf(Tokens, hasElsewhere), new OwnTokens(
            visit.Who.Name, [.. part.Items.Select(OwnToken.Of)], ListView.Of(visit, asked, TokenOrders, part.Next)), echo);
    }

    async Task AddTokenAsync(Visit visit)
    {
        var (row, secret) = await account.AddTokenAsync(visit.Who, visit.Actor, visit.Field("name").Trim(), RightsOf(visit), Text(visit, "target"), Number(visit, "days"), visit.Cancel);
        await SendAsync<SecretPage, ShownSecret>(visit, NavOf(Tokens, hasElsewhere), new ShownSecret(
            $"The token “{row.Name}”",
            "Copy it now: it is shown this once and stored nowhere. Programs give it in place of a password, with your name.",
            [new SecretText("Token", secret), .. LoginCommands(visit, row.UserName, secret)],
            Path), Echo.None);
    }

    /// <summary>How the clients log in with a name and a secret.</summary>
    public static IEnumerable<SecretText> LoginCommands(Visit visit, string name, string secret)
    {
        yield return new SecretText("Log in with podman", visit.Frame.Clients.LoginWith("podman", name, secret));
        yield return new SecretText("Log in with docker", visit.Frame.Clients.LoginWith("docker", name, secret));
    }

    async Task ShowPasswordAsync(Visit visit, Echo echo)
    {
        var user = await db.ReadAsync(session => Asker.RequirePasswordAsync(session, visit.Who), visit.Cancel);
        await SendAsync<OwnPasswordPage, OwnPassword>(visit, NavOf(Password, hasElsewhere), new OwnPassword(user.Name, user.Password is not null), echo);
    }

    // Everything that was signed in ends, this browser's session too: it gets another one.
    async Task SetPasswordAsync(Visit visit)
    {
        if (visit.Field("password") != visit.Field("again"))
            throw new AccountException(AccountProblem.Invalid, "the two new passwords are not the same: nothing was changed");
        await WorkerThread.SwitchAsync(); // a password takes long to hash
        var session = $"session {Shown.Id(await sessions.FindIdAsync(visit))}"; // strangers' guesses do not hold up who is signed in
        await account.SetPasswordAsync(visit.Who, visit.Actor, visit.Field("old"), visit.Field("password"), visit.Cancel, session);
        await sessions.BeginAsync(visit, visit.Who, "in a browser, with a new password");
        await visit.DoneAsync($"{Path}?view={Signed}");
    }

    async Task ShowSignedInAsync(Visit visit, Echo echo)
    {
        var own = await sessions.FindIdAsync(visit);
        var asked = visit.Asked([]);
        var (part, one) = await db.ReadAsync(
            async session => (
                await Visit.ListAsync(asked, part => OwnAccount.ListSignedInAsync(session, visit.Who, part)),
                await OwnAccount.FindSignedInAsync(session, visit.Who, Id(visit.Query("id")))),
            visit.Cancel);
        if (visit.Query("ask") == "session.end-others")
        {
            await AskAsync(visit, NavOf(Signed, hasElsewhere), new Question(
                "End all others",
                ["Every other browser, and every login that docker keeps, has to sign in anew. Tokens go on."],
                $"{Path}?view={Signed}",
                [("do", "session.end-others")],
                null,
                "End them",
                $"{Path}?view={Signed}"));
            return;
        }
        if (visit.Query("ask") == "session.end" && one is not null && one.Id != own)
        {
            var ended = SignedIn.Of(one, own);
            await AskAsync(visit, NavOf(Signed, hasElsewhere), new Question(
                $"End {ended.Name}",
                [ended.IsBrowser ? "That browser is signed out at once, and has to sign in anew." : "The login that is kept there is void at once: log in anew to go on."],
                $"{Path}?view={Signed}",
                [("do", "session.end"), ("id", Shown.Id(ended.Id))],
                null,
                "End it",
                $"{Path}?view={Signed}"));
            return;
        }
        await SendAsync<OwnSessionsPage, OwnSessions>(visit, NavOf(Signed, hasElsewhere), new OwnSessions(
            [.. part.Items.Select(row => SignedIn.Of(row, own))], ListView.Of(visit, asked, [], part.Next)), echo);
    }

    async Task EndOthersAsync(Visit visit)
    {
        var own = await sessions.FindIdAsync(visit);
        await ThenAsync(epoch, visit, $"{Path}?view={Signed}", session => OwnAccount.EndAllSignedInAsync(session, visit.Who, visit.Actor, own));
    }

    async Task ShowSpacesAsync(Visit visit, Echo echo)
    {
        var asked = visit.Asked(SpaceTable.Orders);
        var (spaces, next, offers, parts) = await db.ReadAsync(
            async session =>
            {
                var spaces = new List<OwnSpace>();
                var listed = await Visit.ListAsync(asked, part => SpaceAccess.ListAsync(session, visit.Who, part));
                foreach (var space in listed.Items)
                    spaces.Add(new OwnSpace(space.Name, space.OwnerId is null, VisibilityText.Format(space.Visibility), (await AccessLookup.DecideAsync(session, visit.Who, space, $"{space.Name}/")).Always.HasFlag(Rights.Manage)));
                return (
                    spaces,
                    listed.Next,
                    (await SpaceCare.ListOffersAsync(session, visit.Who, new ListRequest())).Items,
                    await GrantTable.ListPartsOfUserAsync(session, visit.Who.Id, Rights.Manage, MaxParts));
            },
            visit.Cancel);
        await SendAsync<OwnSpacesPage, OwnSpacesView>(visit, NavOf(OwnSpaces, hasElsewhere), new OwnSpacesView(
            spaces,
            [.. offers.Select(offer => new SpaceOffered(offer.Space, offer.Offerer, offer.IsOrganization, Shown.Then(offer.ExpiresAt)))],
            [.. parts.Where(part => !spaces.Exists(space => space.MayManage && part.StartsWith($"{space.Name}/", StringComparison.Ordinal)))],
            ListView.Of(visit, asked, SpaceTable.Orders, next)), echo);
    }

    async Task AddOrganizationAsync(Visit visit)
    {
        var visibility = ReadVisibility(visit);
        var space = await epoch.ChangeAsync(session => SpaceCare.AddOrganizationAsync(session, visit.Who, visit.Actor, visit.Field("name").Trim(), visibility), visit.Cancel);
        await visit.DoneAsync($"{Path}/{space.Name}");
    }
}

/// <summary>The tokens of whoever looks.</summary>
public sealed record OwnTokens(string User, IReadOnlyList<OwnToken> Tokens, ListView List);

/// <summary>A token for programs.</summary>
/// <param name="Target">Where it works; null for everywhere.</param>
public sealed record OwnToken(long Id, string Name, string Rights, string? Target, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? UsedAt)
{
    internal static OwnToken Of(AccessTokenRow row) =>
        new(row.Id, row.Name, RightsText.Format(row.Rights), row.Target, Shown.Then(row.CreatedAt), Shown.Then(row.ExpiresAt), Shown.Then(row.UsedAt));
}

/// <summary>The password of whoever looks.</summary>
/// <param name="IsHere">Whether it is kept here.</param>
public sealed record OwnPassword(string User, bool IsHere);

/// <summary>Where whoever looks is signed in.</summary>
public sealed record OwnSessions(IReadOnlyList<SignedIn> All, ListView List);

/// <summary>A browser, or a login that docker keeps.</summary>
/// <param name="IsThis">Whether it is the browser that asks.</param>
public sealed record SignedIn(long Id, string Name, bool IsBrowser, bool IsThis, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? UsedAt)
{
    internal static SignedIn Of(AccessTokenRow row, long own) => new(
        row.Id, row.Name, row.Kind == AccessTokenTable.Session, row.Id == own, Shown.Then(row.CreatedAt), Shown.Then(row.ExpiresAt), Shown.Then(row.UsedAt));
}

/// <summary>The spaces of whoever looks, and those that they are offered.</summary>
/// <param name="Parts">The parts that they manage of spaces of which they do not manage the whole.</param>
public sealed record OwnSpacesView(IReadOnlyList<OwnSpace> Spaces, IReadOnlyList<SpaceOffered> Offers, IReadOnlyList<string> Parts, ListView List);

/// <summary>A space that one belongs to.</summary>
/// <param name="MayManage">Whether one manages the whole of it.</param>
public sealed record OwnSpace(string Name, bool IsOrganization, string Visibility, bool MayManage);

/// <summary>A space that one is offered.</summary>
public sealed record SpaceOffered(string Space, string By, bool AsOrganization, DateTimeOffset ExpiresAt);
