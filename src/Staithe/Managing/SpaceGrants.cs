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
    /// <summary>
    /// A part of what is given on a target and below it, unless told on the whole space; with what is given on more, and so reaches it, if that is told.
    /// </summary>
    public static async Task<ListPart<GrantRow>> ListAsync(DbSession session, Identity who, string spaceName, string? target, ListRequest asked, bool isWithAbove = false)
    {
        var (space, found) = await SpaceCare.FindTargetAsync(session, who, spaceName, target);
        return await GrantTable.ListAsync(session, space.Id, found, asked, isWithAbove);
    }

    /// <summary>A grant, for whoever manages what it is on.</summary>
    public static async Task<GrantRow> FindAsync(DbSession session, Identity who, string spaceName, long id) => (await FindManagedAsync(session, who, spaceName, id)).Grant;

    /// <summary>A rule for new repositories, for whoever manages what it is on.</summary>
    public static async Task<DefaultGrantRow> FindDefaultAsync(DbSession session, Identity who, string spaceName, long id) =>
        (await FindManagedDefaultAsync(session, who, spaceName, id)).Grant;

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

    /// <summary>
    /// A part of what new repositories give below a target, unless told in the whole space, for who manages that; with what is said of more, and so of it too, if
    /// that is told.
    /// </summary>
    public static async Task<ListPart<DefaultGrantRow>> ListDefaultsAsync(
        DbSession session, Identity who, string spaceName, string? target, ListRequest asked, bool isWithAbove = false)
    {
        var (space, found) = await SpaceCare.FindTargetAsync(session, who, spaceName, target);
        return await DefaultGrantTable.ListAsync(session, space.Id, found, asked, isWithAbove);
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
        var (space, grant) = await FindManagedDefaultAsync(session, who, spaceName, id);
        await DefaultGrants.DeleteAsync(session, actor, space, grant);
    }

    static async Task<(SpaceRow Space, DefaultGrantRow Grant)> FindManagedDefaultAsync(DbSession session, Identity who, string spaceName, long id)
    {
        var space = await SpaceAccess.FindAsync(session, who, spaceName);
        var found = await DefaultGrantTable.FindAsync(session, space.Id, id);
        return (space, await SpaceAccess.RequireToManageAsync(session, who, space, found, row => row.Target, () => DefaultGrants.Unknown(space, id)));
    }

    static async Task<(SpaceRow Space, GrantRow Grant)> FindManagedAsync(DbSession session, Identity who, string spaceName, long id)
    {
        var space = await SpaceAccess.FindAsync(session, who, spaceName);
        var found = await GrantTable.FindAsync(session, space.Id, id);
        return (space, await SpaceAccess.RequireToManageAsync(session, who, space, found, row => row.Target, () => Grants.Unknown(space, id)));
    }

    static Task<Grantee> FindAsync(DbSession session, SpaceRow space, GranteeNames names) => Grants.FindGranteeAsync(session, space, names.User, names.Team, names.Robot);
}
