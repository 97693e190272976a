using System.Data.Common;
using Staithe.Database;

namespace Staithe.Accounts;

/// <summary>A repository that waits for a space to take it.</summary>
/// <param name="Name">The repository's name now.</param>
/// <param name="To">The space that may take it.</param>
/// <param name="Path">What it is to be called there, without the space.</param>
/// <param name="OffererId">The user who offered it.</param>
internal sealed record RepositoryOfferRow(long Id, string Name, string To, string Path, long OffererId, string Offerer, long CreatedAt, long ExpiresAt);

/// <summary>The repositories that were offered to other spaces, each to one at a time. Who has offered one has given nothing away yet.</summary>
internal static class RepositoryOfferTable
{
    /// <summary>Offers a repository, in place of what was offered of it before.</summary>
    public static async Task CreateAsync(DbSession session, long repoId, long spaceId, string path, long offererId, long? expiresAt)
    {
        await DeleteOfAsync(session, repoId);
        await session.ExecuteAsync(CreateSql, repoId, spaceId, path, offererId, expiresAt);
    }

    /// <summary>What is offered of a repository, unless it has expired.</summary>
    public static Task<RepositoryOfferRow?> FindOfAsync(DbSession session, long repoId) => session.FindAsync(FindOfSql, Map, repoId);

    /// <summary>One that a space may take.</summary>
    public static Task<RepositoryOfferRow?> FindAsync(DbSession session, long spaceId, long id) => session.FindAsync(FindSql, Map, spaceId, id);

    /// <summary>The orders in which they are listed.</summary>
    public static IReadOnlyList<string> Orders { get; } = [ListOrder.Oldest, ListOrder.Newest];

    /// <summary>A part of those that a space may take; the text is looked for in the repository's name and in who offers it.</summary>
    public static Task<ListPart<RepositoryOfferRow>> ListAsync(DbSession session, long spaceId, ListRequest asked) => OfSpace.ListAsync(session, asked, spaceId);

    public static async Task<bool> DeleteOfAsync(DbSession session, long repoId) => await session.ExecuteAsync(DeleteOfSql, repoId) > 0;

    public static Task DeleteAsync(DbSession session, long id) => session.ExecuteAsync(DeleteSql, id);

    static RepositoryOfferRow Map(DbDataReader row) =>
        new(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt64(4), row.GetString(5), row.GetInt64(6), row.GetInt64(7));

    const string Columns = "o.id, r.name, s.name, o.path, o.offered_by, u.name, o.created_at, o.expires_at";

    const string From = """
        repository_offers o join repositories r on r.id = o.repo_id join spaces s on s.id = o.space_id join users u on u.id = o.offered_by
        where o.expires_at > {now}
        """;

    const string Select = $"select {Columns} from {From}";

    static readonly Listing<RepositoryOfferRow> OfSpace = new(
        Columns,
        $"{From} and o.space_id = $1",
        1,
        "r.name || ' ' || u.name",
        Map,
        new ListOrder(ListOrder.Oldest, "o.id", IsNumber: true),
        new ListOrder(ListOrder.Newest, "o.id", IsNumber: true));

    static readonly Sql CreateSql = new("""
        insert into repository_offers (repo_id, space_id, path, offered_by, created_at, expires_at) values ($1, $2, $3, $4, {now}, $5)
        """);

    static readonly Sql FindOfSql = new($"{Select} and o.repo_id = $1");
    static readonly Sql FindSql = new($"{Select} and o.space_id = $1 and o.id = $2");
    static readonly Sql DeleteOfSql = new("delete from repository_offers where repo_id = $1");
    static readonly Sql DeleteSql = new("delete from repository_offers where id = $1");
}
