using System.Globalization;
using Staithe.Access;
using Staithe.Database;
using Staithe.Versions;

namespace Staithe.Search;

/// <summary>
/// A filter as a condition of the statement that searches. What SQL cannot say, such as which of two versions is the later, is settled before, in
/// bounded work: of the packages with a name, those that fit go into the statement by their ids.
/// </summary>
internal sealed class SearchClause
{
    /// <summary>A day.</summary>
    public const long DayMilliseconds = 24L * 60 * 60 * 1000;

    /// <summary>What fewer have leads the way to everything else.</summary>
    public const int RareCount = 2000;

    /// <summary>The most names of files, each as often as a layer has it, that are looked at.</summary>
    public const int MaxNames = 30_000;

    const int MaxPackages = 5000, MaxBlobs = 1000;
    const int SetCount = 20_000; // what more have is nearly everywhere, so that each repository may as well be asked by itself
    const int PackageSetCount = 2 * SetCount; // an image has many packages, and to ask for them takes longer

    SearchClause(SearchFilter filter, char kind, object?[] arguments, long count) => (Filter, Kind, Arguments, Count) = (filter, kind, arguments, count);

    public SearchFilter Filter { get; }

    /// <summary>t for a term, b for what it is built on, d for a digest, p for packages, f for layers that have a file, o for official, u for when it changed, w for words, n for a repository's name.</summary>
    public char Kind { get; }

    /// <summary>The same with what else its condition depends on: a ! before where it must not be, a * behind where it is nearly everywhere.</summary>
    public string Shape => $"{(Filter.IsExcluded ? "!" : "")}{Kind}{(Filter.IsExcluded || Count >= (Kind == 'p' ? PackageSetCount : SetCount) ? "*" : "")}";

    /// <summary>What the condition reads.</summary>
    public object?[] Arguments { get; }

    /// <summary>How many have it, as far as was counted.</summary>
    public long Count { get; }

    /// <summary>Whether there was more to look at than is looked at.</summary>
    public bool IsPartial { get; private init; }

    /// <summary>Which packages fit, and how they are shown.</summary>
    public IReadOnlyDictionary<long, string> Packages { get; private init; } = new Dictionary<long, string>();

    /// <summary>Which blobs have a digest that fits, and which digest.</summary>
    public IReadOnlyDictionary<long, string> Blobs { get; private init; } = new Dictionary<long, string>();

    /// <summary>The ChainIDs of the images that it is to be built on.</summary>
    public string[] Chains { get; private init; } = [];

    /// <summary>Nothing has it, so that nothing can be found.</summary>
    public bool IsNever => IsOfNothing && !Filter.IsExcluded;

    /// <summary>Nothing has it, so that nothing is to be left out.</summary>
    public bool IsAlways => IsOfNothing && Filter.IsExcluded;

    bool IsOfNothing { get; init; }

    /// <summary>Settles what can be settled before.</summary>
    /// <param name="session">The database.</param>
    /// <param name="who">Who asks.</param>
    /// <param name="filter">What is looked for.</param>
    /// <param name="official">The spaces that speak for this registry.</param>
    public static Task<SearchClause> ReadAsync(DbSession session, Identity who, SearchFilter filter, string[] official) => filter.Field switch
    {
        SearchQuery.WordField => Task.FromResult(new SearchClause(filter, 'w', SearchWords.Match(filter.Value.Split(' ')), RareCount)),
        SearchQuery.RepositoryField => Task.FromResult(new SearchClause(filter, 'n', [filter.Value], RareCount)),
        "package" => ReadPackageAsync(session, filter),
        "file" => ReadFileAsync(session, filter),
        "base" => ReadBaseAsync(session, who, filter),
        "digest" => ReadDigestAsync(session, filter),
        "is" when filter.Value == "official" => Task.FromResult(new SearchClause(filter, 'o', [official], RareCount) { IsOfNothing = official.Length == 0 }),
        "updated" when long.TryParse(filter.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var days) => Task.FromResult(new SearchClause(filter, 'u', [days * DayMilliseconds], RareCount)),
        _ => ReadTermAsync(session, filter),
    };

