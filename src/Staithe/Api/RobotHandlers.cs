using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;

namespace Staithe.Api;

/// <summary>The robots of a space. Whoever gets a robot's secret has its rights, and so must have them already.</summary>
internal sealed class RobotHandlers(ServerSecret secret)
{
    public static Task<Page<Robot>> ListAsync(ApiCall call) => call.PageAsync(
        async (session, limit) => await RobotTable.ListAsync(session, (await ManagedAsync(call, session)).Id, call.After, limit),
        Robot.Of,
        row => row.Name);

    public async Task<RobotSecret> AddAsync(ApiCall call, NewRobot order)
    {
        var text = Secret.Create(Secret.Robot);
        var hash = secret.Hash(text);
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
            var space = await ManagedAsync(call, session);
            var found = await Robots.FindAsync(session, space, call.Path["robot"]);
            var given = await GrantTable.ListOfAsync(session, new Grantee(RobotId: found.Id));
            await SpaceAccess.RequireToGiveAsync(session, call.Who, space, given.Select(grant => (grant.Target, grant.Rights)));
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

    static RobotSecret Answer(RobotRow robot, string text) => new(robot.Name, robot.FullName, text, Time.Of(robot.ExpiresAt));

    static Task<SpaceRow> ManagedAsync(ApiCall call, DbSession session) => SpaceAccess.RequireAsync(session, call.Who, call.Path["space"], Rights.Manage);
}
