using System.Globalization;
using Staithe.Audit;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Accounts;

/// <summary>What is to be given, once it has been read and found to make sense.</summary>
internal sealed record GrantOrder(string Target, Rights Rights, TagPattern? Tags)
{
    const Rights OnTags = Rights.Push | Rights.Move | Rights.Delete;

    /// <exception cref="AccountException">A part is not what it should be, or the target lies outside of the space.</exception>
    public static GrantOrder Read(SpaceRow space, string target, string rights, string? tags)
    {
        CheckTarget(space, target);
        var parsed = ReadRights(rights);
        if (tags is null)
            return new GrantOrder(target, parsed, null);
        if (!TagPattern.TryParse(tags, out var pattern))
            throw new AccountException(AccountProblem.Invalid, $"\"{OciException.Quote(tags)}\" is not a pattern of tags: use names in which * and ? stand for what varies, with commas between them, such as \"v*,!v0*\"");
        if ((parsed & OnTags) == Rights.None)
            throw new AccountException(AccountProblem.Invalid, $"tags limit the rights push, move and delete, and {rights} has none of them: leave tags out");
        return new GrantOrder(target, parsed, pattern);
    }

    /// <exception cref="AccountException">It is no target, or lies outside of the space.</exception>
    public static void CheckTarget(SpaceRow space, string target)
    {
        CheckTarget(target);
        if (!GrantTable.Covers($"{space.Name}/", target))
            throw new AccountException(AccountProblem.Invalid, $"the target {OciException.Quote(target)} is not in the space {space.Name}: begin it with {space.Name}/");
    }

    /// <exception cref="AccountException">It is no target.</exception>
    public static void CheckTarget(string target)
    {
        if (!GrantTable.IsTarget(target))
            throw new AccountException(AccountProblem.Invalid, $"\"{OciException.Quote(target)}\" is not a target: use a repository's name, or one with a slash at its end for everything from there on, such as team/ or team/web/");
    }

    /// <exception cref="AccountException">They are no rights.</exception>
    public static Rights ReadRights(string text) => RightsText.TryParse(text, out var rights)
        ? rights
        : throw new AccountException(AccountProblem.Invalid, $"\"{OciException.Quote(text)}\" are no rights: use {RightsText.Choices}");
}

/// <summary>
/// Gives rights and takes them away, inside a change (<see cref="AccessEpoch.ChangeAsync"/>) and with its line in the audit. Whether the actor
/// may is decided before, in the same transaction.
/// </summary>
internal static class Grants
{
    /// <param name="session">The transaction.</param>
    /// <param name="actor">Who gives.</param>
    /// <param name="space">The space.</param>
    /// <param name="order">What is given.</param>
    /// <param name="grantee">To whom.</param>
    /// <param name="expiresAt">When it ends, in milliseconds since 1970; null for never.</param>
    public static async Task<GrantRow> AddAsync(DbSession session, Actor actor, SpaceRow space, GrantOrder order, Grantee grantee, long? expiresAt)
    {
        var id = await GrantTable.CreateAsync(session, space.Id, order.Target, grantee, order.Rights, order.Tags, expiresAt);
        var grant = await FindAsync(session, space, id);
        await WriteAsync(session, actor, space, "grant.add", grant);
        return grant;
    }

    /// <summary>Lets what was given be something else, to the same grantee on the same target.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="actor">Who does it.</param>
    /// <param name="space">The space.</param>
    /// <param name="grant">What was given.</param>
    /// <param name="order">What is given from now on; its target stays.</param>
    /// <param name="expiresAt">When it ends; null for never.</param>
    /// <exception cref="AccountException">It is what makes the owners of an organization its owners.</exception>
    public static async Task<GrantRow> ChangeAsync(DbSession session, Actor actor, SpaceRow space, GrantRow grant, GrantOrder order, long? expiresAt)
    {
        await GrantTable.ChangeAsync(session, space.Id, grant.Id, order.Rights, order.Tags, expiresAt);
        await RequireOwnersAsync(session, space);
        var changed = await FindAsync(session, space, grant.Id);
        await AuditTable.AddAsync(session, actor, new Deed("grant.change", grant.Target, space.Name, $"{Words(changed)}, before {Words(grant)}"));
        return changed;
    }

    /// <exception cref="AccountException">It is what makes the owners of an organization its owners.</exception>
    public static async Task DeleteAsync(DbSession session, Actor actor, SpaceRow space, GrantRow grant)
    {
        await GrantTable.DeleteAsync(session, space.Id, grant.Id);
        await RequireOwnersAsync(session, space);
        await WriteAsync(session, actor, space, "grant.delete", grant);
    }

    static async Task RequireOwnersAsync(DbSession session, SpaceRow space)
    {
        if (space.OwnerId is null && await TeamTable.FindIdAsync(session, space.Id, TeamTable.Owners) is { } owners
            && !(await GrantTable.ListOfAsync(session, new Grantee(TeamId: owners))).Any(left => left is { Rights: Rights.Admin, ExpiresAt: null, Tags: null } && left.Target == $"{space.Name}/"))
            throw new AccountException(AccountProblem.Taken, $"without this grant nobody would own {space.Name}: remove members from the team {TeamTable.Owners} instead");
    }

    /// <exception cref="AccountException">The space has none of that number.</exception>
    public static async Task<GrantRow> FindAsync(DbSession session, SpaceRow space, long id) =>
        await GrantTable.FindAsync(session, space.Id, id) ?? throw Unknown(space, id);

    public static AccountException Unknown(SpaceRow space, long id) => new(AccountProblem.Unknown, string.Create(CultureInfo.InvariantCulture, $"{space.Name} has no grant {id}"));

    /// <summary>To whom: exactly one of the three names.</summary>
    /// <exception cref="AccountException">None is given, or more than one, or there is no such user, team or robot.</exception>
    public static async Task<Grantee> FindGranteeAsync(DbSession session, SpaceRow space, string? user, string? team, string? robot) => (user, team, robot) switch
    {
        ({ } name, null, null) => new Grantee(UserId: (await Users.FindAsync(session, name)).Id),
        (null, { } name, null) => new Grantee(TeamId: (await Teams.FindAsync(session, space, name)).Id),
        (null, null, { } name) => new Grantee(RobotId: (await Robots.FindAsync(session, space, name)).Id),
        _ => throw new AccountException(AccountProblem.Invalid, "say to whom: give one of user, team and robot"),
    };

    /// <summary>What is given to whom, for the audit.</summary>
    public static string Words(GrantRow grant) => string.Create(
        CultureInfo.InvariantCulture,
        $"{RightsText.Format(grant.Rights)}{(grant.Tags is null ? "" : $" on tags {grant.Tags.Text}")} for {grant.GranteeKind} {grant.Grantee}{(grant.ExpiresAt is { } at ? $" until {DateTimeOffset.FromUnixTimeMilliseconds(at):yyyy-MM-dd}" : "")}");

    static Task WriteAsync(DbSession session, Actor actor, SpaceRow space, string action, GrantRow grant) =>
        AuditTable.AddAsync(session, actor, new Deed(action, grant.Target, space.Name, Words(grant)));
}
