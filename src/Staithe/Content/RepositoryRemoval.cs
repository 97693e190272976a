using System.Globalization;
using Staithe.Database;
using Staithe.Storage;

namespace Staithe.Content;

/// <summary>What was in a repository that is gone.</summary>
internal sealed record RemovedContent(int Manifests, int Tags, int Blobs)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"with {Manifests} manifests, {Tags} tags and {Blobs} blobs");
}

/// <summary>
/// Takes a repository away with everything in it, in the caller's transaction. Bytes that no other repository has go to the trash; uploads to
/// it end.
/// </summary>
internal static class RepositoryRemoval
{
    // A request that found an upload a moment before may be about to make its file.
    static readonly TimeSpan UploadGrace = TimeSpan.FromMinutes(1);

    /// <param name="session">The database.</param>
    /// <param name="repository">The repository, which is held (<see cref="RepositoryTable.HoldAsync(DbSession, Oci.RepositoryName)"/>).</param>
    /// <param name="trash">For how long deleted bytes stay on disk.</param>
    public static async Task<RemovedContent> RunAsync(DbSession session, RepositoryRow repository, TimeSpan trash)
    {
        await EndAsync(session, await UploadTable.DeleteOfAsync(session, repository.Name));
        var tags = await TagTable.DeleteAllAsync(session, repository.Id);
        var manifests = await ManifestTable.DeleteAllAsync(session, repository.Id);
        var blobs = await BlobTable.UnlinkAllAsync(session, repository.Id, trash);
        await RepositoryTable.DeleteAsync(session, repository);
        return new RemovedContent(manifests, tags, blobs);
    }

    /// <summary>Ends uploads to what there was not yet in a space.</summary>
    public static async Task EndUploadsAsync(DbSession session, string space) => await EndAsync(session, await UploadTable.DeleteOfSpaceAsync(session, space));

    static async Task EndAsync(DbSession session, List<StoredKey> uploads)
    {
        foreach (var upload in uploads)
            await TrashTable.AddAsync(session, upload, UploadGrace);
    }
}
