using System.Data.Common;
using System.Globalization;
using Staithe.Content;
using Staithe.Database;

namespace Staithe.Search;

/// <summary>
/// In which images of the repositories on a page that was found which was looked for inside of images. Whoever asks may pull from these
/// repositories; only their newest images are looked at.
/// </summary>
internal sealed class SearchMatches
{
    const int MaxMatches = 3; // of one filter in one repository
    const int MaxRepositories = 100;
    const int MaxImages = 500; // the newest of each repository
    const int MaxRows = 4 * MaxMatches; // of one filter in one repository: two may say the same
    const int FewPackages = 20; // that are looked for one by one

    readonly Dictionary<long, List<(long ManifestId, string What)>> found = [];
    Dictionary<long, ImageCall> images = [];

    SearchMatches() { }

    /// <summary>Looks for them; null when nothing was looked for inside of images.</summary>
    public static async Task<SearchMatches?> FindAsync(DbSession session, long[] repositories, IReadOnlyList<SearchClause> clauses)
    {
        var inside = clauses.Where(clause => clause.Kind is 'p' or 'f' or 'd' or 'b' && !clause.Filter.IsExcluded).ToList();
        if (inside.Count == 0)
            return null;
        var matches = new SearchMatches();
        repositories = [.. repositories.Take(MaxRepositories)];
        foreach (var clause in inside)
            await matches.AddAsync(session, repositories, clause);
        matches.images = await ImageTable.ListNamesAsync(session, [.. matches.found.Values.SelectMany(some => some.Select(one => one.ManifestId)).Distinct()]);
        return matches;
    }

    /// <summary>Which repositories have an image, among their newest, that could not be read, or not all of it: it may have what is to be left out.</summary>
    public static async Task<HashSet<long>> ListUnreadAsync(DbSession session, long[] repositories) =>
        [.. await session.ListAsync(UnreadSql, row => row.GetInt64(0), repositories, (long)MaxImages)];

    /// <summary>Those of a repository.</summary>
    public IReadOnlyList<SearchMatch> Of(SearchRow row) => found.TryGetValue(row.RepoId, out var some)
        ? [.. some.Where(one => images.ContainsKey(one.ManifestId)).Select(one => (Image: images[one.ManifestId], one.What)).Select(one => new SearchMatch(
            one.Image.Of(row.Name), one.Image.Digest, one.What))]
        : [];

    async Task AddAsync(DbSession session, long[] repositories, SearchClause clause)
    {
        var counts = new Dictionary<long, int>();
        object?[] newest = [repositories, (long)MaxImages, (long)MaxRows];
        switch (clause.Kind)
        {
            case 'p':
                long[] packages = [.. clause.Packages.Keys];
                await AddRowsAsync(packages.Length <= FewPackages ? FewPackagesSql : PackagesSql, row => clause.Packages[row.GetInt64(2)], [.. newest, packages]);
                break;
            case 'b':
                await AddRowsAsync(BuiltSql, row => Above(row.GetInt64(2), clause.Filter.Value), [.. newest, clause.Chains]);
                break;
            case 'd':
                await AddRowsAsync(ManifestsSql, row => $"manifest {row.GetString(2)}", [repositories, clause.Filter.Low, clause.Filter.High, (long)MaxRows * MaxRepositories]);
                await AddRowsAsync(BlobsSql, row => $"blob {clause.Blobs[row.GetInt64(2)]}", [.. newest, clause.Blobs.Keys.ToArray()]);
                break;
            default:
                object?[] range = [clause.Filter.Low, clause.Filter.High, (long)SearchClause.MaxNames];
                var rows = await session.ListAsync(LayersSql, row => (RepoId: row.GetInt64(0), ManifestId: row.GetInt64(1), LayerId: row.GetInt64(2)), [.. newest, .. range]);
                var layers = rows.Select(row => row.LayerId).Distinct().ToArray();
                var names = new Dictionary<long, string>();
                await session.ForEachAsync(
                    NamesSql,
                    row =>
                    {
                        names.TryAdd(row.GetInt64(0), row.GetString(1));
                        return names.Count < layers.Length;
                    },
                    [.. range, layers]);
                foreach (var row in rows.Where(row => names.ContainsKey(row.LayerId)))
                    Add(counts, row.RepoId, row.ManifestId, $"/{names[row.LayerId]}");
                break;
        }

        // Of rows that begin with the repository and the image.
        Task AddRowsAsync(Sql sql, Func<DbDataReader, string> what, object?[] arguments) => session.ForEachAsync(
            sql,
            row =>
            {
                Add(counts, row.GetInt64(0), row.GetInt64(1), what(row));
                return true;
            },
            arguments);
    }

