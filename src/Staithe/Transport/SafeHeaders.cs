using Microsoft.Extensions.Primitives;

namespace Staithe.Transport;

/// <summary>
/// The headers under which a browser runs nothing of an answer. Every answer begins with them, whoever writes it: the content of a registry is
/// anybody's, and its media type too. Only the renderer of pages puts the policy of pages in their place.
/// </summary>
internal static class SafeHeaders
{
    /// <summary>
    /// The policy: a document loads nothing, cannot be framed, and is shown in an origin of its own without scripts and forms. It goes out with every pull,
    /// so it says nothing twice.
    /// </summary>
    public const string Policy = "default-src 'none'; frame-ancestors 'none'; sandbox";

    static readonly StringValues NoSniff = "nosniff";
    static readonly StringValues NoContent = Policy;
    static readonly StringValues SameOrigin = "same-origin";

    /// <summary>Sets them; to be called before anything else writes to the answer.</summary>
    public static void Apply(IHeaderDictionary headers)
    {
        headers.XContentTypeOptions = NoSniff;
        headers.ContentSecurityPolicy = NoContent;
    }

    /// <summary>Keeps other sites from embedding the answer: for the faces that take a browser's session, which the API for clients does not.</summary>
    public static void KeepFromOtherSites(IHeaderDictionary headers) => headers["Cross-Origin-Resource-Policy"] = SameOrigin;
}
