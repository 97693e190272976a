using Staithe.Content;

namespace Staithe.Files;

/// <summary>What was not read while packages were looked for. Files with the same reason are one note, with the first of them as an example.</summary>
internal sealed class PackageNotes
{
    readonly Dictionary<string, (string Path, long Count)> unread = new(StringComparer.Ordinal);
    readonly HashSet<(string, string)> seen = [];

    /// <summary>A file, or a directory, was not read.</summary>
    public void Add(string path, string why)
    {
        path = $"/{path.TrimStart('/')}";
        if (!seen.Add((path, why)))
            return;
        unread[why] = unread.TryGetValue(why, out var before) ? (before.Path, before.Count + 1) : (path, 1);
    }

    public IReadOnlyList<ImageNote> ToList() =>
        [.. unread.Select(one => new ImageNote(ImageNote.Unread, one.Value.Count == 1 ? one.Value.Path : $"{one.Value.Count} files, such as {one.Value.Path}", one.Key))];
}
