using System.Data.Common;
using Staithe.Database;

namespace Staithe.Accounts;

/// <summary>A space that waits for a user to take it.</summary>
/// <param name="IsOrganization">Whether it is to be an organization with the user as its owner, instead of the user's own.</param>
/// <param name="OffererId">The user who offered it.</param>
internal sealed record SpaceOfferRow(long SpaceId, string Space, string User, bool IsOrganization, long OffererId, string Offerer, long CreatedAt, long ExpiresAt);

/// <summary>The spaces that were offered to users, each to one at a time. Who has offered one has given nothing away yet.</summary>
internal static class SpaceOfferTable
{
    /// <summary>Offers a space, in place of what was offered of it before.</summary>
    public static async Task CreateAsync(DbSession session, long spaceId, long userId, bool isOrganization, long offererId, long? expiresAt)
    {
        await DeleteAsync(session, spaceId);
        await session.ExecuteAsync(CreateSql, spaceId, userId, isOrganization ? 1L : 0L, offererId, expiresAt);
    }

    /// <summary>The offer of a space, unless it has expired.</summary>
    public static Task<SpaceOfferRow?> FindAsync(DbSession session, long spaceId) => session.FindAsync(FindSql, Map, spaceId);

    /// <summary>A part of the spaces that a user may take, in the order of their names, in which the text is looked for.</summary>
    public static Task<ListPart<SpaceOfferRow>> ListOfUserAsync(DbSession session, long userId, ListRequest asked) => OfUser.ListAsync(session, asked, userId);

    public static async Task<bool> DeleteAsync(DbSession session, long spaceId) => await session.ExecuteAsync(DeleteSql, spaceId) > 0;

    static SpaceOfferRow Map(DbDataReader row) =>
        new(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3) != 0, row.GetInt64(4), row.GetString(5), row.GetInt64(6), row.GetInt64(7));

    const string Columns = "o.space_id, s.name, u.name, o.is_organization, o.offered_by, b.name, o.created_at, o.expires_at";

    const string From = """
        space_offers o join spaces s on s.id = o.space_id join users u on u.id = o.user_id join users b on b.id = o.offered_by
        where o.expires_at > {now}
        """;

    const string Select = $"select {Columns} from {From}";

    static readonly Listing<SpaceOfferRow> OfUser = new(
        Columns, $"{From} and o.user_id = $1", 1, "s.name", Map, new ListOrder(ListOrder.ByName, "s.name"));

    static readonly Sql CreateSql = new("""
        insert into space_offers (space_id, user_id, is_organization, offered_by, created_at, expires_at) values ($1, $2, $3, $4, {now}, $5)
        """);

    static readonly Sql FindSql = new($"{Select} and o.space_id = $1");
    static readonly Sql DeleteSql = new("delete from space_offers where space_id = $1");
}
