using System.Text;

namespace Staithe.Versions;

/// <summary>
/// Names of packages by the rules of each package system: two ways to write one name have the same key. The index and each query use this function,
/// so that they agree.
/// </summary>
internal static class PackageName
{
    /// <summary>The key of a name in a package system.</summary>
    /// <param name="ecosystem">As <c>PackageRow</c> names it; a system that is not known here has names without upper case.</param>
    /// <param name="name">As the package itself or a person writes it.</param>
    public static string Key(string ecosystem, string name) => ecosystem switch
    {
        "pypi" => Separated(name, '-', "-_."), // PEP 503
        "cargo" => Separated(name, '-', "_"), // crates.io takes one of the two for the other
        "gem" or "golang" or "maven" => name, // upper and lower case are two names
        _ => name.ToLowerInvariant(), // npm, NuGet and Composer; what Debian, Alpine and RPM have differs in more than case
    };

    /// <summary>Every key that a name may have, whichever system it is of.</summary>
    public static string[] Keys(string name) => [.. Ecosystems.Select(ecosystem => Key(ecosystem, name)).Where(key => key.Length > 0).Distinct()];

    // One for each rule above.
    static readonly string[] Ecosystems = ["deb", "pypi", "cargo", "gem"];

    // In lower case; of PEP 503's separators each run is one, of Cargo's each is itself.
    static string Separated(string name, char separator, string separators)
    {
        var key = new StringBuilder(name.Length);
        foreach (var c in name.ToLowerInvariant())
        {
            if (!separators.Contains(c, StringComparison.Ordinal))
                key.Append(c);
            else if (separators.Length == 1 || key.Length == 0 || key[^1] != separator)
                key.Append(separator);
        }
        return key.ToString();
    }
}
