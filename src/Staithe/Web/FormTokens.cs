using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Staithe.Accounts;

namespace Staithe.Web;

/// <summary>
/// Shows that a form which a browser sends is one that we gave to this browser: it carries a keyed hash of the browser's cookie, which no other
/// site can read. The hash is masked with fresh bytes each time, so that the length of a compressed page tells nothing of it.
/// </summary>
internal sealed class FormTokens(ServerSecret secret)
{
    const string Cookie = "staithe-browser";
    const int MaskBytes = 32;
    const int CookieLetters = 26;

    /// <summary>The token for the forms of one page; the browser gets its cookie when it has none.</summary>
    public string Create(HttpContext http)
    {
        var browser = Find(http);
        if (browser is null)
        {
            browser = RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz234567", CookieLetters);
            http.Response.Cookies.Append(Cookie, browser, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = http.Request.IsHttps, Path = "/" });
        }
        var masked = new byte[2 * MaskBytes];
        RandomNumberGenerator.Fill(masked.AsSpan(0, MaskBytes));
        Mask(masked, Hash(browser, http));
        return Base64Url.EncodeToString(masked);
    }

    /// <summary>Whether a form came from a page of ours in this browser.</summary>
    public bool Check(HttpContext http, string token)
    {
        // What browsers say of their own accord; a program says nothing, and has no cookie that somebody could ride on.
        // A page that tells nobody where its reader came from has its own forms sent with the origin "null".
        if (http.Request.Headers.Origin is [{ } origin and not "null"] && !string.Equals(origin, $"{http.Request.Scheme}://{http.Request.Host}", StringComparison.OrdinalIgnoreCase))
            return false;
        if (Find(http) is not { } browser || token.Length != Base64Url.GetEncodedLength(2 * MaskBytes) || !Base64Url.IsValid(token))
            return false;
        var masked = Base64Url.DecodeFromChars(token);
        var expected = new byte[2 * MaskBytes];
        masked.AsSpan(0, MaskBytes).CopyTo(expected);
        Mask(expected, Hash(browser, http));
        return CryptographicOperations.FixedTimeEquals(masked, expected);
    }

    static void Mask(Span<byte> masked, ReadOnlySpan<byte> hash)
    {
        for (var i = 0; i < MaskBytes; i++)
            masked[MaskBytes + i] = (byte)(hash[i] ^ masked[i]);
    }

    static string? Find(HttpContext http) => http.Request.Cookies[Cookie] is { Length: CookieLetters } browser ? browser : null;

    // Signing in or out makes the forms of before worthless.
    byte[] Hash(string browser, HttpContext http) => SHA256.HashData(Encoding.UTF8.GetBytes(secret.Hash($"form\n{browser}\n{SessionCookie.Find(http)}")));
}
