using System.Data.Common;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>A manifest as it is served, with its exact bytes.</summary>
internal sealed record StoredManifest(string Digest, string MediaType, byte[] Content);

/// <summary>A manifest that refers to another: what the referrers API tells of it.</summary>
internal sealed record Referrer(long Id, string Digest, string MediaType, long Size, string? ArtifactType, string? AnnotationsJson, long CreatedAt);

/// <summary>The manifests, with their bytes, and what they refer to.</summary>
internal static class ManifestTable
{
    const int DescriptorBytes = 512; // what a referrer takes in an answer besides its annotations

    /// <summary>The manifest under a tag or a digest: one query.</summary>
    public static Task<StoredManifest?> FindAsync(DbSession session, RepositoryName name, Reference reference) => session.FindAsync(
        reference.Tag is null ? FindByDigestSql : FindByTagSql,
        row => new StoredManifest(row.GetString(0), row.GetString(1), row.GetFieldValue<byte[]>(2)),
        name.Value,
        reference.ToString());

    public static Task<long?> FindIdAsync(DbSession session, long repoId, Digest digest) => session.FindNumberAsync(FindIdSql, repoId, digest.Value);

    /// <summary>Which of the digests are manifests of this repository; they are held against deletion until the transaction ends.</summary>
    public static Task<List<(long Id, string Digest, string MediaType, long Size)>> ListAsync(DbSession session, long repoId, string[] digests) =>
        session.ListAsync(ListSql, row => (row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3)), repoId, digests);

    /// <summary>Which of the digests are manifests of this repository, for whoever only looks.</summary>
    public static Task<List<string>> ListPresentAsync(DbSession session, long repoId, string[] digests) => session.ListAsync(ListPresentSql, row => row.GetString(0), repoId, digests);

    /// <summary>
    /// Keeps the manifest's bytes. Pushed again it is the same row, as it was first kept: <c>MediaType</c> is that of the first push.
    /// </summary>
    public static async Task<(long Id, string MediaType)> PutAsync(DbSession session, long repoId, Digest digest, Manifest manifest, byte[] content) =>
        await session.FindAsync(
            PutSql,
            row => ((long Id, string MediaType)?)(row.GetInt64(0), row.GetString(1)),
            repoId,
            digest.Value,
            manifest.MediaType,
            (long)content.Length,
            manifest.Subject?.Digest.Value,
            manifest.ArtifactType,
            manifest.AnnotationsJson,
            content) ?? throw new InvalidOperationException("the manifest was not stored");

    /// <summary>
    /// Writes down what the manifest refers to, present and absent, and settles that other manifests were missing it: their ids, of which there are
    /// some only where manifests may name what is absent.
    /// </summary>
    public static async Task<List<long>> ReferAsync(DbSession session, long repoId, long manifestId, Digest digest, long[] blobIds, long[] childIds, IEnumerable<AbsentReference> absent)
    {
        if (blobIds.Length > 0)
            await session.ExecuteAsync(ReferToBlobsSql, manifestId, repoId, blobIds);
        if (childIds.Length > 0)
            await session.ExecuteAsync(ReferToChildrenSql, manifestId, repoId, childIds);
        foreach (var reference in absent)
            await session.ExecuteAsync(ReferToAbsentSql, manifestId, repoId, reference.Digest.Value, reference.Kind);
        var parents = await session.ListAsync(TakeAbsentSql, row => row.GetInt64(0), repoId, digest.Value);
        foreach (var parentId in parents)
            await session.ExecuteAsync(ReferToChildSql, parentId, repoId, manifestId);
        return parents;
    }

    /// <summary>Digests of indexes in the repository that have the manifest as a child; a few are enough to tell.</summary>
    public static Task<List<string>> ListParentsAsync(DbSession session, long repoId, long manifestId) =>
        session.ListAsync(ListParentsSql, row => row.GetString(0), repoId, manifestId);

    /// <summary>Deletes a manifest that no tag and no index names; what it alone used becomes a candidate of the collector.</summary>
    public static async Task<bool> DeleteAsync(DbSession session, long manifestId)
    {
        await session.ExecuteAsync(EnqueueBlobsSql, manifestId);
        return await session.ExecuteAsync(DeleteSql, manifestId) == 1;
    }

    /// <summary>Deletes every manifest of a repository that has no tags any more, and what they refer to; how many.</summary>
    public static async Task<int> DeleteAllAsync(DbSession session, long repoId)
    {
        await session.ExecuteAsync(DeleteAllChildrenSql, repoId); // an index holds what it lists
        return await session.ExecuteAsync(DeleteAllSql, repoId);
    }

    /// <summary>
    /// The referrers of a subject, oldest first, behind the id <paramref name="last"/>: at most <paramref name="limit"/>, and no more once
    /// their annotations exceed <paramref name="maxBytes"/>. The flag says that there are more.
    /// </summary>
    public static async Task<(List<Referrer> Referrers, bool More)> ListReferrersAsync(
        DbSession session, long repoId, Digest subject, string? artifactType, long last, int limit, long maxBytes)
    {
        var referrers = new List<Referrer>();
        var more = false;
        var bytes = 0L;
        bool Take(DbDataReader row)
        {
            var referrer = MapReferrer(row);
            bytes += DescriptorBytes + (referrer.AnnotationsJson?.Length ?? 0);
            more = referrers.Count == limit || (referrers.Count > 0 && bytes > maxBytes);
            if (!more)
                referrers.Add(referrer);
            return !more;
        }
        if (artifactType is null)
            await session.ForEachAsync(ListReferrersSql, Take, repoId, subject.Value, last, limit + 1L);
        else
            await session.ForEachAsync(ListReferrersOfTypeSql, Take, repoId, subject.Value, last, limit + 1L, artifactType);
        return (referrers, more);
    }

    static Referrer MapReferrer(DbDataReader row) => new(
        row.GetInt64(0),
        row.GetString(1),
        row.GetString(2),
        row.GetInt64(3),
        row.IsDBNull(4) ? null : row.GetString(4),
        row.IsDBNull(5) ? null : row.GetString(5),
        row.GetInt64(6));

    static readonly Sql FindByTagSql = new("""
        select m.digest, m.media_type, m.content
        from repositories r join tags t on t.repo_id = r.id join manifests m on m.id = t.manifest_id
        where r.name = $1 and t.name = $2
        """);

    static readonly Sql FindByDigestSql = new("""
        select m.digest, m.media_type, m.content from repositories r join manifests m on m.repo_id = r.id where r.name = $1 and m.digest = $2
        """);

    static readonly Sql FindIdSql = new("select id from manifests where repo_id = $1 and digest = $2 {for update}");

    static readonly Sql ListSql = new("""
        select m.id, m.digest, m.media_type, m.size from manifests m where m.repo_id = $1 and m.digest {any $2} order by m.digest {keep manifests}
        """);

    static readonly Sql ListPresentSql = new("select m.digest from manifests m where m.repo_id = $1 and m.digest {any $2}");

    static readonly Sql PutSql = new("""
        insert into manifests (repo_id, digest, media_type, size, subject, artifact_type, annotations, created_at, content)
        values ($1, $2, $3, $4, $5, $6, $7, {now}, $8)
        on conflict (repo_id, digest) do update set media_type = manifests.media_type
        returning id, media_type
        """);

    static readonly Sql ReferToBlobsSql = new("""
        insert into manifest_blobs (manifest_id, repo_id, blob_id)
        select $1, rb.repo_id, rb.blob_id from repo_blobs rb where rb.repo_id = $2 and rb.blob_id {any $3}
        on conflict (manifest_id, blob_id) do nothing
        """);

    static readonly Sql ReferToChildrenSql = new("""
        insert into manifest_children (manifest_id, repo_id, child_id)
        select $1, m.repo_id, m.id from manifests m where m.repo_id = $2 and m.id {any $3}
        on conflict (manifest_id, child_id) do nothing
        """);

    static readonly Sql ReferToChildSql = new("""
        insert into manifest_children (manifest_id, repo_id, child_id) values ($1, $2, $3) on conflict (manifest_id, child_id) do nothing
        """);

    static readonly Sql ReferToAbsentSql = new("""
        insert into absent_references (manifest_id, repo_id, digest, kind) values ($1, $2, $3, $4)
        on conflict (manifest_id, digest, kind) do nothing
        """);

    static readonly Sql TakeAbsentSql = new("""
        delete from absent_references where repo_id = $1 and digest = $2 and kind = 'manifest' returning manifest_id
        """);

    static readonly Sql ListParentsSql = new("""
        select m.digest from manifest_children c join manifests m on m.id = c.manifest_id
        where c.repo_id = $1 and c.child_id = $2 order by m.id limit 5
        """);

    static readonly Sql EnqueueBlobsSql = new("""
        insert into gc_candidates (repo_id, blob_id, review_after, seq)
        select repo_id, blob_id, {now}, 1 from manifest_blobs where manifest_id = $1 order by blob_id
        on conflict (repo_id, blob_id) do update set review_after = excluded.review_after, seq = gc_candidates.seq + 1
        """);

    static readonly Sql DeleteSql = new("delete from manifests where id = $1");

    static readonly Sql DeleteAllChildrenSql = new("delete from manifest_children where repo_id = $1");

    static readonly Sql DeleteAllSql = new("delete from manifests where repo_id = $1");

    static readonly Sql ListReferrersSql = new("""
        select id, digest, media_type, size, artifact_type, annotations, created_at from manifests
        where repo_id = $1 and subject = $2 and id > $3 order by id limit $4
        """);

    static readonly Sql ListReferrersOfTypeSql = new("""
        select id, digest, media_type, size, artifact_type, annotations, created_at from manifests
        where repo_id = $1 and subject = $2 and id > $3 and artifact_type = $5 order by id limit $4
        """);
}

/// <summary>Content that a manifest names and its repository does not have.</summary>
internal sealed record AbsentReference(Digest Digest, string Kind)
{
    public const string Blob = "blob";
    public const string Manifest = "manifest";
}
