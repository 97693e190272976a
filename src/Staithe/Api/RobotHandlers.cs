using Staithe.Accounts;
using Staithe.Managing;

namespace Staithe.Api;

/// <summary>The robots of a space.</summary>
internal sealed class RobotHandlers(SpaceRobots robots)
{
    public static Task<Page<Robot>> ListAsync(ApiCall call) =>
        call.ListAsync((session, asked) => SpaceRobots.ListAsync(session, call.Who, call.Path["space"], asked), Robot.Of);

    public async Task<RobotSecret> AddAsync(ApiCall call, NewRobot order)
    {
        var wish = new GrantWish(order.Target, order.Rights, order.Tags, new GranteeNames(null, null, order.Name));
        var (robot, text) = await call.ChangeAsync(session =>
            robots.AddAsync(session, call.Who, call.Actor, call.Path["space"], order.Name, wish, order.Keyless, order.ExpiresInDays));
        return Answer(robot, text);
    }

    public async Task<RobotSecret> SetSecretAsync(ApiCall call)
    {
        var (robot, text) = await call.ChangeAsync(session =>
            robots.SetSecretAsync(session, call.Who, call.Actor, call.Path["space"], call.Path["robot"]));
        return Answer(robot, text);
    }

    public static Task<Robot> ChangeAsync(ApiCall call, RobotChange change) =>
        call.ChangeAsync(async session => Robot.Of(await SpaceRobots.SetExpiryAsync(session, call.Who, call.Actor, call.Path["space"], call.Path["robot"], change.ExpiresInDays)));

    public static Task DeleteAsync(ApiCall call) => call.ChangeAsync(session => SpaceRobots.DeleteAsync(session, call.Who, call.Actor, call.Path["space"], call.Path["robot"]));

    public static Task<Page<Trust>> ListTrustsAsync(ApiCall call)
    {
        var after = call.AfterNumber(0);
        return call.PageAsync((session, limit) => SpaceRobots.ListTrustsAsync(session, call.Who, call.Path["space"], call.Path["robot"], after, limit), Trust.Of, row => Text.Of(row.Id));
    }

    public async Task<Trust> AddTrustAsync(ApiCall call, NewTrust order)
    {
        var audience = order.Audience ?? call.Http.Request.Host.Value ?? "";
        return Trust.Of(await call.ChangeAsync(session =>
            robots.AddTrustAsync(session, call.Who, call.Actor, call.Path["space"], call.Path["robot"], order.Issuer, audience, order.Claims)));
    }

    public static Task DeleteTrustAsync(ApiCall call) =>
        call.ChangeAsync(session => SpaceRobots.DeleteTrustAsync(session, call.Who, call.Actor, call.Path["space"], call.Path["robot"], call.Number("id")));

    static RobotSecret Answer(RobotRow robot, string? text) => new(robot.Name, robot.FullName, text, Time.Of(robot.ExpiresAt));
}
