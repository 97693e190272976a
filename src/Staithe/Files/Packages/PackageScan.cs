using System.Text;
using Staithe.Content;
using Staithe.Storage;

namespace Staithe.Files;

/// <summary>Finds what is installed in an image: the databases of its system, and the files by which languages know their packages.</summary>
internal sealed class PackageScan(ImageFiles files, FileBlobStorage storage)
{
    const int MaxDatabaseBytes = 128 * 1024 * 1024;
    const int MaxFileBytes = 16 * 1024 * 1024;
    const int MaxFiles = 20_000;
    const int MaxPackages = 50_000;
    const int MaxVisited = 2_000_000;
    const int MaxTextBytes = 512; // of a name, version or URL: an index takes no more than some kilobytes

    /// <summary>The packages, each once.</summary>
    public List<PackageRow> Run(CancellationToken cancel)
    {
        using var reader = new LayerReader(files, storage);
        var os = OsRelease.Paths.Select(path => Content(reader, path, MaxFileBytes)).OfType<byte[]>().Select(OsRelease.Read).FirstOrDefault();
        var found = new HashSet<PackageRow>();
        if (os is not null)
            Take(found, [os.ToPackage()]);
        ReadSystem(reader, os, found);
        // In the order in which they lie in the layers, so that each layer is read once.
        foreach (var (entry, read) in FindLanguageFiles(cancel).OrderBy(file => file.Entry.Layer).ThenBy(file => file.Entry.Node.Offset))
        {
            cancel.ThrowIfCancellationRequested();
            if (reader.ReadAll(entry, MaxFileBytes) is { } content)
                Take(found, read(content));
        }
        return [.. found.OrderBy(package => package.Purl, StringComparer.Ordinal)];
    }

    void ReadSystem(LayerReader reader, OsRelease? os, HashSet<PackageRow> found)
    {
        if (Content(reader, "var/lib/dpkg/status", MaxDatabaseBytes) is { } dpkg)
            Take(found, SystemPackages.ReadDpkg(dpkg, os));
        if (files.Find("var/lib/dpkg/status.d") is { IsDirectory: true } parts)
        {
            foreach (var part in files.List(parts).Take(MaxFiles))
            {
                if (reader.ReadAll(part, MaxFileBytes) is { } content)
                    Take(found, SystemPackages.ReadDpkg(content, os));
            }
        }
        foreach (var path in (string[])["lib/apk/db/installed", "usr/lib/apk/db/installed"])
        {
            if (Content(reader, path, MaxDatabaseBytes) is { } apk)
                Take(found, SystemPackages.ReadApk(apk, os));
        }
        foreach (var path in RpmPackages.Paths)
        {
            if (Content(reader, path, MaxDatabaseBytes) is { } rpm)
                Take(found, TryReadRpm(rpm, os));
        }
    }

    static IEnumerable<PackageRow> TryReadRpm(byte[] database, OsRelease? os)
    {
        try
        {
            return RpmPackages.Read(database, os);
        }
        catch (InvalidDataException)
        {
            return []; // somebody's file, and no database
        }
    }

    List<(ImageEntry Entry, Func<byte[], IEnumerable<PackageRow>> Read)> FindLanguageFiles(CancellationToken cancel)
    {
        var found = new List<(ImageEntry, Func<byte[], IEnumerable<PackageRow>>)>();
        var left = new Stack<ImageEntry>([files.Root]);
        var visited = 0;
        while (left.TryPop(out var directory) && found.Count < MaxFiles && visited < MaxVisited)
        {
            cancel.ThrowIfCancellationRequested();
            foreach (var entry in files.List(directory))
            {
                visited++;
                if (entry.IsDirectory)
                    left.Push(entry);
                else if (entry.Node.Type == EntryType.File && LanguagePackages.Reader(entry.Path) is { } read)
                    found.Add((entry, read));
            }
        }
        return found;
    }

    byte[]? Content(LayerReader reader, string path, int maxBytes) => files.Find(path) is { } entry ? reader.ReadAll(entry, maxBytes) : null;

    static void Take(HashSet<PackageRow> found, IEnumerable<PackageRow> packages)
    {
        foreach (var package in packages)
        {
            if (found.Count < MaxPackages && Fits(package.Name) && Fits(package.Version) && Fits(package.Purl) && Fits(package.Source))
                found.Add(package);
        }
    }

    static bool Fits(string text) => text.Length <= MaxTextBytes && Encoding.UTF8.GetByteCount(text) <= MaxTextBytes && !text.Any(char.IsControl);
}
