using Staithe.Access;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Search;

/// <summary>A tag that was set, moved or deleted.</summary>
/// <param name="Digest">What it meant from then on; null when it was deleted.</param>
/// <param name="Before">What it meant before; null when it was new.</param>
internal sealed record MoveEntry(long Id, string Repository, string Tag, string? Digest, string? Before, string Actor, long MovedAt);

/// <summary>
/// What happened lately, for feeds. The newest so many moves are in as many repositories that changed last, so no more of these are looked at;
/// and each statement asks whether the reader may pull.
/// </summary>
internal sealed class RecentMoves(Db db, Finder finder)
{
    /// <summary>The most that are told.</summary>
    public const int MaxEntries = 50;

    /// <summary>In one repository.</summary>
    public Task<List<MoveEntry>> OfRepositoryAsync(Identity who, RepositoryName name, CancellationToken cancel) => db.ReadAsync(
        async session => await session.FindNumberAsync(FindIdSql, name.Value) is { } id ? await ListAsync(session, who, [id]) : [],
        cancel);

    /// <summary>In everything that a search finds.</summary>
    public Task<List<MoveEntry>> OfSearchAsync(Identity who, SearchQuery query, CancellationToken cancel) =>
        db.ReadAsync(async session => await ListAsync(session, who, await finder.ListNewestAsync(session, who, query, MaxEntries)), cancel);

    /// <summary>In everything that somebody watches.</summary>
    public Task<List<MoveEntry>> OfWatchesAsync(Identity who, CancellationToken cancel) => db.ReadAsync(
        async session =>
        {
            var found = new HashSet<long>();
            foreach (var watch in await WatchTable.ListAsync(session, who, 0, Watches.MaxAll))
            {
                if (watch.Kind == WatchRow.Repository)
                    found.Add(watch.TargetId);
                else
                    found.UnionWith(await finder.ListNewestAsync(session, who, watch.Kind == WatchRow.Space ? InSpace(watch.Name) : SearchQuery.Parse(watch.Name), MaxEntries));
            }
            return await ListAsync(session, who, await session.ListAsync(NewestSql, row => row.GetInt64(0), found.ToArray(), (long)MaxEntries));
        },
        cancel);

    /// <summary>A search for everything in a space.</summary>
    public static SearchQuery InSpace(string space) => new([], [new SearchFilter("space", space, false, false)]);

    static Task<List<MoveEntry>> ListAsync(DbSession session, Identity who, IReadOnlyList<long> repositories) => session.ListAsync(
        ListSql,
        row => new MoveEntry(row.GetInt64(0), row.GetString(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetString(3), row.IsDBNull(4) ? null : row.GetString(4), row.GetString(5), row.GetInt64(6)),
        [.. VisibleRepositories.Arguments(who), repositories.ToArray(), (long)MaxEntries]);

    const string Columns = """
        t.id, r.name, t.tag, t.digest, (select b.digest from tag_moves b where b.repo_id = t.repo_id and b.tag = t.tag and b.id < t.id order by b.id desc limit 1), t.actor, t.moved_at
        """;

    // The engines have no words in common for "of each of these, the newest so many".
    static readonly Sql ListSql = new(
        $$"""
        select {{Columns}} from json_each($6) e cross join repositories r left join spaces s on s.name = r.space cross join tag_moves t
        where r.id = e.value and {{VisibleRepositories.Condition}} and t.id in (select x.id from tag_moves x where x.repo_id = r.id and x.is_attachment = 0 order by x.id desc limit $7)
        order by t.id desc limit $7
        """,
        $$"""
        select {{Columns}} from unnest($6) as e(value) join repositories r on r.id = e.value left join spaces s on s.name = r.space
            cross join lateral (select x.* from tag_moves x where x.repo_id = r.id and x.is_attachment = 0 order by x.id desc limit $7) t
        where {{VisibleRepositories.Condition}} order by t.id desc limit $7
        """);

    static readonly Sql NewestSql = new("select d.repo_id from search_documents d where d.repo_id {any $1} order by d.updated_at desc, d.repo_id desc limit $2");

    static readonly Sql FindIdSql = new("select id from repositories where name = $1");
}
