using Staithe.Content;
using Staithe.Database;

namespace Staithe.Search;

/// <summary>A manifest as the indexer reads it.</summary>
internal sealed record SnapshotManifest(long Id, string Digest, string MediaType, string? ArtifactType, string? AnnotationsJson, long CreatedAt, byte[] Content);

/// <summary>What is read of a repository to make its entry in the index: the newest of each, since the rest is rarely looked for.</summary>
internal sealed record Snapshot(string Name, string Description, string Readme, IReadOnlyList<string> Tags, IReadOnlyList<SnapshotManifest> Manifests, IReadOnlyList<string> ReferrerTypes, IReadOnlyList<string> AttachmentTags, long UpdatedAt)
{
    const int MaxTags = 500, MaxManifests = 24, MaxReferrerTypes = 100;

    /// <summary>Null when there is no such repository, or nothing in it.</summary>
    public static async Task<Snapshot?> FindAsync(DbSession session, long repoId)
    {
        var head = await session.FindAsync(
            FindSql, row => ((string Name, string Description, string Readme, long? UpdatedAt)?)(row.GetString(0), row.GetString(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetInt64(3)), repoId);
        if (head is not { UpdatedAt: { } updatedAt } found)
            return null;
        var tags = await session.ListAsync(ListTagsSql, row => row.GetString(0), repoId, (long)MaxTags, 0L);
        var attachments = await session.ListAsync(ListTagsSql, row => row.GetString(0), repoId, (long)MaxTags, 1L);
        var manifests = await session.ListAsync(
            ListManifestsSql,
            row => new SnapshotManifest(
                row.GetInt64(0), row.GetString(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetString(3), row.IsDBNull(4) ? null : row.GetString(4), row.GetInt64(5), row.GetFieldValue<byte[]>(6)),
            repoId,
            (long)MaxManifests);
        var types = await session.ListAsync(ListReferrerTypesSql, row => row.GetString(0), repoId, (long)MaxReferrerTypes);
        return new Snapshot(found.Name, found.Description, found.Readme, tags, manifests, types, attachments, updatedAt);
    }

    /// <summary>Where the bytes of blobs of the repository are.</summary>
    public static async Task<Dictionary<string, LinkedBlob>> ListBlobsAsync(DbSession session, long repoId, string[] digests) =>
        (await BlobTable.ListLinkedAsync(session, repoId, digests)).ToDictionary(blob => blob.Digest);

    // A repository is as new as its newest tag, or its newest manifest where there is no tag.
    static readonly Sql FindSql = new("""
        select r.name, coalesce(x.description, ''), coalesce(x.readme, ''),
            coalesce((select max(t.moved_at) from tags t where t.repo_id = r.id and t.is_attachment = 0), (select max(m.created_at) from manifests m where m.repo_id = r.id))
        from repositories r left join repository_texts x on x.repo_id = r.id where r.id = $1
        """);

    static readonly Sql ListTagsSql = new("select name from tags where repo_id = $1 and is_attachment = $3 order by moved_at desc, name limit $2");

    // What the newest tags lead to, on all levels of indexes.
    static readonly Sql ListManifestsSql = new("""
        with recursive tree (manifest_id) as (
            select manifest_id from (select manifest_id from tags where repo_id = $1 and is_attachment = 0 order by moved_at desc, name limit $2) newest
            union select c.child_id from tree join manifest_children c on c.manifest_id = tree.manifest_id)
        select m.id, m.digest, m.media_type, m.artifact_type, m.annotations, m.created_at, m.content
        from (select manifest_id from tree limit 20 * $2) n join manifests m on m.id = n.manifest_id
        order by m.created_at desc, m.id desc limit 3 * $2
        """);

    // From each type on to the next.
    static readonly Sql ListReferrerTypesSql = new("""
        with recursive types (name) as (
            select min(artifact_type) from manifests where repo_id = $1 and subject is not null and artifact_type is not null
            union all
            select (select min(artifact_type) from manifests where repo_id = $1 and subject is not null and artifact_type > name) from types where name is not null)
        select name from types where name is not null limit $2
        """);
}
