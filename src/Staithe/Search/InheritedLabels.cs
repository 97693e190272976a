using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Search;

/// <summary>
/// Which labels of an image are those of an image that it is built on. A build takes over every label of its base, so the title of a Debian would be that
/// of whatever is built on it. An image of the same repository does not count: a newer version may have the title of the older one.
/// </summary>
internal sealed class InheritedLabels(Db db, BlobReader blobs)
{
    /// <summary>The names of the labels that have the same value in an image below. Empty for an image of which nothing below is known.</summary>
    /// <param name="manifestId">The image.</param>
    /// <param name="config">Its config.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<IReadOnlySet<string>> FindAsync(long manifestId, ImageConfig config, CancellationToken cancel)
    {
        var inherited = new HashSet<string>(StringComparer.Ordinal);
        if (config.Labels.Count == 0)
            return inherited;
        foreach (var below in await db.ReadAsync(session => BaseImages.ListBelowAsync(session, manifestId), cancel))
        {
            if (await FindConfigAsync(below, cancel) is not { } told)
                continue;
            inherited.UnionWith(config.Labels.Where(label => told.Labels.TryGetValue(label.Key, out var value) && value == label.Value).Select(label => label.Key));
        }
        return inherited;
    }

    /// <summary>The config of an image; null when it is not there or cannot be read.</summary>
    public async Task<ImageConfig?> FindConfigAsync(long manifestId, CancellationToken cancel)
    {
        if (await db.ReadAsync(session => ImageTable.FindAsync(session, manifestId), cancel) is not { } row || Manifest.Parse(row.Content, row.MediaType).Config is not { } config)
            return null;
        return await blobs.FindAsync(row.RepoId, config.Digest, ImageConfig.MaxBytes, cancel) is { } content ? ImageConfig.TryParse(content) : null;
    }
}
