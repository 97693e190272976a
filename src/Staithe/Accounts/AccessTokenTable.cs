using System.Data.Common;
using Staithe.Database;

namespace Staithe.Accounts;

/// <summary>A token that a user gives to a program.</summary>
/// <param name="Rights">The most it can do.</param>
/// <param name="Target">Where: as in a grant; null for everywhere.</param>
internal sealed record AccessTokenRow(long Id, long UserId, string UserName, bool UserIsAdmin, string Kind, string Name, Rights Rights, string? Target, long CreatedAt, long? ExpiresAt, long? UsedAt);

/// <summary>The tokens of users: those they made, those that <c>docker login</c> keeps, and those of browsers.</summary>
internal static class AccessTokenTable
{
    public const string Personal = "personal";
    public const string Refresh = "refresh";
    public const string Session = "session";

    /// <summary>Makes one; its id.</summary>
    /// <param name="session">The database.</param>
    /// <param name="userId">Whose.</param>
    /// <param name="kind">Personal, refresh or session.</param>
    /// <param name="name">What it is for.</param>
    /// <param name="secretHash">The keyed hash of the secret.</param>
    /// <param name="limit">The most it can do, and where.</param>
    /// <param name="expiresAt">When it ends, or null.</param>
    /// <param name="parentId">The token it was got with, and ends with.</param>
    public static async Task<long> CreateAsync(DbSession session, long userId, string kind, string name, string secretHash, (Rights Rights, string? Target) limit, long? expiresAt, long? parentId) =>
        await session.FindNumberAsync(CreateSql, userId, kind, name, secretHash, (long)limit.Rights, limit.Target, expiresAt, parentId) ?? throw new InvalidOperationException("a token was made and is gone");

    /// <summary>The token of a secret, unless it has expired or its user may not sign in.</summary>
    public static Task<AccessTokenRow?> FindBySecretAsync(DbSession session, string secretHash) => session.FindAsync(FindBySecretSql, Map, secretHash);

    /// <summary>The orders in which those that a user made are listed.</summary>
    public static IReadOnlyList<string> Orders { get; } = [ListOrder.Oldest, ListOrder.Newest, ListOrder.LastUsed];

    /// <summary>A part of those a user made; the text is looked for in their names.</summary>
    public static Task<ListPart<AccessTokenRow>> ListAsync(DbSession session, long userId, ListRequest asked) => OfUser.ListAsync(session, asked, userId);

    /// <summary>One of those a user made.</summary>
    public static Task<AccessTokenRow?> FindAsync(DbSession session, long userId, long id) => session.FindAsync(FindSql, Map, userId, id);

    /// <summary>A part of where a user is signed in, the newest first; the text is looked for in the names.</summary>
    public static Task<ListPart<AccessTokenRow>> ListSignedInAsync(DbSession session, long userId, ListRequest asked) => SignedIn.ListAsync(session, asked, userId);

    /// <summary>One of those.</summary>
    public static Task<AccessTokenRow?> FindSignedInAsync(DbSession session, long userId, long id) => session.FindAsync(FindSignedInSql, Map, userId, id);

    public static Task DeleteAsync(DbSession session, long userId, long id) => session.ExecuteAsync(DeleteSql, userId, id);

    public static Task DeleteBySecretAsync(DbSession session, string secretHash) => session.ExecuteAsync(DeleteBySecretSql, secretHash);

    /// <summary>Those that a user's password was exchanged for.</summary>
    public static Task DeleteSignedInAsync(DbSession session, long userId) => session.ExecuteAsync(DeleteSignedInSql, userId);

    /// <summary>Those of browsers and of docker, whatever they were got with, but one; how many.</summary>
    public static Task<int> DeleteSignedInAsync(DbSession session, long userId, long except) => session.ExecuteAsync(DeleteOtherSignedInSql, userId, except);

    /// <summary>Drops some that have ended; how many.</summary>
    public static Task<int> DeleteExpiredAsync(DbSession session, int limit) => session.ExecuteAsync(DeleteExpiredSql, (long)limit);

