using Staithe.Content;
using Staithe.Oci;
using Staithe.Oci.Client;

namespace Staithe.Recipes;

/// <summary>The images of any registry, read as its clients read them.</summary>
internal sealed class RemoteImages(OciClient client) : IImageSource
{
    /// <summary>Whether the registry has shown anything: then it holds nothing back from the asker.</summary>
    public bool HasSeenAny { get; private set; }

    public async Task<StoredManifest?> FindManifestAsync(RepositoryName name, Reference reference, CancellationToken cancel)
    {
        var found = await client.FindManifestAsync(name, reference, cancel);
        HasSeenAny |= found is not null;
        return found is { } stored ? new StoredManifest(stored.Digest.Value, stored.MediaType, stored.Content) : null;
    }

    public Task<byte[]?> FindBlobAsync(RepositoryName name, Digest digest, int maxBytes, CancellationToken cancel) => client.FindBlobAsync(name, digest, maxBytes, cancel);

    public async Task<IReadOnlyList<string>> ListTagsAsync(RepositoryName name, CancellationToken cancel)
    {
        var tags = await client.ListTagsAsync(name, KnownTags.MaxRead, cancel);
        HasSeenAny |= tags.Count > 0;
        return tags;
    }

    // A registry is not asked by its clients what images are built on.
    public Task<IReadOnlySet<string>> ListInheritedAsync(RepositoryName name, Digest image, ImageConfig config, CancellationToken cancel) =>
        Task.FromResult<IReadOnlySet<string>>(new HashSet<string>());

    // A command prints what is derived; what the publisher suggests is for reading, on the page.
    public Task<IReadOnlyList<Digest>> ListRecipesAsync(RepositoryName name, Digest subject, CancellationToken cancel) => Task.FromResult<IReadOnlyList<Digest>>([]);
}
