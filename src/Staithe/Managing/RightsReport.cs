using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Managing;

/// <summary>One thing by which somebody has a right, or has none.</summary>
/// <param name="Kind">owner, visibility, grant, token, disabled or expired.</param>
/// <param name="GrantId">The number of the grant.</param>
/// <param name="Via">Who has it by that.</param>
/// <param name="Target">The target of the grant, or of the token.</param>
/// <param name="Rights">The rights, as words.</param>
internal sealed record RightsReason(string Kind, long? GrantId, string? Via, string? Target, string Rights, string? Tags);

/// <summary>What one asker may do with a repository, and why.</summary>
/// <param name="Visibility">Null while there is no such repository.</param>
internal sealed record RightsOfOne(RepositoryName Repository, Identity Who, Visibility? Visibility, Decision Decision, IReadOnlyList<RightsReason> Reasons);

/// <summary>What gives anybody a right on a repository.</summary>
/// <param name="Visibility">Null while there is no such repository.</param>
internal sealed record RightsOfAll(RepositoryName Repository, Visibility? Visibility, IReadOnlyList<RightsReason> Reasons);

/// <summary>What gives anybody a right on all of a part of a space.</summary>
/// <param name="OfNew">How visible the space's new repositories are; those there are each have their own.</param>
internal sealed record RightsOnPart(string Target, Visibility OfNew, IReadOnlyList<RightsReason> Reasons);

/// <summary>What one may do with all of a part of a space, and why.</summary>
internal sealed record RightsOfOneOnPart(Identity Who, Decision Decision, IReadOnlyList<RightsReason> Reasons);

/// <summary>Who may do what with a repository, or with one that may be made, and by what: the policy's own answer, with what it was made from.</summary>
internal static class RightsReport
{
    /// <summary>Of the asker; with a name of another user or of a robot of the space, of that one, for who manages the repository.</summary>
    /// <exception cref="AccountException">There is no such repository as far as the asker may know, or the asker does not manage it.</exception>
    public static async Task<RightsOfOne> OfOneAsync(DbSession session, Identity asker, RepositoryName name, string? user, string? robot)
    {
        var own = await SeenAsync(session, asker, name);
        var present = own.Place!.Name;
        if (user is null && robot is null)
            return Explain(present, asker, own, null);
        await RepositoryCare.RequireManageAsync(session, asker, present, own.Decision);
        var (who, kept) = user is not null ? await FindUserAsync(session, user) : await FindRobotAsync(session, present.Space, robot!);
        return Explain(present, who, await AccessLookup.ExplainAsync(session, who, present), kept);
    }

    /// <summary>Everything by which anybody may do something there, for who manages the repository.</summary>
    /// <exception cref="AccountException">There is no such repository as far as the asker may know, or the asker does not manage it.</exception>
    public static async Task<RightsOfAll> OfAllAsync(DbSession session, Identity asker, RepositoryName name)
    {
        var own = await SeenAsync(session, asker, name);
        var place = own.Place!;
        await RepositoryCare.RequireManageAsync(session, asker, place.Name, own.Decision);
        var space = await Spaces.FindAsync(session, place.Name.Space);
        var reasons = await ListOfOwnerAsync(session, place.OwnerId);
        if (place.Visibility is Visibility.Public or Visibility.Internal)
            reasons.Add(new RightsReason("visibility", null, place.Visibility == Visibility.Public ? "everybody" : "every user", null, RightsText.Format(Rights.Pull), null));
        reasons.AddRange((await GrantTable.ListOverAsync(session, space.Id, place.Name.Value)).Select(ReasonOf));
        return new RightsOfAll(place.Name, place.Visibility, reasons);
    }

    /// <summary>Everything by which anybody may do something with all that a target reaches, a part of a space or the whole, for who manages that.</summary>
    /// <exception cref="AccountException">There is no such target as far as the asker may know, or the asker does not manage it.</exception>
    public static async Task<RightsOnPart> OnPartAsync(DbSession session, Identity asker, string spaceName, string asked)
    {
        var (space, target) = await SpaceCare.FindTargetAsync(session, asker, spaceName, asked);
        var reasons = await ListOfOwnerAsync(session, space.OwnerId);
        reasons.AddRange((await GrantTable.ListOverAsync(session, space.Id, target)).Select(ReasonOf));
        return new RightsOnPart(target, space.Visibility, reasons);
    }

    /// <summary>What a user, or a robot of the space, may do with all that a target reaches, for who manages that.</summary>
    /// <exception cref="AccountException">There is no such target as far as the asker may know, the asker does not manage it, or nobody is called so.</exception>
    public static async Task<RightsOfOneOnPart> OfOneOnPartAsync(DbSession session, Identity asker, string spaceName, string asked, string? user, string? robot)
    {
        var (space, target) = await SpaceCare.FindTargetAsync(session, asker, spaceName, asked);
        var (who, kept) = user is not null ? await FindUserAsync(session, user) : await FindRobotAsync(session, space.Name, robot ?? "");
        var (decision, grants) = await AccessLookup.ExplainAsync(session, who, space, target);
        var reasons = ListOfThemselves(who, kept, space.OwnerId);
        reasons.AddRange(grants.Select(ReasonOf));
        return new RightsOfOneOnPart(who, kept is null ? decision : Decision.Nothing, reasons);
    }

    static async Task<Explanation> SeenAsync(DbSession session, Identity asker, RepositoryName name)
    {
        var own = await AccessLookup.ExplainAsync(session, asker, name);
        return RepositoryCare.IsNothing(own.Decision) ? throw RepositoryCare.Unknown(name) : own;
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

    static RightsOfOne Explain(RepositoryName name, Identity who, Explanation explained, string? kept)
    {
        var (decision, place) = (kept is null ? explained.Decision : Decision.Nothing, explained.Place);
        var reasons = ListOfThemselves(who, kept, place?.OwnerId);
        if (AccessPolicy.IsVisible(who, name, place?.Visibility))
            reasons.Add(new RightsReason("visibility", null, null, null, RightsText.Format(Rights.Pull), null));
        reasons.AddRange(explained.Grants.Select(ReasonOf));
        if (who.Limit is { } limit)
            reasons.Add(new RightsReason("token", null, null, limit.Target, RightsText.Format(limit.Rights), null));
        return new RightsOfOne(name, who, place?.Visibility, decision, reasons);
    }

    // What the owner of a space may by owning it, among all that anybody may.
    static async Task<List<RightsReason>> ListOfOwnerAsync(DbSession session, long? ownerId) => ownerId is { } owner && await UserTable.FindAsync(session, owner) is { } user
        ? [new RightsReason("owner", null, $"user {user.Name}", null, RightsText.Format(Rights.Admin), null)]
        : [];

    // What keeps somebody out, and what they may by owning the space.
    static List<RightsReason> ListOfThemselves(Identity who, string? kept, long? ownerId)
    {
        var reasons = new List<RightsReason>();
        if (kept is not null)
            reasons.Add(new RightsReason(kept, null, null, null, "", null));
        if (ownerId == who.Id && who.Kind == IdentityKind.User)
            reasons.Add(new RightsReason("owner", null, null, null, RightsText.Format(Rights.Admin), null));
        return reasons;
    }

    static RightsReason ReasonOf(GrantRow grant) => new("grant", grant.Id, $"{grant.GranteeKind} {grant.Grantee}", grant.Target, RightsText.Format(grant.Rights), grant.Tags?.Text);
}
