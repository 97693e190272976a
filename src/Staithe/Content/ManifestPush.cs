using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Config;
using Staithe.Database;
using Staithe.Events;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>A condition on what the tag of a push points at now (RFC 9110 section 13.1, which the distribution-spec allows on pushes).</summary>
/// <param name="MustBe">Digests of which the tag must have one (<c>If-Match</c>), or null.</param>
/// <param name="MustNotBe">Digests of which the tag must have none (<c>If-None-Match</c>), or null; <c>*</c> means any.</param>
internal sealed record TagCondition(IReadOnlyList<string>? MustBe, IReadOnlyList<string>? MustNotBe);

/// <summary>Who pushes, and what they may do with tags.</summary>
/// <param name="Creator">Who it is.</param>
/// <param name="MayTag">Whether a tag may be set; told whether there is such a tag already, which then moves.</param>
internal sealed record Pusher(Creator Creator, Func<TagName, bool, bool> MayTag)
{
    public Actor Actor => Creator.Actor;
}

/// <summary>end-7: takes a manifest in. All its rules are lines here, in the order in which they are checked.</summary>
internal sealed class ManifestPush(Db db, ContentRules rules)
{
    const int MaxMissingTold = 100;

    /// <summary>Keeps the manifest and moves the tags to it, in one transaction.</summary>
    /// <exception cref="OciException">DIGEST_INVALID, MANIFEST_INVALID, MANIFEST_BLOB_UNKNOWN, or a condition that does not hold.</exception>
    /// <exception cref="MissingRightException">The pusher may not set one of the tags.</exception>
    public async Task<(Digest Digest, Digest? Subject)> RunAsync(
        RepositoryName name, Reference reference, IReadOnlyList<TagName> tags, byte[] content, string? contentType, TagCondition? condition, Pusher pusher, CancellationToken cancel)
    {
        var digest = CheckDigest(reference, content);
        var manifest = Manifest.ParsePushed(content, contentType);
        await db.WriteAsync(
            async session =>
            {
                var (repoId, present) = await Repositories.GetOrCreateAsync(session, name, pusher.Creator);
                var references = await ResolveAsync(session, repoId, manifest);
                if (references.Absent.Count > 0)
                {
                    // What is arriving right now waits, and then finds the row that says it was absent; or it has arrived, and is seen here.
                    await RepositoryTable.HoldAsync(session, repoId);
                    references = await ResolveAsync(session, repoId, manifest);
                }
                var stored = await ManifestTable.PutAsync(session, repoId, digest, manifest, content);
                CheckType(present, digest, manifest.MediaType, stored.MediaType);
                foreach (var parentId in await ManifestTable.ReferAsync(session, repoId, stored.Id, digest, references.BlobIds, references.ChildIds, references.Absent))
                    await CheckPromisedAsync(session, parentId, digest, manifest.MediaType, content.Length);
                var moved = new List<TagName>();
                foreach (var tag in tags.OrderBy(tag => tag.Value, StringComparer.Ordinal))
                {
                    if (await SetAsync(session, present, repoId, tag, (stored.Id, digest.Value), tag == reference.Tag ? condition : null, pusher))
                        moved.Add(tag);
                }
                var pushed = ContentEvent.Of(EventKind.ManifestPushed, repoId, present);
                await EventTable.AddAsync(session, pushed with { Digest = digest, ManifestId = stored.Id, IsImage = ImageLookup.IsImage(manifest), Tags = moved });
                if (tags.Count == 0)
                    await AuditTable.AddAsync(session, pusher.Actor, new Deed("manifest.push", $"{present}@{digest}", present.Space));
            },
            cancel);
        return (digest, manifest.Subject?.Digest);
    }

    static Digest CheckDigest(Reference reference, byte[] content)
    {
        var algorithm = reference.Digest?.Algorithm ?? DigestAlgorithm.Sha256;
        var digest = algorithm.Digest(content);
        return reference.Digest is null || reference.Digest == digest
            ? digest
            : throw new OciException(OciError.DigestInvalid, $"the manifest's digest is {digest}, not {reference.Digest}");
    }

    // Whoever else moves a tag that is there waits for us. One that is not there may be made by another push meanwhile: then look again.
    static async Task<bool> SetAsync(DbSession session, RepositoryName name, long repoId, TagName tag, (long Id, string Digest) manifest, TagCondition? condition, Pusher pusher)
    {
        while (true)
        {
            var current = await TagTable.HoldAsync(session, repoId, tag);
            if (condition is not null)
                Check(condition, current, tag);
            if (current == manifest.Digest)
                return false;
            if (!pusher.MayTag(tag, current is not null))
                throw new MissingRightException(current is null ? Rights.Push : Rights.Move, tag);
            if (current is not null)
                await TagTable.MoveAsync(session, repoId, tag, manifest.Id);
            else if (!await TagTable.CreateAsync(session, repoId, tag, manifest.Id))
                continue;
            await TagMoveTable.AddAsync(session, repoId, tag.Value, manifest.Digest, pusher.Actor.Name);
            await AuditTable.AddAsync(session, pusher.Actor, new Deed(current is null ? "tag.create" : "tag.move", $"{name}:{tag}", name.Space, current is null ? manifest.Digest : $"{current} to {manifest.Digest}"));
            return true;
        }
    }

