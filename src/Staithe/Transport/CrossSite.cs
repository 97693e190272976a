using Staithe.Oci;

namespace Staithe.Transport;

/// <summary>
/// Refuses what a web page elsewhere has a browser send here: any request but GET and HEAD that, by what browsers say of it, does not come from a page of this
/// registry. Clients that are no browsers say neither.
/// </summary>
internal static class CrossSite
{
    /// <summary>The refusal of a request from elsewhere; null for one that may go on.</summary>
    public static OciException? Check(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
            return null;
        // Fetch Metadata: no script can set this header, and it does not depend on how a proxy passes the host on.
        if (request.Headers["Sec-Fetch-Site"] is { Count: > 0 } sites)
            return sites is ["same-origin" or "none"] ? null : Refuse(request);
        return request.Headers.Origin is { Count: > 0 } origins && !(origins is [{ } origin] && IsOurs(origin, request)) ? Refuse(request) : null;
    }

    // What ends TLS in front may not say so, so http is taken for https, but not the other way round.
    static bool IsOurs(string origin, HttpRequest request) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var page)
        && (page.Scheme == Uri.UriSchemeHttps || (page.Scheme == Uri.UriSchemeHttp && !request.IsHttps))
        && Normal(page.Host).Equals(Normal(request.Host.Host), StringComparison.OrdinalIgnoreCase)
        && page.Port == (request.Host.Port ?? (page.Scheme == Uri.UriSchemeHttps ? 443 : 80));

    static string Normal(string host) => host.EndsWith('.') ? host[..^1] : host;

    static OciException Refuse(HttpRequest request) => new(
        OciError.Denied,
        $"a browser sends this from a page of {(request.Headers.Origin is [{ } origin] ? $"\"{OciException.Quote(origin)}\"" : "another site")}, "
            + $"and this registry, as \"{OciException.Quote(request.Host.Value)}\", takes changes from its own pages and from programs only: "
            + "behind a proxy, have it pass Host on, or send X-Forwarded-Host and name it in the setting proxies (STAITHE_PROXIES)");
}
