using Staithe.Accounts;
using Staithe.Database;

namespace Staithe.Access;

/// <summary>What kind of credential.</summary>
internal enum CredentialKind
{
    /// <summary>A user's password, whoever keeps it, or a browser that was signed in with it.</summary>
    Password = 0,

    /// <summary>A row of the tokens: made by a user, or kept by <c>docker login</c>.</summary>
    Token = 1,

    /// <summary>A robot's secret.</summary>
    RobotSecret = 2,

    /// <summary>A rule that lets a keyless robot in by a token of an issuer.</summary>
    Trust = 3,
}

/// <summary>What somebody has shown to be let in, as far as it takes to tell later whether it still holds.</summary>
/// <param name="Id">The row of the user, the token, the robot or the rule.</param>
/// <param name="Mark">Changes with the password or the secret; empty where a row has no other. It tells nothing about either.</param>
internal sealed record Credential(CredentialKind Kind, long Id, string Mark = "")
{
    const int MarkLength = 16;

    /// <summary>A password that is kept here, or, with null, elsewhere.</summary>
    public static Credential OfPassword(ServerSecret secret, long userId, string? storedHash) => new(CredentialKind.Password, userId, MarkOf(secret, storedHash));

    public static Credential OfRobot(ServerSecret secret, long robotId, string? storedHash) => new(CredentialKind.RobotSecret, robotId, MarkOf(secret, storedHash));

    /// <summary>Whether who showed it would still be let in by it: it was not changed, revoked, or ended, nor was whom it belongs to.</summary>
    public async Task<bool> HoldsAsync(DbSession session, ServerSecret secret) => Kind switch
    {
        CredentialKind.Password => await session.FindAsync(PasswordSql, row => row.IsDBNull(0) ? "" : row.GetString(0), Id) is { } stored && Mark == MarkOf(secret, stored),
        CredentialKind.Token => await session.FindNumberAsync(TokenSql, Id) is not null,
        CredentialKind.RobotSecret => await session.FindAsync(RobotSql, row => row.IsDBNull(0) ? "" : row.GetString(0), Id) is { } stored && Mark == MarkOf(secret, stored),
        CredentialKind.Trust => await session.FindNumberAsync(TrustSql, Id) is not null,
        _ => false,
    };

    static string MarkOf(ServerSecret secret, string? stored) => string.IsNullOrEmpty(stored) ? "" : secret.Hash($"mark {stored}")[..MarkLength];

    static readonly Sql PasswordSql = new("select password from users where id = $1 and disabled_at is null");

    static readonly Sql TokenSql = new("""
        select t.id from access_tokens t join users u on u.id = t.user_id where t.id = $1 and u.disabled_at is null and (t.expires_at is null or t.expires_at > {now})
        """);

    static readonly Sql RobotSql = new("""
        select r.secret from robots r join spaces s on s.id = r.space_id where r.id = $1 and s.removed_at is null and (r.expires_at is null or r.expires_at > {now})
        """);

    static readonly Sql TrustSql = new("""
        select t.id from robot_trusts t join robots r on r.id = t.robot_id join spaces s on s.id = r.space_id
        where t.id = $1 and s.removed_at is null and (r.expires_at is null or r.expires_at > {now})
        """);
}