    static void Check(TagCondition condition, string? current, TagName tag)
    {
        var holds = (condition.MustBe is null || (current is not null && (condition.MustBe.Contains(current) || condition.MustBe.Contains("*"))))
            && (condition.MustNotBe is null || current is null || !(condition.MustNotBe.Contains(current) || condition.MustNotBe.Contains("*")));
        if (!holds)
            throw new OciException(OciError.PreconditionFailed, $"tag {tag} is at {current ?? "no manifest"}: look at it again and decide anew");
    }

    static void CheckType(RepositoryName name, Digest digest, string pushed, string first)
    {
        if (pushed != first)
        {
            throw new OciException(
                OciError.ManifestInvalid, $"{digest} is {first} in {name} since its first push, and cannot become {pushed}: push it as that");
        }
    }

    // An index that came first has said what the manifest would be, and cannot change.
    static async Task CheckPromisedAsync(DbSession session, long indexId, Digest digest, string mediaType, int size)
    {
        if (await ImageTable.FindAsync(session, indexId) is not { } row)
            return;
        var index = Manifest.Parse(row.Content, row.MediaType);
        if (index.Children.FirstOrDefault(child => child.Digest == digest && (child.MediaType != mediaType || child.Size != size)) is { } said)
        {
            throw new OciException(
                OciError.ManifestInvalid,
                $"the index {row.Digest} lists {digest} as {OciException.Quote(said.MediaType)} of {said.Size} bytes, and this is {mediaType} of {size}: push what it lists, or delete that index first");
        }
    }

    // Config and layers are blobs. What an index lists are manifests, except that build caches list their layers there. A child is of the
    // type that the index gives: clients ask for it as that.
    async Task<(long[] BlobIds, long[] ChildIds, List<AbsentReference> Absent)> ResolveAsync(DbSession session, long repoId, Manifest manifest)
    {
        var stored = (await ManifestTable.ListAsync(session, repoId, Digests(manifest.Children))).ToDictionary(child => child.Digest);
        bool IsStored(Descriptor child) =>
            stored.TryGetValue(child.Digest.Value, out var found) && found.MediaType.Equals(child.MediaType, StringComparison.OrdinalIgnoreCase);

        var maybeBlobs = manifest.Children.Where(child => !IsStored(child) && !MediaTypes.IsManifest(child.MediaType));
        List<Descriptor> wantedBlobs = [.. manifest.Blobs, .. maybeBlobs];
        var blobs = (await BlobTable.ListLinkedAsync(session, repoId, Digests(wantedBlobs))).ToDictionary(blob => blob.Digest);
        bool IsThere(Descriptor child) =>
            IsStored(child) || (!MediaTypes.IsManifest(child.MediaType) && blobs.ContainsKey(child.Digest.Value));

        foreach (var child in manifest.Children)
        {
            if (stored.TryGetValue(child.Digest.Value, out var found) && !IsThere(child))
            {
                var said = OciException.Quote(child.MediaType);
                throw new OciException(OciError.ManifestInvalid, $"{child.Digest} is {found.MediaType} here, not {said} as the index says");
            }
            CheckSize(child, IsStored(child) ? found.Size : null);
        }
        foreach (var blob in wantedBlobs)
            CheckSize(blob, blobs.TryGetValue(blob.Digest.Value, out var found) ? found.Size : null);

        List<Descriptor> absent =
            [.. manifest.Blobs.Where(blob => !blobs.ContainsKey(blob.Digest.Value)), .. manifest.Children.Where(child => !IsThere(child))];
        var missing = absent.Where(wanted => !MayBeAbsent(wanted)).DistinctBy(wanted => wanted.Digest).ToList();
        if (missing.Count > 0)
            throw Missing(missing);
        var listed = manifest.Children.Select(child => child.Digest).ToHashSet();
        return (
            [.. blobs.Values.Select(blob => blob.BlobId)],
            [.. manifest.Children.Where(IsStored).Select(child => stored[child.Digest.Value].Id).Distinct()],
            [.. absent.SelectMany(descriptor => ToAbsent(descriptor, listed.Contains(descriptor.Digest))).Distinct()]);
    }

    static string[] Digests(IEnumerable<Descriptor> descriptors) => [.. descriptors.Select(descriptor => descriptor.Digest.Value).Distinct()];

    static void CheckSize(Descriptor named, long? actual)
    {
        if (actual is { } size && size != named.Size)
            throw new OciException(OciError.ManifestInvalid, $"{named.Digest} has {size} bytes, not the {named.Size} that the manifest says");
    }

    bool MayBeAbsent(Descriptor descriptor) =>
        rules.Sparse == SparsePolicy.All
        || MediaTypes.IsNonDistributable(descriptor.MediaType)
        || (rules.Sparse == SparsePolicy.Index && MediaTypes.IsManifest(descriptor.MediaType));

    // Of what an index lists under a type that nobody knows, either may arrive.
    static IEnumerable<AbsentReference> ToAbsent(Descriptor descriptor, bool listed)
    {
        if (listed)
            yield return new AbsentReference(descriptor.Digest, AbsentReference.Manifest);
        if (!listed || !MediaTypes.IsManifest(descriptor.MediaType))
            yield return new AbsentReference(descriptor.Digest, AbsentReference.Blob);
    }

    static OciException Missing(List<Descriptor> missing) => new(
        OciError.ManifestBlobUnknown,
        "this repository does not have what the manifest refers to: push or mount it first",
        [.. missing.Take(MaxMissingTold).Select(descriptor => new Dictionary<string, string> { ["digest"] = descriptor.Digest.Value, ["mediaType"] = descriptor.MediaType })]);
}
