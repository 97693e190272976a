namespace Staithe.Versions;

/// <summary>Which of two versions is the later, by the rules of the package system that they are from.</summary>
internal static class VersionOrder
{
    /// <summary>Negative when the left one is earlier, positive when it is later.</summary>
    /// <param name="ecosystem">deb, apk, rpm, pypi; all others have semantic versions, or something like them.</param>
    public static int Compare(string ecosystem, string left, string right) => ecosystem switch
    {
        "deb" => DpkgVersion.Compare(left, right),
        "apk" => ApkVersion.Compare(left, right),
        "rpm" => RpmVersion.Compare(left, right),
        "pypi" => Pep440Version.Compare(left, right),
        _ => SemVersion.Compare(left, right),
    };
}
