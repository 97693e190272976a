using Staithe.Access;
using Staithe.Database;

namespace Staithe.Search;

/// <summary>The repositories of a space as lists show them, in the order of their names; of those that the asker may pull from, and no others.</summary>
internal static class SpaceRepositories
{
    const char Slash = '/', BehindSlash = '0'; // which follow each other

    /// <summary>A page of them, behind <paramref name="after"/>.</summary>
    public static async Task<List<SearchRow>> ListAsync(DbSession session, Identity who, string space, string after, int limit)
    {
        // One may have the name of its space; between it and those below the space there may be any number of other spaces.
        var found = after.Length == 0 ? await ListAsync(session, who, space, $"{space}\u0001", "", limit) : [];
        if (found.Count < limit)
            found.AddRange(await ListAsync(session, who, $"{space}{Slash}", $"{space}{BehindSlash}", after, limit - found.Count));
        return found;
    }

    /// <summary>How many they are, counted up to a number.</summary>
    public static async Task<long> CountAsync(DbSession session, Identity who, string space, int most) =>
        await session.FindNumberAsync(CountSql, [.. VisibleRepositories.Arguments(who), space, $"{space}{Slash}", $"{space}{BehindSlash}", (long)most]) ?? 0;

    static Task<List<SearchRow>> ListAsync(DbSession session, Identity who, string from, string before, string after, int limit) => session.ListAsync(
        ListSql,
        SearchRow.Read,
        [.. VisibleRepositories.Arguments(who), from, before, after, (long)limit]);

    static readonly Sql ListSql = new($$"""
        select r.id, r.name, case when $1 = 1 then 'public' else r.visibility end, coalesce(d.title, ''), coalesce(x.description, d.description, ''), coalesce(d.size, 0), coalesce(d.updated_at, r.created_at),
            (select count(*) from stars t where t.repo_id = r.id), (select cast(coalesce(sum(p.count), 0) as bigint) from pulls p where p.repo_id = r.id)
        from repositories r left join spaces s on s.name = r.space left join search_documents d on d.repo_id = r.id left join repository_texts x on x.repo_id = r.id
        where r.name >= $6 and r.name < $7 and r.name > $8 and {{VisibleRepositories.Condition}} and exists (select 1 from manifests m where m.repo_id = r.id)
        order by r.name limit $9
        """);

    static readonly Sql CountSql = new($$"""
        select count(*) from (select 1 from repositories r left join spaces s on s.name = r.space
            where (r.name = $6 or (r.name >= $7 and r.name < $8)) and {{VisibleRepositories.Condition}} and exists (select 1 from manifests m where m.repo_id = r.id) limit $9) c
        """);
}
