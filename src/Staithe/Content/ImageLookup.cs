using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>An image that a name means.</summary>
/// <param name="Name">As it was asked for.</param>
/// <param name="Row">Its manifest; of an index that was asked for, the manifest of the platform, or the index itself where no image of it is here.</param>
/// <param name="Manifest">The same, read.</param>
/// <param name="Index">The index that was asked for, when it was one.</param>
/// <param name="Children">What the index has.</param>
internal sealed record FoundImage(ImageName Name, ManifestRow Row, Manifest Manifest, ManifestRow? Index, IReadOnlyList<Descriptor> Children)
{
    /// <summary>Whether it has files: an artifact that only looks like an image has none.</summary>
    public bool IsImage => ImageLookup.IsImage(Manifest);

    /// <summary>What the index lists and the repository does not have.</summary>
    public IReadOnlySet<Digest> Absent { get; init; } = new HashSet<Digest>();

    /// <summary>Why there is no image, where an index has none that is here; else null.</summary>
    public string? Problem => !MediaTypes.IsIndex(Manifest.MediaType) ? null
        : Absent.Count > 0 ? $"{Name} is an index of which this registry holds no image: it lists {ImageChoice.Platforms(Children)}, pushed without the images themselves"
        : $"{Name} is an index without an image";
}

/// <summary>Which manifest a name means, for whatever shows an image in another way than <c>/v2</c>. Whether the caller may see it is for the caller's face to ask.</summary>
internal sealed class ImageLookup(Db db)
{
    /// <summary>The image, for a platform where the name is that of an index; the usual one unless told, or the first that is here.</summary>
    /// <exception cref="OciException">NAME_UNKNOWN, MANIFEST_UNKNOWN.</exception>
    public async Task<FoundImage> GetAsync(ImageName name, Platform? platform, CancellationToken cancel)
    {
        var row = await db.ReadAsync(session => ImageTable.FindAsync(session, name.Repository, name.Reference), cancel)
            ?? throw await UnknownAsync(name, cancel);
        var manifest = Manifest.Parse(row.Content, row.MediaType);
        if (!MediaTypes.IsIndex(manifest.MediaType))
            return new FoundImage(name, row, manifest, null, []);
        var children = manifest.Children.Select(child => child.Digest).Distinct().ToList();
        var present = (await db.ReadAsync(session => ManifestTable.ListPresentAsync(session, row.RepoId, [.. children.Select(child => child.Value)]), cancel)).ToHashSet();
        var absent = children.Where(child => !present.Contains(child.Value)).ToHashSet();
        var chosen = await ImageChoice.FindAsync<ManifestRow>(manifest, platform, async digest =>
            await db.ReadAsync(session => ImageTable.FindAsync(session, row.RepoId, digest), cancel) is { } child ? (child, Manifest.Parse(child.Content, child.MediaType)) : null);
        if (chosen is var (found, image))
            return new FoundImage(name, found, image, row, manifest.Children) { Absent = absent };
        return platform is null
            ? new FoundImage(name, row, manifest, row, manifest.Children) { Absent = absent }
            : throw new OciException(OciError.ManifestUnknown, Explain(name, platform, manifest, absent));
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

    /// <summary>
    /// Whether a manifest is of an image that can be run, whose layers make up its files. Signatures, attestations and models are kept as manifests with the
    /// config of an image too: their layers tell what they are.
    /// </summary>
    public static bool IsImage(Manifest manifest) =>
        MediaTypes.IsImageManifest(manifest.MediaType) && manifest.Config is { } config && ImageConfig.IsConfig(config.MediaType)
        && !(manifest.Layers is { Count: > 0 } layers && layers.All(layer => ArtifactKind.Of(layer.MediaType) is not null));

    static string Explain(ImageName name, Platform platform, Manifest index, HashSet<Digest> absent)
    {
        var here = ImageChoice.Platforms(index.Children.Where(child => !absent.Contains(child.Digest)));
        var isListed = index.Children.Any(child => child.Platform is { } made && platform.Takes(made));
        return $"{(isListed ? $"{name} lists {platform}, but this registry does not hold that image" : $"{name} has nothing for {platform}")}; it has {(here.Length > 0 ? here : "no image")}";
    }
}
