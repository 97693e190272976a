using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Database;

namespace Staithe.Managing;

/// <summary>To whom, by name: exactly one of the three; where nobody is meant in particular, none.</summary>
internal sealed record GranteeNames(string? User, string? Team, string? Robot)
{
    public bool AreNone => User is null && Team is null && Robot is null;
}

/// <summary>What somebody wants to be given to somebody, as it was written.</summary>
/// <param name="Target">A repository, or with a slash at its end everything from there on.</param>
/// <param name="Tags">For which tags; null for all.</param>
internal sealed record GrantWish(string Target, string Rights, string? Tags, GranteeNames To);

/// <summary>What a grant should be from now on, as it was written.</summary>
/// <param name="Tags">For which tags; null for all.</param>
/// <param name="ExpiresInDays">When it ends, from now on; null for never.</param>
/// <param name="KeepsEnd">Whether it ends when it would have, whatever the days say.</param>
internal sealed record GrantChange(string Rights, string? Tags, int? ExpiresInDays, bool KeepsEnd = false);

/// <summary>Who was given what. Whoever may manage a part of a space decides about that part.</summary>
internal static class SpaceGrants
{
    /// <summary>A page of what is given on a target and below it, unless told on the whole space.</summary>
    public static async Task<List<GrantRow>> ListAsync(DbSession session, Identity who, string spaceName, string? asked, long after, int limit)
    {
        var (space, target) = await SpaceCare.FindTargetAsync(session, who, spaceName, asked);
        return await GrantTable.ListAsync(session, space.Id, target, after, limit);
    }

    /// <summary>What reaches a part of a space, or a repository: what is given on more, on it, and below it.</summary>
    public static async Task<List<GrantRow>> ListReachingAsync(DbSession session, Identity who, string spaceName, string asked, int limit)
    {
        var (space, target) = await SpaceCare.FindTargetAsync(session, who, spaceName, asked);
        var above = (await GrantTable.ListOverAsync(session, space.Id, target)).Where(grant => !GrantTable.Covers(target, grant.Target));
        return [.. above, .. await GrantTable.ListAsync(session, space.Id, target, 0, limit)];
    }

    /// <summary>Gives a right; it ends no later than the giver's own.</summary>
    public static async Task<GrantRow> AddAsync(DbSession session, Identity who, Actor actor, string spaceName, GrantWish wish, int? expiresInDays)
    {
        var space = await SpaceAccess.FindAsync(session, who, spaceName);
        var order = GrantOrder.Read(space, wish.Target, wish.Rights, wish.Tags);
        var end = await SpaceAccess.FindGivingEndAsync(session, who, space, [new Gift(order.Target, order.Rights)]);
        var expiresAt = Decision.Earlier(await Expiry.InAsync(session, expiresInDays), end);
        return await Grants.AddAsync(session, actor, space, order, await FindAsync(session, space, wish.To), expiresAt);
    }

    /// <summary>
    /// Changes a grant. Who changes it needs what it becomes, as to give it; where it becomes more than it was, it ends no later than their own
    /// rights.
    /// </summary>
    public static async Task<GrantRow> ChangeAsync(DbSession session, Identity who, Actor actor, string spaceName, long id, GrantChange change)
    {
        var (space, grant) = await FindManagedAsync(session, who, spaceName, id);
        var order = GrantOrder.Read(space, grant.Target, change.Rights, change.Tags);
        var end = await SpaceAccess.FindGivingEndAsync(session, who, space, [new Gift(order.Target, order.Rights)]);
        var expiresAt = change.KeepsEnd ? grant.ExpiresAt : await Expiry.InAsync(session, change.ExpiresInDays);
        var isLess = (order.Rights & ~grant.Rights) == Rights.None
            && (grant.Tags is null || grant.Tags == order.Tags)
            && (grant.ExpiresAt is null || expiresAt <= grant.ExpiresAt);
        return await Grants.ChangeAsync(session, actor, space, grant, order, isLess ? expiresAt : Decision.Earlier(expiresAt, end));
    }

    public static async Task DeleteAsync(DbSession session, Identity who, Actor actor, string spaceName, long id)
    {
        var (space, grant) = await FindManagedAsync(session, who, spaceName, id);
        await Grants.DeleteAsync(session, actor, space, grant);
    }

    /// <summary>A page of what new repositories give below a target, unless told in the whole space, for who manages that.</summary>
    public static async Task<List<DefaultGrantRow>> ListDefaultsAsync(DbSession session, Identity who, string spaceName, string? asked, long after, int limit)
    {
        var (space, target) = await SpaceCare.FindTargetAsync(session, who, spaceName, asked);
        return await DefaultGrantTable.ListAsync(session, space.Id, target, after, limit);
    }

    /// <summary>The same with what is said of more than the part, and so of it too.</summary>
    public static async Task<List<DefaultGrantRow>> ListDefaultsReachingAsync(DbSession session, Identity who, string spaceName, string asked, int limit)
    {
        var (space, target) = await SpaceCare.FindTargetAsync(session, who, spaceName, asked);
        return [.. await DefaultGrantTable.ListAboveAsync(session, space.Id, target), .. await DefaultGrantTable.ListAsync(session, space.Id, target, 0, limit)];
    }

    /// <summary>The parts of a space that something is given on, for who manages the space.</summary>
    public static async Task<List<PartRow>> ListPartsAsync(DbSession session, Identity who, string spaceName, int limit)
    {
        var space = await SpaceAccess.RequireAsync(session, who, spaceName, Rights.Manage);
        return await GrantTable.ListPartsAsync(session, space.Id, $"{space.Name}/", limit);
    }

    /// <summary>Lets new repositories give something: to whoever makes them where nobody is named, and whoever makes them unless a maker is.</summary>
    public static async Task<DefaultGrantRow> AddDefaultAsync(DbSession session, Identity who, Actor actor, string spaceName, GrantWish wish, GranteeNames madeBy)
    {
        var space = await SpaceAccess.FindAsync(session, who, spaceName);
        var order = GrantOrder.Read(space, wish.Target, wish.Rights, wish.Tags);
        await SpaceAccess.RequireToGiveAsync(session, who, space, [new Gift(order.Target, order.Rights)]);
        var maker = madeBy.AreNone ? null : await FindAsync(session, space, madeBy);
        var grantee = wish.To.AreNone ? null : await FindAsync(session, space, wish.To);
        return await DefaultGrants.AddAsync(session, actor, space, order, maker, grantee);
    }

    public static async Task DeleteDefaultAsync(DbSession session, Identity who, Actor actor, string spaceName, long id)
    {
        var space = await SpaceAccess.FindAsync(session, who, spaceName);
        var found = await DefaultGrantTable.FindAsync(session, space.Id, id);
        var grant = await SpaceAccess.RequireToManageAsync(session, who, space, found, row => row.Target, () => DefaultGrants.Unknown(space, id));
        await DefaultGrants.DeleteAsync(session, actor, space, grant);
    }

    static async Task<(SpaceRow Space, GrantRow Grant)> FindManagedAsync(DbSession session, Identity who, string spaceName, long id)
    {
        var space = await SpaceAccess.FindAsync(session, who, spaceName);
        var found = await GrantTable.FindAsync(session, space.Id, id);
        return (space, await SpaceAccess.RequireToManageAsync(session, who, space, found, row => row.Target, () => Grants.Unknown(space, id)));
    }

    static Task<Grantee> FindAsync(DbSession session, SpaceRow space, GranteeNames names) => Grants.FindGranteeAsync(session, space, names.User, names.Team, names.Robot);
}