    /// <summary>Lets tokens that are limited to exactly this target be limited to another one.</summary>
    public static Task MoveAsync(DbSession session, string from, string to) => session.ExecuteAsync(MoveSql, from, to);

    /// <summary>Lets tokens that are limited to something in a space be limited to the same below its new name.</summary>
    public static Task RenameSpaceAsync(DbSession session, string from, string to) => session.ExecuteAsync(RenameSpaceSql, from, to);

    public static Task UsedAsync(DbSession session, long[] ids) => session.ExecuteAsync(UsedSql, ids);

    static AccessTokenRow Map(DbDataReader row) => new(
        row.GetInt64(0),
        row.GetInt64(1),
        row.GetString(2),
        row.GetInt64(3) != 0,
        row.GetString(4),
        row.GetString(5),
        (Rights)row.GetInt64(6),
        row.IsDBNull(7) ? null : row.GetString(7),
        row.GetInt64(8),
        row.IsDBNull(9) ? null : row.GetInt64(9),
        row.IsDBNull(10) ? null : row.GetInt64(10));

    const string Columns = "t.id, t.user_id, u.name, u.is_admin, t.kind, t.name, t.rights, t.target, t.created_at, t.expires_at, t.used_at";
    const string From = "access_tokens t join users u on u.id = t.user_id";
    const string Select = $"select {Columns} from {From}";

    static readonly Listing<AccessTokenRow> OfUser = new(
        Columns,
        $"{From} where t.user_id = $1 and t.kind = 'personal'",
        1,
        "t.name",
        Map,
        new ListOrder(ListOrder.Oldest, "t.id", IsNumber: true),
        new ListOrder(ListOrder.Newest, "t.id", IsNumber: true),
        new ListOrder(ListOrder.LastUsed, "t.id", IsNumber: true, First: "coalesce(t.used_at, 0)"));

    static readonly Listing<AccessTokenRow> SignedIn = new(
        Columns,
        $"{From} where t.user_id = $1 and t.kind in ('refresh', 'session') and (t.expires_at is null or t.expires_at > {{now}})",
        1,
        "t.name",
        Map,
        new ListOrder(ListOrder.Newest, "t.id", IsNumber: true));

    static readonly Sql CreateSql = new("""
        insert into access_tokens (user_id, kind, name, secret, rights, target, expires_at, parent_id, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, {now}) returning id
        """);

    static readonly Sql FindBySecretSql = new($"{Select} where t.secret = $1 and u.disabled_at is null and (t.expires_at is null or t.expires_at > {{now}})");
    static readonly Sql FindSql = new($"{Select} where t.user_id = $1 and t.kind = 'personal' and t.id = $2");
    static readonly Sql FindSignedInSql = new($"{Select} where t.user_id = $1 and t.kind in ('refresh', 'session') and t.id = $2");
    static readonly Sql DeleteOtherSignedInSql = new("delete from access_tokens where user_id = $1 and kind in ('refresh', 'session') and id <> $2");
    static readonly Sql DeleteSql = new("delete from access_tokens where user_id = $1 and id = $2");
    static readonly Sql DeleteBySecretSql = new("delete from access_tokens where secret = $1");
    static readonly Sql DeleteSignedInSql = new("delete from access_tokens where user_id = $1 and kind in ('refresh', 'session') and parent_id is null");
    static readonly Sql DeleteExpiredSql = new("delete from access_tokens where id in (select id from access_tokens where expires_at <= {now} limit $1)");
    static readonly Sql MoveSql = new("update access_tokens set target = $2 where target = $1");

    static readonly Sql RenameSpaceSql = new("""
        update access_tokens set target = $2 || substr(target, length($1) + 1) where target is not null and substr(target || '/', 1, length($1) + 1) = $1 || '/'
        """);

    static readonly Sql UsedSql = new("update access_tokens set used_at = {now} where id {any $1}");
}
