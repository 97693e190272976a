using System.Net;

namespace Staithe.Config;

/// <summary>
/// What an issuer of OpenID Connect is called: a URL, compared letter by letter and never tidied up. It is https; on the loopback address it may be
/// http, which nobody else can listen to.
/// </summary>
internal static class IssuerUrl
{
    const int MaxLength = 500;

    /// <summary>The text as it is, if it can be an issuer.</summary>
    /// <exception cref="FormatException">It cannot; the message says why.</exception>
    public static string Check(string text)
    {
        if (text.Length > MaxLength || !Uri.TryCreate(text, UriKind.Absolute, out var url) || url.UserInfo.Length > 0 || text.AsSpan().ContainsAny('?', '#', '\\') || text.Any(c => c <= ' ' || c >= '\x7f'))
            throw new FormatException("expected the URL of an issuer, such as https://login.example/realms/company, without query and fragment");
        if (url.Scheme != Uri.UriSchemeHttps && !IsPlainLoopback(url))
            throw new FormatException("an issuer's URL begins with https://; http:// is for one on this machine");
        return text;
    }

    /// <summary>Whether it is http to this machine.</summary>
    public static bool IsPlainLoopback(Uri url) => url.Scheme == Uri.UriSchemeHttp && (url.Host == "localhost" || (IPAddress.TryParse(url.DnsSafeHost, out var address) && IPAddress.IsLoopback(address)));
}
