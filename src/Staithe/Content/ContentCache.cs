using System.Diagnostics;
using Staithe.Events;
using Staithe.Oci;
using Staithe.Storage;

namespace Staithe.Content;

/// <summary>
/// What was decided about every pull of some content, whoever pulls it: that everybody may. What is decided about content and not about callers is
/// remembered here, with the content, so that it costs a pull nothing.
/// </summary>
/// <param name="Stamp">Up to which change of names and rights it is known to be so.</param>
/// <param name="DecidedAt">When it was decided, by this machine's monotonic clock.</param>
internal sealed record PullTerms(long Stamp, long DecidedAt);

/// <summary>Content that pulls ask for again and again.</summary>
internal abstract record CachedContent
{
    /// <summary>What was decided about every pull of it; null when that is not known.</summary>
    public PullTerms? Terms { get; set; }
}

/// <summary>A manifest as it was served, and the route under which it was asked for.</summary>
internal sealed record CachedManifest(OciRoute.Manifest Route, string Digest, string MediaType, byte[] Content) : CachedContent
{
    /// <summary>How often it was pulled since that was written down.</summary>
    public PullCount Pulls { get; } = new(Route);
}

/// <summary>A blob as one repository has it, with its file open when it is small.</summary>
/// <param name="Route">The route under which it was asked for.</param>
/// <param name="Blob">The link, as it was read.</param>
/// <param name="ReadAt">When it was read, by this machine's monotonic clock.</param>
/// <param name="File">Its file, or null when it is large: then opening it is a small part of the work.</param>
internal sealed record CachedBlob(OciRoute.Blob Route, LinkedBlob Blob, long ReadAt, SharedBlob? File) : CachedContent
{
    /// <summary>What is left of the promise that the row held.</summary>
    public TimeSpan LeaseLeft => TimeSpan.FromMilliseconds(Blob.LeaseLeft) - Stopwatch.GetElapsedTime(ReadAt);
}

/// <summary>
/// Rows that pulls ask for again and again, under the path of the request as the specification writes it. What an event says has changed is
/// forgotten between the commit and the answer, so what this server acknowledged it also serves.
/// </summary>
internal sealed class ContentCache : IEventListener, IDisposable
{
    const long ManifestBytes = 32 * 1024 * 1024;
    const long OpenFiles = 512;
    const int EntryOverheadBytes = 512;

    // Longer than a database goes on with a statement whose client has given up.
    static readonly TimeSpan UnknownOutcome = TimeSpan.FromMinutes(5);

    /// <summary>The largest blob whose file stays open between pulls.</summary>
    public const int MaxOpenFileBytes = 4 * 1024 * 1024;

    readonly BoundedCache<CachedManifest> manifests = new(ManifestBytes);
    readonly BoundedCache<CachedBlob> blobs = new(OpenFiles, static blob => blob.File?.Dispose());

    /// <summary>What the cached manifests weigh now.</summary>
    public long Bytes => manifests.Bytes;

    public CachedManifest? FindManifest(string path) => manifests.Find(path);

    public long ManifestVersion(string path) => manifests.Version(path);

    public void Add(string path, CachedManifest manifest, long version) => manifests.TryAdd(path, manifest, manifest.Content.Length + EntryOverheadBytes, version);

    public CachedBlob? FindBlob(string path) => blobs.Find(path);

    public long BlobVersion(string path) => blobs.Version(path);

    /// <summary>Takes in the blob and, with it, its file; false when it was not taken, and the file is still the caller's.</summary>
    public bool TryAdd(string path, CachedBlob blob, long version) => blobs.TryAdd(path, blob, 1, version);

    public void Hear(ContentEvent one)
    {
        switch (one.Kind)
        {
            case EventKind.ManifestPushed or EventKind.TagDeleted or EventKind.ManifestDeleted:
                foreach (var tag in one.Tags)
                    manifests.Remove(new OciRoute.Manifest(one.Name!, Reference.To(tag)).Path);
                if (one.Kind == EventKind.ManifestDeleted)
                    manifests.Remove(new OciRoute.Manifest(one.Name!, Reference.To(one.Digest!)).Path);
                break;
            case EventKind.BlobUnlinked or EventKind.BlobRenewed:
                blobs.Remove(new OciRoute.Blob(one.Name!, one.Digest!).Path);
                break;
            case EventKind.RepositoryMoved or EventKind.RepositoryRemoved or EventKind.SpaceRenamed or EventKind.SpaceRemoved:
                MissSome();
                break;
        }
    }

    public void MissSome()
    {
        manifests.Clear();
        blobs.Clear();
    }

    public void MissOneUnderWay()
    {
        manifests.Clear(UnknownOutcome);
        blobs.Clear(UnknownOutcome);
    }

    public void HearNothing()
    {
        // What was true is served until it can be asked again; what may be done is asked elsewhere.
    }

    public void Dispose() => blobs.Clear();
}
