using Microsoft.Extensions.Primitives;

namespace Staithe.Transport;

/// <summary>
/// The headers under which a browser runs nothing of an answer. Every answer begins with them, whoever writes it: the content of a registry is
/// anybody's, and its media type too. Only the renderer of pages puts the policy of pages in their place.
/// </summary>
internal static class SafeHeaders
{
    /// <summary>The policy: a document loads nothing, sends nothing, cannot be framed, and runs in an origin of its own without scripts.</summary>
    public const string Policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

    static readonly StringValues NoSniff = "nosniff";
    static readonly StringValues NoContent = Policy;
    static readonly StringValues SameOrigin = "same-origin";

    /// <summary>Sets them; to be called before anything else writes to the answer.</summary>
    public static void Apply(IHeaderDictionary headers)
    {
        headers.XContentTypeOptions = NoSniff;
        headers.ContentSecurityPolicy = NoContent;
        headers["Cross-Origin-Resource-Policy"] = SameOrigin;
    }
}
