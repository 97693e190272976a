using Staithe.Oci;

namespace Staithe.Door;

/// <summary>
/// What end-11 asks for: <c>?mount=DIGEST&amp;from=NAME</c>. A mount is a wish: where it cannot be read or granted, an upload begins instead.
/// </summary>
/// <param name="Digest">The blob.</param>
/// <param name="From">The repository that has it; null where the client does not say.</param>
internal sealed record MountRequest(Digest Digest, RepositoryName? From)
{
    /// <summary>Reads a query; null when it asks for no mount, or for one that cannot be.</summary>
    public static MountRequest? Read(IQueryCollection query)
    {
        if (query["mount"] is not [{ } wanted, ..] || !Digest.TryParse(wanted, out var digest) || digest.Algorithm is null)
            return null;
        if (query["from"] is not [{ Length: > 0 } from, ..])
            return new MountRequest(digest, null);
        return RepositoryName.TryParse(from, out var source) ? new MountRequest(digest, source) : null;
    }
}
