using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>
/// What a tag leads to: its manifest, the manifests that an index lists, on all levels, and what refers to any of these, such as a signature;
/// with all their blobs. Nothing else that the repository has.
/// </summary>
internal static class ManifestTree
{
    // Beyond so many manifests the rest is as if it were not there.
    const int MaxManifests = 10_000;

    /// <summary>The manifest that a tag points at.</summary>
    public static async Task<(long Id, string Digest)?> FindRootAsync(DbSession session, long repoId, TagName tag) =>
        await session.FindAsync(FindRootSql, row => ((long, string)?)(row.GetInt64(0), row.GetString(1)), repoId, tag.Value);

    public static Task<bool> HasManifestAsync(DbSession session, long repoId, TagName tag, Digest digest) =>
        SearchAsync(session, repoId, tag, async ids => await session.FindNumberAsync(HasManifestSql, repoId, digest.Value, ids) is not null);

    public static Task<bool> HasBlobAsync(DbSession session, long repoId, TagName tag, Digest digest) =>
        SearchAsync(session, repoId, tag, async ids => await session.FindNumberAsync(HasBlobSql, digest.Value, ids) is not null);

    /// <summary>Whether a manifest stands for itself: no index lists it, and it refers to no other.</summary>
    public static async Task<bool> IsTopAsync(DbSession session, long repoId, Digest digest) => await session.FindNumberAsync(IsTopSql, repoId, digest.Value) is not null;

    // Down first, which is what pulls ask for; then to what refers to what was found, and down from there.
    static async Task<bool> SearchAsync(DbSession session, long repoId, TagName tag, Func<long[], Task<bool>> has)
    {
        if (await FindRootAsync(session, repoId, tag) is not { } root)
            return false;
        var known = new HashSet<long>();
        var found = await DescendAsync(session, [root.Id]);
        while (found.Length > 0 && known.Count < MaxManifests)
        {
            if (await has(found))
                return true;
            known.UnionWith(found);
            var referrers = await session.ListAsync(ListReferrersSql, row => row.GetInt64(0), repoId, found, (long)MaxManifests);
            found = referrers.Count == 0 ? [] : [.. (await DescendAsync(session, [.. referrers])).Where(id => !known.Contains(id))];
        }
        return false;
    }

    static async Task<long[]> DescendAsync(DbSession session, long[] ids) => [.. await session.ListAsync(DescendSql, row => row.GetInt64(0), ids, (long)MaxManifests)];

    static readonly Sql FindRootSql = new("""
        select m.id, m.digest from tags t join manifests m on m.id = t.manifest_id where t.repo_id = $1 and t.name = $2
        """);

    static readonly Sql DescendSql = new("""
        with recursive tree (id) as (
            select m.id from manifests m where m.id {any $1}
            union
            select c.child_id from tree join manifest_children c on c.manifest_id = tree.id
        )
        select id from tree limit $2
        """);

    static readonly Sql ListReferrersSql = new("""
        select r.id from manifests s cross join manifests r where s.repo_id = $1 and s.id {any $2} and r.repo_id = s.repo_id and r.subject = s.digest limit $3
        """);

    static readonly Sql HasManifestSql = new("select m.id from manifests m where m.repo_id = $1 and m.digest = $2 and m.id {any $3}");

    static readonly Sql HasBlobSql = new("""
        select mb.blob_id from blobs b join manifest_blobs mb on mb.blob_id = b.id where b.digest = $1 and mb.manifest_id {any $2} limit 1
        """);

    static readonly Sql IsTopSql = new("""
        select m.id from manifests m
        where m.repo_id = $1 and m.digest = $2 and m.subject is null and not exists (select 1 from manifest_children c where c.repo_id = $1 and c.child_id = m.id)
        """);
}
