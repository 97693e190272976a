namespace Staithe.Events;

/// <summary>What can happen, as the table of events and listeners name it.</summary>
internal static class EventKind
{
    /// <summary>A manifest was pushed, perhaps again, and tags moved to it.</summary>
    public const string ManifestPushed = "manifest.push";

    /// <summary>A manifest has gone, and every tag of it.</summary>
    public const string ManifestDeleted = "manifest.delete";

    /// <summary>A tag has gone.</summary>
    public const string TagDeleted = "tag.delete";

    /// <summary>A repository no longer has a blob.</summary>
    public const string BlobUnlinked = "blob.unlink";

    /// <summary>The promise of a blob was renewed: of no use to anybody but this process, so it is no row.</summary>
    public const string BlobRenewed = "blob.renew";

    /// <summary>What is in an image is known.</summary>
    public const string ImageRead = "image.read";

    public const string RepositoryCreated = "repository.create";

    /// <summary>A repository has another name.</summary>
    public const string RepositoryMoved = "repository.move";

    public const string RepositoryRemoved = "repository.remove";

    /// <summary>What people wrote about a repository.</summary>
    public const string RepositoryTexts = "repository.texts";

    /// <summary>Who may pull from a repository without having been given any right.</summary>
    public const string RepositoryVisibility = "repository.visibility";

    /// <summary>A space has another name, and so has everything in it.</summary>
    public const string SpaceRenamed = "space.rename";

    public const string SpaceRemoved = "space.remove";

    /// <summary>Accounts, names or grants: anything on which it depends what somebody may do.</summary>
    public const string Rights = "rights";
}
