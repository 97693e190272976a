using Staithe.Accounts;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>end-11: gives a repository a blob that another one has, without moving a byte.</summary>
internal sealed class BlobMount(Db db, ContentRules rules)
{
    /// <summary>False when the source does not have the blob; without a source, when no repository has it.</summary>
    public Task<bool> TryRunAsync(RepositoryName target, RepositoryName? source, Digest digest, Creator creator, CancellationToken cancel) => db.WriteAsync(
        async session =>
        {
            var blobId = source is null
                ? await BlobTable.FindAnywhereAsync(session, digest)
                : (await BlobTable.FindAsync(session, source, digest))?.BlobId;
            if (blobId is null)
                return false;
            var repository = await Repositories.GetOrCreateAsync(session, target, creator);
            await BlobTable.LinkAsync(session, repository.Id, blobId.Value, digest, rules.Lease);
            return true;
        },
        cancel);
}
