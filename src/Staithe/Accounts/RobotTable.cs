using System.Data.Common;
using Staithe.Database;

namespace Staithe.Accounts;

/// <summary>A machine's account in a space.</summary>
/// <param name="IsKeyless">It has no secret and is let in by what is said of it elsewhere.</param>
internal sealed record RobotRow(long Id, string Space, string Name, long CreatedAt, long? ExpiresAt, long? UsedAt, bool IsKeyless)
{
    /// <summary>What it signs in as.</summary>
    public string FullName => $"{Space}+{Name}";
}

/// <summary>The robots. They have the rights they were granted and no others.</summary>
internal static class RobotTable
{
    /// <summary>Makes one, keyless without a secret; null when the space has one of that name.</summary>
    public static Task<long?> CreateAsync(DbSession session, long spaceId, string name, string? secretHash, long? expiresAt) =>
        session.FindNumberAsync(CreateSql, spaceId, name, secretHash, expiresAt);

    public static Task<RobotRow?> FindAsync(DbSession session, long spaceId, string name) => session.FindAsync(FindSql, Map, spaceId, name);

    /// <summary>The robot of a secret, unless it has expired or its space is gone.</summary>
    public static Task<RobotRow?> FindBySecretAsync(DbSession session, string secretHash) => session.FindAsync(FindBySecretSql, Map, secretHash);

    public static async Task<bool> HasExpiredAsync(DbSession session, long id) => await session.FindNumberAsync(HasExpiredSql, id) is not null;

    /// <summary>The orders in which they are listed.</summary>
    public static IReadOnlyList<string> Orders { get; } = [ListOrder.ByName, ListOrder.Newest, ListOrder.LastUsed];

    /// <summary>A part of those of a space; the text is looked for in their names.</summary>
    public static Task<ListPart<RobotRow>> ListAsync(DbSession session, long spaceId, ListRequest asked) => OfSpace.ListAsync(session, asked, spaceId);

    /// <summary>Gives it another secret; the old one is void.</summary>
    public static Task SetSecretAsync(DbSession session, long id, string secretHash) => session.ExecuteAsync(SetSecretSql, id, secretHash);

    /// <summary>Sets when it ends; null for never.</summary>
    public static Task SetExpiryAsync(DbSession session, long id, long? expiresAt) => session.ExecuteAsync(SetExpirySql, id, expiresAt);

    public static Task DeleteAsync(DbSession session, long id) => session.ExecuteAsync(DeleteSql, id);

    public static Task UsedAsync(DbSession session, long[] ids) => session.ExecuteAsync(UsedSql, ids);

    static RobotRow Map(DbDataReader row) => new(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.IsDBNull(4) ? null : row.GetInt64(4), row.IsDBNull(5) ? null : row.GetInt64(5), row.IsDBNull(6));

    const string Columns = "r.id, s.name, r.name, r.created_at, r.expires_at, r.used_at, r.secret";
    const string From = "robots r join spaces s on s.id = r.space_id";
    const string Select = $"select {Columns} from {From}";

    static readonly Listing<RobotRow> OfSpace = new(
        Columns,
        $"{From} where r.space_id = $1",
        1,
        "r.name",
        Map,
        new ListOrder(ListOrder.ByName, "r.name"),
        new ListOrder(ListOrder.Newest, "r.id", IsNumber: true),
        new ListOrder(ListOrder.LastUsed, "r.name", First: "coalesce(r.used_at, 0)"));

    static readonly Sql CreateSql = new("""
        insert into robots (space_id, name, secret, expires_at, created_at) values ($1, $2, $3, $4, {now}) on conflict (space_id, name) do nothing returning id
        """);

    static readonly Sql FindSql = new($"{Select} where r.space_id = $1 and r.name = $2");
    static readonly Sql FindBySecretSql = new($"{Select} where r.secret = $1 and s.removed_at is null and (r.expires_at is null or r.expires_at > {{now}})");
    static readonly Sql HasExpiredSql = new("select id from robots where id = $1 and expires_at <= {now}");
    static readonly Sql SetSecretSql = new("update robots set secret = $2 where id = $1");
    static readonly Sql SetExpirySql = new("update robots set expires_at = $2 where id = $1");
    static readonly Sql DeleteSql = new("delete from robots where id = $1");
    static readonly Sql UsedSql = new("update robots set used_at = {now} where id {any $1}");
}
