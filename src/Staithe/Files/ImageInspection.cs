using Staithe.Content;
using Staithe.Database;
using Staithe.Events;
using Staithe.Oci;
using Staithe.Storage;

namespace Staithe.Files;

/// <summary>
/// Looks into one image: reads each of its layers that was not read before, holds the config against them, finds the packages, and writes down what
/// there is to say of it. A layer that cannot be read costs that layer; only of an image without a layer that can be read is nothing known.
/// </summary>
internal sealed class ImageInspection(Db db, IBlobStorage storage, BlobReader blobs, LayerFiles files, LayerIndexer indexer)
{
    const int BatchPackages = 50; // each batch keeps other writers waiting for some milliseconds
    const string EncryptedSuffix = "+encrypted"; // of a media type, as ocicrypt has it

    /// <summary>Looks into it.</summary>
    /// <param name="row">The image.</param>
    /// <param name="progress">How far it is, for those who wait.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>How many packages it has.</returns>
    /// <exception cref="LayerRefusedException">No layer of it can be read.</exception>
    public async Task<int> RunAsync(ManifestRow row, LayerProgress progress, CancellationToken cancel)
    {
        var manifest = Manifest.Parse(row.Content, row.MediaType);
        await ReadLayersAsync(await ListLayersAsync(db, row, manifest, cancel), progress, cancel);
        var layers = await ListLayersAsync(db, row, manifest, cancel);
        var claim = LayerClaim.Check(await FindConfigAsync(row, manifest, cancel), layers);
        await db.WriteAsync(
            async session =>
            {
                await ChainTable.PutAsync(session, row.Id, claim.Chains);
                await EventTable.AddAsync(session, new ContentEvent(EventKind.ImageRead) { RepoId = row.RepoId, ManifestId = row.Id, Digest = Digest.Parse(row.Digest) });
            },
            cancel);
        if (FindRefusal(layers) is { } refusal)
            throw new LayerRefusedException(refusal);
        using var image = TryOpen(files, layers) ?? throw new IOException("a listing that was just made is gone");
        var scan = new PackageScan(image, storage);
        var packages = await NiceThread.RunAsync(() => scan.Run(cancel));
        await db.WriteAsync(session => PackageTable.ClearAsync(session, row.Id), cancel);
        foreach (var batch in packages.Chunk(BatchPackages))
            await db.WriteAsync(session => PackageTable.AddAsync(session, row.Id, batch), cancel);
        List<ImageNote> notes = [.. claim.Notes, .. Notes(manifest, layers), .. scan.Notes];
        await db.WriteAsync(session => ImageTable.SetNotesAsync(session, row.Id, notes), cancel);
        return packages.Count;
    }

    /// <summary>The layers of an image, the lowest first.</summary>
    public static async Task<List<LayerRow>> ListLayersAsync(Db db, ManifestRow row, Manifest manifest, CancellationToken cancel)
    {
        string[] digests = [.. manifest.Layers.Select(layer => layer.Digest.Value).Distinct()];
        var found = (await db.ReadAsync(session => LayerTable.ListAsync(session, row.RepoId, digests), cancel)).ToDictionary(layer => layer.Digest);
        return [.. manifest.Layers.Select(layer => found.GetValueOrDefault(layer.Digest.Value) ?? LayerRow.Missing(layer.Digest.Value, layer.Size))];
    }

    /// <summary>Why nothing of an image can be read; null when something can.</summary>
    public static string? FindRefusal(List<LayerRow> layers) => layers.Count > 0 && layers.TrueForAll(layer => layer.IsRefused)
        ? $"layer 1 of {layers.Count} ({layers[0].Digest}) cannot be looked into: {layers[0].Reason}"
        : null;

    /// <summary>The files of an image; null when a layer of it has not been looked into. A layer that cannot be read has none.</summary>
    public static ImageFiles? TryOpen(LayerFiles files, IReadOnlyList<LayerRow> layers)
    {
        var open = new List<ImageLayer>();
        foreach (var layer in layers)
        {
            if ((layer.IsRefused ? files.OpenEmpty() : files.TryOpen(layer.Digest)) is { } listing)
            {
                open.Add(new ImageLayer(layer.Digest, layer.StorageKey, layer.Size, listing));
                continue;
            }
            open.ForEach(other => other.Listing.Dispose());
            return null;
        }
        return new ImageFiles(open);
    }

    async Task ReadLayersAsync(List<LayerRow> layers, LayerProgress progress, CancellationToken cancel)
    {
        progress.Layers = layers.Count;
        var seen = new HashSet<string>();
        for (var i = 0; i < layers.Count; i++)
        {
            var layer = layers[i];
            (progress.Layer, progress.Read, progress.Size) = (i + 1, 0, layer.Size);
            var isRead = layer.State == LayerRow.Indexed && layer.Facts is not null && files.Has(layer.Digest);
            if (!seen.Add(layer.Digest) || layer.IsRefused || isRead)
                continue;
            try
            {
                await indexer.RunAsync(layer, progress, cancel);
            }
            catch (LayerRefusedException)
            {
                // its row says why
            }
        }
    }

    async Task<ImageConfig?> FindConfigAsync(ManifestRow row, Manifest manifest, CancellationToken cancel) =>
        manifest.Config is { } config && await blobs.FindAsync(row.RepoId, config.Digest, ImageConfig.MaxBytes, cancel) is { } content ? ImageConfig.TryParse(content) : null;

    static IEnumerable<ImageNote> Notes(Manifest manifest, List<LayerRow> layers)
    {
        var told = manifest.Layers;
        for (var i = 0; i < layers.Count; i++)
        {
            var (layer, what) = (layers[i], $"layer {i + 1} of {layers.Count}");
            if (layer.IsRefused)
                yield return new ImageNote(ImageNote.Unread, what, Encrypted(told[i]) + layer.Reason);
            if (layer.Facts?.Incomplete is { } incomplete)
                yield return new ImageNote(ImageNote.Unread, what, $"only its beginning was read: {Encrypted(told[i])}{incomplete}");
            if (layer.Facts is { Skipped: > 0 } facts)
                yield return new ImageNote(ImageNote.Skipped, what, $"{Count(facts.Skipped)} left out: {facts.SkippedExample}");
        }
    }

    static string Count(long entries) => entries == 1 ? "1 entry was" : $"{entries} entries were";

    static string Encrypted(Descriptor layer) => layer.MediaType.EndsWith(EncryptedSuffix, StringComparison.Ordinal) ? "it is encrypted, as its media type says; " : "";
}
