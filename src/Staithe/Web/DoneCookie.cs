using Staithe.Door;

namespace Staithe.Web;

/// <summary>
/// The cookie that tells the page behind a form what was done. It holds the name of the form, never text, so that nobody can have a page say what they want; in
/// an address it would be whoever made the link that says it.
/// </summary>
internal static class DoneCookie
{
    static readonly BrowserCookie Cookie = new("staithe-done");
    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1); // as long as a browser takes to go on

    /// <summary>Has the next page say that a form was done.</summary>
    public static void Set(HttpContext http, FormAction form) => Cookie.Set(http, form.Name, Lifetime);

    /// <summary>What the page has to say, this once; null for nothing.</summary>
    public static string? Take(HttpContext http)
    {
        if (Cookie.Find(http) is not { } name)
            return null;
        Cookie.Clear(http);
        return FormTable.Find(name)?.Done;
    }
}
