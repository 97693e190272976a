using System.Text;

namespace Staithe.Files;

/// <summary>
/// What a layer's archive makes of an empty directory, while it is being read: as those see it who unpack it, later entries over earlier ones,
/// and nothing outside of the root. Then it is written down as a listing.
/// </summary>
internal sealed class LayerTree(LayerLimits limits)
{
    const string Whiteout = ".wh.";
    const string Opaque = ".wh..wh..opq";
    const string WhiteoutOfOthers = ".wh..wh."; // what one file system keeps for itself
    const int MaxHops = 40;

    readonly Node root = new("") { Type = EntryType.Directory, Flags = NodeFlags.Implied, Mode = 0x1ED };
    long nameBytes;
    (Node Parent, Node Node)? last;

    /// <summary>The names there are, without the root.</summary>
    public int Count { get; private set; }

    /// <summary>The directories, files, links and whiteouts, the root first and the children of each behind one another in the order of their names.</summary>
    public List<Node> InOrder()
    {
        var all = new List<Node>(Count + 1) { root };
        for (var i = 0; i < all.Count; i++)
        {
            if (all[i].Children is not { } children)
                continue;
            all[i].FirstChild = all.Count;
            all.AddRange(children.Values.OrderBy(child => child.Name, StringComparer.Ordinal));
        }
        return all;
    }

    /// <summary>The paths of files and links, without the slash at the beginning.</summary>
    public IEnumerable<string> Names() => Names(root, "");

    /// <summary>Takes in an entry.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="file">The node of a file, whose bytes come next; else null.</param>
    /// <returns>Why it was left out; null when it was taken.</returns>
    /// <exception cref="LayerRefusedException">There is no room for more.</exception>
    public string? Add(TarEntry entry, out Node? file)
    {
        file = null;
        if (Split(entry.Path, out var parts) is { } wrong)
            return wrong;
        if (parts.Count == 0)
        {
            if (entry.Type != EntryType.Directory)
                return "its name is that of the root";
            Describe(root, entry);
            return null;
        }
        var name = parts[^1];
        if (name is Whiteout or Whiteout + "." or Whiteout + "..")
            return "it hides a name that is none";
        if (Descend(parts[..^1], create: true) is not { } parent)
            return "it is behind links that go round in circles";
        if (name == Opaque)
            parent.Flags |= NodeFlags.Opaque;
        else if (name.StartsWith(WhiteoutOfOthers, StringComparison.Ordinal))
            return null;
        else if (name.StartsWith(Whiteout, StringComparison.Ordinal))
            Hide(parent, name[Whiteout.Length..]);
        else if (entry.Type == EntryType.HardLink)
            return Link(parent, name, entry);
        else
            file = Put(parent, name, entry);
        return null;
    }

    /// <summary>Takes out the file that was added last, because its bytes are not all there.</summary>
    public void RemoveLast()
    {
        if (last is var (parent, node) && parent.Children!.Remove(node.Name))
            Count--;
        last = null;
    }

    Node? Put(Node parent, string name, TarEntry entry)
    {
        var node = Replace(parent, name, keepChildren: entry.Type == EntryType.Directory);
        Describe(node, entry);
        if (entry.Type != EntryType.File)
            return null;
        last = (parent, node);
        return node;
    }

    static void Describe(Node node, TarEntry entry)
    {
        node.Type = entry.Type;
        node.Flags = (node.Flags & ~NodeFlags.Implied) | (entry.IsSparse ? NodeFlags.Sparse : NodeFlags.None);
        (node.Mode, node.UserId, node.GroupId, node.Modified) = (entry.Mode, entry.UserId, entry.GroupId, entry.Modified);
        (node.Size, node.Offset, node.Link) = (entry.Size, entry.Offset, entry.Link);
    }

    void Hide(Node parent, string name)
    {
        if (parent.Children?.TryGetValue(name, out var there) == true)
            there.Flags |= NodeFlags.Replaces;
        else
            Create(parent, name).Type = EntryType.Whiteout;
    }

    // Another name of a file of this layer is that file; one of a file of a lower layer is looked for when somebody asks.
    string? Link(Node parent, string name, TarEntry entry)
    {
        if (Split(entry.Link, out var parts) is { } wrong)
            return $"the file that it is another name of: {wrong}";
        var target = parts.Count == 0 ? root : Descend(parts[..^1], create: false)?.Children?.GetValueOrDefault(parts[^1]);
        if (target is { Type: EntryType.Directory })
            return "it is a hard link to a directory";
        var node = Replace(parent, name, keepChildren: false);
        if (target is null or { Type: EntryType.Whiteout })
        {
            Describe(node, entry);
            node.Link = entry.Link.Contains("..", StringComparison.Ordinal) ? string.Join('/', parts) : entry.Link;
            return null;
        }
        node.Type = target.Type;
        node.Flags |= (target.Flags & NodeFlags.Sparse) | NodeFlags.Linked;
        (node.Mode, node.UserId, node.GroupId, node.Modified) = (target.Mode, target.UserId, target.GroupId, target.Modified);
        (node.Size, node.Offset, node.Hash) = (target.Size, target.Offset, target.Hash);
        node.Link = target.Type == EntryType.SymbolicLink ? target.Link : entry.Link;
        return null;
    }

