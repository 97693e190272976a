using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Database;
using Staithe.Federation;

namespace Staithe.Managing;

/// <summary>
/// The robots of a space. Whoever gets a robot's secret, or says by whose word it is let in, has its rights, and so must have them already.
/// </summary>
internal sealed class SpaceRobots(ServerSecret secret, Trusts trusts)
{
    public static async Task<ListPart<RobotRow>> ListAsync(DbSession session, Identity who, string spaceName, ListRequest asked) =>
        await RobotTable.ListAsync(session, (await ManagedAsync(session, who, spaceName)).Id, asked);

    public static async Task<(SpaceRow Space, RobotRow Robot)> FindAsync(DbSession session, Identity who, string spaceName, string name)
    {
        var space = await ManagedAsync(session, who, spaceName);
        return (space, await Robots.FindAsync(session, space, name));
    }

    /// <summary>
    /// Makes a robot with its first grant; the row, and its secret, which is told this once and which a keyless one has not. Neither lasts longer than
    /// the rights of whoever makes it.
    /// </summary>
    public async Task<(RobotRow Robot, string? Secret)> AddAsync(
        DbSession session,
        Identity who,
        Actor actor,
        string spaceName,
        string name,
        GrantWish wish,
        bool isKeyless,
        int? expiresInDays)
    {
        var space = await ManagedAsync(session, who, spaceName);
        var order = GrantOrder.Read(space, wish.Target, wish.Rights, wish.Tags);
        var end = await SpaceAccess.FindGivingEndAsync(session, who, space, [new Gift(order.Target, order.Rights)]);
        var expiresAt = Decision.Earlier(await Expiry.InAsync(session, expiresInDays), end);
        var text = isKeyless ? null : Secret.Create(Secret.Robot);
        var robot = await Robots.AddAsync(session, actor, space, name, text is null ? null : secret.Hash(text), order, expiresAt, grantEndsAt: end);
        return (robot, text);
    }

    /// <summary>Gives it another secret, which is told this once; the old one is void.</summary>
    public async Task<(RobotRow Robot, string Secret)> SetSecretAsync(DbSession session, Identity who, Actor actor, string spaceName, string name)
    {
        var (space, robot) = await TakeOverAsync(session, who, spaceName, name);
        var text = Secret.Create(Secret.Robot);
        await Robots.SetSecretAsync(session, actor, space, robot, secret.Hash(text));
        return (robot, text);
    }

    /// <summary>
    /// Sets in how many days it ends; null for never. To let it go on is to give it its rights anew, so it ends no later than the rights of whoever does
    /// that.
    /// </summary>
    public static async Task<RobotRow> SetExpiryAsync(DbSession session, Identity who, Actor actor, string spaceName, string name, int? expiresInDays)
    {
        var (space, robot) = await FindAsync(session, who, spaceName, name);
        var gifts = Gift.Of(await GrantTable.ListOfAsync(session, new Grantee(RobotId: robot.Id)));
        var end = await SpaceAccess.FindGivingEndAsync(session, who, space, [new Gift($"{space.Name}/", Rights.None), .. gifts]);
        return await Robots.SetExpiryAsync(session, actor, space, robot, Decision.Earlier(await Expiry.InAsync(session, expiresInDays), end));
    }

    public static async Task DeleteAsync(DbSession session, Identity who, Actor actor, string spaceName, string name)
    {
        var (space, robot) = await FindAsync(session, who, spaceName, name);
        await Robots.DeleteAsync(session, actor, space, robot);
    }

    public static async Task<List<TrustRow>> ListTrustsAsync(DbSession session, Identity who, string spaceName, string name, long after, int limit) =>
        await TrustTable.ListAsync(session, (await FindAsync(session, who, spaceName, name)).Robot.Id, after, limit);

    /// <summary>Lets a keyless robot in by tokens of an issuer that say certain things.</summary>
    public async Task<TrustRow> AddTrustAsync(
        DbSession session,
        Identity who,
        Actor actor,
        string spaceName,
        string name,
        string issuer,
        string audience,
        IReadOnlyDictionary<string, string> claims)
    {
        var rules = ClaimRules.Of(claims);
        var (space, robot) = await TakeOverAsync(session, who, spaceName, name);
        return await trusts.AddAsync(session, actor, space, robot, issuer, audience, rules);
    }

    public static async Task DeleteTrustAsync(DbSession session, Identity who, Actor actor, string spaceName, string name, long id)
    {
        var (space, robot) = await FindAsync(session, who, spaceName, name);
        await Trusts.DeleteAsync(session, actor, space, robot, id);
    }

    // A robot that the asker may have the rights of.
    static async Task<(SpaceRow Space, RobotRow Robot)> TakeOverAsync(DbSession session, Identity who, string spaceName, string name)
    {
        var (space, found) = await FindAsync(session, who, spaceName, name);
        var given = await GrantTable.ListOfAsync(session, new Grantee(RobotId: found.Id));
        await SpaceAccess.RequireToGiveAsync(session, who, space, [new Gift($"{space.Name}/", Rights.None, found.ExpiresAt), .. Gift.Of(given, found.ExpiresAt)]);
        return (space, found);
    }

    static Task<SpaceRow> ManagedAsync(DbSession session, Identity who, string spaceName) => SpaceAccess.RequireAsync(session, who, spaceName, Rights.Manage);
}
