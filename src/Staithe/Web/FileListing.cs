using System.Globalization;
using Staithe.Clients;
using Staithe.Content;
using Staithe.Files;
using Staithe.Oci;

namespace Staithe.Web;

/// <summary>A directory of an image as pages show it: what its layers make of it, or one of them by itself.</summary>
/// <param name="Image">The image, as it was asked for.</param>
/// <param name="Path">The directory, with a slash at both ends.</param>
/// <param name="Layer">Which layer is looked at by itself, 1 for the lowest; null for all of them.</param>
/// <param name="Platform">Of an image for several, which was asked for.</param>
/// <param name="Next">Behind which name it goes on; null at its end.</param>
/// <param name="Command">Reads the first of its files, or it, from a shell.</param>
public sealed record FileListing(
    string Image, string Path, int? Layer, string? Platform, IReadOnlyList<FileLayer> Layers, IReadOnlyList<FileLine> Entries, string After, string? Next, string Command)
{
    const int PerPage = 300;

    /// <summary>What is to be said of the image: where not all of it was read, not all of its files are listed.</summary>
    public IReadOnlyList<ImageNote> Notes { get; init; } = [];

    internal static FileListing Of(
        FoundImage image,
        ImageFiles whole,
        ImageFiles files,
        ImageEntry directory,
        int? layer,
        IQueryCollection query,
        ClientCommands clients)
    {
        var after = query["after"].ToString();
        var entries = files.List(directory).Where(entry => string.CompareOrdinal(entry.Name, after) > 0).Take(PerPage + 1).ToList();
        var listing = new FileListing(
            image.Name.ToString(),
            directory.Path == "/" ? "/" : $"{directory.Path}/",
            layer,
            query["platform"] is [{ Length: > 0 } platform] ? platform : null,
            [.. whole.Layers.Select((one, index) => new FileLayer(index + 1, one.Digest, one.Size))],
            [.. entries.Take(PerPage).Select(entry => Line(files, entry, layer))],
            after,
            entries.Count > PerPage ? entries[PerPage - 1].Name : null,
            "");
        var file = entries.FirstOrDefault(entry => entry.Node.Type == EntryType.File)?.Name ?? "";
        return listing with { Command = clients.Fetch($"{clients.Url}{listing.Link(listing.Path + file, layer)}") };
    }

    /// <summary>Where something of the same view is.</summary>
    /// <param name="path">From the root, with a slash at its beginning.</param>
    /// <param name="layer">Which layer to look at.</param>
    /// <param name="after">Behind which name to begin.</param>
    public string Link(string path, int? layer, string? after = null)
    {
        var query = string.Join('&', new[]
        {
            layer is { } number ? string.Create(CultureInfo.InvariantCulture, $"layer={number}") : null,
            Platform is { } platform ? $"platform={Uri.EscapeDataString(platform)}" : null,
            after is { } name ? $"after={Uri.EscapeDataString(name)}" : null,
        }.OfType<string>());
        return $"/f/{Image}{Shown.Escape(path)}{(query.Length > 0 ? "?" : "")}{query}";
    }

    static FileLine Line(ImageFiles files, ImageEntry entry, int? layer)
    {
        var shown = entry.Node.Type == EntryType.HardLink ? files.Find(entry.Path) ?? entry : entry;
        var node = shown.Node;
        return new FileLine(
            entry.Name,
            FileEndpoint.Kind(shown),
            node.Type == EntryType.File ? node.Size : null,
            shown.Digest,
            Convert.ToString(node.Mode, 8).PadLeft(4, '0'),
            node.UserId,
            node.GroupId,
            node.Type == EntryType.Whiteout || node.Flags.HasFlag(NodeFlags.Implied) ? null : ForeignTime.FromUnixSeconds(node.Modified),
            shown.Link.Length > 0 ? shown.Link : null,
            node.Flags.HasFlag(NodeFlags.Opaque),
            layer ?? entry.Layer + 1) { IsTold = node.Type != EntryType.Whiteout && !node.Flags.HasFlag(NodeFlags.Implied) };
    }
}

/// <summary>A layer of the image, 1 for the lowest.</summary>
public sealed record FileLayer(int Number, string Digest, long Size);

/// <summary>A name in a directory.</summary>
/// <param name="Kind">file, directory, link, whiteout for what hides what has this name in the layers below, …</param>
/// <param name="Link">Of a link, where it leads.</param>
/// <param name="IsOpaque">Whether it hides what the layers below have in it.</param>
/// <param name="Layer">The layer that it is from.</param>
public sealed record FileLine(
    string Name, string Kind, long? Size, string? Digest, string Mode, long UserId, long GroupId, DateTimeOffset? ModifiedAt, string? Link, bool IsOpaque, int Layer)
{
    /// <summary>Whether there is something to see.</summary>
    public bool CanOpen => Kind is "file" or "directory" or "link";

    /// <summary>Whether the archive tells of it, and not only of what is in it or below it.</summary>
    public bool IsTold { get; init; } = true;
}

/// <summary>A directory of an image as a page of its own.</summary>
/// <param name="Attached">How much is attached to the image.</param>
public sealed record FilesView(string Repository, string Reference, bool IsTag, string Name, string Digest, FileListing Listing, int Attached)
{
    internal static FilesView Of(FoundImage image, FileListing listing, int attached) => new(
        image.Name.Repository.Value, image.Name.Reference.ToString(), image.Name.Reference.Digest is null, image.Name.ToString(), image.Index?.Digest ?? image.Row.Digest, listing, attached);
}
