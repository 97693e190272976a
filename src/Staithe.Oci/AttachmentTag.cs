using System.Text.RegularExpressions;

namespace Staithe.Oci;

/// <summary>
/// A tag whose name is the digest of another manifest: <c>sha256-HEX</c> is the referrers tag schema of the distribution-spec, and cosign adds <c>.sig</c>,
/// <c>.att</c> or <c>.sbom</c>. What it points at is attached to that manifest. It is no release: nobody looks for it among the tags.
/// </summary>
/// <param name="Digest">The manifest that it is attached to; the hash may be cut to 64 digits.</param>
/// <param name="Suffix">What follows the digest, such as <c>.sig</c>; empty for a list of referrers.</param>
public sealed partial record AttachmentTag(string Digest, string Suffix)
{
    /// <summary>Reads a tag; null for a tag that people chose.</summary>
    public static AttachmentTag? TryParse(string tag) =>
        Form().Match(tag) is { Success: true } match ? new AttachmentTag($"{match.Groups["algorithm"].Value}:{match.Groups["hash"].Value}", match.Groups["suffix"].Value) : null;

    // As the migration that marks the tags that are there already has it in SQL.
    [GeneratedRegex(@"\A(?<algorithm>sha256|sha384|sha512)-(?<hash>[0-9a-f]{64})(?<suffix>\..+)?\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
