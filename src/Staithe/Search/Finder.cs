using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Staithe.Access;
using Staithe.Database;

namespace Staithe.Search;

/// <summary>How many of the results have a value.</summary>
internal sealed record Facet(string Field, string Value, long Count);

/// <summary>What was found.</summary>
/// <param name="Hits">A page of it.</param>
/// <param name="Total">How much there is, as far as was counted.</param>
/// <param name="IsMore">Whether there is more than was counted.</param>
/// <param name="Facets">What the results have in common.</param>
/// <param name="Meant">The names that were meant, when nothing was found by the words as they were.</param>
internal sealed record Found(IReadOnlyList<SearchRow> Hits, int Total, bool IsMore, IReadOnlyList<Facet> Facets, IReadOnlyList<string> Meant);

/// <summary>Searches. What the asker may not pull is not found, counted or hinted at: each statement asks for their right too.</summary>
internal sealed class Finder(Db db)
{
    /// <summary>The most results that are looked at.</summary>
    public const int MaxResults = 1000;

    const int RareCount = 2000; // a filter that fewer have is looked at first
    const int MaxMeant = 5;
    static readonly string[] FacetFields = ["arch", "license", "space", "type", "user", "has"];

    // One statement for each shape that a search can have: with words or not, in which order, which filters. There are not many.
    static readonly ConcurrentDictionary<(bool HasWords, SearchOrder Order, string Filters, bool HasDriver), Sql> Shapes = new();

    /// <param name="who">Who asks.</param>
    /// <param name="query">For what.</param>
    /// <param name="order">Which first.</param>
    /// <param name="skip">How many results to pass over.</param>
    /// <param name="limit">How many to give.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<Found> RunAsync(Identity who, SearchQuery query, SearchOrder order, int skip, int limit, CancellationToken cancel)
    {
        return await db.ReadAsync(
            async session =>
            {
                var ids = await ListAsync(session, who, query, order);
                var meant = new List<string>();
                if (ids.Count == 0 && query.Words.Count > 0 && query.Filters.Count == 0)
                {
                    var near = await ListNearAsync(session, who, query.Words);
                    ids = [.. near.Select(one => one.Id)];
                    meant = [.. near.Select(one => one.Name)];
                }
                var isMore = ids.Count > MaxResults;
                long[] counted = [.. ids.Take(MaxResults)];
                long[] page = [.. counted.Skip(skip).Take(limit)];
                var rows = (await session.ListAsync(RowsSql, Map, page)).ToDictionary(row => row.RepoId);
                var facets = limit == 0 || counted.Length == 0 ? [] : await session.ListAsync(FacetsSql, row => new Facet(row.GetString(0), row.GetString(1), row.GetInt64(2)), counted, FacetFields);
                return new Found([.. page.Where(rows.ContainsKey).Select(id => who.Kind == IdentityKind.Anybody ? rows[id] with { Visibility = "public" } : rows[id])], counted.Length, isMore, facets, meant);
            },
            cancel);
    }

    static async Task<List<long>> ListAsync(DbSession session, Identity who, SearchQuery query, SearchOrder order)
    {
        // The rarest first: it may lead the way to the others.
        var filters = new List<(SearchFilter Filter, long Count)>();
        foreach (var filter in query.Filters)
            filters.Add((filter, filter.IsExcluded || filter.Field == "digest" ? 0 : await session.FindNumberAsync(CountSql, filter.Field, filter.Low, filter.High, (long)RareCount) ?? 0));
        var ordered = filters.OrderBy(one => one.Filter.IsExcluded).ThenBy(one => one.Count).ToList();
        var hasDriver = ordered is [{ Filter.IsExcluded: false, Count: < RareCount }, ..];
        var shape = string.Concat(ordered.Select(one => (one.Filter.Field == "digest", one.Filter.IsExcluded) switch { (false, false) => 't', (false, true) => 'T', (true, false) => 'd', (true, true) => 'D' }));
        var sql = Shapes.GetOrAdd((query.Words.Count > 0, order, shape, hasDriver), static key => Write(key.HasWords, key.Order, key.Filters, key.HasDriver));

        List<object?> arguments = [.. VisibleRepositories.Arguments(who), MaxResults + 1L];
        if (query.Words.Count > 0)
        {
            arguments.Add(string.Join(' ', query.Words.Select(word => $"\"{word}\"*")));
            arguments.Add(string.Join(" & ", query.Words.Select(word => $"{word}:*")));
            arguments.Add(query.Words[0]);
        }
        foreach (var (filter, _) in ordered)
        {
            if (filter.Field == "digest")
                arguments.Add(filter.Value);
            else
                arguments.AddRange([filter.Field, filter.Low, filter.High]);
        }
        return await session.ListAsync(sql, row => row.GetInt64(0), [.. arguments]);
    }

    static async Task<List<(long Id, string Name)>> ListNearAsync(DbSession session, Identity who, IReadOnlyList<string> words)
    {
        string[] pieces = [.. words.SelectMany(SearchTable.Pieces).Distinct()];
        if (pieces.Length == 0)
            return [];
        var near = await session.ListAsync(NearSql, row => (row.GetInt64(0), row.GetString(1)), [.. VisibleRepositories.Arguments(who), pieces]);
        return [.. near
            .Select(one => (one.Item1, one.Item2, Far: words.Sum(word => SearchQuery.Tokens(one.Item2).Select(token => EditDistance.Between(word, token)).DefaultIfEmpty(int.MaxValue / 100).Min())))
            .Where(one => one.Far <= words.Sum(word => Math.Max(1, word.Length / 4)))
            .OrderBy(one => one.Far).ThenBy(one => one.Item2, StringComparer.Ordinal)
            .Take(MaxMeant)
            .Select(one => (one.Item1, one.Item2))];
    }