    static string Above(long layers, string below) => string.Create(CultureInfo.InvariantCulture, $"{layers} {(layers == 1 ? "layer" : "layers")} on top of {below}");

    void Add(Dictionary<long, int> counts, long repoId, long manifestId, string what)
    {
        if (!found.TryGetValue(repoId, out var some))
            found[repoId] = some = [];
        if (counts.GetValueOrDefault(repoId) >= MaxMatches || some.Contains((manifestId, what)))
            return;
        counts[repoId] = counts.GetValueOrDefault(repoId) + 1;
        some.Add((manifestId, what));
    }

    static readonly Sql UnreadSql = new("""
        select r.id from repositories r where r.id {any $1} and exists (
            select 1 from (select m.id from manifests m where m.repo_id = r.id order by m.id desc limit $2) n cross join image_contents c
            where c.manifest_id = n.id and (c.state <> 'done' or c.notes like '%"unread"%' or c.notes like '%"skipped"%'))
        """);

    // Of many packages it is not each that is looked for in an image, but each that is there, among them; so with layers and chains. The plus and
    // the empty text see to that.
    static readonly Sql FewPackagesSql = InNewest("image_packages", "package_id", "i.package_id {any $4}");
    static readonly Sql PackagesSql = InNewest("image_packages", "package_id", "+i.package_id {any $4}");
    static readonly Sql BlobsSql = InNewest("manifest_blobs", "blob_id", "+i.blob_id {any $4}");
    static readonly Sql LayersSql = InNewest("manifest_blobs", "blob_id", $"+i.blob_id in ({SearchClause.Layers("$4", "$5", "$6")})");
    static readonly Sql BuiltSql = InNewest("image_chains", "above", "i.above > 0 and i.chain || '' {any $4}");

    // Of each of the repositories $1, in its newest $2 images, the newest $3 rows; so that nothing is looked at behind these. The engines have no
    // words in common for that: in SQLite it is a list made by a subquery that a table can be made from for each row before.
    static Sql InNewest(string table, string column, string condition) => new(
        $"""
        select r.value, x.value ->> 0, x.value ->> 1 from json_each($1) r cross join json_each((select json_group_array(json_array(n.id, n.{column})) from (
            select m.id, i.{column} from manifests m cross join {table} i
            where m.repo_id = r.value and m.id > coalesce((select o.id from manifests o where o.repo_id = r.value order by o.id desc limit 1 offset $2), 0)
                and i.manifest_id = m.id and {condition} order by m.id desc limit $3) n)) x
        """,
        $"""
        select r.id, x.manifest_id, x.{column} from unnest($1) as r(id) cross join lateral (
            select i.manifest_id, i.{column} from (select m.id from manifests m where m.repo_id = r.id order by m.id desc limit $2) m
                join {table} i on i.manifest_id = m.id where {condition} order by i.manifest_id desc limit $3) x
        order by x.manifest_id desc
        """);

    static readonly Sql ManifestsSql = new("select m.repo_id, m.id, m.digest from manifests m where m.digest >= $2 and m.digest < $3 and m.repo_id {any $1} limit $4");

    // Of each layer the first name. SQLite comes by them in their order, so that it need not go on when all are found.
    static readonly Sql NamesSql = new(
        "select n.layer_id, f.name from file_names f cross join layer_names n where f.name >= $1 and f.name < $2 and n.name_id = f.id and +n.layer_id {any $4} order by f.name limit $3",
        "select n.layer_id, min(f.name) from file_names f join layer_names n on n.name_id = f.id where f.name >= $1 and f.name < $2 and n.layer_id {any $4} group by n.layer_id limit $3");
}
