namespace Staithe.Web;

/// <summary>
/// The cookie that tells the page behind a form what was done. It holds the name of the form, never text, so that nobody can have a page say what they want; in
/// an address it would be whoever made the link that says it.
/// </summary>
internal static class DoneCookie
{
    const string Plain = "staithe-done";
    const string OverTls = "__Host-staithe-done";
    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1); // as long as a browser takes to go on

    /// <summary>Has the next page say that a form was done.</summary>
    public static void Set(HttpContext http, FormAction form)
    {
        var options = Options(http);
        options.MaxAge = Lifetime;
        http.Response.Cookies.Append(Name(http), form.Name, options);
    }

    /// <summary>What the page has to say, this once; null for nothing.</summary>
    public static string? Take(HttpContext http)
    {
        if (http.Request.Cookies[Name(http)] is not { } name)
            return null;
        http.Response.Cookies.Delete(Name(http), Options(http));
        return FormTable.Find(name)?.Done;
    }

    static string Name(HttpContext http) => http.Request.IsHttps ? OverTls : Plain;

    static CookieOptions Options(HttpContext http) => new() { HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = http.Request.IsHttps, Path = "/" };
}
