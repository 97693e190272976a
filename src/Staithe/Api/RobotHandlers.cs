using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Federation;

namespace Staithe.Api;

/// <summary>
/// The robots of a space. Whoever gets a robot's secret, or says by whose word it is let in, has its rights, and so must have them already.
/// </summary>
internal sealed class RobotHandlers(ServerSecret secret, Trusts trusts)
{
    public static Task<Page<Robot>> ListAsync(ApiCall call) => call.PageAsync(
        async (session, limit) => await RobotTable.ListAsync(session, (await ManagedAsync(call, session)).Id, call.After, limit),
        Robot.Of,
        row => row.Name);

    public async Task<RobotSecret> AddAsync(ApiCall call, NewRobot order)
    {
        var text = order.Keyless ? null : Secret.Create(Secret.Robot);
        var hash = text is null ? null : secret.Hash(text);
        var robot = await call.ChangeAsync(async session =>
        {
            var space = await ManagedAsync(call, session);
            var wanted = GrantOrder.Read(space, order.Target, order.Rights, order.Tags);
            await SpaceAccess.RequireToGiveAsync(session, call.Who, space, [(wanted.Target, wanted.Rights)]);
            return await Robots.AddAsync(session, call.Actor, space, order.Name, hash, wanted, order.ExpiresInDays);
        });
        return Answer(robot, text);
    }

    public async Task<RobotSecret> SetSecretAsync(ApiCall call)
    {
        var text = Secret.Create(Secret.Robot);
        var hash = secret.Hash(text);
        var robot = await call.ChangeAsync(async session =>
        {
            var (space, found) = await TakeOverAsync(call, session);
            await Robots.SetSecretAsync(session, call.Actor, space, found, hash);
            return found;
        });
        return Answer(robot, text);
    }

    public static Task DeleteAsync(ApiCall call) => call.ChangeAsync(async session =>
    {
        var space = await ManagedAsync(call, session);
        await Robots.DeleteAsync(session, call.Actor, space, await Robots.FindAsync(session, space, call.Path["robot"]));
    });

    public static async Task<Page<Trust>> ListTrustsAsync(ApiCall call)
    {
        var after = call.AfterNumber(0);
        return await call.PageAsync(
            async (session, limit) => await TrustTable.ListAsync(session, (await Robots.FindAsync(session, await ManagedAsync(call, session), call.Path["robot"])).Id, after, limit),
            Trust.Of,
            row => Text.Of(row.Id));
    }

    public async Task<Trust> AddTrustAsync(ApiCall call, NewTrust order)
    {
        var claims = ClaimRules.Of(order.Claims);
        var audience = order.Audience ?? call.Http.Request.Host.Value ?? "";
        return Trust.Of(await call.ChangeAsync(async session =>
        {
            var (space, robot) = await TakeOverAsync(call, session);
            return await trusts.AddAsync(session, call.Actor, space, robot, order.Issuer, audience, claims);
        }));
    }

    public static Task DeleteTrustAsync(ApiCall call)
    {
        var id = call.Number("id");
        return call.ChangeAsync(async session =>
        {
            var space = await ManagedAsync(call, session);
            await Trusts.DeleteAsync(session, call.Actor, space, await Robots.FindAsync(session, space, call.Path["robot"]), id);
        });
    }

    // A robot that the asker may have the rights of.
    static async Task<(SpaceRow Space, RobotRow Robot)> TakeOverAsync(ApiCall call, DbSession session)
    {
        var space = await ManagedAsync(call, session);
        var found = await Robots.FindAsync(session, space, call.Path["robot"]);
        var given = await GrantTable.ListOfAsync(session, new Grantee(RobotId: found.Id));
        await SpaceAccess.RequireToGiveAsync(session, call.Who, space, given.Select(grant => (grant.Target, grant.Rights)));
        return (space, found);
    }

    static RobotSecret Answer(RobotRow robot, string? text) => new(robot.Name, robot.FullName, text, Time.Of(robot.ExpiresAt));

    static Task<SpaceRow> ManagedAsync(ApiCall call, DbSession session) => SpaceAccess.RequireAsync(session, call.Who, call.Path["space"], Rights.Manage);
}
