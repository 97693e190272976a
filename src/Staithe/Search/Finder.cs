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
/// <param name="IsPartial">Whether there is more inside of images that fits than was looked at.</param>
/// <param name="Facets">What the results have in common.</param>
/// <param name="Meant">The names that were meant, when nothing was found by the words as they were.</param>
internal sealed record Found(IReadOnlyList<SearchRow> Hits, int Total, bool IsMore, bool IsPartial, IReadOnlyList<Facet> Facets, IReadOnlyList<string> Meant);

/// <summary>Searches. What the asker may not pull is not found, counted or hinted at: each statement asks for their right too.</summary>
/// <param name="db">Where the index is.</param>
/// <param name="officialSpaces">The spaces that speak for this registry.</param>
internal sealed class Finder(Db db, IReadOnlyList<string> officialSpaces)
{
    /// <summary>The most results that are looked at.</summary>
    public const int MaxResults = 1000;

    const int UsualResults = 300; // and as many again whenever the asker has gone so far
    const int FewResults = 50, FewAsked = 4 * FewResults; // of the newest, whether they are some of these
    const int MaxMeant = 5;
    static readonly string[] FacetFields = ["arch", "license", "space", "type", "user", "has"];
    static readonly int[] FacetDays = [1, 7, 30, 365];

    // One statement for each shape that a search can have: how it looks for words, which filters. There are not many.
    static readonly ConcurrentDictionary<(WordsMode Words, string Filters, bool HasDriver), Sql> Shapes = new();

    readonly string[] official = [.. officialSpaces];

    /// <summary>Whether any space speaks for this registry.</summary>
    public bool HasOfficial => official.Length > 0;

    /// <summary>Whether a repository is in a space that speaks for this registry.</summary>
    public bool IsOfficial(string repository) => official.Contains(repository.Split('/')[0]);

    /// <param name="who">Who asks.</param>
    /// <param name="query">For what.</param>
    /// <param name="order">Which first.</param>
    /// <param name="skip">How many results to pass over.</param>
    /// <param name="limit">How many to give.</param>
    /// <param name="cancel">Gives up.</param>
    /// <param name="withFacets">Whether to count what the results have in common.</param>
    public async Task<Found> RunAsync(Identity who, SearchQuery query, SearchOrder order, int skip, int limit, CancellationToken cancel, bool withFacets = true)
    {
        return await db.ReadAsync(
            async session =>
            {
                var clauses = await ReadAsync(session, who, query);
                var enough = Math.Min(UsualResults * (((skip + limit) / UsualResults) + 1), MaxResults);
                var ids = await ListAsync(session, who, query, order, clauses, enough + 1);
                var meant = new List<string>();
                if (ids.Count == 0 && query.Words.Count > 0 && query.Filters.Count == 0)
                {
                    var near = await ListNearAsync(session, who, query.Words);
                    ids = [.. near.Select(one => one.Id)];
                    meant = [.. near.Select(one => one.Name)];
                }
                var isMore = ids.Count > enough;
                long[] counted = [.. ids.Take(enough)];
                long[] page = [.. counted.Skip(skip).Take(limit)];
                var matches = page.Length == 0 ? null : await SearchMatches.FindAsync(session, page, clauses);
                var unread = clauses.Any(clause => clause is { Kind: 'p' or 'f', Filter.IsExcluded: true }) ? await SearchMatches.ListUnreadAsync(session, page) : [];
                var rows = (await DescribeAsync(session, who, page)).Select(row => row with { Matches = matches?.Of(row) ?? [], IsUnread = unread.Contains(row.RepoId) }).ToList();
                var facets = !withFacets || counted.Length == 0 ? [] : await ListFacetsAsync(session, counted);
                return new Found(rows, counted.Length, isMore, clauses.Any(clause => clause.IsPartial), facets, meant);
            },
            cancel);
    }

    /// <summary>The repositories that match and that changed last, the newest first.</summary>
    public async Task<List<long>> ListNewestAsync(DbSession session, Identity who, SearchQuery query, int limit) =>
        await ListAsync(session, who, query, SearchOrder.Updated, await ReadAsync(session, who, query), limit);

    /// <summary>The same as a list shows them.</summary>
    public Task<List<SearchRow>> ListNewestAsync(Identity who, SearchQuery query, int limit, CancellationToken cancel) =>
        db.ReadAsync(async session => await DescribeAsync(session, who, await ListNewestAsync(session, who, query, limit)), cancel);

