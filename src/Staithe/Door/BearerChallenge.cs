using Staithe.Accounts;
using Staithe.Oci;

namespace Staithe.Door;

/// <summary>Sends clients of the registry to where tokens are to be had (RFC 6750 section 3), with all scopes that the request needs.</summary>
internal static class BearerChallenge
{
    /// <summary>Where tokens are to be had.</summary>
    public const string TokenPath = "/v2/auth";

    /// <summary>The token has not the scope that the request needs, in the words of RFC 6750.</summary>
    public const string NarrowToken = "insufficient_scope";

    // The scopes as the Docker Registry token specification writes them, blanks between.
    public static string For(HttpContext http, OciRoute route, string? error)
    {
        var scopes = string.Join(' ', NeededScopes(http, route));
        var scope = scopes.Length > 0 ? $",scope=\"{scopes}\"" : "";
        var reason = error is null ? "" : $",error=\"{error}\"";
        var (request, realm) = (http.Request, $"{http.Request.Scheme}://{http.Request.Host}{TokenPath}");
        return $"Bearer realm=\"{realm}\",service=\"{request.Host}\"{scope}{reason}";
    }

    static IEnumerable<string> NeededScopes(HttpContext http, OciRoute route)
    {
        if (route is OciRoute.RepositoryList)
            yield return $"{TokenScope.Registry}:catalog:*";
        if (route.Repository is not { } name)
            yield break;
        yield return $"{TokenScope.Repository}:{name}:{Actions(Admission.Needed(route, http.Request.Method))}";
        if (route is OciRoute.UploadStart && MountRequest.Read(http.Request.Query)?.From is { } source && source != name)
            yield return $"{TokenScope.Repository}:{source}:{Actions(Rights.Pull)}";
    }

    static string Actions(Rights right) => right switch
    {
        Rights.Pull => "pull",
        Rights.Delete => "delete",
        _ => "pull,push",
    };
}
