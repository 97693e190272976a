using System.Globalization;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Federation;

/// <summary>
/// Says whose word a robot is let in by, inside a change (<see cref="AccessEpoch.ChangeAsync"/>) and with its line in the audit. Whether the actor
/// may is decided before, in the same transaction.
/// </summary>
internal sealed class Trusts(Issuers issuers)
{
    const int MaxOfRobot = 20;
    const int MaxAudienceLength = 255;

    /// <exception cref="AccountException">The issuer is not trusted here, the robot has a secret, or what is given makes no rule.</exception>
    public async Task<TrustRow> AddAsync(DbSession session, Actor actor, SpaceRow space, RobotRow robot, string issuer, string audience, ClaimRules claims)
    {
        // Nobody else than whoever sets this registry up says whom it asks for keys.
        if (issuers.Find(issuer) is null)
            throw new AccountException(AccountProblem.Invalid, $"the issuer {OciException.Quote(issuer)} is not one that this registry trusts; {(issuers.Urls.Count == 0 ? "it trusts none" : $"it trusts {string.Join(", ", issuers.Urls)}")}: whoever runs it adds others with the setting trustedIssuers");
        if (!robot.IsKeyless)
            throw new AccountException(AccountProblem.Taken, $"{robot.FullName} has a secret: make a robot that is keyless");
        if (audience.Length is 0 or > MaxAudienceLength)
            throw new AccountException(AccountProblem.Invalid, $"an audience has 1 to {MaxAudienceLength} characters");
        if (await TrustTable.CountAsync(session, robot.Id) >= MaxOfRobot)
            throw new AccountException(AccountProblem.Taken, $"{robot.FullName} has {MaxOfRobot} rules, and that is the most: delete one, or make another robot");
        var id = await TrustTable.CreateAsync(session, robot.Id, issuer, audience, claims);
        await AuditTable.AddAsync(session, actor, new Deed("robot.trust.add", robot.FullName, space.Name, string.Create(CultureInfo.InvariantCulture, $"number {id}: {issuer} for {audience}: {claims}")));
        return await FindAsync(session, robot, id);
    }

    /// <exception cref="AccountException">The robot has none of that number.</exception>
    public static async Task DeleteAsync(DbSession session, Actor actor, SpaceRow space, RobotRow robot, long id)
    {
        var trust = await FindAsync(session, robot, id);
        await TrustTable.DeleteAsync(session, robot.Id, id);
        await AuditTable.AddAsync(session, actor, new Deed("robot.trust.delete", robot.FullName, space.Name, string.Create(CultureInfo.InvariantCulture, $"number {id}: {trust.Issuer}")));
    }

    static async Task<TrustRow> FindAsync(DbSession session, RobotRow robot, long id) =>
        await TrustTable.FindAsync(session, robot.Id, id) ?? throw new AccountException(AccountProblem.Unknown, string.Create(CultureInfo.InvariantCulture, $"{robot.FullName} has no rule {id}"));
}
