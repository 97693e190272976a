namespace Staithe.Web;

/// <summary>The cookie that holds a session's secret.</summary>
internal static class SessionCookie
{
    const string Plain = "staithe-session";
    const string OverTls = "__Host-staithe-session"; // RFC 6265bis 4.1.3.2: no other host, nor anything in the clear, can have set it

    public static string? Find(HttpContext http) => http.Request.Cookies[Name(http)];

    public static void Set(HttpContext http, string secret, TimeSpan lifetime)
    {
        var options = Options(http);
        options.MaxAge = lifetime;
        http.Response.Cookies.Append(Name(http), secret, options);
    }

    public static void Clear(HttpContext http) => http.Response.Cookies.Delete(Name(http), Options(http));

    static string Name(HttpContext http) => http.Request.IsHttps ? OverTls : Plain;

    // Lax, so that a link from elsewhere finds its reader signed in; what changes anything is a POST, which such a link cannot be.
    static CookieOptions Options(HttpContext http) => new() { HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = http.Request.IsHttps, Path = "/" };
}
