using System.Diagnostics;
using System.Globalization;
using Staithe.Config;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Storage;

namespace Staithe.Fsck;

/// <summary>
/// Holds the rows against the bytes, and changes neither: every blob has its bytes, every key is in exactly one of blobs, uploads and trash,
/// every file has a key, every manifest is what its digest says and refers to what the rows say. May run beside a server: whatever
/// looks wrong is looked at twice.
/// </summary>
internal sealed class FsckRun(Db db, IBlobStorage storage, bool rehash, TextWriter output)
{
    static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(2);

    readonly Stopwatch sinceProgress = Stopwatch.StartNew();
    long problems;
    long blobs;
    long blobBytes;
    long uploads;
    long trash;
    long manifests;

    /// <summary>Checks what a configuration names; the exit code: 0 clean, 1 not.</summary>
    public static async Task<int> RunAsync(StaitheConfig config, bool rehash, TextWriter output, CancellationToken cancel)
    {
        using var directory = DataDirectory.Open(config.Data);
        StaitheApp.RequireDatabase(config, directory);
        await using var db = await StaitheApp.OpenDatabaseAsync(config, directory);
        await Migrator.CheckAsync(db);
        await DirectoryPair.CheckAsync(db, directory);
        await using var storage = StaitheApp.OpenStorage(directory);
        if (directory.FindExposed() is { } exposed)
            await output.WriteLineAsync($"note: {exposed}");
        return await new FsckRun(db, storage, rehash, output).RunAsync(cancel);
    }

    public async Task<int> RunAsync(CancellationToken cancel)
    {
        foreach (var fault in await db.CheckIntegrityAsync())
            Problem($"database: {fault}");
        foreach (var contradiction in await db.ReadAsync(FsckTable.ListContradictionsAsync, cancel))
            Problem(contradiction);
        var files = await storage.ListKeysAsync(cancel).ToHashSetAsync(cancellationToken: cancel);
        await CheckBlobsAsync(files, cancel);
        await CheckUploadsAsync(files, cancel);
        await CheckTrashAsync(files, cancel);
        await CheckFilesAsync(files, cancel);
        await CheckManifestsAsync(cancel);
        var tags = await db.ReadAsync(FsckTable.CountTagsAsync, cancel);
        output.WriteLine(string.Join("; ",
        [
            $"{Count.Of(blobs, "blob")} with {Count.Of(blobBytes, "byte")}{(rehash ? ", read and hashed again" : "")}",
            Count.Of(manifests, "manifest"),
            Count.Of(tags, "tag"),
            $"{Count.Of(uploads, "upload")} under way",
            $"{Count.Of(trash, "key")} in the trash",
        ]));
        output.WriteLine(problems == 0 ? "clean" : Count.Of(problems, "problem"));
        return problems == 0 ? 0 : 1;
    }

    async Task CheckBlobsAsync(HashSet<string> files, CancellationToken cancel)
    {
        var page = await db.ReadAsync(session => FsckTable.ListBlobsAsync(session, 0), cancel);
        while (page.Count > 0)
        {
            foreach (var (_, digest, key, size) in page)
            {
                blobs++;
                blobBytes += size;
                files.Remove(key);
                if (await FindFaultAsync(digest, key, size, cancel) is { } fault && await db.ReadAsync(session => FsckTable.FindBlobSizeAsync(session, key), cancel) is not null)
                    Problem(fault); // the blob is there, so its bytes ought to be: a key that has left goes to the trash first
                Progress("blobs", blobs);
            }
            page = await db.ReadAsync(session => FsckTable.ListBlobsAsync(session, page[^1].Id), cancel);
        }
    }

    async Task<string?> FindFaultAsync(string digest, string key, long size, CancellationToken cancel)
    {
        if (DigestAlgorithm.Find(digest.Split(':')[0]) is not { } algorithm)
            return $"{digest} is no digest";
        if (await storage.FindLengthAsync(new StoredKey(key), cancel) is not { } length)
            return $"{digest}: its bytes ({key}) are gone";
        if (length != size)
            return $"{digest}: {key} has {Count.Of(length, "byte")}, not {size}";
        if (!rehash)
            return null;
        var actual = await HashAsync(key, algorithm, cancel);
        return actual?.Value == digest ? null : $"{digest}: the bytes in {key} have the digest {actual?.Value ?? "of nothing"}";
    }

