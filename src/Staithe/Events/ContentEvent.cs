using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Events;

/// <summary>Something that has happened, as the operation that did it says in its transaction. It knows nothing of who will listen.</summary>
/// <param name="Kind">One of <see cref="EventKind"/>.</param>
internal sealed record ContentEvent(string Kind) : CommitNote
{
    /// <summary>The space that it is in, by the name that it has afterwards.</summary>
    public string? Space { get; init; }

    public long? RepoId { get; init; }

    /// <summary>The repository's name; the one that it has afterwards, or had last.</summary>
    public RepositoryName? Name { get; init; }

    /// <summary>The name that the repository, or the space, had before.</summary>
    public string? Former { get; init; }

    /// <summary>The manifest or the blob.</summary>
    public Digest? Digest { get; init; }

    /// <summary>The row of the manifest.</summary>
    public long? ManifestId { get; init; }

    /// <summary>Whether the manifest is an image, with layers that can be looked into.</summary>
    public bool IsImage { get; init; }

    /// <summary>The tags that have moved, or gone.</summary>
    public IReadOnlyList<TagName> Tags { get; init; } = [];

    /// <summary>One of a repository.</summary>
    public static ContentEvent Of(string kind, long repoId, RepositoryName name) => new(kind) { Space = name.Space, RepoId = repoId, Name = name };
}

/// <summary>An event as it is kept.</summary>
/// <param name="Tx">With <paramref name="Id"/>, its place in the order of events (<see cref="EventTable"/>).</param>
internal sealed record StoredEvent(long Tx, long Id, ContentEvent Event);
