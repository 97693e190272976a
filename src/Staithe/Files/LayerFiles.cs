using Staithe.Content;
using Staithe.Database;
using Staithe.Storage;

namespace Staithe.Files;

/// <summary>
/// The listings, a file each. All of it is derived: whatever is missing is made again, whatever is too much may go.
/// <code>
/// derived/layers/3f/sha256-3f0c…     the listing of the layer with that digest
/// derived/layers/empty               that of a layer of which nothing can be read
/// </code>
/// </summary>
internal sealed class LayerFiles(string root)
{
    const int BatchFiles = 500;
    const string EmptyName = "empty";

    /// <summary>Makes the directory, and clears away what was being written when the server ended.</summary>
    public void Create()
    {
        PrivateFile.CreateDirectory(root);
        foreach (var leftover in Directory.EnumerateFiles(root, "*.new", SearchOption.AllDirectories))
            File.Delete(leftover);
    }

    public string PathOf(string digest)
    {
        var name = digest.Replace(':', '-');
        return Path.Combine(root, name[(name.IndexOf('-', StringComparison.Ordinal) + 1)..][..2], name);
    }

    public LayerListing? TryOpen(string digest) => LayerListing.TryOpen(PathOf(digest));

    /// <summary>A listing without anything in it, for a layer of which nothing can be read.</summary>
    public LayerListing OpenEmpty()
    {
        var path = Path.Combine(root, EmptyName);
        if (LayerListing.TryOpen(path) is { } there)
            return there;
        LayerListing.Write(path, LayerFormat.Tar, new LayerTree(new LayerLimits()), []);
        return LayerListing.TryOpen(path) ?? throw new IOException("a listing that was just made is gone");
    }

    /// <summary>Whether there is a listing that is whole.</summary>
    public bool Has(string digest)
    {
        using var listing = TryOpen(digest);
        return listing is not null;
    }

    /// <summary>Removes the listings of layers that are no more; how many.</summary>
    public async Task<int> CleanAsync(Db db, CancellationToken cancel)
    {
        var removed = 0;
        if (!Directory.Exists(root))
            return removed;
        foreach (var batch in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".new", StringComparison.Ordinal) && Path.GetFileName(file) != EmptyName).Chunk(BatchFiles))
        {
            var digests = batch.ToDictionary(file => file, DigestOf);
            var known = (await db.ReadAsync(session => LayerTable.ListIndexedAsync(session, [.. digests.Values]), cancel)).ToHashSet();
            foreach (var (file, digest) in digests)
            {
                if (known.Contains(digest))
                    continue;
                File.Delete(file);
                removed++;
            }
        }
        return removed;
    }

    static string DigestOf(string file)
    {
        var name = Path.GetFileName(file);
        var dash = name.IndexOf('-', StringComparison.Ordinal);
        return dash < 0 ? name : $"{name[..dash]}:{name[(dash + 1)..]}";
    }
}