    /// <summary>The condition on the repository <c>r</c> and its document <c>d</c>.</summary>
    /// <param name="shape">As <see cref="Shape"/>.</param>
    /// <param name="isDriver">Whether it leads the way: then what has it is found first.</param>
    /// <param name="next">The number of the first argument that it reads; afterwards that of the first behind.</param>
    /// <param name="isSqlite">Whether it is for SQLite.</param>
    public static string Write(string shape, bool isDriver, ref int next, bool isSqlite)
    {
        var (not, kind, first) = (shape[0] == '!' ? "not " : "", shape.Trim('!', '*')[0], next);
        var isAsked = shape.EndsWith('*'); // each repository by itself; else whether it is among those that have it
        next += kind switch { 't' or 'b' or 'd' or 'f' => 3, 'w' => 2, _ => 1 };
        // The plus keeps SQLite from beginning with what does not lead, and from trying each of many layers one by one; "cross join" keeps it to the
        // order as it is written.
        var among = $"{(isDriver ? "" : "+")}d.repo_id {not}in";
        FormattableString condition = kind switch
        {
            't' when isDriver => $"{among} (select x.repo_id from search_terms x where x.field = ${first} and x.value >= ${first + 1} and x.value < ${first + 2})",
            't' => $"{not}exists (select 1 from search_terms x where x.repo_id = r.id and x.field = ${first} and x.value >= ${first + 1} and x.value < ${first + 2})",
            'b' when isAsked => $"{not}(exists (select 1 from search_terms x where x.repo_id = r.id and x.field = 'base' and x.value >= ${first} and x.value < ${first + 1}) or exists (select 1 from manifests m cross join image_chains c where m.repo_id = r.id and c.manifest_id = m.id and c.above > 0 and c.chain || '' {{any ${first + 2}}}))",
            'b' => $"{among} (select x.repo_id from search_terms x where x.field = 'base' and x.value >= ${first} and x.value < ${first + 1} union all select c.repo_id from image_chains c where c.chain {{any ${first + 2}}} and c.above > 0)",
            'd' when isAsked => $"{not}(exists (select 1 from manifests m where m.repo_id = r.id and m.digest >= ${first} and m.digest < ${first + 1}) or exists (select 1 from repo_blobs rb where rb.repo_id = r.id and rb.blob_id {{any ${first + 2}}}))",
            'd' => $"{among} (select m.repo_id from manifests m where m.digest >= ${first} and m.digest < ${first + 1} union all select rb.repo_id from repo_blobs rb where rb.blob_id {{any ${first + 2}}})",
            'p' when isAsked => $"{not}exists (select 1 from manifests m cross join image_packages i where m.repo_id = r.id and i.manifest_id = m.id and +i.package_id {{any ${first}}})",
            'p' => $"{among} (select i.repo_id from image_packages i where i.package_id {{any ${first}}})",
            'f' when isAsked => $"{not}{HasLayer(first)}",
            // A repository may have a layer without an image that has it: that is for the second condition.
            'f' => $"({among} (select rb.repo_id from ({Layers($"${first}", $"${first + 1}", $"${first + 2}")}) x cross join repo_blobs rb where rb.blob_id = x.layer_id) and {HasLayer(first)})",
            'w' when isSqlite => $"{not}(d.repo_id in (select x.rowid from search_words x where x.search_words match ${first} and ${first + 1} <> ''))",
            'w' => $"{not}exists (select 1 from search_words x where x.repo_id = d.repo_id and x.words @@ to_tsquery('simple', ${first + 1}) and ${first} <> '')",
            'n' => $"{not}(r.name = ${first} or (length(r.name) > length(${first}) and substr(r.name, length(r.name) - length(${first})) = '/' || ${first}))",
            'o' => $"{not}(r.space {{any ${first}}})",
            _ => $"{not}(d.updated_at >= {{now}} - ${first})",
        };
        return FormattableString.Invariant(condition);
    }

    /// <summary>The layers with files whose names are in a range, for a statement to select from; some as often as they have such files.</summary>
    public static string Layers(string low, string high, string limit) =>
        $"select n.layer_id from file_names f cross join layer_names n where f.name >= {low} and f.name < {high} and n.name_id = f.id limit {limit}";

    static string HasLayer(int first) =>
        FormattableString.Invariant($"exists (select 1 from manifest_blobs mb where mb.repo_id = r.id and +mb.blob_id in ({Layers($"${first}", $"${first + 1}", $"${first + 2}")}))");

    static async Task<SearchClause> ReadTermAsync(DbSession session, SearchFilter filter) => new(
        filter, 't', [filter.Field, filter.Low, filter.High], filter.IsExcluded ? 0 : await session.FindNumberAsync(CountTermsSql, filter.Field, filter.Low, filter.High, (long)RareCount) ?? 0);

    static async Task<SearchClause> ReadDigestAsync(DbSession session, SearchFilter filter)
    {
        var found = (await session.ListAsync(BlobsSql, row => (Id: row.GetInt64(0), Digest: row.GetString(1)), filter.Low, filter.High, (long)MaxBlobs)).ToDictionary(blob => blob.Id, blob => blob.Digest);
        long[] blobs = [.. found.Keys];
        var count = filter.IsExcluded ? 0 : await session.FindNumberAsync(CountDigestsSql, filter.Low, filter.High, blobs, (long)SetCount) ?? 0;
        return new SearchClause(filter, 'd', [filter.Low, filter.High, blobs], count) { Blobs = found, IsPartial = blobs.Length >= MaxBlobs };
    }

