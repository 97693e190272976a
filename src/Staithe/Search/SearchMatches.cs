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
        {
            await (clause.Kind switch
            {
                'p' => matches.AddAsync(session, PackagesSql, row => clause.Packages[row.GetInt64(2)], repositories, clause.Packages.Keys.ToArray(), (long)MaxImages),
                'f' => matches.AddFilesAsync(session, repositories, clause),
                'b' => matches.AddAsync(session, BuiltSql, row => Above(row.GetInt64(2), clause.Filter.Value), repositories, clause.Chains, (long)MaxImages),
                _ => matches.AddAsync(session, DigestsSql, row => $"{row.GetString(2)} {row.GetString(3)}", repositories, clause.Filter.Low, clause.Filter.High, (long)MaxImages),
            });
        }
        matches.images = await ImageTable.ListNamesAsync(session, [.. matches.found.Values.SelectMany(some => some.Select(one => one.ManifestId)).Distinct()]);
        return matches;
    }

    /// <summary>Those of a repository.</summary>
    public IReadOnlyList<SearchMatch> Of(SearchRow row) => found.TryGetValue(row.RepoId, out var some)
        ? [.. some.Where(one => images.ContainsKey(one.ManifestId)).Select(one => (Image: images[one.ManifestId], one.What)).Select(one => new SearchMatch(
            one.Image.Of(row.Name), one.Image.Digest, one.What))]
        : [];

    async Task AddFilesAsync(DbSession session, long[] repositories, SearchClause clause)
    {
        var rows = new List<(long RepoId, long ManifestId, long NameId)>();
        var counts = new Dictionary<long, int>();
        await session.ForEachAsync(
            LayersSql,
            row =>
            {
                if (counts.GetValueOrDefault(row.GetInt64(0)) < MaxMatches)
                {
                    counts[row.GetInt64(0)] = counts.GetValueOrDefault(row.GetInt64(0)) + 1;
                    rows.Add((row.GetInt64(0), row.GetInt64(1), clause.Layers[row.GetInt64(2)]));
                }
                return true;
            },
            repositories,
            clause.Layers.Keys.ToArray(),
            (long)MaxImages);
        var names = (await session.ListAsync(NamesSql, row => (row.GetInt64(0), row.GetString(1)), [rows.Select(row => row.NameId).Distinct().ToArray()])).ToDictionary(row => row.Item1, row => row.Item2);
        counts.Clear();
        foreach (var row in rows)
            Add(counts, row.RepoId, row.ManifestId, $"/{names[row.NameId]}");
    }

    // Of rows that begin with the repository and the image.
    Task AddAsync(DbSession session, Sql sql, Func<DbDataReader, string> what, params object?[] arguments)
    {
        var counts = new Dictionary<long, int>();
        return session.ForEachAsync(
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

    // The engines have no words in common for "of each of these, the newest so many".
    static readonly Sql PackagesSql = new(
        """
        select r.value, i.manifest_id, i.package_id from json_each($1) r cross join image_packages i
        where i.manifest_id in (select m.id from manifests m where m.repo_id = r.value order by m.id desc limit $3) and i.package_id {any $2} order by i.manifest_id desc
        """,
        """
        select r.id, i.manifest_id, i.package_id from unnest($1) as r(id) cross join lateral (select m.id from manifests m where m.repo_id = r.id order by m.id desc limit $3) m
            join image_packages i on i.manifest_id = m.id where i.package_id = any($2) order by i.manifest_id desc
        """);

    static readonly Sql LayersSql = new(
        """
        select r.value, b.manifest_id, b.blob_id from json_each($1) r cross join manifest_blobs b
        where b.manifest_id in (select m.id from manifests m where m.repo_id = r.value order by m.id desc limit $3) and +b.blob_id {any $2} order by b.manifest_id desc
        """,
        """
        select r.id, b.manifest_id, b.blob_id from unnest($1) as r(id) cross join lateral (select m.id from manifests m where m.repo_id = r.id order by m.id desc limit $3) m
            join manifest_blobs b on b.manifest_id = m.id where b.blob_id = any($2) order by b.manifest_id desc
        """);

    static readonly Sql DigestsSql = new("""
        select * from (
            select m.repo_id, m.id, 'manifest' as kind, m.digest from manifests m where m.digest >= $2 and m.digest < $3 and m.repo_id {any $1} limit $4) a
        union all select * from (
            select mb.repo_id, mb.manifest_id, 'blob' as kind, b.digest from blobs b cross join manifest_blobs mb
            where b.digest >= $2 and b.digest < $3 and mb.repo_id {any $1} and mb.blob_id = b.id limit $4) c
        """);

    static readonly Sql BuiltSql = new("""
        select c.repo_id, c.manifest_id, c.above from image_chains c
        where c.chain {any $2} and c.above > 0 and c.repo_id {any $1} order by c.manifest_id desc limit $3
        """);

    static readonly Sql NamesSql = new("select id, name from file_names where id {any $1}");
}