    /// <summary>Repositories as a list shows them. Whether the reader may see them was asked before.</summary>
    public async Task<List<SearchRow>> DescribeAsync(DbSession session, Identity who, IReadOnlyList<long> ids)
    {
        var rows = (await session.ListAsync(RowsSql, SearchRow.Read, ids.ToArray())).ToDictionary(row => row.RepoId, row => row with { IsOfficial = IsOfficial(row.Name), Visibility = who.Kind == IdentityKind.Anybody ? "public" : row.Visibility });
        return [.. ids.Where(rows.ContainsKey).Select(id => rows[id])];
    }

    async Task<List<SearchClause>> ReadAsync(DbSession session, Identity who, SearchQuery query)
    {
        var clauses = new List<SearchClause>();
        foreach (var filter in query.Filters)
            clauses.Add(await SearchClause.ReadAsync(session, who, filter, official));
        return clauses;
    }

    async Task<List<long>> ListAsync(DbSession session, Identity who, SearchQuery query, SearchOrder order, List<SearchClause> clauses, long limit)
    {
        if (clauses.Any(clause => clause.IsNever))
            return [];
        if (query.Words.Count == 0)
            return await ListAsync(session, who, null, WordsMode.None, clauses, limit);
        var words = await SearchWords.ReadAsync(session, query.Words);
        if (!words.AreCommon)
            return await ListAsync(session, who, words, order == SearchOrder.Best ? WordsMode.Ranked : WordsMode.Newest, clauses, limit);
        if (order == SearchOrder.Updated)
            return await FindFewAsync(session, who, words, clauses, limit) ?? await ListAsync(session, who, words, WordsMode.NewestOfMany, clauses, limit);
        // What is called so, then what has the words in its name, then the rest; of each, what was made last.
        var ids = new List<long>();
        if (words.Count == 1)
            ids.AddRange(await ListAsync(session, who, null, WordsMode.None, [.. clauses, await SearchClause.ReadAsync(session, who, new SearchFilter("name", words.First, false, false), official)], limit));
        foreach (var mode in (WordsMode[])[WordsMode.InNames, WordsMode.Anywhere])
        {
            if (ids.Count < limit)
                ids = [.. ids.Union(await ListAsync(session, who, words, mode, clauses, limit)).Take((int)limit)];
        }
        return ids;
    }

    // Of words that are nearly everywhere, a few are soon among the newest; null where they are not.
    async Task<List<long>?> FindFewAsync(DbSession session, Identity who, SearchWords words, List<SearchClause> clauses, long limit)
    {
        if (clauses.Count > 0 || limit > FewResults)
            return null;
        var newest = await ListAsync(session, who, null, WordsMode.None, [], FewAsked);
        var among = await words.AmongAsync(session, [.. newest]);
        List<long> few = among is null ? [] : [.. newest.Where(among.Contains).Take((int)limit)];
        return few.Count == limit ? few : null;
    }

    async Task<List<long>> ListAsync(DbSession session, Identity who, SearchWords? words, WordsMode mode, List<SearchClause> clauses, long limit)
    {
        // The rarest first: it may lead the way to the others.
        var ordered = clauses.Where(clause => !clause.IsAlways).OrderBy(clause => clause.Filter.IsExcluded).ThenBy(clause => clause.Count).ToList();
        var hasDriver = ordered is [{ Filter.IsExcluded: false, Count: < SearchClause.RareCount }, ..];
        var shape = string.Join(' ', ordered.Select(clause => clause.Shape));
        var sql = Shapes.GetOrAdd((mode, shape, hasDriver), static key => new Sql(Write(key.Words, key.Filters, key.HasDriver, isSqlite: true), Write(key.Words, key.Filters, key.HasDriver, isSqlite: false)));
        List<object?> arguments = [.. VisibleRepositories.Arguments(who), limit];
        if (words is not null)
            arguments.AddRange([.. words.Arguments(mode == WordsMode.InNames), words.First, official]);
        foreach (var clause in ordered)
            arguments.AddRange(clause.Arguments);
        return await session.ListAsync(sql, row => row.GetInt64(0), [.. arguments]);
    }

