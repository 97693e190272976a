using Staithe.Access;
using Staithe.Accounts;
using Staithe.Oci;

namespace Staithe.Web;

/// <summary>
/// Lets readers of recipes and of files in images in: a browser by its session, everybody else as the registry's API does. The right is that to
/// pull.
/// </summary>
/// <param name="sessions">Whose browser it is.</param>
/// <param name="access">What they may do.</param>
/// <param name="limits">How much they may ask; the others are counted where they are let on.</param>
/// <param name="others">Lets a request on that has no session, and throws as the registry's API does.</param>
/// <param name="identify">Who makes a request that has no session, counted.</param>
internal sealed class ReaderGate(
    Sessions sessions, AccessLookup access, RequestLimits limits, Func<HttpContext, OciRoute.Manifest, Task<(Identity Who, OciRoute.Manifest Route)>> others, Func<HttpContext, Task<Identity>> identify)
{
    /// <summary>Who reads; nobody's name without credentials.</summary>
    /// <exception cref="OciException">UNAUTHORIZED when they say who they are, and it is not so.</exception>
    public async Task<Identity> IdentifyAsync(HttpContext http) => await FindBySessionAsync(http) ?? await identify(http);

    /// <summary>The route with the name that the repository has now.</summary>
    /// <exception cref="OciException">UNAUTHORIZED with a challenge, or NAME_UNKNOWN for what the reader may not know of.</exception>
    public async Task<OciRoute.Manifest> AdmitAsync(HttpContext http, OciRoute.Manifest asked) => (await AdmitReaderAsync(http, asked)).Route;

    /// <summary>The same, with who it is.</summary>
    /// <exception cref="OciException">As above.</exception>
    public async Task<(Identity Who, OciRoute.Manifest Route)> AdmitReaderAsync(HttpContext http, OciRoute.Manifest asked)
    {
        if (await FindBySessionAsync(http) is not { } who)
            return await others(http, asked);
        var reach = await access.ReachAsync(who, asked.Name, http.RequestAborted);
        return reach.Decision.May(Rights.Pull)
            ? (who, asked with { Name = reach.Name })
            : throw new OciException(OciError.NameUnknown, $"there is no repository {asked.Name}, or none that you may see");
    }

    async Task<Identity?> FindBySessionAsync(HttpContext http)
    {
        if (http.Request.Headers.Authorization.Count > 0 || SessionCookie.Find(http) is not { } secret || await sessions.FindAsync(secret, http.RequestAborted) is not { } who)
            return null;
        limits.Require(who, http.Connection.RemoteIpAddress);
        return who;
    }
}
