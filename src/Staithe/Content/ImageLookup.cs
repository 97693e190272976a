using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>An image that a name means.</summary>
/// <param name="Name">As it was asked for.</param>
/// <param name="Row">Its manifest; of an index that was asked for, the manifest of the platform.</param>
/// <param name="Manifest">The same, read.</param>
/// <param name="Index">The index that was asked for, when it was one.</param>
/// <param name="Children">What the index has.</param>
internal sealed record FoundImage(ImageName Name, ManifestRow Row, Manifest Manifest, ManifestRow? Index, IReadOnlyList<Descriptor> Children)
{
    /// <summary>Whether it has files: an artifact that only looks like an image has none.</summary>
    public bool IsImage => ImageLookup.IsImage(Manifest);
}

/// <summary>Which manifest a name means, for whatever shows an image in another way than <c>/v2</c>. Whether the caller may see it is for the caller's face to ask.</summary>
internal sealed class ImageLookup(Db db)
{
    /// <summary>The image, for a platform where the name is that of an index; the usual one unless told, or the first there is.</summary>
    /// <exception cref="OciException">NAME_UNKNOWN, MANIFEST_UNKNOWN.</exception>
    public async Task<FoundImage> GetAsync(ImageName name, Platform? platform, CancellationToken cancel)
    {
        var row = await db.ReadAsync(session => ImageTable.FindAsync(session, name.Repository, name.Reference), cancel)
            ?? throw await UnknownAsync(name, cancel);
        var manifest = Manifest.Parse(row.Content, row.MediaType);
        if (!MediaTypes.IsIndex(manifest.MediaType))
            return new FoundImage(name, row, manifest, null, []);
        var chosen = Choose(manifest, platform)
            ?? throw new OciException(OciError.ManifestUnknown, platform is null ? $"{name} is an index of no image" : $"{name} has nothing for {platform}; it has {Platforms(manifest)}");
        var child = await db.ReadAsync(session => ImageTable.FindAsync(session, row.RepoId, chosen.Digest), cancel)
            ?? throw new OciException(OciError.ManifestUnknown, $"{name} names {chosen.Digest}, which is not here");
        return new FoundImage(name, child, Manifest.Parse(child.Content, child.MediaType), row, manifest.Children);
    }

    async Task<OciException> UnknownAsync(ImageName name, CancellationToken cancel)
    {
        var tags = await db.ReadAsync(
            async session => await RepositoryTable.FindIdAsync(session, name.Repository) is { } id
                ? await RepositoryPageTable.ListTagNamesAsync(session, id, KnownTags.MaxRead)
                : null,
            cancel);
        return tags is null
            ? new OciException(OciError.NameUnknown, $"there is no repository {name.Repository}, or none that you may see")
            : new OciException(OciError.ManifestUnknown, $"{name.Repository} has no manifest {name.Reference}{KnownTags.Hint(tags)}");
    }

    /// <summary>Whether a manifest is of an image that can be run, whose layers make up its files.</summary>
    public static bool IsImage(Manifest manifest) =>
        MediaTypes.IsImageManifest(manifest.MediaType) && manifest.Config is { } config && ImageConfig.IsConfig(config.MediaType);

    /// <summary>Which of an index's manifests is meant: the one for the platform; without, for the usual one, or the first that is an image.</summary>
    public static Descriptor? Choose(Manifest index, Platform? platform)
    {
        var wanted = platform ?? Platform.Usual;
        var chosen = index.Children.FirstOrDefault(entry => entry.Platform is { } made && wanted.Takes(made));
        return chosen is not null || platform is not null
            ? chosen
            : index.Children.FirstOrDefault(entry => entry.Platform is { IsUnknown: false }) ?? index.Children.FirstOrDefault(entry => entry.Platform is null);
    }

    /// <summary>For which platforms an index has something, as people read it.</summary>
    public static string Platforms(Manifest index) => string.Join(", ", index.Children.Select(child => child.Platform).OfType<Platform>().Where(made => !made.IsUnknown).Distinct().Take(20));
}