    Node Replace(Node parent, string name, bool keepChildren)
    {
        if (parent.Children?.TryGetValue(name, out var there) != true)
            return Create(parent, name);
        var hides = there!.Type == EntryType.Whiteout || there.Flags.HasFlag(NodeFlags.Replaces);
        if (keepChildren && there.Type == EntryType.Directory)
            return there;
        var node = new Node(name) { Flags = hides ? NodeFlags.Replaces : NodeFlags.None };
        parent.Children[name] = node;
        return node;
    }

    Node Create(Node parent, string name)
    {
        var bytes = Encoding.UTF8.GetByteCount(name);
        if (Count >= limits.MaxEntries)
            throw new LayerRefusedException($"it has more than {limits.MaxEntries} names");
        if (nameBytes + bytes > limits.MaxNameBytes)
            throw new LayerRefusedException($"its names have more than {limits.MaxNameBytes} bytes");
        Count++;
        nameBytes += bytes;
        var node = new Node(name);
        (parent.Children ??= new Dictionary<string, Node>(StringComparer.Ordinal)).Add(name, node);
        return node;
    }

    // To the directory that an entry goes into. A link on the way is followed as it would be below this root; whatever else stands there
    // gives way to a directory, when one is to be created. Null when the links go round in circles, or nothing is to be created and is there.
    Node? Descend(IReadOnlyList<string> parts, bool create)
    {
        var path = new List<Node> { root };
        var left = new Stack<string>(parts.Reverse());
        var hops = 0;
        while (left.TryPop(out var part))
        {
            if (part == "..")
            {
                if (path.Count > 1)
                    path.RemoveAt(path.Count - 1);
                continue;
            }
            var parent = path[^1];
            var node = parent.Children?.GetValueOrDefault(part);
            if (node is { Type: EntryType.SymbolicLink })
            {
                if (++hops > MaxHops)
                    return null;
                if (node.Link.StartsWith('/'))
                    path.RemoveRange(1, path.Count - 1);
                foreach (var step in node.Link.Split('/').Reverse())
                {
                    if (step is not ("" or "."))
                        left.Push(step);
                }
                continue;
            }
            if (node is not { Type: EntryType.Directory })
            {
                if (!create)
                    return null;
                node = node is null ? Create(parent, part) : Replace(parent, part, keepChildren: false);
                (node.Type, node.Mode) = (EntryType.Directory, 0x1ED);
                node.Flags |= NodeFlags.Implied;
            }
            path.Add(node);
        }
        return path[^1];
    }

    // As filepath.Clean of Go does, which every engine calls before it looks at the name: "a/../b" is "b", whatever "a" is, and above "/" is "/".
    static string? Split(string path, out List<string> parts)
    {
        parts = [];
        if (path.Length > LayerLimits.MaxPathBytes || Encoding.UTF8.GetByteCount(path) > LayerLimits.MaxPathBytes)
            return $"its name has more than {LayerLimits.MaxPathBytes} bytes";
        if (path.Contains('\0', StringComparison.Ordinal))
            return "its name has a NUL in it";
        foreach (var part in path.Split('/'))
        {
            if (part is "" or ".")
                continue;
            if (part != "..")
                parts.Add(part);
            else if (parts.Count > 0)
                parts.RemoveAt(parts.Count - 1);
            else if (!path.StartsWith('/'))
                return "its name leads out of the root";
        }
        foreach (var part in parts)
        {
            if (part.Length > LayerLimits.MaxPartBytes / 3 && Encoding.UTF8.GetByteCount(part) > LayerLimits.MaxPartBytes)
                return $"its name has a part of more than {LayerLimits.MaxPartBytes} bytes";
        }
        return null;
    }

    static IEnumerable<string> Names(Node start, string path)
    {
        var left = new Stack<(Node Node, string Path)>();
        left.Push((start, path));
        while (left.TryPop(out var at))
        {
            foreach (var child in at.Node.Children?.Values ?? Enumerable.Empty<Node>())
            {
                var name = at.Path.Length == 0 ? child.Name : $"{at.Path}/{child.Name}";
                if (child.Type == EntryType.Directory)
                    left.Push((child, name));
                else if (child.Type is EntryType.File or EntryType.SymbolicLink or EntryType.HardLink)
                    yield return name;
            }
        }
    }

    /// <summary>A name in the tree.</summary>
    internal sealed class Node(string name)
    {
        public string Name { get; } = name;

        public EntryType Type { get; set; }

        public NodeFlags Flags { get; set; }

        public int Mode { get; set; }

        public long UserId { get; set; }

        public long GroupId { get; set; }

        public long Modified { get; set; }

        public long Size { get; set; }

        public long Offset { get; set; }

        public string Link { get; set; } = "";

        public byte[]? Hash { get; set; }

        public Dictionary<string, Node>? Children { get; set; }

        public int FirstChild { get; set; }
    }
}
