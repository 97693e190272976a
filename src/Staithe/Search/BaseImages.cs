using Staithe.Access;
using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Search;

/// <summary>An image that another one is built on.</summary>
/// <param name="Name">Its name, by the tag that moved to it last, or by its digest where it has none.</param>
/// <param name="Above">How many layers the other one has on top.</param>
public sealed record BaseImage(string Name, long Above)
{
    /// <summary>Its manifest.</summary>
    internal long ManifestId { get; init; }
}

/// <summary>
/// Which images are built on which, as their layers tell, which were held against the configs (<see cref="ChainTable"/>); among those that the asker may
/// pull. The page of an image, its build file and the search all ask here, so they say the same.
/// </summary>
internal static class BaseImages
{
    const int MaxManifests = 1000, MaxCandidates = 1000, MaxShown = 3, MaxBelow = 3;

    /// <summary>The ChainIDs of the images that are meant by a name with a tag, with a digest or with neither, or by a digest alone.</summary>
    public static async Task<string[]> ListChainsAsync(DbSession session, Identity who, string text)
    {
        long[] manifests = [];
        if (Digest.TryParse(text, out var digest))
            manifests = await ListAsync(AnywhereSql, digest.Value);
        else if (ImageName.TryParse(text, out var name))
            manifests = await ListAsync(name.Reference.Tag is null ? ByDigestSql : ByTagSql, name.Repository.Value, name.Reference.ToString());
        else if (RepositoryName.TryParse(text, out var repository))
            manifests = await ListAsync(TaggedSql, repository.Value);
        return manifests.Length == 0 ? [] : [.. await ChainTable.ListWholeAsync(session, manifests)];

        async Task<long[]> ListAsync(Sql sql, params object?[] meant) => [.. await session.ListAsync(sql, row => row.GetInt64(0), [.. VisibleRepositories.Arguments(who), (long)MaxManifests, .. meant])];
    }

    /// <summary>
    /// What an image is built on: of all images the ones with the most layers of it, some of them if there are many. One that was pushed later comes
    /// after those that were there before: else anybody could push the lower layers of an image, and be its base.
    /// </summary>
    public static async Task<List<BaseImage>> ListAsync(DbSession session, Identity who, long manifestId)
    {
        var rows = await session.ListAsync(BelowSql, row => (Id: row.GetInt64(0), Repository: row.GetString(1), Above: row.GetInt64(2), IsLater: row.GetInt64(3)), [.. VisibleRepositories.Arguments(who), (long)MaxCandidates, manifestId]);
        rows = [.. rows.OrderBy(row => row.IsLater)]; // and as they are otherwise
        var nearest = rows.TakeWhile(row => (row.Above, row.IsLater) == (rows[0].Above, rows[0].IsLater)).ToList();
        var images = await ImageTable.ListNamesAsync(session, [.. nearest.Select(row => row.Id)]);
        return [.. nearest
            .Where(row => images.ContainsKey(row.Id))
            .OrderBy(row => images[row.Id].Tag is null).ThenBy(row => row.Repository, StringComparer.Ordinal)
            .Take(MaxShown)
            .Select(row => new BaseImage(images[row.Id].Of(row.Repository), row.Above) { ManifestId = row.Id })];
    }

    /// <summary>The nearest images below an image that were pushed before it into other repositories, whoever may see them: for what is done without an asker.</summary>
    public static Task<List<long>> ListBelowAsync(DbSession session, long manifestId) => session.ListAsync(NearestSql, row => row.GetInt64(0), manifestId, (long)MaxBelow);

    static readonly Sql AnywhereSql = Visible("m.id", "join manifests m on m.repo_id = r.id", "m.digest = $7");
    static readonly Sql ByDigestSql = Visible("m.id", "join manifests m on m.repo_id = r.id", "r.name = $7 and m.digest = $8");
    static readonly Sql ByTagSql = Visible("t.manifest_id", "join tags t on t.repo_id = r.id", "r.name = $7 and t.name = $8");
    static readonly Sql TaggedSql = Visible("t.manifest_id", "join tags t on t.repo_id = r.id", "r.name = $7");

    // The candidates are found in the order of how near they are, as the table has them.
    static readonly Sql BelowSql = new($"""
        select m.id, r.name, x.above, case when m.created_at > (select i.created_at from manifests i where i.id = $7) then 1 else 0 end
        from (select c.above, b.manifest_id from image_chains c join image_chains b on b.chain = c.chain and b.above = 0 where c.manifest_id = $7 and c.above > 0 order by c.above limit $6) x
            join manifests m on m.id = x.manifest_id join repositories r on r.id = m.repo_id left join spaces s on s.name = r.space
        where {VisibleRepositories.Condition} order by x.above, m.id desc
        """);

    static readonly Sql NearestSql = new("""
        select m.id from image_chains c cross join image_chains b cross join manifests m
        where c.manifest_id = $1 and c.above > 0 and b.chain = c.chain and b.above = 0 and b.repo_id <> c.repo_id and m.id = b.manifest_id
            and m.created_at <= (select i.created_at from manifests i where i.id = $1)
        order by c.above, m.id desc limit $2
        """);

    static Sql Visible(string id, string join, string condition) =>
        new($"select {id} from repositories r left join spaces s on s.name = r.space {join} where {VisibleRepositories.Condition} and {condition} limit $6");
}
