using System.Text.Json;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>One manifest that an index names.</summary>
/// <param name="Platform">What it is for; null when the index does not say, and when it is no image.</param>
/// <param name="OsVersion">The version of the operating system that it needs, as images for Windows say.</param>
/// <param name="Digest">Its digest.</param>
/// <param name="MediaType">Its media type.</param>
/// <param name="Size">Bytes of its config and layers; null when the manifest is not here.</param>
internal sealed record IndexEntry(Platform? Platform, string? OsVersion, string Digest, string MediaType, long? Size)
{
    /// <summary>As people read it.</summary>
    public string? Name => Platform is null ? null : OsVersion is null ? Platform.ToString() : $"{Platform} {OsVersion}";
}

/// <summary>What an index names.</summary>
/// <param name="Entries">What can be run somewhere, or may be; at most <see cref="IndexTable.MaxEntries"/>.</param>
/// <param name="Attestations">How much it names beside that is for the platform "unknown": what builders say of the images.</param>
/// <param name="Size">Bytes of all that it names, shared blobs once.</param>
internal sealed record IndexContent(IReadOnlyList<IndexEntry> Entries, int Attestations, long Size);

/// <summary>What stands in indexes, with the sizes of what they name.</summary>
internal static class IndexTable
{
    /// <summary>The most entries of an index that are looked at.</summary>
    public const int MaxEntries = 100;

    /// <summary>An index larger than this is not read for a list of tags.</summary>
    public const int MaxListedBytes = 32 * 1024;

    /// <summary>What an index names.</summary>
    public static async Task<IndexContent> ReadAsync(DbSession session, long repoId, byte[] content, string mediaType)
    {
        var manifest = Manifest.Parse(content, mediaType);
        var (children, versions) = (manifest.Children.Take(MaxEntries).ToList(), ReadVersions(content));
        string[] digests = [.. children.Select(child => child.Digest.Value).Distinct()];
        var sizes = (await session.ListAsync(ListSizesSql, row => (Digest: row.GetString(0), Size: row.GetInt64(1)), repoId, digests)).ToDictionary(row => row.Digest, row => row.Size);
        var size = await session.FindNumberAsync(SumSql, repoId, digests) ?? 0;
        var entries = new List<IndexEntry>();
        foreach (var (child, at) in children.Select((child, at) => (child, at)))
        {
            if (child.Platform is not { IsUnknown: true })
                entries.Add(new IndexEntry(child.Platform, versions.ElementAtOrDefault(at), child.Digest.Value, child.MediaType, sizes.TryGetValue(child.Digest.Value, out var found) ? found : null));
        }
        return new IndexContent(entries, children.Count - entries.Count, size);
    }

    /// <summary>Those of some manifests that are indexes, and small; by their digests.</summary>
    public static async Task<Dictionary<string, IndexContent>> ListAsync(DbSession session, long repoId, IReadOnlyList<string> digests)
    {
        var found = new Dictionary<string, IndexContent>();
        foreach (var (digest, type, content) in await session.ListAsync(ListContentsSql, row => (row.GetString(0), row.GetString(1), (byte[])row.GetValue(2)), repoId, digests.ToArray(), (long)MaxListedBytes))
        {
            if (MediaTypes.IsIndex(type))
                found[digest] = await ReadAsync(session, repoId, content, type);
        }
        return found;
    }

    // Beside what Platform knows: the place in the list is the entry's.
    static List<string?> ReadVersions(byte[] content)
    {
        using var document = JsonDocument.Parse(content);
        return [.. document.RootElement.Member("manifests").Items().Select(entry => entry.Member("platform").Member("os.version").Text() is { Length: > 0 and <= 64 } version ? version : null)];
    }

    static readonly Sql ListSizesSql = new("""
        select m.digest, (select cast(coalesce(sum(b.size), 0) as bigint) from manifest_blobs mb join blobs b on b.id = mb.blob_id where mb.manifest_id = m.id)
        from manifests m where m.repo_id = $1 and m.digest {any $2}
        """);

    static readonly Sql SumSql = new("""
        select cast(coalesce(sum(b.size), 0) as bigint) from blobs b where b.id in (
            select mb.blob_id from manifests m join manifest_blobs mb on mb.manifest_id = m.id where m.repo_id = $1 and m.digest {any $2})
        """);

    static readonly Sql ListContentsSql = new("select digest, media_type, content from manifests where repo_id = $1 and digest {any $2} and size <= $3");
}
