using Microsoft.Net.Http.Headers;
using Staithe.Content;
using Staithe.Oci;

namespace Staithe.Distribution;

/// <summary>Entity tags and caching (RFC 9110 section 13, RFC 9111). The entity tag of content is its digest in quotes.</summary>
internal static class Preconditions
{
    const string Forever = "max-age=31536000, immutable";
    const string AskAgain = "no-cache";

    /// <summary>Says what the content is and for how long it may be kept: content by digest forever, a tag not without asking.</summary>
    public static void Describe(HttpResponse response, string digest, bool byDigest)
    {
        response.Headers["Docker-Content-Digest"] = digest;
        response.Headers.ETag = $"\"{digest}\"";
        response.Headers.CacheControl = byDigest ? Forever : AskAgain;
    }

    /// <summary>True when the client has this content already: 304.</summary>
    /// <exception cref="OciException">DENIED when the client wants other content than this.</exception>
    public static bool IsKnown(HttpRequest request, string digest)
    {
        if (Digests(request, HeaderNames.IfMatch) is { } must && !Names(must, digest))
            throw new OciException(OciError.PreconditionFailed, $"this is {digest}, which If-Match does not name");
        return Digests(request, HeaderNames.IfNoneMatch) is { } mustNot && Names(mustNot, digest);
    }

    /// <summary>True when a <c>Range</c> is to be honoured: there is no <c>If-Range</c>, or it names this very content.</summary>
    public static bool RangeHolds(HttpRequest request, string digest) =>
        request.Headers.IfRange is not [{ } condition] || condition == $"\"{digest}\"";

    /// <summary>The conditions of a push, or null when there are none.</summary>
    public static TagCondition? OfPush(HttpRequest request)
    {
        var (must, mustNot) = (Digests(request, HeaderNames.IfMatch), Digests(request, HeaderNames.IfNoneMatch));
        return must is null && mustNot is null ? null : new TagCondition(must, mustNot);
    }

    static bool Names(List<string> tags, string digest) => tags.Contains(digest) || tags.Contains("*");

    // Weak or strong makes no difference: the same digest is the same bytes.
    static List<string>? Digests(HttpRequest request, string header)
    {
        var values = request.Headers[header];
        if (values.Count == 0)
            return null;
        return EntityTagHeaderValue.TryParseList([.. values.OfType<string>()], out var tags) ? [.. tags.Select(tag => tag.Tag.Value!.Trim('"'))] : [];
    }
}
