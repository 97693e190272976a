using Staithe.Audit;
using Staithe.Database;
using Staithe.Events;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>end-10: takes a blob away from one repository.</summary>
internal sealed class BlobDelete(Db db, ContentRules rules)
{
    /// <exception cref="OciException">BLOB_UNKNOWN; UNSUPPORTED while a manifest of the repository needs the blob.</exception>
    public Task RunAsync(RepositoryName name, Digest digest, Actor actor, CancellationToken cancel) => db.WriteAsync(
        SpaceUse.Frees,
        async session =>
        {
            var present = (await RepositoryTable.KeepAsync(session, name))?.Name ?? name;
            var blob = await BlobTable.FindAsync(session, present, digest) ?? throw new OciException(OciError.BlobUnknown, $"{name} has no blob {digest}");
            var users = await BlobTable.ListUsersAsync(session, blob);
            if (users.Count > 0)
                throw new OciException(OciError.Unsupported, $"{digest} is part of the manifest {users[0]}: delete that first", [new Dictionary<string, object> { ["manifests"] = users }]);
            await BlobTable.UnlinkAsync(session, blob, rules.Trash);
            await EventTable.AddAsync(session, ContentEvent.Of(EventKind.BlobUnlinked, blob.RepoId, present) with { Digest = digest });
            await AuditTable.AddAsync(session, actor, new Deed("blob.delete", $"{present}@{digest}", present.Space));
        },
        cancel);
}