    async Task CheckUploadsAsync(HashSet<string> files, CancellationToken cancel)
    {
        var page = await db.ReadAsync(session => FsckTable.ListUploadsAsync(session, ""), cancel);
        while (page.Count > 0)
        {
            foreach (var (id, bytes, received) in page)
            {
                uploads++;
                files.Remove(bytes.Key);
                var length = await storage.FindLengthAsync(bytes, cancel) ?? 0;
                if (length < received && await db.ReadAsync(session => FsckTable.FindReceivedAsync(session, bytes.Key), cancel) is not null)
                    Problem($"upload {id}: {Count.Of(received, "byte")} acknowledged, {bytes.Key} has {length}");
            }
            page = await db.ReadAsync(session => FsckTable.ListUploadsAsync(session, page[^1].Id), cancel);
        }
    }

    async Task CheckTrashAsync(HashSet<string> files, CancellationToken cancel)
    {
        var page = await db.ReadAsync(session => FsckTable.ListTrashAsync(session, ""), cancel);
        while (page.Count > 0)
        {
            foreach (var key in page)
            {
                trash++;
                files.Remove(key);
                if (await db.ReadAsync(session => FsckTable.CountHomesAsync(session, key), cancel) > 1)
                    Problem($"{key} is in the trash and in use");
            }
            page = await db.ReadAsync(session => FsckTable.ListTrashAsync(session, page[^1]), cancel);
        }
    }

    // Files that no row named when the rows were read. A server that runs may have moved a key from one table to another, or emptied its trash.
    async Task CheckFilesAsync(HashSet<string> files, CancellationToken cancel)
    {
        foreach (var key in files)
        {
            if (await db.ReadAsync(session => FsckTable.CountHomesAsync(session, key), cancel) == 0
                && await storage.FindLengthAsync(new StoredKey(key), cancel) is { } length)
                Problem($"{key}: {Count.Of(length, "byte")} that no row knows");
        }
    }

    async Task CheckManifestsAsync(CancellationToken cancel)
    {
        var behind = 0L;
        while (await db.ReadAsync(session => FsckTable.ListManifestsAsync(session, behind), cancel) is { Count: > 0 } page)
        {
            foreach (var manifest in page)
            {
                manifests++;
                await CheckManifestAsync(manifest, cancel);
                Progress("manifests", manifests);
            }
            behind = page[^1].Id;
        }
    }

    async Task CheckManifestAsync(CheckedManifest row, CancellationToken cancel)
    {
        var name = $"{row.Repository}@{row.Digest}";
        if (DigestAlgorithm.Find(row.Digest.Split(':')[0]) is not { } algorithm)
            Problem($"{name} has no digest");
        else if (algorithm.Digest(row.Content) is var actual && actual.Value != row.Digest)
            Problem($"{name}: its bytes have the digest {actual}");
        else if (row.Content.Length != row.Size)
            Problem($"{name}: it has {Count.Of(row.Content.Length, "byte")}, not {row.Size}");
        else
            await CheckReferencesAsync(name, row, cancel);
    }

    async Task CheckReferencesAsync(string name, CheckedManifest row, CancellationToken cancel)
    {
        var known = await db.ReadAsync(session => FsckTable.ListReferencesAsync(session, row.Id), cancel);
        try
        {
            var manifest = Manifest.ParsePushed(row.Content, row.MediaType);
            if (manifest.MediaType != row.MediaType)
                Problem($"{name}: says that it is {manifest.MediaType}, and its row says {row.MediaType}");
            var forgotten = manifest.Blobs.Concat(manifest.Children).Select(descriptor => descriptor.Digest.Value).Except(known).ToList();
            if ((forgotten.Count == 0 && manifest.Subject?.Digest.Value == row.Subject) || await HasChangedAsync(row, cancel))
                return;
            foreach (var named in forgotten)
                Problem($"{name}: refers to {named}, and no row says so");
            if (manifest.Subject?.Digest.Value != row.Subject)
                Problem($"{name}: its subject is {manifest.Subject?.Digest.Value ?? "none"}, and its row says {row.Subject ?? "none"}");
        }
        catch (OciException refused)
        {
            Problem($"{name}: is no {row.MediaType}: {refused.Message}");
        }
    }

    // Deleted between the look at its row and at its references.
    async Task<bool> HasChangedAsync(CheckedManifest row, CancellationToken cancel) =>
        (await db.ReadAsync(session => FsckTable.ListManifestsAsync(session, row.Id - 1), cancel)).All(found => found.Id != row.Id);

    async Task<Digest?> HashAsync(string key, DigestAlgorithm algorithm, CancellationToken cancel)
    {
        try
        {
            using var blob = storage.OpenRead(key);
            using var hash = ContentHash.Create(algorithm);
            await hash.AppendRestAsync(blob, cancel);
            return hash.Finish();
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    void Problem(string text)
    {
        problems++;
        output.WriteLine(text);
    }

    void Progress(string what, long count)
    {
        if (sinceProgress.Elapsed < ProgressInterval)
            return;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"… {count} {what} looked at"));
        sinceProgress.Restart();
    }
}
