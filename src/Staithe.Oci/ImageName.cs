using System.Diagnostics.CodeAnalysis;

namespace Staithe.Oci;

/// <summary>An image as people write it without the registry's address: <c>team/app:1</c> or <c>team/app@sha256:…</c>.</summary>
/// <param name="Repository">The part before the colon or the at sign, which no repository's name holds.</param>
/// <param name="Reference">The tag or the digest.</param>
public sealed record ImageName(RepositoryName Repository, Reference Reference)
{
    /// <summary>Reads a name; false when it is none.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out ImageName? name)
    {
        name = null;
        var end = text?.IndexOfAny([':', '@']) ?? -1;
        if (end < 0 || !RepositoryName.TryParse(text![..end], out var repository))
            return false;
        var reference = text[(end + 1)..];
        if (text[end] == '@')
            name = Digest.TryParse(reference, out var digest) ? new ImageName(repository, Reference.To(digest)) : null;
        else
            name = TagName.TryParse(reference, out var tag) ? new ImageName(repository, Reference.To(tag)) : null;
        return name is not null;
    }

    /// <summary>Reads the name at the beginning of a path, which ends at the first slash behind the tag or digest; false when there is none.</summary>
    /// <param name="path">Decoded, without a slash at its beginning.</param>
    /// <param name="name">The name.</param>
    /// <param name="rest">What follows it: empty, or from the slash on.</param>
    public static bool TryReadPath(string path, [NotNullWhen(true)] out ImageName? name, out string rest)
    {
        var end = path.IndexOfAny([':', '@']);
        var slash = end < 0 ? -1 : path.IndexOf('/', end);
        rest = slash < 0 ? "" : path[slash..];
        return TryParse(slash < 0 ? path : path[..slash], out name);
    }

    /// <inheritdoc/>
    public override string ToString() => Reference.Tag is { } tag ? $"{Repository}:{tag}" : $"{Repository}@{Reference.Digest}";
}
