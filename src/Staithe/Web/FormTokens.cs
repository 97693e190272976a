using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Staithe.Accounts;
using Staithe.Door;

namespace Staithe.Web;

/// <summary>
/// Shows that a form which a browser sends is one that we gave to this browser: it carries a keyed hash of the browser's session, or of its own cookie
/// before there is one, which no other site can read. The hash is masked with fresh bytes each time, so that the length of a compressed
/// page tells nothing of it.
/// </summary>
/// <remarks>
/// A form holds for as long as the session does, in however many windows, and by whatever link its reader came. Both cookies are Lax: they come along when a link
/// from elsewhere leads here, and not with a form from elsewhere. Against a neighbour under the same domain, whom a browser
/// takes for the same site, it is the hash that helps, and that browsers say where a form is from.
/// </remarks>
internal sealed class FormTokens(ServerSecret secret)
{
    const int MaskBytes = 32;
    const int CookieLetters = 26;
    static readonly BrowserCookie Cookie = new("staithe-browser");

    /// <summary>The token for the forms of one page; a browser in which nobody is signed in gets its cookie when it has none.</summary>
    /// <param name="http">The request.</param>
    /// <param name="session">The secret of the browser's session; null where it has none that holds.</param>
    public string Create(HttpContext http, string? session)
    {
        var browser = Find(http);
        if (session is null && browser is null)
        {
            browser = RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz234567", CookieLetters);
            Cookie.Set(http, browser, lifetime: null);
        }
        var masked = new byte[2 * MaskBytes];
        RandomNumberGenerator.Fill(masked.AsSpan(0, MaskBytes));
        Mask(masked, Hash(session, browser));
        return Base64Url.EncodeToString(masked);
    }

    /// <summary>Whether a form came from a page of ours in this browser.</summary>
    public bool Check(HttpContext http, string? session, string token)
    {
        var browser = Find(http);
        if ((session is null && browser is null) || token.Length != Base64Url.GetEncodedLength(2 * MaskBytes) || !Base64Url.IsValid(token))
            return false;
        var masked = Base64Url.DecodeFromChars(token);
        var expected = new byte[2 * MaskBytes];
        masked.AsSpan(0, MaskBytes).CopyTo(expected);
        Mask(expected, Hash(session, browser));
        return CryptographicOperations.FixedTimeEquals(masked, expected);
    }

    static void Mask(Span<byte> masked, ReadOnlySpan<byte> hash)
    {
        for (var i = 0; i < MaskBytes; i++)
            masked[MaskBytes + i] = (byte)(hash[i] ^ masked[i]);
    }

    static string? Find(HttpContext http) => Cookie.Find(http) is { Length: CookieLetters } browser ? browser : null;

    // Signing in or out makes the forms of before worthless.
    byte[] Hash(string? session, string? browser) => SHA256.HashData(Encoding.UTF8.GetBytes(secret.Hash(session is null ? $"form\nbrowser\n{browser}" : $"form\nsession\n{session}")));
}
