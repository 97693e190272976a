using Staithe.Accounts;
using Staithe.Database;
using Staithe.Federation;
using Staithe.Managing;
using Staithe.Oci;

namespace Staithe.Web;

/// <summary>The robots of a space.</summary>
internal sealed class RobotSettings(Db db, AccessEpoch epoch, SpaceRobots robots, Issuers issuers) : SettingsView("robots", "Robots")
{
    const int MaxTrusts = 500;

    public override IReadOnlyList<SettingsForm> Forms =>
    [
        new("robot.add", AddAsync),
        new("robot.secret", SetSecretAsync),
        new("robot.expiry", SetExpiryAsync),
        new("robot.delete", (visit, place, _) => ThenAsync(epoch, visit, place.At(Name), session => SpaceRobots.DeleteAsync(session, visit.Who, visit.Actor, place.Target.Space, visit.Field("robot")))),
        new("robot.trust.add", AddTrustAsync),
        new("robot.trust.delete", (visit, place, _) => ThenAsync(
            epoch,
            visit,
            At(place, visit.Field("robot")),
            session => SpaceRobots.DeleteTrustAsync(session, visit.Who, visit.Actor, place.Target.Space, visit.Field("robot"), Id(visit.Field("id"))))),
    ];

    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        var space = place.Space!;
        var path = place.Path;
        if (visit.Query("robot") is { Length: > 0 } name)
        {
            await ShowRobotAsync(visit, place, nav, name, echo);
            return;
        }
        var asked = visit.Asked(RobotTable.Orders);
        var part = await db.ReadAsync(session => Visit.ListAsync(asked, part => SpaceRobots.ListAsync(session, visit.Who, space.Name, part)), visit.Cancel);
        var list = ListView.Of(visit, asked, RobotTable.Orders, part.Next);
        await SendAsync<RobotsPage, RobotsView>(visit, nav, new RobotsView(path, space.Name, [.. part.Items.Select(RobotLine.Of)], issuers.Urls.Count > 0, list), echo);
    }

    async Task ShowRobotAsync(Visit visit, SettingsPlace place, SettingsNav nav, string name, Echo echo)
    {
        var path = place.Path;
        var (robot, given, trusts) = await db.ReadAsync(
            async session =>
            {
                var (_, robot) = await SpaceRobots.FindAsync(session, visit.Who, place.Target.Space, name);
                return (robot, await GrantTable.ListOfAsync(session, new Grantee(RobotId: robot.Id)), await SpaceRobots.ListTrustsAsync(session, visit.Who, place.Target.Space, name, 0, MaxTrusts));
            },
            visit.Cancel);
        var question = visit.Query("ask") switch
        {
            "robot.secret" => new Question(
                $"Give {robot.FullName} another secret",
                ["The one that it has is void at once: whatever uses it is shut out until it is given the new one."], path, [("do", "robot.secret"), ("robot", name)], null, "Make another secret", At(place, name)),
            "robot.delete" => new Question(
                $"Remove {robot.FullName}", ["Whatever signs in as it is shut out at once, and what it was given ends."], place.At(Name), [("do", "robot.delete"), ("robot", name)], null, "Remove it", At(place, name)),
            "robot.trust.delete" when trusts.Find(trust => trust.Id == Id(visit.Query("id"))) is { } trust => new Question(
                $"Remove the rule on tokens of {trust.Issuer}",
                [$"Whatever is let in as {robot.FullName} by this rule alone is shut out at once."], At(place, name), [("do", "robot.trust.delete"), ("robot", name), ("id", Shown.Id(trust.Id))], null, "Remove the rule", At(place, name)),
            _ => null,
        };
        if (question is not null)
            await AskAsync(visit, nav, question);
        else
            await SendAsync<RobotPage, RobotView>(visit, nav, new RobotView(
                path,
                RobotLine.Of(robot),
                [.. given.Select(GrantLine.Of)],
                [.. trusts.Select(trust => new TrustLine(trust.Id, trust.Issuer, trust.Audience, [.. trust.Claims.Rules.Select(rule => $"{rule.Key} = {rule.Value}")]))],
                [.. issuers.Urls.Order(StringComparer.Ordinal)],
                visit.Frame.Host), echo);
    }

    async Task AddAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var target = place.Target;
        var name = visit.Field("name").Trim();
        var wish = new GrantWish(Text(visit, "target") ?? target.Target, RightsOf(visit), Text(visit, "tags"), new GranteeNames(null, null, name));
        var (isKeyless, days) = (visit.Field("keyless") == "yes", Number(visit, "days"));
        var (robot, secret) = await epoch.ChangeAsync(
            session => robots.AddAsync(session, visit.Who, visit.Actor, target.Space, name, wish, isKeyless, days), visit.Cancel);
        if (secret is null)
            await visit.DoneAsync(At(place, robot.Name));
        else
            await ShowSecretAsync(visit, nav, place, robot, secret);
    }

    async Task SetSecretAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var target = place.Target;
        var (robot, secret) = await epoch.ChangeAsync(
            session => robots.SetSecretAsync(session, visit.Who, visit.Actor, target.Space, visit.Field("robot")), visit.Cancel);
        await ShowSecretAsync(visit, nav, place, robot, secret);
    }

    async Task SetExpiryAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var target = place.Target;
        var (robot, days) = (visit.Field("robot"), Number(visit, "days"));
        await ThenAsync(epoch, visit, At(place, robot), session => SpaceRobots.SetExpiryAsync(session, visit.Who, visit.Actor, target.Space, robot, days));
    }

    Task ShowSecretAsync(Visit visit, SettingsNav nav, SettingsPlace place, RobotRow robot, string secret) => SendAsync<SecretPage, ShownSecret>(visit, nav, new ShownSecret(
        $"The secret of {robot.FullName}",
        "Copy it now: it is shown this once and stored nowhere. The robot gives it as its password.",
        [new SecretText("Secret", secret), .. TokenSettings.LoginCommands(visit, robot.FullName, secret)],
        At(place, robot.Name)), Echo.None);

    async Task AddTrustAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var target = place.Target;
        var claims = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in visit.Field("claims").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (line.Split('=', 2, StringSplitOptions.TrimEntries) is not [{ Length: > 0 } claim, { Length: > 0 } value] || !claims.TryAdd(claim, value))
                throw new AccountException(AccountProblem.Invalid, $"\"{OciException.Quote(line)}\" says no claim: write name = value, one a line, each name once");
        }
        var audience = Text(visit, "audience") ?? visit.Frame.Host;
        await epoch.ChangeAsync(
            session => robots.AddTrustAsync(session, visit.Who, visit.Actor, target.Space, visit.Field("robot"), visit.Field("issuer"), audience, claims),
            visit.Cancel);
        await visit.DoneAsync(At(place, visit.Field("robot")));
    }

    string At(SettingsPlace place, string robot) => $"{place.At(Name)}&robot={Uri.EscapeDataString(robot)}";
}

/// <summary>The robots.</summary>
/// <param name="MayBeKeyless">Whether there is an issuer that could let one in.</param>
public sealed record RobotsView(string Path, string Space, IReadOnlyList<RobotLine> Robots, bool MayBeKeyless, ListView List);

/// <summary>A robot.</summary>
public sealed record RobotLine(string Name, string FullName, bool IsKeyless, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? UsedAt)
{
    internal static RobotLine Of(RobotRow row) => new(row.Name, row.FullName, row.IsKeyless, Shown.Then(row.CreatedAt), Shown.Then(row.ExpiresAt), Shown.Then(row.UsedAt));
}

/// <summary>A robot, what it was given, and by whose word it is let in.</summary>
/// <param name="Issuers">Those that the registry trusts.</param>
/// <param name="Host">Whom tokens are for, unless told.</param>
public sealed record RobotView(string Path, RobotLine Robot, IReadOnlyList<GrantLine> Grants, IReadOnlyList<TrustLine> Trusts, IReadOnlyList<string> Issuers, string Host);

/// <summary>By whose word a keyless robot is let in.</summary>
public sealed record TrustLine(long Id, string Issuer, string Audience, IReadOnlyList<string> Claims);
