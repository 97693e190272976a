namespace Staithe.Files;

/// <summary>A name in an image.</summary>
/// <param name="Path">From the root, with a slash at its beginning; the root is <c>/</c>.</param>
/// <param name="Layer">The layer it is from; 0 is the lowest.</param>
/// <param name="Parts">Of a directory: what it is made of, the uppermost first.</param>
internal sealed record ImageEntry(string Path, int Layer, LayerNode Node, string Link, IReadOnlyList<(int Layer, LayerNode Node)> Parts)
{
    public string Name => Path[(Path.LastIndexOf('/') + 1)..];

    public bool IsDirectory => Node.Type == EntryType.Directory;

    /// <summary>The digest of a file's bytes.</summary>
    public string? Digest => Node.Type == EntryType.File ? $"sha256:{Convert.ToHexStringLower(Node.Hash.Span)}" : null;
}

/// <summary>
/// The files of an image as its layers make them, one over the other: what a layer hides is gone, links lead to places inside the image and
/// nowhere else. Nothing is unpacked; every look goes through the listings.
/// </summary>
/// <param name="layers">The listings, the lowest first.</param>
/// <param name="showsWhiteouts">Whether what only hides something is listed too, which makes sense for a layer by itself.</param>
internal sealed class ImageFiles(IReadOnlyList<ImageLayer> layers, bool showsWhiteouts = false) : IDisposable
{
    const int MaxHops = 40; // as Linux has it

    public IReadOnlyList<ImageLayer> Layers => layers;

    public ImageEntry Root { get; } = new(
        "/",
        layers.Count == 0 ? 0 : TopOf(layers),
        layers.Count == 0 ? new LayerNode { Type = EntryType.Directory, Mode = 0x1ED } : layers[TopOf(layers)].Listing.Root,
        "",
        Cut([.. Enumerable.Range(0, layers.Count).Reverse().Select(index => (index, layers[index].Listing.Root))]));

    /// <summary>One layer by itself, with what it hides; ends with this one.</summary>
    public ImageFiles Only(int layer) => new([layers[layer]], showsWhiteouts: true);

    /// <summary>What is under a path; null when nothing is. Links on the way are followed, one at its end too if wanted.</summary>
    public ImageEntry? Find(string path, bool follow = true)
    {
        var at = new List<ImageEntry> { Root };
        var left = new Stack<string>(path.Split('/').Reverse());
        var hops = 0;
        while (left.TryPop(out var part))
        {
            if (part is "" or ".")
                continue;
            if (part == "..")
            {
                if (at.Count > 1)
                    at.RemoveAt(at.Count - 1);
                continue;
            }
            if (!at[^1].IsDirectory || FindChild(at[^1], part) is not { } child)
                return null;
            var isLast = left.All(step => step is "" or ".");
            var isLink = child.Node.Type == EntryType.SymbolicLink && (follow || !isLast);
            if (!isLink && child.Node.Type != EntryType.HardLink)
            {
                at.Add(child);
                continue;
            }
            if (++hops > MaxHops)
                return null;
            if (child.Link.StartsWith('/') || !isLink)
                at.RemoveRange(1, at.Count - 1); // the other name of a file is told from the root
            foreach (var step in child.Link.Split('/').Reverse())
                left.Push(step);
        }
        return at[^1];
    }

    /// <summary>What is in a directory, in the order of the names.</summary>
    public IReadOnlyList<ImageEntry> List(ImageEntry directory)
    {
        var found = new SortedDictionary<string, Merge>(StringComparer.Ordinal);
        foreach (var (layer, node) in directory.Parts)
        {
            foreach (var child in layers[layer].Listing.Children(node))
            {
                var name = layers[layer].Listing.Name(child);
                if (!found.TryGetValue(name, out var merge))
                    found.Add(name, merge = new Merge(showsWhiteouts));
                merge.Take(layer, child);
            }
        }
        return [.. found.Select(pair => pair.Value.ToEntry(this, directory.Path, pair.Key)).OfType<ImageEntry>()];
    }

    public void Dispose()
    {
        foreach (var layer in layers)
            layer.Listing.Dispose();
    }

    static int TopOf(IReadOnlyList<ImageLayer> layers)
    {
        for (var i = layers.Count - 1; i > 0; i--)
        {
            if (!layers[i].Listing.Root.Flags.HasFlag(NodeFlags.Implied))
                return i;
        }
        return 0;
    }

    static List<(int Layer, LayerNode Node)> Cut(List<(int Layer, LayerNode Node)> parts)
    {
        var end = parts.FindIndex(part => part.Node.Flags.HasFlag(NodeFlags.Opaque));
        return end < 0 ? parts : parts[..(end + 1)];
    }

    ImageEntry? FindChild(ImageEntry directory, string name)
    {
        var merge = new Merge(showsWhiteouts);
        foreach (var (layer, node) in directory.Parts)
        {
            if (!merge.IsClosed && layers[layer].Listing.FindChild(node, name) is { } child)
                merge.Take(layer, child);
        }
        return merge.ToEntry(this, directory.Path, name);
    }

    /// <summary>What one name is, told by the layers from the uppermost down.</summary>
    sealed class Merge(bool showsWhiteouts)
    {
        readonly List<(int Layer, LayerNode Node)> parts = [];
        (int Layer, LayerNode Node)? leaf;

        /// <summary>Whether the layers further down have no say.</summary>
        public bool IsClosed { get; private set; }

        public void Take(int layer, LayerNode node)
        {
            if (IsClosed)
                return;
            if (node.Type == EntryType.Directory)
                parts.Add((layer, node));
            else if ((node.Type != EntryType.Whiteout || showsWhiteouts) && parts.Count == 0)
                leaf = (layer, node);
            IsClosed = node.Type != EntryType.Directory || (node.Flags & (NodeFlags.Opaque | NodeFlags.Replaces)) != 0;
        }

        public ImageEntry? ToEntry(ImageFiles files, string parent, string name)
        {
            var path = parent == "/" ? $"/{name}" : $"{parent}/{name}";
            if (leaf is var (layer, node))
                return new ImageEntry(path, layer, node, files.Layers[layer].Listing.Link(node), []);
            if (parts.Count == 0)
                return null;
            // A layer that has only something inside of the directory says nothing of the directory itself.
            var shown = parts.FindIndex(part => !part.Node.Flags.HasFlag(NodeFlags.Implied));
            var (from, top) = parts[shown < 0 ? parts.Count - 1 : shown];
            return new ImageEntry(path, from, top, "", parts);
        }
    }
}

/// <summary>A layer that can be looked into.</summary>
internal sealed record ImageLayer(string Digest, string StorageKey, long Size, LayerListing Listing);
