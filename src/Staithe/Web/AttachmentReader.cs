using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Web;

/// <summary>
/// What is attached to an image, whichever way: by manifests that refer to it, by tags that are named after its digest (cosign), by the attestations that
/// BuildKit keeps beside it in its index. Whether the reader may see the repository is asked before.
/// </summary>
internal sealed class AttachmentReader(Db db)
{
    const int MaxReferrers = 200, MaxTags = 50, MaxAttestations = 20, MaxLayers = 20;
    const long MaxReferrerBytes = 512 * 1024;
    const int MaxNesting = 50, MaxNested = 20, MaxNestedBytes = 16 * 1024;

    /// <summary>The manifests that refer to the image or to the index that was asked for, oldest first.</summary>
    public async Task<List<Referrer>> ListReferrersAsync(FoundImage image, CancellationToken cancel)
    {
        var all = new List<Referrer>();
        foreach (var subject in Subjects(image))
            all.AddRange((await db.ReadAsync(session => ManifestTable.ListReferrersAsync(session, image.Row.RepoId, Digest.Parse(subject), null, 0, MaxReferrers, MaxReferrerBytes), cancel)).Referrers);
        return all;
    }

    /// <summary>All that is attached.</summary>
    /// <param name="image">To which image.</param>
    /// <param name="referrers">As <see cref="ListReferrersAsync"/> gives them.</param>
    /// <param name="isDeep">Whether to look up what is attached to these in turn.</param>
    /// <param name="cancel">Gives up.</param>
    public Task<List<AttachedLine>> ListAsync(FoundImage image, IReadOnlyList<Referrer> referrers, bool isDeep, CancellationToken cancel) => db.ReadAsync(
        async session =>
        {
            var (lines, repository) = (new List<AttachedLine>(), image.Name.Repository.Value);
            foreach (var referrer in referrers)
            {
                // What refers to that in turn, such as the signature of a bill of materials; what refers to that can be seen on its own page.
                var nested = !isDeep || lines.Count >= MaxNesting
                    ? []
                    : (await ManifestTable.ListReferrersAsync(session, image.Row.RepoId, Digest.Parse(referrer.Digest), null, 0, MaxNested, MaxNestedBytes)).Referrers;
                lines.Add(Line(repository, referrer) with { Attached = [.. nested.Select(one => Line(repository, one))] });
            }
            var known = referrers.Select(referrer => referrer.Digest).ToHashSet();
            foreach (var subject in Subjects(image))
            {
                foreach (var tag in await Content.TagTable.ListAttachmentsAsync(session, image.Row.RepoId, subject.Replace(':', '-'), MaxTags))
                {
                    if (known.Add(tag.Digest))
                        lines.Add(Line(repository, tag));
                }
            }
            foreach (var entry in Attestations(image).Take(MaxAttestations))
            {
                if (await ImageTable.FindAsync(session, image.Row.RepoId, entry.Digest) is { } row)
                    lines.AddRange(Lines(repository, row));
            }
            return lines;
        },
        cancel);

    /// <summary>The entries of the index that are statements about the image.</summary>
    public static IEnumerable<Descriptor> Attestations(FoundImage image) =>
        image.Children.Where(child => child.IsAttestation && (child.AttestationSubject is null || child.AttestationSubject == image.Row.Digest));

    static IEnumerable<string> Subjects(FoundImage image) => new[] { image.Row.Digest, image.Index?.Digest }.OfType<string>().Distinct();

    static AttachedLine Line(string repository, Referrer referrer)
    {
        var annotations = Manifest.ReadAnnotations(referrer.AnnotationsJson);
        var type = referrer.ArtifactType ?? referrer.MediaType;
        return new AttachedLine(referrer.Digest, type, referrer.Size, annotations)
        {
            Title = Title(type, annotations),
            At = ForeignTime.Parse(annotations.GetValueOrDefault("org.opencontainers.image.created")) ?? Shown.Then(referrer.CreatedAt),
            Download = $"/r/{repository}@{referrer.Digest}?view=download",
        };
    }

    static AttachedLine Line(string repository, AttachmentTagRow tag) => new(tag.Digest, tag.Name, tag.Size, new Dictionary<string, string>())
    {
        Title = ArtifactKind.OfTag(tag.Name)?.Title ?? ArtifactKind.Of(tag.ArtifactType)?.Title ?? "Attachment",
        At = Shown.Then(tag.MovedAt),
        Download = $"/r/{repository}@{tag.Digest}?view=download",
    };

    // Each layer is a statement of its own.
    static IEnumerable<AttachedLine> Lines(string repository, ManifestRow row)
    {
        foreach (var layer in Manifest.Parse(row.Content, row.MediaType).Layers.Take(MaxLayers))
        {
            yield return new AttachedLine(row.Digest, layer.PredicateType ?? layer.MediaType, layer.Size, new Dictionary<string, string>())
            {
                Title = (ArtifactKind.Of(layer.PredicateType) ?? ArtifactKind.Of(layer.MediaType))?.Title ?? "Attestation",
                At = Shown.Then(row.PushedAt),
                Download = $"/r/{repository}@{row.Digest}?view=download&layer={layer.Digest}",
            };
        }
    }

    // An envelope says in an annotation what is in it.
    static string Title(string type, IReadOnlyDictionary<string, string> annotations)
    {
        var predicate = annotations.GetValueOrDefault("in-toto.io/predicate-type") ?? annotations.GetValueOrDefault("dev.sigstore.bundle.predicateType");
        return (ArtifactKind.Of(type) is { Has: not null and not "attestation" } told && ArtifactKind.Of(predicate) is null ? told : ArtifactKind.Of(predicate) ?? ArtifactKind.Of(type))?.Title
            ?? (type.Length > 0 ? type : "Artifact");
    }
}
