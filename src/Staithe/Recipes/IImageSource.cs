using Staithe.Content;
using Staithe.Oci;

namespace Staithe.Recipes;

/// <summary>Where images are: in this registry, or behind the API of any.</summary>
internal interface IImageSource
{
    /// <summary>The manifest under a tag or digest, or null.</summary>
    Task<StoredManifest?> FindManifestAsync(RepositoryName name, Reference reference, CancellationToken cancel);

    /// <summary>A small blob; null when it is not there, or larger than it may be.</summary>
    Task<byte[]?> FindBlobAsync(RepositoryName name, Digest digest, int maxBytes, CancellationToken cancel);

    /// <summary>Some tags of a repository, to tell of when another was asked for; none where there is no such repository.</summary>
    Task<IReadOnlyList<string>> ListTagsAsync(RepositoryName name, CancellationToken cancel);

    /// <summary>The labels of an image that are those of an image that it is built on; none where nothing is known of that.</summary>
    Task<IReadOnlySet<string>> ListInheritedAsync(RepositoryName name, Digest image, ImageConfig config, CancellationToken cancel);

    /// <summary>The recipe artifacts that refer to a manifest, newest first.</summary>
    Task<IReadOnlyList<Digest>> ListRecipesAsync(RepositoryName name, Digest subject, CancellationToken cancel);
}
