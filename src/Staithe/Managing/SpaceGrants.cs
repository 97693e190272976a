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

/// <summary>Who was given what. Whoever may manage a part of a space decides about that part.</summary>
internal static class SpaceGrants
{
    /// <summary>A page of what is given on a target and below it, unless told on the whole space.</summary>
    public static async Task<List<GrantRow>> ListAsync(DbSession session, Identity who, string spaceName, string? asked, long after, int limit)
    {
        var (space, target) = await SpaceCare.FindTargetAsync(session, who, spaceName, asked);
        return await GrantTable.ListAsync(session, space.Id, target, after, limit);
    }

    public static async Task<GrantRow> AddAsync(DbSession session, Identity who, Actor actor, string spaceName, GrantWish wish, int? expiresInDays)
    {
        var space = await SpaceAccess.FindAsync(session, who, spaceName);
        var order = GrantOrder.Read(space, wish.Target, wish.Rights, wish.Tags);
        await SpaceAccess.RequireToGiveAsync(session, who, space, [(order.Target, order.Rights)]);
        return await Grants.AddAsync(session, actor, space, order, await FindAsync(session, space, wish.To), expiresInDays);
    }

    public static async Task DeleteAsync(DbSession session, Identity who, Actor actor, string spaceName, long id)
    {
        var space = await SpaceAccess.FindAsync(session, who, spaceName);
        var found = await GrantTable.FindAsync(session, space.Id, id);
        var grant = await SpaceAccess.RequireToManageAsync(session, who, space, found, row => row.Target, () => Grants.Unknown(space, id));
        await Grants.DeleteAsync(session, actor, space, grant);
    }

    /// <summary>A page of what new repositories give, for who manages the space.</summary>
    public static async Task<List<DefaultGrantRow>> ListDefaultsAsync(DbSession session, Identity who, string spaceName, long after, int limit) =>
        await DefaultGrantTable.ListAsync(session, (await SpaceAccess.RequireAsync(session, who, spaceName, Rights.Manage)).Id, after, limit);

    /// <summary>Lets new repositories give something: to whoever makes them where nobody is named, and whoever makes them unless a maker is.</summary>
    public static async Task<DefaultGrantRow> AddDefaultAsync(DbSession session, Identity who, Actor actor, string spaceName, GrantWish wish, GranteeNames madeBy)
    {
        var space = await SpaceAccess.FindAsync(session, who, spaceName);
        var order = GrantOrder.Read(space, wish.Target, wish.Rights, wish.Tags);
        await SpaceAccess.RequireToGiveAsync(session, who, space, [(order.Target, order.Rights)]);
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

    static Task<Grantee> FindAsync(DbSession session, SpaceRow space, GranteeNames names) => Grants.FindGranteeAsync(session, space, names.User, names.Team, names.Robot);
}
