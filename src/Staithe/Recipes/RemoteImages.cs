using Staithe.Content;
using Staithe.Oci;
using Staithe.Oci.Client;

namespace Staithe.Recipes;

/// <summary>The images of any registry, read as its clients read them.</summary>
internal sealed class RemoteImages(OciClient client) : IImageSource
{
    public async Task<StoredManifest?> FindManifestAsync(RepositoryName name, Reference reference, CancellationToken cancel) =>
        await client.FindManifestAsync(name, reference, cancel) is { } found ? new StoredManifest(found.Digest.Value, found.MediaType, found.Content) : null;

    public Task<byte[]?> FindBlobAsync(RepositoryName name, Digest digest, int maxBytes, CancellationToken cancel) => client.FindBlobAsync(name, digest, maxBytes, cancel);

    public Task<IReadOnlyList<string>> ListTagsAsync(RepositoryName name, CancellationToken cancel) => client.ListTagsAsync(name, KnownTags.MaxRead, cancel);

    // A registry is not asked by its clients what images are built on.
    public Task<IReadOnlySet<string>> ListInheritedAsync(RepositoryName name, Digest image, ImageConfig config, CancellationToken cancel) =>
        Task.FromResult<IReadOnlySet<string>>(new HashSet<string>());

    // A command prints what is derived; what the publisher suggests is for reading, on the page.
    public Task<IReadOnlyList<Digest>> ListRecipesAsync(RepositoryName name, Digest subject, CancellationToken cancel) => Task.FromResult<IReadOnlyList<Digest>>([]);
}
