using System.Data.Common;
using Staithe.Database;

namespace Staithe.Federation;

/// <summary>Whose word a robot without a secret is let in by.</summary>
/// <param name="Issuer">Who says it.</param>
/// <param name="Audience">To whom it must be said.</param>
/// <param name="Claims">What must be said.</param>
/// <param name="RobotEndsAt">When the robot ends, in milliseconds since 1970; null for never.</param>
internal sealed record TrustRow(long Id, long RobotId, string Robot, string Issuer, string Audience, ClaimRules Claims, long CreatedAt, long? RobotEndsAt);

/// <summary>The rules by which robots are let in.</summary>
internal static class TrustTable
{
    /// <summary>Makes one; its id.</summary>
    public static async Task<long> CreateAsync(DbSession session, long robotId, string issuer, string audience, ClaimRules claims) =>
        await session.FindNumberAsync(CreateSql, robotId, issuer, audience, claims.Text) ?? throw new InvalidOperationException("a rule was made and is gone");

    /// <summary>A robot's, in the order in which they were made, behind <paramref name="last"/>.</summary>
    public static Task<List<TrustRow>> ListAsync(DbSession session, long robotId, long last, int limit) => session.ListAsync(ListSql, Map, robotId, last, (long)limit);

    public static Task<TrustRow?> FindAsync(DbSession session, long robotId, long id) => session.FindAsync(FindSql, Map, robotId, id);

    public static async Task<long> CountAsync(DbSession session, long robotId) => await session.FindNumberAsync(CountSql, robotId) ?? 0;

    /// <summary>Those of a robot for an issuer, unless the robot has expired, has a secret, or its space is gone.</summary>
    public static Task<List<TrustRow>> ListUsableAsync(DbSession session, string space, string robot, string issuer) => session.ListAsync(ListUsableSql, Map, space, robot, issuer);

    public static Task DeleteAsync(DbSession session, long robotId, long id) => session.ExecuteAsync(DeleteSql, robotId, id);

    static TrustRow Map(DbDataReader row) =>
        new(row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetString(3), row.GetString(4), ClaimRules.Read(row.GetString(5)), row.GetInt64(6), row.IsDBNull(7) ? null : row.GetInt64(7));

    const string Select = """
        select t.id, t.robot_id, s.name || '+' || r.name, t.issuer, t.audience, t.claims, t.created_at, r.expires_at
        from robot_trusts t join robots r on r.id = t.robot_id join spaces s on s.id = r.space_id
        """;

    static readonly Sql CreateSql = new("insert into robot_trusts (robot_id, issuer, audience, claims, created_at) values ($1, $2, $3, $4, {now}) returning id");
    static readonly Sql ListSql = new($"{Select} where t.robot_id = $1 and t.id > $2 order by t.id limit $3");
    static readonly Sql FindSql = new($"{Select} where t.robot_id = $1 and t.id = $2");
    static readonly Sql CountSql = new("select count(*) from robot_trusts where robot_id = $1");

    static readonly Sql ListUsableSql = new($$"""
        {{Select}} where s.name = $1 and r.name = $2 and t.issuer = $3
            and s.removed_at is null and r.secret is null and (r.expires_at is null or r.expires_at > {now}) order by t.id
        """);

    static readonly Sql DeleteSql = new("delete from robot_trusts where robot_id = $1 and id = $2");
}