    // What an image says that it was built on, and what its layers say.
    static async Task<SearchClause> ReadBaseAsync(DbSession session, Identity who, SearchFilter filter)
    {
        var chains = filter.IsPrefix ? [] : await BaseImages.ListChainsAsync(session, who, filter.Value);
        var count = filter.IsExcluded ? 0 : (await session.FindNumberAsync(CountTermsSql, filter.Field, filter.Low, filter.High, (long)RareCount) ?? 0) + (await session.FindNumberAsync(CountBuiltSql, chains, (long)SetCount) ?? 0);
        return new SearchClause(filter, 'b', [filter.Low, filter.High, chains], count) { Chains = chains };
    }

    // The versions of a name are few; which of them fit is for the rules of their system to say. A package that was built from one of that name
    // counts with the version of what it was built from.
    static async Task<SearchClause> ReadPackageAsync(DbSession session, SearchFilter filter)
    {
        var fitting = new Dictionary<long, string>();
        var read = 0;
        var asked = filter.Name ?? filter.Value;
        foreach (var (sql, arguments) in ListPackages(filter, asked))
        {
            await session.ForEachAsync(
                sql,
                row =>
                {
                    read++;
                    var (ecosystem, name, version, source, isOwn) = (row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetInt64(5) == 1);
                    // The key of another system's rules may be the key of this name by chance.
                    var key = PackageName.Key(ecosystem, asked);
                    if (isOwn && !(filter.IsPrefix ? row.GetString(6).StartsWith(key, StringComparison.Ordinal) : row.GetString(6) == key))
                        return read < MaxPackages;
                    if (filter.Bound is not { } bound || bound.Takes(ecosystem, isOwn ? version : VersionOf(source)))
                        fitting[row.GetInt64(0)] = source.Length == 0 ? $"{name} {version}" : $"{name} {version} (from {source})";
                    return read < MaxPackages;
                },
                arguments);
        }
        long[] ids = [.. fitting.Keys];
        var count = filter.IsExcluded || ids.Length == 0 ? 0 : await session.FindNumberAsync(CountPackagesSql, ids, (long)PackageSetCount) ?? 0;
        return new SearchClause(filter, 'p', [ids], count) { Packages = fitting, IsOfNothing = ids.Length == 0, IsPartial = read >= MaxPackages };
    }

    static IEnumerable<(Sql Sql, object?[] Arguments)> ListPackages(SearchFilter filter, string asked) => filter.IsPrefix
        ? PackageName.Keys(asked).Select(key => (PackagesByPrefixSql, (object?[])[key, key + "\U0010FFFF", (long)MaxPackages]))
        : [(PackagesByNameSql, [PackageName.Keys(asked), $"{filter.Value} ", $"{filter.Value}!", (long)MaxPackages])];

    static async Task<SearchClause> ReadFileAsync(DbSession session, SearchFilter filter)
    {
        var names = await session.FindNumberAsync(CountNamesSql, filter.Low, filter.High, (long)MaxNames) ?? 0;
        var count = filter.IsExcluded || names == 0 ? 0 : await session.FindNumberAsync(CountLayersSql, filter.Low, filter.High, (long)MaxNames, (long)SetCount) ?? 0;
        return new SearchClause(filter, 'f', [filter.Low, filter.High, (long)MaxNames], count) { IsOfNothing = names == 0, IsPartial = names >= MaxNames };
    }

    // name version, where no name has a space.
    static string VersionOf(string source) => source[(source.IndexOf(' ', StringComparison.Ordinal) + 1)..];

    static readonly Sql CountTermsSql = new("select count(*) from (select 1 from search_terms where field = $1 and value >= $2 and value < $3 limit $4) x");
    static readonly Sql BlobsSql = new("select id, digest from blobs where digest >= $1 and digest < $2 limit $3");

    static readonly Sql CountDigestsSql = new("""
        select (select count(*) from (select 1 from manifests where digest >= $1 and digest < $2 limit $4) x)
            + (select count(*) from (select 1 from repo_blobs where blob_id {any $3} limit $4) y)
        """);

    static readonly Sql CountBuiltSql = new("select count(*) from (select 1 from image_chains where chain {any $1} and above > 0 limit $2) x");
    static readonly Sql CountPackagesSql = new("select count(*) from (select 1 from image_packages where package_id {any $1} limit $2) x");
    static readonly Sql CountNamesSql = new($"select count(*) from ({Layers("$1", "$2", "$3")}) x");
    static readonly Sql CountLayersSql = new($"select count(*) from (select 1 from ({Layers("$1", "$2", "$3")}) x cross join repo_blobs rb where rb.blob_id = x.layer_id limit $4) y");

    static readonly Sql PackagesByNameSql = new("""
        select id, ecosystem, name, version, source, 1, key from packages where key {any $1}
        union all select id, ecosystem, name, version, source, 0, key from packages where source <> '' and lower(source) >= $2 and lower(source) < $3 and lower(name) || ' ' <> $2
        limit $4
        """);

    static readonly Sql PackagesByPrefixSql = new("select id, ecosystem, name, version, source, 1, key from packages where key >= $1 and key < $2 order by key limit $3");
}
