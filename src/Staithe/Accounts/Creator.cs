using Staithe.Audit;

namespace Staithe.Accounts;

/// <summary>Who puts something into a repository, and makes it by that when there is none.</summary>
/// <param name="UserId">The row of the user; null for anybody else.</param>
/// <param name="RobotId">The row of the robot; null for anybody else.</param>
/// <param name="Network">What stands for the address, where addresses are counted.</param>
internal sealed record Creator(Actor Actor, long? UserId, long? RobotId, ulong Network);
