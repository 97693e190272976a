using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Api;

/// <summary>Repositories, and who may do what with them. Their names have slashes, so they are in the query.</summary>
internal static class RepositoryHandlers
{
    public static Task<Page<RepositoryEntry>> ListAsync(ApiCall call) => call.PageAsync(
        (session, limit) => VisibleRepositories.ListAsync(session, call.Who, call.After, limit),
        name => new RepositoryEntry(name),
        name => name);

    public static async Task<Repository> GetAsync(ApiCall call)
    {
        var name = call.Repository("name");
        return await call.ReadAsync(async session => Answer(await SeenAsync(session, call.Who, name)));
    }

    public static async Task<Repository> ChangeAsync(ApiCall call, VisibilityChange change)
    {
        var (name, visibility) = (call.Repository("name"), ApiCall.ReadVisibility(change.Visibility));
        return await call.ChangeAsync(async session =>
        {
            var seen = await SeenAsync(session, call.Who, name);
            RequireManage(call.Who, seen.Place!.Name, seen.Decision);
            await RepositorySettings.SetVisibilityAsync(session, call.Actor, seen.Place.Name, visibility);
            return Answer(await AccessLookup.ExplainAsync(session, call.Who, name));
        });
    }

    /// <summary>What somebody may do with a repository, or with one that they may make, and where that comes from.</summary>
    public static async Task<EffectiveRights> GetRightsAsync(ApiCall call)
    {
        var name = call.Repository("repository");
        var (user, robot) = (call.Query("user"), call.Query("robot"));
        if (user is not null && robot is not null)
            throw ApiCall.Invalid("give user or robot, not both; neither asks for your own rights");
        return await call.ReadAsync(async session =>
        {
            var own = await AccessLookup.ExplainAsync(session, call.Who, name);
            if (IsNothing(own.Decision))
                throw Unknown(name);
            var present = own.Place!.Name;
            if (user is null && robot is null)
                return Explain(present, call.Who, own, null);
            RequireManage(call.Who, present, own.Decision);
            var (who, kept) = user is not null ? await FindUserAsync(session, user) : await FindRobotAsync(session, present.Space, robot!);
            return Explain(present, who, await AccessLookup.ExplainAsync(session, who, present), kept);
        });
    }

    /// <summary>Everything by which anybody may do something with a repository, or with one that may be made.</summary>
    public static async Task<EverybodysRights> GetEverybodysRightsAsync(ApiCall call)
    {
        var name = call.Repository("repository");
        return await call.ReadAsync(async session =>
        {
            var own = await AccessLookup.ExplainAsync(session, call.Who, name);
            if (IsNothing(own.Decision))
                throw Unknown(name);
            var place = own.Place!;
            RequireManage(call.Who, place.Name, own.Decision);
            var space = await Spaces.FindAsync(session, place.Name.Space);
            var reasons = new List<Reason>();
            if (place.OwnerId is { } owner && await UserTable.FindAsync(session, owner) is { } user)
                reasons.Add(new Reason("owner", null, $"user {user.Name}", null, RightsText.Format(Rights.Admin), null));
            if (place.Visibility is Visibility.Public or Visibility.Internal)
                reasons.Add(new Reason("visibility", null, place.Visibility == Visibility.Public ? "everybody" : "every user", null, RightsText.Format(Rights.Pull), null));
            reasons.AddRange((await GrantTable.ListOverAsync(session, space.Id, place.Name.Value)).Select(ReasonOf));
            return new EverybodysRights(place.Name.Value, place.Visibility is { } visibility ? VisibilityText.Format(visibility) : null, reasons);
        });
    }

    static async Task<(Identity Who, string? Kept)> FindUserAsync(DbSession session, string name)
    {
        var user = await Users.FindAsync(session, name);
        return (new Identity(IdentityKind.User, user.Id, user.Name, user.IsAdmin), user.DisabledAt is null ? null : "disabled");
    }

    static async Task<(Identity Who, string? Kept)> FindRobotAsync(DbSession session, string space, string name)
    {
        var robot = await Robots.FindAsync(session, await Spaces.FindAsync(session, space), name);
        return (new Identity(IdentityKind.Robot, robot.Id, robot.FullName, false), await RobotTable.HasExpiredAsync(session, robot.Id) ? "expired" : null);
    }

    /// <summary>A repository that is there, for whoever may do anything with it.</summary>
    /// <exception cref="AccountException">There is none, as far as the asker may know.</exception>
    public static async Task<Explanation> SeenAsync(DbSession session, Identity who, RepositoryName name)
    {
        var seen = await AccessLookup.ExplainAsync(session, who, name);
        return seen.Place?.Visibility is null || IsNothing(seen.Decision) ? throw Unknown(name) : seen;
    }

    static void RequireManage(Identity who, RepositoryName name, Decision decision)
    {
        if (!decision.Always.HasFlag(Rights.Manage))
            throw new AccountException(AccountProblem.Forbidden, $"{who.Name} does not manage {name}{(who.Limit is null ? "" : " with this token")}: ask an owner of the space {name.Space}");
    }

    static Repository Answer(Explanation seen) =>
        new(seen.Place!.Name.Value, VisibilityText.Format(seen.Place.Visibility!.Value), RightsText.Format(seen.Decision.Always), OnTags(seen.Decision));

    static EffectiveRights Explain(RepositoryName name, Identity who, Explanation explained, string? kept)
    {
        var (decision, place) = (kept is null ? explained.Decision : Decision.Nothing, explained.Place);
        var reasons = new List<Reason>();
        if (kept is not null)
            reasons.Add(new Reason(kept, null, null, null, "", null));
        if (place is not null && place.OwnerId == who.Id && who.Kind == IdentityKind.User)
            reasons.Add(new Reason("owner", null, null, null, RightsText.Format(Rights.Admin), null));
        if (AccessPolicy.IsVisible(who, name, place?.Visibility))
            reasons.Add(new Reason("visibility", null, null, null, RightsText.Format(Rights.Pull), null));
        reasons.AddRange(explained.Grants.Select(ReasonOf));
        if (who.Limit is { } limit)
            reasons.Add(new Reason("token", null, null, limit.Target, RightsText.Format(limit.Rights), null));
        return new EffectiveRights(name.Value, who.Name, place?.Visibility is { } visibility ? VisibilityText.Format(visibility) : null, RightsText.Format(decision.Always), OnTags(decision), reasons);
    }

    static Reason ReasonOf(GrantRow grant) => new("grant", grant.Id, $"{grant.GranteeKind} {grant.Grantee}", grant.Target, RightsText.Format(grant.Rights), grant.Tags?.Text);

    static List<RightsOnTags> OnTags(Decision decision) => [.. decision.OnTags.Select(some => new RightsOnTags(some.Tags.Text, RightsText.Format(some.Rights)))];

    static bool IsNothing(Decision decision) => decision.Always == Rights.None && decision.OnTags.Count == 0;

    static AccountException Unknown(RepositoryName name) => new(AccountProblem.Unknown, $"there is no repository {name}, or none that you may see");
}
