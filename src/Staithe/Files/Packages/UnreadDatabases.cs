namespace Staithe.Files;

/// <summary>The places where packages are written down in a way that is not read here. Where one is there, that is said.</summary>
internal static class UnreadDatabases
{
    const string BerkeleyDb = "it is a Berkeley DB database of rpm; of rpm, only the database in SQLite is read";
    const string Ndb = "it is an NDB database of rpm; of rpm, only the database in SQLite is read";
    const string Log = "it has changes of rpm's database, and is not read";

    /// <summary>Files and directories that have something in them.</summary>
    public static IReadOnlyList<(string Path, string Why)> All { get; } =
    [
        .. RpmPackages.Directories.SelectMany(directory => ((string, string)[])
        [
            ($"{directory}/Packages", BerkeleyDb),
            ($"{directory}/Packages.db", Ndb),
            ($"{directory}/rpmdb.sqlite-wal", Log),
            ($"{directory}/rpmdb.sqlite-journal", Log),
        ]),
        ("var/lib/dpkg/updates", "it has changes of dpkg's database, and is not read"),
        ("var/lib/pacman/local", "the database of pacman is not read"),
        ("var/db/pkg", "the database of Portage, or of FreeBSD's pkg, is not read"),
        ("var/db/xbps", "the database of xbps is not read"),
        ("var/lib/eopkg/package", "the database of eopkg is not read"),
        ("var/lib/opkg/status", "the database of opkg is not read"),
        ("usr/lib/opkg/status", "the database of opkg is not read"),
        ("var/log/packages", "the database of Slackware is not read"),
        ("var/lib/pkgtools/packages", "the database of Slackware is not read"),
        ("var/lib/chisel/manifest.wall", "what chisel has cut out of packages is not read"),
        ("nix/store", "what is in the store of Nix is not read"),
        ("gnu/store", "what is in the store of Guix is not read"),
        ("Files/Windows/System32/config", "what Windows has installed is not read"),
    ];

    /// <summary>Why a file that holds packages is not read; null for any other file.</summary>
    public static string? OfFile(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        var dot = name.LastIndexOf('.');
        return dot < 0 ? null : name[dot..].ToLowerInvariant() switch
        {
            ".jar" or ".war" or ".ear" or ".jpi" or ".hpi" => "packages in archives of Java are not read",
            ".egg" => "packages in an egg that is one file are not read",
            ".whl" => "packages in a wheel that is one file are not read",
            ".zip" when path.Contains("/.yarn/cache/", StringComparison.Ordinal) || path.Contains("/.yarn/berry/cache/", StringComparison.Ordinal) => "packages in the archives of Yarn are not read",
            _ => null,
        };
    }
}
