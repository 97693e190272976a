using System.Data.Common;
using Staithe.Database;

namespace Staithe.Federation;

/// <summary>Somebody elsewhere who has an account here.</summary>
internal sealed record ExternalIdentityRow(long Id, string Issuer, string Subject, long UserId, long CreatedAt, long SignedInAt);

/// <summary>Who is who elsewhere. An issuer's name and its name for a person are never given to somebody else, so the two are the key.</summary>
internal static class ExternalIdentityTable
{
    public static Task<ExternalIdentityRow?> FindAsync(DbSession session, string issuer, string subject) => session.FindAsync(FindSql, Map, issuer, subject);

    /// <summary>Those of a user, the oldest first.</summary>
    public static Task<List<ExternalIdentityRow>> ListAsync(DbSession session, long userId) => session.ListAsync(ListSql, Map, userId);

    public static Task CreateAsync(DbSession session, string issuer, string subject, long userId) => session.ExecuteAsync(CreateSql, issuer, subject, userId);

    public static Task SignedInAsync(DbSession session, long id) => session.ExecuteAsync(SignedInSql, id);

    public static Task DeleteAsync(DbSession session, long userId, long id) => session.ExecuteAsync(DeleteSql, userId, id);

    static ExternalIdentityRow Map(DbDataReader row) => new(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5));

    const string Columns = "id, issuer, subject, user_id, created_at, signed_in_at";

    static readonly Sql FindSql = new($"select {Columns} from external_identities where issuer = $1 and subject = $2");
    static readonly Sql ListSql = new($"select {Columns} from external_identities where user_id = $1 order by id");
    static readonly Sql CreateSql = new("insert into external_identities (issuer, subject, user_id, created_at, signed_in_at) values ($1, $2, $3, {now}, {now})");
    static readonly Sql SignedInSql = new("update external_identities set signed_in_at = {now} where id = $1");
    static readonly Sql DeleteSql = new("delete from external_identities where user_id = $1 and id = $2");
}
