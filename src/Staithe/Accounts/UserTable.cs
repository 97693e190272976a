using System.Data.Common;
using Staithe.Database;

namespace Staithe.Accounts;

/// <summary>A person's account.</summary>
/// <param name="Password">The hash, or null when there is none to sign in with.</param>
/// <param name="DisabledAt">Since when nobody may sign in with it, or null.</param>
internal sealed record UserRow(long Id, string Name, string? Password, bool IsAdmin, long? DisabledAt, long CreatedAt, long? SignedInAt);

/// <summary>The people. Each has a space of the same name.</summary>
internal static class UserTable
{
    /// <summary>Makes one; its id.</summary>
    public static async Task<long> CreateAsync(DbSession session, SpaceName name, string? passwordHash, bool isAdmin) =>
        await session.FindNumberAsync(CreateSql, name.Value, passwordHash, isAdmin ? 1L : 0L) ?? throw new InvalidOperationException($"user {name} was made and is gone");

    public static Task<UserRow?> FindAsync(DbSession session, string name) => session.FindAsync(FindSql, Map, name);

    public static Task<UserRow?> FindAsync(DbSession session, long id) => session.FindAsync(FindByIdSql, Map, id);

    /// <summary>The one whose password a directory keeps under that subject.</summary>
    public static Task<UserRow?> FindByDirectoryAsync(DbSession session, string source, string subject) => session.FindAsync(FindByDirectorySql, Map, source, subject);

    /// <summary>The orders in which they are listed.</summary>
    public static IReadOnlyList<string> Orders { get; } = [ListOrder.ByName, ListOrder.Newest, "-signedIn"];

    /// <summary>A part of them; the text is looked for in their names.</summary>
    public static Task<ListPart<UserRow>> ListAsync(DbSession session, ListRequest asked) => All.ListAsync(session, asked);

    /// <summary>How many there are, and how many of them may not sign in.</summary>
    public static async Task<(long All, long Disabled)> CountAsync(DbSession session) => await session.FindAsync(CountSql, row => (row.GetInt64(0), row.GetInt64(1)));

    /// <summary>Whether there is an admin who may sign in, besides this user.</summary>
    public static async Task<bool> HasOtherAdminAsync(DbSession session, long id) => await session.FindNumberAsync(OtherAdminSql, id) is not null;

    public static async Task<bool> AnyAsync(DbSession session) => await session.FindNumberAsync(AnySql) is not null;

    /// <summary>Sets the hash; null takes it away.</summary>
    public static Task SetPasswordAsync(DbSession session, long id, string? hash) => session.ExecuteAsync(SetPasswordSql, id, hash);

    public static Task SetAdminAsync(DbSession session, long id, bool isAdmin) => session.ExecuteAsync(SetAdminSql, id, isAdmin ? 1L : 0L);

    /// <summary>Takes the account away, and with it its tokens, what it was given and where it is a member.</summary>
    public static Task DeleteAsync(DbSession session, long id) => session.ExecuteAsync(DeleteSql, id);

    public static Task SetDisabledAsync(DbSession session, long id, bool disabled) => session.ExecuteAsync(disabled ? DisableSql : EnableSql, id);

    public static Task SignedInAsync(DbSession session, long id) => session.ExecuteAsync(SignedInSql, id);

    static UserRow Map(DbDataReader row) => new(
        row.GetInt64(0),
        row.GetString(1),
        row.IsDBNull(2) ? null : row.GetString(2),
        row.GetInt64(3) != 0,
        row.IsDBNull(4) ? null : row.GetInt64(4),
        row.GetInt64(5),
        row.IsDBNull(6) ? null : row.GetInt64(6));

    const string Columns = "id, name, password, is_admin, disabled_at, created_at, signed_in_at";

    static readonly Listing<UserRow> All = new(
        Columns,
        "users where id > 0",
        0,
        "name",
        Map,
        new ListOrder(ListOrder.ByName, "name"),
        new ListOrder(ListOrder.Newest, "id", IsNumber: true),
        new ListOrder("-signedIn", "name", First: "coalesce(signed_in_at, 0)"));

    static readonly Sql CreateSql = new("insert into users (name, password, is_admin, created_at) values ($1, $2, $3, {now}) returning id");
    static readonly Sql FindSql = new($"select {Columns} from users where name = $1");
    static readonly Sql FindByIdSql = new($"select {Columns} from users where id = $1");
    static readonly Sql FindByDirectorySql = new($"select {Columns} from users where id = (select user_id from directory_accounts where source = $1 and subject = $2)");
    static readonly Sql CountSql = new("select count(*), count(disabled_at) from users");
    static readonly Sql OtherAdminSql = new("select id from users where is_admin = 1 and disabled_at is null and id <> $1 limit 1");
    static readonly Sql AnySql = new("select id from users limit 1");
    static readonly Sql SetPasswordSql = new("update users set password = $2 where id = $1");
    static readonly Sql SetAdminSql = new("update users set is_admin = $2 where id = $1");
    static readonly Sql DisableSql = new("update users set disabled_at = {now} where id = $1 and disabled_at is null");
    static readonly Sql EnableSql = new("update users set disabled_at = null where id = $1");
    static readonly Sql DeleteSql = new("delete from users where id = $1");
    static readonly Sql SignedInSql = new("update users set signed_in_at = {now} where id = $1");
}
