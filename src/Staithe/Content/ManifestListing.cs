using Staithe.Database;

namespace Staithe.Content;

/// <summary>A manifest as people and programs look at it.</summary>
/// <param name="Size">Bytes of the image's config and layers; 0 for an index.</param>
/// <param name="Children">How many manifests an index has.</param>
/// <param name="Tags">The first of its tags, by name.</param>
/// <param name="TagCount">How many it has.</param>
/// <param name="IsChild">Whether an index of the repository has it, and so keeps it.</param>
internal sealed record ListedManifest(
    string Digest,
    string MediaType,
    string? ArtifactType,
    string? Subject,
    long CreatedAt,
    long Size,
    long Children,
    IReadOnlyList<string> Tags,
    long TagCount,
    bool IsChild);

/// <summary>The manifests of a repository, part by part.</summary>
internal static class ManifestListing
{
    /// <summary>The orders: those that were pushed last first, the other way round, and by digest.</summary>
    public const string Newest = "-pushed", Oldest = "pushed", ByDigest = "digest";

    /// <summary>The most tags that are told of a manifest.</summary>
    public const int MaxTags = 20;

    /// <summary>All of the orders; the first is the usual one.</summary>
    public static IReadOnlyList<string> Orders { get; } = [Newest, Oldest, ByDigest];

    /// <param name="session">The database.</param>
    /// <param name="repoId">The repository.</param>
    /// <param name="isUntagged">Whether only those are listed that no tag names.</param>
    /// <param name="asked">Which part; the text is looked for in the digest, the media type and the artifact type.</param>
    /// <exception cref="ListPlaceException">It begins behind a place that there cannot be.</exception>
    public static Task<ListPart<ListedManifest>> ListAsync(DbSession session, long repoId, bool isUntagged, ListRequest asked) =>
        (isUntagged ? Untagged : All).ListAsync(session, asked, repoId);

    static readonly Listing<ListedManifest> All = Make("");

    static readonly Listing<ListedManifest> Untagged = Make(" and not exists (select 1 from tags t where t.repo_id = m.repo_id and t.manifest_id = m.id)");

    static Listing<ListedManifest> Make(string condition) => new(
        $"""
        m.digest, m.media_type, m.artifact_type, m.subject, m.created_at,
            (select cast(coalesce(sum(b.size), 0) as bigint) from manifest_blobs mb join blobs b on b.id = mb.blob_id where mb.manifest_id = m.id),
            (select count(*) from manifest_children c where c.manifest_id = m.id),
            (select string_agg(n.name, ' ') from (
                select t.name from tags t where t.repo_id = m.repo_id and t.manifest_id = m.id order by t.name limit {MaxTags}) n),
            (select count(*) from tags t where t.repo_id = m.repo_id and t.manifest_id = m.id),
            case when exists (select 1 from manifest_children c where c.repo_id = m.repo_id and c.child_id = m.id) then 1 else 0 end
        """,
        $"manifests m where m.repo_id = $1{condition}",
        1,
        "m.digest || ' ' || m.media_type || ' ' || coalesce(m.artifact_type, '')",
        row => new ListedManifest(
            row.GetString(0),
            row.GetString(1),
            row.IsDBNull(2) ? null : row.GetString(2),
            row.IsDBNull(3) ? null : row.GetString(3),
            row.GetInt64(4),
            row.GetInt64(5),
            row.GetInt64(6),
            row.IsDBNull(7) ? [] : row.GetString(7).Split(' '),
            row.GetInt64(8),
            row.GetInt64(9) != 0),
        new ListOrder(Newest, "m.id", IsNumber: true),
        new ListOrder(Oldest, "m.id", IsNumber: true),
        new ListOrder(ByDigest, "m.digest"));
}
