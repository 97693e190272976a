using Staithe.Access;

namespace Staithe.Door;

/// <summary>The cookie that holds a session's secret.</summary>
internal static class SessionCookie
{
    static readonly BrowserCookie Cookie = new("staithe-session");

    public static string? Find(HttpContext http) => Cookie.Find(http);

    public static void Set(HttpContext http, string secret) => Cookie.Set(http, secret, Sessions.Lifetime);

    public static void Clear(HttpContext http) => Cookie.Clear(http);
}