    static Sql Write(bool hasWords, SearchOrder order, string filters, bool hasDriver) =>
        new(Write(hasWords, order, filters, hasDriver, isSqlite: true), Write(hasWords, order, filters, hasDriver, isSqlite: false));

    // $1 to $5 who asks, $6 how many; then with words $7 and $8 the words as each engine wants them and $9 the first; then the filters'.
    static string Write(bool hasWords, SearchOrder order, string filters, bool hasDriver, bool isSqlite)
    {
        var next = hasWords ? 10 : 7;
        var text = new StringBuilder("select r.id from repositories r join search_documents d on d.repo_id = r.id left join spaces s on s.name = r.space");
        if (hasWords)
            text.Append(isSqlite ? " join search_words w on w.rowid = r.id" : " join search_words w on w.repo_id = r.id");
        text.Append(CultureInfo.InvariantCulture, $" where {VisibleRepositories.Condition}");
        if (hasWords)
            text.Append(isSqlite ? " and search_words match $7" : " and w.words @@ to_tsquery('simple', $8) and $7 <> ''");
        for (var i = 0; i < filters.Length; i++)
        {
            var drives = i == 0 && hasDriver;
            text.Append(filters[i] switch
            {
                'd' or 'D' => string.Create(CultureInfo.InvariantCulture, $" and r.id {(filters[i] == 'D' ? "not " : "")}in (select m.repo_id from manifests m where m.digest = ${next} union select rb.repo_id from repo_blobs rb join blobs b on b.id = rb.blob_id where b.digest = ${next})"),
                _ when drives => string.Create(CultureInfo.InvariantCulture, $" and r.id in (select x.repo_id from search_terms x where x.field = ${next} and x.value >= ${next + 1} and x.value < ${next + 2})"),
                var kind => string.Create(CultureInfo.InvariantCulture, $" and {(kind == 'T' ? "not " : "")}exists (select 1 from search_terms x where x.repo_id = r.id and x.field = ${next} and x.value >= ${next + 1} and x.value < ${next + 2})"),
            });
            next += filters[i] is 'd' or 'D' ? 1 : 3;
        }
        // A name that is the word, alone or as its last part, is what was meant; stars break ties.
        text.Append(order == SearchOrder.Best && hasWords
            ? $" order by case when r.name = $9 or r.name like '%/' || $9 then 0 else 1 end, {(isSqlite ? "bm25(search_words, 10, 5, 3, 1)" : "-ts_rank('{0.1, 0.3, 0.5, 1}', w.words, to_tsquery('simple', $8))")}, r.name"
            : $"{(hasWords ? " and $9 <> ''" : "")} order by d.updated_at desc, d.repo_id desc");
        return text.Append(" limit $6").ToString();
    }

    static SearchRow Map(System.Data.Common.DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7), row.GetInt64(8));

    static readonly Sql CountSql = new("select count(*) from (select 1 from search_terms where field = $1 and value >= $2 and value < $3 limit $4) x");

    static readonly Sql RowsSql = new("""
        select r.id, r.name, r.visibility, d.title, d.description, d.size, d.updated_at,
            (select count(*) from stars s where s.repo_id = r.id), (select cast(coalesce(sum(p.count), 0) as bigint) from pulls p where p.repo_id = r.id)
        from repositories r join search_documents d on d.repo_id = r.id where r.id {any $1}
        """);

    static readonly Sql FacetsSql = new("""
        select field, value, n from (
            select x.field, x.value, count(*) as n, row_number() over (partition by x.field order by count(*) desc, x.value) as place
            from search_terms x where x.repo_id {any $1} and x.field {any $2} group by x.field, x.value) f
        where place <= 12 order by field, n desc, value
        """);

    static readonly Sql NearSql = new($$"""
        select r.id, r.name from repositories r left join spaces s on s.name = r.space
            join (select p.repo_id, count(*) as same from search_pieces p where p.piece {any $6} group by p.repo_id) near on near.repo_id = r.id
        where {{VisibleRepositories.Condition}} order by near.same desc, r.name limit 200
        """);
}

/// <summary>How many letters two words differ by.</summary>
internal static class EditDistance
{
    /// <summary>Letters added, left out, changed, or two that changed places.</summary>
    public static int Between(string a, string b)
    {
        var (before, last, now) = (new int[b.Length + 1], new int[b.Length + 1], new int[b.Length + 1]);
        for (var j = 0; j <= b.Length; j++)
            last[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            now[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var change = a[i - 1] == b[j - 1] ? 0 : 1;
                now[j] = Math.Min(Math.Min(last[j] + 1, now[j - 1] + 1), last[j - 1] + change);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    now[j] = Math.Min(now[j], before[j - 2] + 1);
            }
            (before, last, now) = (last, now, before);
        }
        return last[b.Length];
    }
}
