using Staithe.Audit;
using Staithe.Database;
using Staithe.Events;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>
/// end-9: takes a name or a manifest away. The next read no longer finds it. The list of packages that the registry has attached to an image goes with it
/// (<see cref="BomTable"/>).
/// </summary>
internal sealed class ManifestDelete(Db db)
{
    /// <summary>Removes one tag, or a manifest with all its tags.</summary>
    /// <exception cref="OciException">MANIFEST_UNKNOWN; UNSUPPORTED while an index of the repository has the manifest as a child.</exception>
    public Task RunAsync(RepositoryName name, Reference reference, Actor actor, CancellationToken cancel) => db.WriteAsync(
        SpaceUse.Frees,
        async session =>
        {
            if (await RepositoryTable.KeepAsync(session, name) is not var (repoId, present))
                throw Unknown(name, reference);
            var (gone, bom) = (reference.Tag is { } tag ? await DeleteTagAsync(session, repoId, tag) : await DeleteManifestAsync(session, repoId, reference.Digest!)) ?? throw Unknown(name, reference);
            await TellAsync(session, ContentEvent.Of(EventKind.TagDeleted, repoId, present), reference, gone, bom);
            foreach (var lost in gone)
                await TagMoveTable.AddAsync(session, repoId, lost, null, actor.Name);
            await AuditTable.AddAsync(session, actor, reference.Tag is null
                ? new Deed("manifest.delete", $"{present}@{reference}", present.Space, gone.Count > 0 ? $"with {string.Join(", ", gone)}" : null)
                : new Deed("tag.delete", $"{present}:{reference}", present.Space));
        },
        cancel);

    static async Task TellAsync(DbSession session, ContentEvent one, Reference reference, List<string> gone, Digest? bom)
    {
        one = one with { Tags = [.. gone.Select(TagName.Parse)] };
        await EventTable.AddAsync(session, reference.Digest is { } digest ? one with { Kind = EventKind.ManifestDeleted, Digest = digest } : one);
        if (bom is not null)
            await EventTable.AddAsync(session, one with { Kind = EventKind.ManifestDeleted, Digest = bom, Tags = [] });
    }

    static OciException Unknown(RepositoryName name, Reference reference) => new(OciError.ManifestUnknown, $"{name} has no manifest {reference}");

    static async Task<(List<string> Tags, Digest? Bom)?> DeleteTagAsync(DbSession session, long repoId, TagName tag) => await TagTable.DeleteAsync(session, repoId, tag) ? ([tag.Value], null) : null;

    static async Task<(List<string> Tags, Digest? Bom)?> DeleteManifestAsync(DbSession session, long repoId, Digest digest)
    {
        if (await ManifestTable.FindIdAsync(session, repoId, digest) is not { } manifestId)
            return null;
        var parents = await ManifestTable.ListParentsAsync(session, repoId, manifestId);
        if (parents.Count > 0)
            throw new OciException(OciError.Unsupported, $"{digest} is part of the index {parents[0]}: delete that first", [new Dictionary<string, object> { ["indexes"] = parents }]);
        var tags = await TagTable.DeleteAllOfAsync(session, repoId, manifestId);
        var bom = await BomTable.DeleteUnusedAsync(session, manifestId);
        return await ManifestTable.DeleteAsync(session, manifestId) ? (tags, bom) : null;
    }
}
