using Staithe.Clients;
using Staithe.Content;
using Staithe.Oci;

namespace Staithe.Recipes;

/// <summary>Reads what a recipe is made of: the manifest, or one of an index, and its config. Whether the asker may is not asked here.</summary>
internal sealed class RecipeLookup(IImageSource source)
{
    /// <summary>The image under a tag or digest.</summary>
    /// <param name="clients">Writes the commands for the registry, as the reader reached it.</param>
    /// <param name="platform">Which of an index's images; null for the usual one, or the only one.</param>
    /// <exception cref="OciException">MANIFEST_UNKNOWN, also when it is there and is no image.</exception>
    public async Task<RecipeImage> GetAsync(ClientCommands clients, RepositoryName name, Reference reference, Platform? platform, CancellationToken cancel)
    {
        var found = await source.FindManifestAsync(name, reference, cancel) ?? throw new OciException(
            OciError.ManifestUnknown,
            $"there is no image {Show(name, reference)}{(await source.ListTagsAsync(name, cancel) is { Count: > 0 } tags ? KnownTags.Hint(tags) : "")}");
        var (digest, stored) = (Digest.Parse(found.Digest), found);
        var manifest = Manifest.Parse(found.Content, found.MediaType);
        if (MediaTypes.IsIndex(manifest.MediaType))
        {
            var child = await ChooseAsync(name, reference, manifest, platform, cancel);
            stored = child.Stored;
            manifest = child.Manifest;
        }
        if (!ImageLookup.IsImage(manifest) || manifest.Config is not { } descriptor)
            throw NoImage(name, reference, $"it is {ArtifactKind.Of(manifest) switch { { Title: not "Image" } kind => kind.Title, _ => OciException.Quote(manifest.ArtifactType ?? manifest.MediaType) }}");
        var content = await source.FindBlobAsync(name, descriptor.Digest, ImageConfig.MaxBytes, cancel);
        if (content is null || ImageConfig.TryParse(content) is not { } config)
            throw NoImage(name, reference, "its config is missing or cannot be read");
        if (platform is not null && !platform.Takes(config.Platform))
            throw NoImage(name, reference, $"it is for {config.Platform}, not for {platform}");
        var image = Digest.Parse(stored.Digest);
        return new RecipeImage(clients, name, reference, digest, image, platform, config, manifest.Annotations) { Inherited = await source.ListInheritedAsync(name, image, config, cancel) };
    }

    /// <summary>What the publisher suggests.</summary>
    public async Task<PublisherRecipe> ListPublishedAsync(Recipe recipe, CancellationToken cancel)
    {
        var published = PublisherRecipe.OfLabels(recipe);
        foreach (var subject in ((Digest[])[recipe.Image.Digest, recipe.Image.Manifest]).Distinct())
        {
            foreach (var artifact in await source.ListRecipesAsync(recipe.Image.Name, subject, cancel))
            {
                if (await source.FindManifestAsync(recipe.Image.Name, Reference.To(artifact), cancel) is { } stored
                    && Manifest.Parse(stored.Content, stored.MediaType).Layers is [{ } layer, ..]
                    && await source.FindBlobAsync(recipe.Image.Name, layer.Digest, PublisherRecipe.MaxBytes, cancel) is { } content)
                    published = published.With(PublisherRecipe.OfArtifact(artifact, content, recipe));
            }
        }
        return published;
    }

    async Task<(StoredManifest Stored, Manifest Manifest)> ChooseAsync(RepositoryName name, Reference reference, Manifest index, Platform? platform, CancellationToken cancel)
    {
        var isAbsent = false;
        var chosen = await ImageChoice.FindAsync<StoredManifest>(index, platform, async digest =>
        {
            var found = await source.FindManifestAsync(name, Reference.To(digest), cancel);
            isAbsent |= found is null;
            return found is null ? null : (found, Manifest.Parse(found.Content, found.MediaType));
        });
        return chosen ?? throw (isAbsent
            ? new OciException(OciError.ManifestUnknown, $"the registry does not hold {(platform is null ? "any image" : $"the image for {platform}")} that the index {Show(name, reference)} lists")
            : new OciException(OciError.ManifestUnknown, platform is null ? $"the index {Show(name, reference)} has no image" : $"{name} has no image for {platform}, but for: {ImageChoice.Platforms(index.Children)}"));
    }

    static OciException NoImage(RepositoryName name, Reference reference, string reason) =>
        new(OciError.ManifestUnknown, $"{Show(name, reference)} cannot be run: {reason}");

    static string Show(RepositoryName name, Reference reference) => $"{name}{(reference.Tag is null ? '@' : ':')}{reference}";
}
