using System.Globalization;
using Staithe.Audit;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Accounts;

/// <summary>
/// What is done with robots, inside a change (<see cref="AccessEpoch.ChangeAsync"/>) and with its line in the audit. Whether the actor may is
/// decided before, in the same transaction.
/// </summary>
internal static class Robots
{
    /// <summary>Makes a robot with its first grant; without a secret it is keyless.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="actor">Who makes it.</param>
    /// <param name="space">The space.</param>
    /// <param name="name">Its name in the space.</param>
    /// <param name="secretHash">The keyed hash of its secret, or null.</param>
    /// <param name="order">What it is granted.</param>
    /// <param name="expiresAt">When the robot ends, in milliseconds since 1970; null for never.</param>
    /// <param name="grantEndsAt">When what it is granted ends, if that is not the robot's matter.</param>
    /// <exception cref="AccountException">The name cannot be had.</exception>
    public static async Task<RobotRow> AddAsync(
        DbSession session,
        Actor actor,
        SpaceRow space,
        string name,
        string? secretHash,
        GrantOrder order,
        long? expiresAt,
        long? grantEndsAt)
    {
        PartName.Check("robot", name);
        if (await RobotTable.CreateAsync(session, space.Id, name, secretHash, expiresAt) is not { } id)
            throw new AccountException(AccountProblem.Taken, $"{space.Name} has a robot {name} already: choose another name");
        var robot = await FindAsync(session, space, name);
        await WriteAsync(session, actor, space, "robot.add", robot, Words(secretHash is null, expiresAt));
        await Grants.AddAsync(session, actor, space, order, new Grantee(RobotId: id), grantEndsAt);
        return robot;
    }

    /// <summary>Gives it another secret; the old one is void.</summary>
    /// <exception cref="AccountException">It is keyless.</exception>
    public static async Task SetSecretAsync(DbSession session, Actor actor, SpaceRow space, RobotRow robot, string secretHash)
    {
        if (robot.IsKeyless)
            throw new AccountException(AccountProblem.Taken, $"{robot.FullName} is keyless: make another robot for what needs a secret");
        await RobotTable.SetSecretAsync(session, robot.Id, secretHash);
        await WriteAsync(session, actor, space, "robot.secret", robot, null);
    }

    /// <summary>Sets when it ends, in milliseconds since 1970; null for never.</summary>
    public static async Task<RobotRow> SetExpiryAsync(DbSession session, Actor actor, SpaceRow space, RobotRow robot, long? expiresAt)
    {
        await RobotTable.SetExpiryAsync(session, robot.Id, expiresAt);
        var changed = await FindAsync(session, space, robot.Name);
        await WriteAsync(session, actor, space, "robot.expiry", changed, Words(false, changed.ExpiresAt) ?? "without end");
        return changed;
    }

    /// <summary>Removes a robot and with it what it was given.</summary>
    public static async Task DeleteAsync(DbSession session, Actor actor, SpaceRow space, RobotRow robot)
    {
        await RobotTable.DeleteAsync(session, robot.Id);
        await WriteAsync(session, actor, space, "robot.delete", robot, null);
    }

    /// <exception cref="AccountException">The space has none of that name.</exception>
    public static async Task<RobotRow> FindAsync(DbSession session, SpaceRow space, string name) =>
        await RobotTable.FindAsync(session, space.Id, name) ?? throw new AccountException(AccountProblem.Unknown, $"{space.Name} has no robot {OciException.Quote(name)}");

    static string? Words(bool isKeyless, long? expiresAt)
    {
        var until = expiresAt is { } at ? string.Create(CultureInfo.InvariantCulture, $"until {DateTimeOffset.FromUnixTimeMilliseconds(at):yyyy-MM-dd}") : null;
        return isKeyless && until is not null ? $"keyless, {until}" : isKeyless ? "keyless" : until;
    }

    static Task WriteAsync(DbSession session, Actor actor, SpaceRow space, string action, RobotRow robot, string? detail) =>
        AuditTable.AddAsync(session, actor, new Deed(action, robot.FullName, space.Name, detail));
}
