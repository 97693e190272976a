namespace Staithe.Door;

/// <summary>
/// A cookie that the registry gives a browser; all of them are of one kind. No script reads it. Over TLS its name says that no
/// other host, nor anything in the clear, can have set it (RFC 6265bis section 4.1.3.2); for that it has the path / and no domain.
/// </summary>
/// <param name="name">What it is called without TLS.</param>
internal sealed class BrowserCookie(string name)
{
    const string HostPrefix = "__Host-";

    /// <summary>What the browser sent; null without.</summary>
    public string? Find(HttpContext http) => http.Request.Cookies[Name(http)];

    /// <param name="http">The request.</param>
    /// <param name="value">What it holds.</param>
    /// <param name="lifetime">How long the browser keeps it; null until it is closed.</param>
    public void Set(HttpContext http, string value, TimeSpan? lifetime)
    {
        var options = Options(http);
        options.MaxAge = lifetime;
        http.Response.Cookies.Append(Name(http), value, options);
    }

    public void Clear(HttpContext http) => http.Response.Cookies.Delete(Name(http), Options(http));

    string Name(HttpContext http) => http.Request.IsHttps ? HostPrefix + name : name;

    // Lax, so that a link from elsewhere finds its reader signed in, and a browser that comes back from an issuer its attempt; what
    // changes anything is a POST, which such a link cannot be.
    static CookieOptions Options(HttpContext http) =>
        new() { HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = http.Request.IsHttps, Path = "/" };
}
