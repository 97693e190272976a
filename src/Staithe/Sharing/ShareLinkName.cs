using System.Diagnostics.CodeAnalysis;
using Staithe.Accounts;
using Staithe.Oci;

namespace Staithe.Sharing;

/// <summary>
/// The names under which clients pull by a share link: <c>s/SECRET</c>, and behind it whatever the image shall be called. Nobody can have
/// the space <c>s</c> (see <see cref="SpaceName"/>).
/// </summary>
internal static class ShareLinkName
{
    const string Prefix = "s/";
    const int MaxLastLength = 128;

    public static bool Is([NotNullWhen(true)] RepositoryName? name) => name is not null && name.Value.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>The secret in such a name.</summary>
    public static string SecretOf(RepositoryName name)
    {
        var rest = name.Value[Prefix.Length..];
        return rest.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash ? rest[..slash] : rest;
    }

    /// <summary>The name to give to people: with the last part of the repository's own.</summary>
    public static string Of(string secret, string repository)
    {
        var last = repository[(repository.LastIndexOf('/') + 1)..];
        return $"{Prefix}{secret}/{(last.Length <= MaxLastLength ? last : "image")}";
    }
}
