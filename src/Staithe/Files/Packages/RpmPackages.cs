using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Staithe.Content;

namespace Staithe.Files;

/// <summary>RPM's database as SQLite, in which each package is a header: tags that point into a store of values. The older kinds of database are not read.</summary>
internal static class RpmPackages
{
    const int Name = 1000, Version = 1001, Release = 1002, Epoch = 1003, Architecture = 1022, SourceName = 1044;
    const int MaxTags = 10_000;

    /// <summary>Where rpm keeps its database, of whichever kind.</summary>
    public static IReadOnlyList<string> Directories { get; } = ["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"];

    /// <summary>Where the database in SQLite lies.</summary>
    public static IReadOnlyList<string> Paths { get; } = [.. Directories.Select(directory => $"{directory}/rpmdb.sqlite")];

    /// <summary>The packages; one whose header cannot be read has no name and no version.</summary>
    /// <exception cref="InvalidDataException">It is no SQLite file, or a damaged one.</exception>
    public static IEnumerable<PackageRow> Read(byte[] database, OsRelease? os) =>
        SqliteTable.ReadBlobs(database, "Packages", 1).Select(header => ReadHeader(header, os)).OfType<PackageRow>();

    static PackageRow Unreadable { get; } = new("rpm", "", "", "", "");

    static PackageRow? ReadHeader(byte[] header, OsRelease? os)
    {
        if (header.Length < 8)
            return Unreadable;
        var (count, length) = (BinaryPrimitives.ReadInt32BigEndian(header), BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(4)));
        if (count is < 0 or > MaxTags || length < 0 || 8L + (count * 16L) + length > header.Length)
            return Unreadable;
        var store = header.AsMemory(8 + (count * 16), length);
        var texts = new Dictionary<int, string>();
        for (var i = 0; i < count; i++)
        {
            var tag = header.AsSpan(8 + (i * 16), 16);
            var (number, type, offset) = (BinaryPrimitives.ReadInt32BigEndian(tag), BinaryPrimitives.ReadInt32BigEndian(tag[4..]), BinaryPrimitives.ReadInt32BigEndian(tag[8..]));
            if (number is Name or Version or Release or Epoch or Architecture or SourceName && offset >= 0 && offset < length && Value(type, store.Span[offset..]) is { } value)
                texts.TryAdd(number, value);
        }
        if (texts.GetValueOrDefault(Name) is not { Length: > 0 } name || texts.GetValueOrDefault(Version) is not { Length: > 0 } plain)
            return Unreadable;
        if (name == "gpg-pubkey")
            return null; // a key that rpm trusts
        var version = texts.TryGetValue(Release, out var release) ? $"{plain}-{release}" : plain;
        var epoch = texts.GetValueOrDefault(Epoch);
        var purl = Purl.Of("rpm", os?.Id, name, version, ("arch", texts.GetValueOrDefault(Architecture)), ("distro", os?.Distribution), ("epoch", epoch));
        return new PackageRow("rpm", name, epoch is null ? version : $"{epoch}:{version}", purl, Source(texts.GetValueOrDefault(SourceName), name, version));
    }

    // name-version-release.src.rpm
    static string Source(string? file, string name, string version)
    {
        if (file is null || !file.EndsWith(".src.rpm", StringComparison.Ordinal))
            return "";
        var whole = file[..^".src.rpm".Length];
        var release = whole.LastIndexOf('-');
        var at = release > 0 ? whole.LastIndexOf('-', release - 1) : -1;
        return at <= 0 || (whole[..at] == name && whole[(at + 1)..] == version) ? "" : $"{whole[..at]} {whole[(at + 1)..]}";
    }

    static string? Value(int type, ReadOnlySpan<byte> bytes) => type switch
    {
        4 when bytes.Length >= 4 => BinaryPrimitives.ReadUInt32BigEndian(bytes).ToString(CultureInfo.InvariantCulture),
        6 or 8 or 9 when bytes.IndexOf((byte)0) is >= 0 and var end => Encoding.UTF8.GetString(bytes[..end]),
        _ => null,
    };
}
