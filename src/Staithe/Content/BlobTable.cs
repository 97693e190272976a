using Staithe.Database;
using Staithe.Events;
using Staithe.Oci;
using Staithe.Storage;

namespace Staithe.Content;

/// <summary>A blob as one repository has it.</summary>
/// <param name="LeaseLeft">Milliseconds for which it is still promised, manifest or not; may be negative.</param>
internal sealed record LinkedBlob(long RepoId, long BlobId, string Digest, string StorageKey, long Size, long LeaseLeft);

/// <summary>The blobs and the links that give them to repositories.</summary>
internal static class BlobTable
{
    /// <summary>The blob, if this repository has it: one query proves the link and tells place and size.</summary>
    public static Task<LinkedBlob?> FindAsync(DbSession session, RepositoryName name, Digest digest) => session.FindAsync(
        FindSql,
        row => new LinkedBlob(row.GetInt64(0), row.GetInt64(1), digest.Value, row.GetString(2), row.GetInt64(3), row.GetInt64(4)),
        name.Value,
        digest.Value);

    /// <summary>Which of the digests this repository has; the links are held against deletion until the transaction ends.</summary>
    public static Task<List<LinkedBlob>> ListLinkedAsync(DbSession session, long repoId, string[] digests) => session.ListAsync(
        ListLinkedSql,
        row => new LinkedBlob(repoId, row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3), 0),
        repoId,
        digests);

    /// <summary>Any blob of that digest that some repository has.</summary>
    public static Task<long?> FindAnywhereAsync(DbSession session, Digest digest) => session.FindNumberAsync(FindAnywhereSql, digest.Value);

    /// <summary>
    /// Makes durable bytes a blob, unless there is one of that digest: then the key that counts is the other one's. Holds the blob's row.
    /// </summary>
    public static async Task<(long Id, string StorageKey)> CreateAsync(DbSession session, Digest digest, string storageKey, long size) =>
        await session.FindAsync(CreateSql, row => (row.GetInt64(0), row.GetString(1)), digest.Value, storageKey, size);

    /// <summary>Gives the repository the blob, promised for the length of a lease, and settles what manifests there were missing it.</summary>
    public static async Task LinkAsync(DbSession session, long repoId, long blobId, Digest digest, TimeSpan lease)
    {
        var leaseMs = (long)lease.TotalMilliseconds;
        await session.ExecuteAsync(LinkSql, repoId, blobId, leaseMs);
        await session.ExecuteAsync(EnqueueSql, repoId, blobId, leaseMs);
        foreach (var manifestId in await session.ListAsync(TakeAbsentSql, row => row.GetInt64(0), repoId, digest.Value))
            await session.ExecuteAsync(ReferSql, manifestId, repoId, blobId);
    }

    /// <summary>Renews the promise of a link; false when the link is gone.</summary>
    public static async Task<bool> RenewAsync(DbSession session, RepositoryName name, LinkedBlob blob, TimeSpan lease)
    {
        var leaseMs = (long)lease.TotalMilliseconds;
        if (await session.ExecuteAsync(RenewSql, blob.RepoId, blob.BlobId, leaseMs) == 0)
            return false;
        await session.ExecuteAsync(EnqueueSql, blob.RepoId, blob.BlobId, leaseMs);
        session.Note(ContentEvent.Of(EventKind.BlobRenewed, blob.RepoId, name) with { Digest = Digest.Parse(blob.Digest) });
        return true;
    }

    /// <summary>Digests of manifests in the repository that need the blob; a few are enough to tell.</summary>
    public static Task<List<string>> ListUsersAsync(DbSession session, LinkedBlob blob) =>
        session.ListAsync(ListUsersSql, row => row.GetString(0), blob.RepoId, blob.BlobId);

    /// <summary>Takes the blob from the repository; the last link takes the blob along, and its bytes go to the trash.</summary>
    public static async Task UnlinkAsync(DbSession session, LinkedBlob blob, TimeSpan trash)
    {
        await session.FindNumberAsync(LockSql, blob.BlobId);
        await session.ExecuteAsync(UnlinkSql, blob.RepoId, blob.BlobId);
        await session.ExecuteAsync(DequeueSql, blob.RepoId, blob.BlobId);
        if (await session.FindAsync(DeleteUnlinkedSql, row => row.GetString(0), blob.BlobId) is { } key)
            await TrashTable.AddAsync(session, new StoredKey(key), trash);
    }

    /// <summary>Takes every blob from a repository that has no manifests any more, as <see cref="UnlinkAsync"/> does with one; how many.</summary>
    public static async Task<int> UnlinkAllAsync(DbSession session, long repoId, TimeSpan trash)
    {
        var blobs = (await session.ListAsync(LockAllSql, row => row.GetInt64(0), repoId)).ToArray();
        await session.ExecuteAsync(UnlinkAllSql, repoId);
        await session.ExecuteAsync(DequeueAllSql, repoId);
        // The locks were waited for, so this sees every link that anybody else has made.
        foreach (var some in blobs.Chunk(UnlinkedAtOnce))
        {
            foreach (var key in await session.ListAsync(DeleteAllUnlinkedSql, row => row.GetString(0), [some]))
                await TrashTable.AddAsync(session, new StoredKey(key), trash);
        }
        return blobs.Length;
    }

    const int UnlinkedAtOnce = 1000;

    static readonly Sql FindSql = new("""
        select rb.repo_id, b.id, b.storage_key, b.size, rb.protect_until - {now}
        from repositories r join repo_blobs rb on rb.repo_id = r.id join blobs b on b.id = rb.blob_id
        where r.name = $1 and b.digest = $2
        """);

    static readonly Sql ListLinkedSql = new("""
        select b.id, b.digest, b.storage_key, b.size
        from blobs b cross join repo_blobs rb
        where b.digest {any $2} and rb.blob_id = b.id and rb.repo_id = $1
        order by b.digest {keep links}
        """);

    static readonly Sql FindAnywhereSql = new("""
        select b.id from blobs b where b.digest = $1 and exists (select 1 from repo_blobs rb where rb.blob_id = b.id)
        """);

    static readonly Sql CreateSql = new("""
        insert into blobs (digest, storage_key, size, created_at) values ($1, $2, $3, {now})
        on conflict (digest) do update set digest = excluded.digest
        returning id, storage_key
        """);

    static readonly Sql LinkSql = new("""
        insert into repo_blobs (repo_id, blob_id, protect_until) values ($1, $2, {now} + $3)
        on conflict (repo_id, blob_id) do update set protect_until = excluded.protect_until
        """);

    static readonly Sql EnqueueSql = new("""
        insert into gc_candidates (repo_id, blob_id, review_after, seq) values ($1, $2, {now} + $3, 1)
        on conflict (repo_id, blob_id) do update set review_after = excluded.review_after, seq = gc_candidates.seq + 1
        """);

    static readonly Sql TakeAbsentSql = new("""
        delete from absent_references where repo_id = $1 and digest = $2 and kind = 'blob' returning manifest_id
        """);

    static readonly Sql ReferSql = new("""
        insert into manifest_blobs (manifest_id, repo_id, blob_id) values ($1, $2, $3) on conflict (manifest_id, blob_id) do nothing
        """);

    static readonly Sql RenewSql = new("update repo_blobs set protect_until = {now} + $3 where repo_id = $1 and blob_id = $2");

    static readonly Sql ListUsersSql = new("""
        select m.digest from manifest_blobs mb join manifests m on m.id = mb.manifest_id
        where mb.repo_id = $1 and mb.blob_id = $2 order by m.id limit 5
        """);

    static readonly Sql LockSql = new("select id from blobs where id = $1 {for update}");

    static readonly Sql UnlinkSql = new("delete from repo_blobs where repo_id = $1 and blob_id = $2");

    static readonly Sql DequeueSql = new("delete from gc_candidates where repo_id = $1 and blob_id = $2");

    static readonly Sql LockAllSql = new("select id from blobs where id in (select blob_id from repo_blobs where repo_id = $1) order by id {for update}");

    static readonly Sql UnlinkAllSql = new("delete from repo_blobs where repo_id = $1");

    static readonly Sql DequeueAllSql = new("delete from gc_candidates where repo_id = $1");

    static readonly Sql DeleteAllUnlinkedSql = new("""
        delete from blobs where id {any $1} and not exists (select 1 from repo_blobs rb where rb.blob_id = blobs.id) returning storage_key
        """);

    static readonly Sql DeleteUnlinkedSql = new("""
        delete from blobs where id = $1 and not exists (select 1 from repo_blobs where blob_id = $1) returning storage_key
        """);
}
