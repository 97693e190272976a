using System.Text;
using Staithe.Content;
using Staithe.Oci;
using Staithe.Storage;

namespace Staithe.Files;

/// <summary>
/// Finds what is installed in an image: the databases of its system, and the files by which languages know their packages. What is there and cannot
/// be read is a note: a package that is not listed must not look like one that is not installed.
/// </summary>
internal sealed class PackageScan(ImageFiles files, IBlobStorage storage)
{
    const int MaxDatabaseBytes = 128 * 1024 * 1024;
    const int MaxFileBytes = 16 * 1024 * 1024;
    const long MaxReadBytes = 2L * 1024 * 1024 * 1024; // of all files together
    const int MaxFiles = 20_000;
    const int MaxPackages = 50_000;
    const int MaxVisited = 2_000_000;
    const int MaxLookups = 200_000;
    const int MaxTextBytes = 512; // of a name, version or URL: an index takes no more than some kilobytes

    readonly PackageNotes notes = new();
    readonly HashSet<PackageRow> found = [];
    readonly HashSet<string> databases = new(StringComparer.Ordinal);
    Func<ImageEntry, byte[]?> readAll = _ => null;
    long readBytes;
    int lookups;

    /// <summary>What was not read, after <see cref="Run"/>.</summary>
    public IReadOnlyList<ImageNote> Notes => notes.ToList();

    /// <summary>The packages, each once. Runs once.</summary>
    public List<PackageRow> Run(CancellationToken cancel)
    {
        using var reader = new LayerReader(files, storage);
        readAll = entry => reader.ReadAll(entry, int.MaxValue);
        var os = OsRelease.Paths.Select(path => Content(path, MaxFileBytes)).OfType<byte[]>().Select(OsRelease.Read).FirstOrDefault();
        if (os is not null)
            Take("etc/os-release", _ => [os.ToPackage()], []);
        ReadSystem(os);
        // In the order in which they lie in the layers, so that each layer is read once.
        foreach (var (entry, read) in FindLanguageFiles(cancel).OrderBy(file => file.Entry.Layer).ThenBy(file => file.Entry.Node.Offset))
        {
            cancel.ThrowIfCancellationRequested();
            if (Content(entry, MaxFileBytes) is { } content)
                Take(entry.Path, read, content);
        }
        return [.. found.OrderBy(package => package.Purl, StringComparer.Ordinal)];
    }

    void ReadSystem(OsRelease? os)
    {
        ReadDatabase("var/lib/dpkg/status", file => SystemPackages.ReadDpkg(file.Content, os));
        if (files.Find("var/lib/dpkg/status.d") is { IsDirectory: true } parts)
        {
            // The sums of files lie beside what is told of the packages.
            foreach (var part in files.List(parts).Where(part => !part.Name.EndsWith(".md5sums", StringComparison.Ordinal)).Take(MaxFiles))
                ReadDatabase(part.Path, file => SystemPackages.ReadDpkg(file.Content, os), MaxFileBytes);
        }
        foreach (var path in (string[])["lib/apk/db/installed", "usr/lib/apk/db/installed"])
            ReadDatabase(path, file => SystemPackages.ReadApk(file.Content, os));
        foreach (var path in RpmPackages.Paths)
            ReadDatabase(path, file => RpmPackages.Read(file.Content, os));
        foreach (var (path, why) in UnreadDatabases.All)
        {
            if (files.Find(path) is { } there && (there.IsDirectory ? files.List(there).Count > 0 : there.Node.Size > 0 || there.Node.Type != EntryType.File))
                notes.Add(there.Path, why);
        }
    }

    void ReadDatabase(string path, PackageReader read, int maxBytes = MaxDatabaseBytes)
    {
        if (files.Find(path) is { } there && !databases.Add(there.Path))
            return; // another way to one that was read
        if (Content(path, maxBytes) is { } content)
            Take(path, read, content);
    }

    List<(ImageEntry Entry, PackageReader Read)> FindLanguageFiles(CancellationToken cancel)
    {
        var some = new List<(ImageEntry, PackageReader)>();
        var left = new Stack<ImageEntry>([files.Root]);
        var visited = 0;
        while (left.TryPop(out var directory))
        {
            cancel.ThrowIfCancellationRequested();
            if (some.Count >= MaxFiles || visited >= MaxVisited)
            {
                notes.Add(directory.Path, $"it and what comes behind it was not searched: there are more than {MaxFiles} files that tell of packages, or more than {MaxVisited} names");
                break;
            }
            foreach (var entry in files.List(directory))
            {
                visited++;
                if (entry.IsDirectory)
                    left.Push(entry);
                else if (UnreadDatabases.OfFile(entry.Path) is { } why)
                    notes.Add(entry.Path, why);
                else if (LanguagePackages.Reader(entry.Path) is { } read && (entry.Node.Type == EntryType.HardLink ? files.Find(entry.Path) : entry) is { Node.Type: EntryType.File } file)
                    some.Add((file with { Path = entry.Path }, read));
            }
        }
        return some;
    }

    bool Has(string file, string path) => ++lookups > MaxLookups || files.Find($"{file[..(file.LastIndexOf('/') + 1)]}{path}") is not null;

    byte[]? Content(string path, int maxBytes)
    {
        if (files.Find(path) is { } entry)
            return Content(entry with { Path = path }, maxBytes);
        if (files.Find(path, follow: false) is not null)
            notes.Add(path, "it is a link to nowhere");
        return null;
    }

    byte[]? Content(ImageEntry entry, int maxBytes)
    {
        var why = entry.Node.Type != EntryType.File ? "it is no file"
            : entry.Node.Flags.HasFlag(NodeFlags.Sparse) ? "it is a file with holes"
            : entry.Node.Size > maxBytes ? $"it has more than {maxBytes / 1024 / 1024} MiB"
            : (readBytes += entry.Node.Size) > MaxReadBytes ? $"more than {MaxReadBytes / 1024 / 1024} MiB of files tell of packages"
            : null;
        if (why is null)
            return readAll(entry);
        notes.Add(entry.Path, why);
        return null;
    }

    // One file that cannot be read costs that file.
    void Take(string path, PackageReader read, byte[] content)
    {
        try
        {
            Take(path, read(new PackageFile(content, here => Has(path, here))));
        }
        catch (InvalidDataException damaged)
        {
            notes.Add(path, $"it cannot be read: it is {damaged.Message}");
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or ArgumentException)
        {
            notes.Add(path, "it cannot be read: it has a text that is none"); // such as half of a surrogate pair
        }
    }

    void Take(string path, IEnumerable<PackageRow>? packages)
    {
        if (packages is null)
        {
            notes.Add(path, "it is not what its name says: no package can be read in it");
            return;
        }
        foreach (var package in packages)
        {
            if (found.Count >= MaxPackages && !found.Contains(package))
            {
                notes.Add(path, $"it and what comes behind it was not read to its end: there are more than {MaxPackages} packages");
                return;
            }
            if (package.Name.Length > 0 && (package.Version.Length > 0 || package.Ecosystem == "os") && Fits(package.Name) && Fits(package.Version) && Fits(package.Purl) && Fits(package.Source))
                found.Add(package);
            else
                notes.Add(path, $"a package in it has no name or version, or one that is longer than {MaxTextBytes} bytes or is no text");
        }
    }

    static bool Fits(string text) => text.Length <= MaxTextBytes && ForeignText.IsExact(text) && Encoding.UTF8.GetByteCount(text) <= MaxTextBytes && !text.Any(char.IsControl);
}
