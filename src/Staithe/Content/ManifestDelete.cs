using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>end-9: takes a name or a manifest away. The next read no longer finds it.</summary>
internal sealed class ManifestDelete(Db db)
{
    /// <summary>Removes one tag, or a manifest with all its tags.</summary>
    /// <exception cref="OciException">MANIFEST_UNKNOWN; UNSUPPORTED while an index of the repository has the manifest as a child.</exception>
    public async Task RunAsync(RepositoryName name, Reference reference, CancellationToken cancel)
    {
        var found = await db.WriteAsync(
            session => reference.Tag is { } tag ? TagTable.DeleteAsync(session, name, tag) : DeleteManifestAsync(session, name, reference.Digest!),
            cancel);
        if (!found)
            throw new OciException(OciError.ManifestUnknown, $"{name} has no manifest {reference}");
    }

    static async Task<bool> DeleteManifestAsync(DbSession session, RepositoryName name, Digest digest)
    {
        if (await RepositoryTable.FindIdAsync(session, name) is not { } repoId || await ManifestTable.FindIdAsync(session, repoId, digest) is not { } manifestId)
            return false;
        var parents = await ManifestTable.ListParentsAsync(session, repoId, manifestId);
        if (parents.Count > 0)
            throw new OciException(OciError.Unsupported, $"{digest} is part of the index {parents[0]}: delete that first", [new Dictionary<string, object> { ["indexes"] = parents }]);
        await TagTable.DeleteAllOfAsync(session, repoId, manifestId);
        return await ManifestTable.DeleteAsync(session, manifestId);
    }
}