    async Task<List<Facet>> ListFacetsAsync(DbSession session, long[] ids)
    {
        var facets = await session.ListAsync(FacetsSql, row => new Facet(row.GetString(0), row.GetString(1), row.GetInt64(2)), ids, FacetFields);
        var counts = await session.FindAsync(
            CountsSql, row => Enumerable.Range(0, FacetDays.Length + 1).Select(row.GetInt64).ToList(), [ids, official, .. FacetDays.Select(days => (object)(days * SearchClause.DayMilliseconds))]) ?? [];
        if (counts is [> 0 and var officials, ..])
            facets.Add(new Facet("is", "official", officials));
        // A span that holds no more than the one before says nothing new.
        for (var i = 1; i < counts.Count; i++)
        {
            if (counts[i] > (i == 1 ? 0 : counts[i - 1]))
                facets.Add(new Facet("updated", string.Create(CultureInfo.InvariantCulture, $"{FacetDays[i - 1]}d"), counts[i]));
        }
        return facets;
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

    // $1 to $5 who asks, $6 how many; then with words $7 and $8 the words as each engine wants them, $9 the first and $10 the official spaces;
    // then what the filters read.
    static string Write(WordsMode words, string filters, bool hasDriver, bool isSqlite)
    {
        var next = words == WordsMode.None ? 7 : 11;
        var key = isSqlite ? "rowid" : "repo_id";
        var (source, join) = words switch
        {
            WordsMode.None when hasDriver => ("repositories r join search_documents d on d.repo_id = r.id", ""),
            // The newest first, until there are enough of those that have what is looked for.
            WordsMode.None or WordsMode.NewestOfMany => ("search_documents d cross join repositories r", "d.repo_id = r.id and "),
            // In the order in which the words are found, which is that of the rows.
            WordsMode.InNames or WordsMode.Anywhere => ("search_words w cross join repositories r cross join search_documents d", $"w.{key} = r.id and d.repo_id = r.id and "),
            _ => ($"repositories r join search_documents d on d.repo_id = r.id join search_words w on w.{key} = r.id", ""),
        };
        var text = new StringBuilder($"select r.id from {source} left join spaces s on s.name = r.space where {join}{VisibleRepositories.Condition}");
        if (words != WordsMode.None)
        {
            var match = isSqlite ? "search_words match $7 and $8 <> ''" : "w.words @@ to_tsquery('simple', $8) and $7 <> ''";
            // The plus keeps SQLite from going through all that have the words before it comes to the newest.
            text.Append(CultureInfo.InvariantCulture, $" and $9 <> '' and ('' {{any $10}} or true) and {(words == WordsMode.NewestOfMany ? $"+d.repo_id in (select w.{key} from search_words w where {match})" : match)}");
        }
        foreach (var (i, shape) in filters.Split(' ', StringSplitOptions.RemoveEmptyEntries).Index())
            text.Append(" and ").Append(SearchClause.Write(shape, i == 0 && hasDriver, ref next, isSqlite));
        // A name that is the word, alone or as its last part, is what was meant, and among those the official one.
        return text.Append(" order by ").Append(words switch
        {
            WordsMode.Ranked => $"case when r.name = $9 or r.name like '%/' || $9 then case when r.space {{any $10}} then 0 else 1 end else 2 end, {(isSqlite ? "bm25(search_words, 10, 5, 3, 1)" : "-ts_rank('{0.1, 0.3, 0.5, 1}', w.words, to_tsquery('simple', $8))")}, r.name",
            WordsMode.InNames or WordsMode.Anywhere => $"w.{key} desc",
            _ => "d.updated_at desc, d.repo_id desc",
        }).Append(" limit $6").ToString();
    }

    enum WordsMode
    {
        None,
        Ranked,
        Newest,
        NewestOfMany,
        InNames,
        Anywhere,
    }

    static readonly Sql RowsSql = new("""
        select r.id, r.name, r.visibility, d.title, d.description, d.size, d.updated_at,
            (select count(*) from stars s where s.repo_id = r.id), (select cast(coalesce(sum(p.count), 0) as bigint) from pulls p where p.repo_id = r.id)
        from repositories r join search_documents d on d.repo_id = r.id where r.id {any $1}
        """);

    // SQLite would rather go through the terms of everything that there is.
    static readonly Sql FacetsSql = new(
        Facets("json_each($1) e cross join search_terms x where x.repo_id = e.value and x.field {any $2}"),
        Facets("search_terms x where x.repo_id {any $1} and x.field {any $2}"));

    static string Facets(string source) => $"""
        select field, value, n from (
            select x.field, x.value, count(*) as n, row_number() over (partition by x.field order by count(*) desc, x.value) as place from {source} group by x.field, x.value) f
        where place <= 12 order by field, n desc, value
        """;

    static readonly Sql CountsSql = new("""
        select count(case when r.space {any $2} then 1 end), count(case when d.updated_at >= {now} - $3 then 1 end), count(case when d.updated_at >= {now} - $4 then 1 end),
            count(case when d.updated_at >= {now} - $5 then 1 end), count(case when d.updated_at >= {now} - $6 then 1 end)
        from repositories r join search_documents d on d.repo_id = r.id where r.id {any $1}
        """);

    static readonly Sql NearSql = new($$"""
        select r.id, r.name from repositories r left join spaces s on s.name = r.space
            join (select p.repo_id, count(*) as same from search_pieces p where p.piece {any $6} group by p.repo_id order by count(*) desc, p.repo_id desc limit 2000) near on near.repo_id = r.id
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
